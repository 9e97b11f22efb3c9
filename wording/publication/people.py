"""Sections on people: whom the policy is for, who decides, appeals and contacts."""

from collections.abc import Iterable, Iterator

from decisions.actions import ACTIONS, SEVERITY
from wording.publication.page import Section
from wording.publication.source import Source


def scope(s: Source) -> Section:
    """Whom the policy is for."""
    rule, sentences = s.document.scope, []
    if rule.segments:
        sentences.append(
            s.say("scope.segments", names=s.words.words("segments", rule.segments))
        )
    if rule.subject_kinds:
        names = s.words.words("subjects", rule.subject_kinds)
        sentences.append(s.say("scope.subjects", names=names))
    if rule.products:
        sentences.append(
            s.say("scope.products", names=s.words.joined(list(rule.products)))
        )
    if rule.billing:
        names = s.words.words("billing", rule.billing)
        sentences.append(s.say("scope.billing", names=names))
    return s.section("scope", *s.items(sentences or [s.say("scope.everybody")]))


def deciding(s: Source) -> Section:
    """How a decision comes about and which people take part."""
    return s.section("deciding", *s.items([*_how(s), *_who(s)]))


def _how(s: Source) -> Iterator[str]:
    document = s.document
    if document.mode != "timeline":
        yield s.say("deciding.estimates", n=document.horizon_days)
    yield s.say(f"deciding.{document.mode}")
    if document.first_invoice is not None:
        yield s.say("deciding.first_invoice", n=document.first_invoice.days_overdue)
    if document.exploration.share:
        yield s.say("deciding.exploration", share=document.exploration.share)
    if document.holdout.share:
        yield s.say("deciding.holdout", share=document.holdout.share)


def _who(s: Source) -> Iterator[str]:
    rule = s.document.approvals
    always = {"block", *rule.person_for}  # the engine never blocks without a person
    yield s.say("deciding.person", actions=_doing(s, always))
    extra = set(rule.natural_person_for) - always
    if extra:
        yield s.say("deciding.natural_person", actions=_doing(s, extra))
    yield from _two(s)
    yield s.say("deciding.roles_default", who=_teams(s, rule.roles["default"]))
    for action in ACTIONS:
        if action in rule.roles:
            who = _teams(s, rule.roles[action])
            yield s.say("deciding.roles", action=_doing(s, {action}), who=who)


def _two(s: Source) -> Iterator[str]:
    """When two people must agree."""
    rule = s.document.approvals
    limit, always = rule.four_eyes_over, rule.four_eyes_for
    if limit is not None:
        stated = limit if isinstance(limit, dict) else {s.document.currency: limit}
        yield s.say("deciding.four_eyes", amounts=s.amounts(stated))
    names = [s.words.word("segments", name) for name in always.segments]
    names += [s.words.word("subjects", name) for name in always.subject_kinds]
    if names:
        yield s.say("deciding.four_eyes_for", names=s.words.joined(names))


def _teams(s: Source, names: Iterable[str]) -> str:
    return s.words.words("teams", names, "or")


def _doing(s: Source, actions: Iterable[str]) -> str:
    ordered = sorted(actions, key=SEVERITY.__getitem__)
    return s.words.joined([s.words.say(f"publish.doing.{a}") for a in ordered])


def appeals(s: Source) -> Section:
    """How to object, and how to reach a person."""
    rule, contact = s.document.appeals, s.document.contact
    sentences = []
    if rule.channel:
        sentences.append(s.say("appeals.channel", channel=rule.channel))
    sentences.append(s.say("appeals.acknowledge", hours=rule.acknowledge_hours))
    sentences.append(s.say("appeals.decide", n=rule.decide_days))
    sentences.append(s.say(f"appeals.{rule.during}"))
    if rule.human_contact:
        sentences.append(s.say("appeals.human", contact=rule.human_contact))
    if contact:
        sentences.append(s.say("appeals.contact", contact=contact))
    return s.section("appeals", *s.items(sentences))
