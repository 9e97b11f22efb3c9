"""Sentences: why an action is withheld, what hold protects, why nothing is decided."""

from collections.abc import Iterator
from datetime import datetime

from decisions.follow_up.parts import ProviderEffect
from decisions.recommendation import NoDecision
from decisions.rules.evidence import is_proven
from decisions.rules.reason import Hold, Releaser, Values, Withheld
from wording.explanation.naming import notice_name
from wording.explanation.passage import Subject


def no_decision_sentence(s: Subject, reason: NoDecision) -> str:
    """Why there is no decision."""
    key = f"staff.no_decision.{reason.code}"
    return s.words.sentence(key, **in_words(s, reason.values))


def withheld_sentences(s: Subject, reason: Withheld) -> Iterator[str]:
    """Why an action is withheld, and when or by whom that ends."""
    detail = "" if reason.detail is None else f".{reason.detail}"
    key = f"staff.withheld.{reason.code}{detail}"
    yield s.words.sentence(key, **in_words(s, reason.values))
    if reason.code == "essential_service":
        document = s.terms.document
        mode = document.text_in(document.essential.restricted_mode, s.words.lang)
        yield from (mode,) if mode else ()
    if reason.code == "fraud_floor" and is_proven(s.terms, s.case.facts, s.answer.at):
        yield s.words.sentence("staff.confirmed_below_floor")
    yield from _ending(s, reason.permitted_from, reason.released_by, reason.values)


def hold_sentences(s: Subject, hold: Hold) -> Iterator[str]:
    """What protects a customer or keeps access off, and when or by whom that ends."""
    if hold.protects:
        key = f"staff.hold.{hold.kind}"
        yield s.words.sentence(key, **in_words(s, hold.values))
    else:
        yield from _access(s, hold)
    if hold.is_beyond_policy:
        yield s.words.sentence(f"staff.beyond_policy.{hold.kind}")
    yield from _ending(s, hold.until, hold.released_by, hold.values)


def instead_of_stop(s: Subject, effect: ProviderEffect) -> str:
    """The policy's text on what stops a provider's bill; empty where it has none."""
    document = s.terms.document
    own = {document.own(rule.instead): rule for rule in document.provider}
    rule = own.get(effect.instead) if effect.instead else None
    return "" if rule is None else document.text_in(rule.instead, s.words.lang)


def in_words(s: Subject, values: Values) -> dict[str, object]:
    """Values as sentences quote them: names of the policy file are read out."""
    words: dict[str, object] = dict(values)
    for name in ("state", "team"):
        if name in values:
            words[name] = s.words.word(f"{name}s", str(values[name]))
    if "notice" in values:
        words["notice"] = notice_name(s.terms.document, str(values["notice"]), s.words)
    return words


def _access(s: Subject, hold: Hold) -> Iterator[str]:
    """Why access is off, since when, and whether the cause is gone."""
    yield s.words.sentence(f"staff.access.{hold.kind}", since=hold.since)
    if hold.cure is None:
        key = "given_up" if "given_up" in hold.values else "not_cured"
        yield s.words.sentence(f"staff.access.{key}", **hold.values)
    else:
        cure = s.words.say(f"staff.cure.{hold.cure}")
        yield s.words.sentence("staff.access.cured", cure=cure)


def _ending(
    s: Subject, until: datetime | None, by: Releaser | None, values: Values
) -> Iterator[str]:
    if until is not None:
        yield s.words.sentence("staff.ends_at", at=until)
    elif by is not None:
        who = s.words.say(f"releasers.{by}", **in_words(s, values))
        yield s.words.sentence("staff.released_by", who=who)
