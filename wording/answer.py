"""The sentences of an answer, in the language asked for.

A recommendation speaks English; in other languages its codes and values become the
sentences of the explanation. A code that has no message keeps its English sentence.
"""

from dataclasses import replace
from datetime import datetime

from decisions.actions import SEVERITY
from decisions.case import Case
from decisions.policy_file.load import Policy
from decisions.recommendation import Hold, NoDecision, Recommendation, Withheld
from wording.explanation.passage import Subject
from wording.explanation.staff import access_sentences
from wording.messages import Wording, messages

SPOKEN = "en"  # by the engine


def answer_in(
    lang: str, case: Case, recommendation: Recommendation, policy: Policy
) -> Recommendation:
    """The same recommendation with its sentences in a language.

    Args:
        lang: one of `LANGUAGES`.
        case: what the policy looked at; sentences quote its numbers.
        recommendation: its answer to that case.
        policy: the policy that gave it; moments are told in its timezone.

    Raises:
        UnknownLanguageError: when there is no such translation.
    """
    if lang == SPOKEN:
        return recommendation
    terms = policy.in_force(recommendation.at) or policy.latest
    words = Wording(lang, recommendation.question.currency, terms.zone)
    permission = recommendation.permission
    subject = Subject(case, recommendation, terms, words)
    return replace(
        recommendation,
        no_decision=_no_decision(subject),
        permission=replace(
            permission,
            withheld=tuple(_withheld(subject, part) for part in permission.withheld),
            holds=tuple(_hold(subject, hold) for hold in permission.holds),
        ),
    )


def customer_reason(lang: str, family: str, english: str) -> str:
    """What a customer reads of a reason: of its feature in English, else of its family.

    Args:
        lang: one of `LANGUAGES`.
        family: of the reason; one that a portfolio declared stays as it is.
        english: the sentence of the feature itself.
    """
    key = f"customer.reason.{family}"
    return english if lang == SPOKEN else str(messages(lang).get(key, english))


def _no_decision(s: Subject) -> NoDecision | None:
    reason = s.answer.no_decision
    if reason is None:
        return None
    sentence = _message(s, f"no_decision.{reason.code}", reason.sentence)
    return replace(reason, sentence=sentence)


def _withheld(s: Subject, reason: Withheld) -> Withheld:
    if reason.code == "override":
        sentence = _decided(s, reason.released_by, reason.permitted_from)
    else:
        code = s.protected(reason.code)
        sentence = _message(s, f"withheld.{code}", reason.sentence)
    return replace(reason, sentence=sentence)


def _hold(s: Subject, hold: Hold) -> Hold:
    if not hold.protects:
        sentences = [*access_sentences(s, hold)]
    elif hold.kind == "override":
        sentences = [_decided(s, hold.released_by, hold.until)]
    else:
        kind = s.hold_kind(hold.kind)
        sentences = [_message(s, f"hold.{kind}", hold.sentence)]
        if hold.is_beyond_policy:
            sentences.append(s.words.sentence(f"staff.beyond_policy.{kind}"))
    return replace(hold, sentence=" ".join(sentences))


def _decided(s: Subject, by: str | None, until: datetime | None) -> str:
    """What a person decided and why, where one decision only can be meant."""
    meant = [o for o in s.case.facts.overrides if (o.by, o.until) == (by, until)]
    if len(meant) != 1 or meant[0].action not in SEVERITY:
        return s.words.sentence("staff.withheld.override")
    [override] = meant
    return s.words.say(  # a name stays as it is written
        "staff.decided",
        by=override.by,
        action=override.action,
        reason=override.reason,
    )


def _message(s: Subject, code: str, otherwise: str) -> str:
    key = f"staff.{code}"
    return s.words.sentence(key, **s.quoted()) if s.words.has(key) else otherwise
