"""Sections on what being late costs, and on how long records are kept."""

from collections.abc import Iterator

from decisions.actions import ACTIONS
from decisions.follow_up.fees import capped_fee
from wording.publication.page import Section
from wording.publication.source import Source


def fees(s: Source) -> Section:
    """What notices, interest and reconnection cost."""
    sentences = [*_notices(s), *_interest(s)]
    if s.document.fees.interest or _charged(s):
        sentences.append(s.say("fees.apart"))
    return s.section("fees", *s.items([*sentences, _reconnection(s)]))


def _charged(s: Source) -> list[tuple[str, float]]:
    """Notices with a fee, and what they cost at most."""
    priced = ((name, capped_fee(s.document, name)) for name in s.document.notices.kinds)
    return [(name, fee) for name, fee in priced if fee]


def _notices(s: Source) -> Iterator[str]:
    """What notices cost, and what bounds it."""
    limits, kinds, charged = s.document.fees, s.document.notices.kinds, _charged(s)
    for name, fee in charged:
        yield s.say("fees.notice", notice=s.notice(name, "name"), fee=fee)
    if not charged:
        if kinds:
            yield s.say("fees.no_notice")
        return
    if len(charged) < len(kinds):
        yield s.say("fees.others")
    yield s.say("fees.once")
    if limits.first_reminder_free:
        yield s.say("fees.first_free")
    if limits.cap_per_notice is not None:
        yield s.say("fees.cap", cap=limits.cap_per_notice)
    if limits.cap_total is not None:
        yield s.say("fees.total", total=limits.cap_total)


def _interest(s: Source) -> Iterator[str]:
    rule = s.document.fees.interest
    if rule is None:
        yield s.say("fees.no_interest")
        return
    yield s.say("fees.interest", rate=rule.annual_rate)
    if rule.from_days_overdue:
        yield s.say("fees.interest_from", n=rule.from_days_overdue)
    else:
        yield s.say("fees.interest_from_due")
    if rule.cap_share is not None:
        yield s.say("fees.interest_cap", share=rule.cap_share)


def _reconnection(s: Source) -> str:
    fee, cap = s.document.reconnection.fee, s.document.reconnection.fee_cap
    most = cap if fee is None else min(fee, cap)
    if not most:
        return s.say("fees.none")
    if fee is None:
        return s.say("fees.reconnection", fee=most)
    if fee >= cap:
        return s.say("fees.reconnection_flat", fee=cap)
    return s.say("fees.reconnection_fee", fee=fee, cap=cap)


def records(s: Source) -> Section | None:
    """How long what was decided, and why, is kept."""
    rule = s.document.retention
    if rule is None:
        return None
    sentences = [s.say("records.decision", n=rule.decision_days["default"])]
    for action in ACTIONS:
        days = rule.decision_days.get(action)
        if days is None:
            continue
        if action == "none":
            sentences.append(s.say("records.nothing", n=days))
        else:
            doing = s.words.say(f"publish.doing.{action}")
            sentences.append(s.say("records.action", action=doing, n=days))
    sentences.append(s.say("records.evidence", n=rule.evidence_days))
    if rule.event_days is not None:
        sentences.append(s.say("records.events", n=rule.event_days))
    return s.section("records", *s.items(sentences))
