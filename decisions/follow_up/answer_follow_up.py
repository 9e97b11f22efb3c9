"""What follows from an answer: notices, reviews, pauses that end, data to fetch."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from decisions.actions import BLOCK, NONE, Action
from decisions.follow_up.fees import interest_accrued, notice_fee
from decisions.recommendation import AppealDue, Fields, NoticeDue
from decisions.rules.eligibility import Eligibility
from decisions.steps.decided import Decided
from decisions.terms import Terms
from features.facts import AccountFacts


def aftermath(d: Decided) -> Fields:
    """Fields of the recommendation that say what comes after it."""
    by_fraud = d.basis == "fraud" and d.is_new_stop
    return {
        "notices_due": tuple(_notices_due(d, by_fraud)),
        **_retry(d, by_fraud),
        "review_by": _review_by(d),
        "interest_accrued": interest_accrued(d.terms, d.case.facts, d.at),
        **(_pause(d) if by_fraud else {}),
        **(_ending(d) if d.action == BLOCK else {}),
    }


def _notices_due(d: Decided, by_fraud: bool) -> list[NoticeDue]:
    """Notices to send now, each with what it costs the customer."""
    is_wanted = d.action > NONE
    before = before_acting(d.seen, d.terms, d.inputs.p_nonpayment, is_wanted=is_wanted)
    due = [*before, *(_after_a_pause(d) if by_fraud else ())]
    facts = d.case.facts
    return [replace(n, fee=notice_fee(d.document, facts, n.notice)) for n in due]


def before_acting(
    seen: Eligibility, terms: Terms, p_nonpayment: float, *, is_wanted: bool
) -> Iterator[NoticeDue]:
    """The next notice of the ladder and, without prospect of payment, of high use.

    Args:
        seen: what the facts permit.
        terms: the policy in force.
        p_nonpayment: of the customer.
        is_wanted: some action is recommended; who is left alone is sent nothing.
    """
    ladder, usage = seen.position.notice, seen.high_usage_notice
    if ladder is not None and (is_wanted or terms.notices_always):
        yield ladder
    is_hopeless = p_nonpayment >= terms.min_p_high_usage
    if usage is not None and is_wanted and is_hopeless:
        yield usage


def _after_a_pause(d: Decided) -> Iterator[NoticeDue]:
    """The fraud path tells the customer afterwards."""
    path = d.document.fraud_path
    if path is None or path.notice is None:
        return
    rule = d.document.notices.kinds[path.notice]
    yield NoticeDue(
        notice=path.notice,
        state="fraud_path",
        channel=rule.channels[0],
        languages=rule.languages,
        send_by=d.at + timedelta(hours=path.notice_within_hours),
    )


def _retry(d: Decided, by_fraud: bool) -> Fields:
    """Our own next charge; none while a pause for fraud stops our charging."""
    seen, path = d.seen, d.document.fraud_path
    has_failed = seen.retry_due is not None or seen.no_retry is not None
    if has_failed and by_fraud and path is not None and path.stop_charging:
        return {"no_retry": "charging_stopped"}
    return {"retry_due": seen.retry_due, "no_retry": seen.no_retry}


def _pause(d: Decided) -> Fields:
    """A stop by the fraud path: neutral words, a quick review, an end by itself."""
    path = d.document.fraud_path
    if path is None:
        return {}
    return {
        "wording": d.document.own(path.wording),
        "review_by": d.at + timedelta(hours=path.review_within_hours),
        "auto_expires_at": d.at + timedelta(hours=path.auto_expire_hours),
        "stop_charging": path.stop_charging,
        "refund": path.refund,
    }


def _ending(d: Decided) -> Fields:
    """An ended contract: data to fetch, their deletion, and what is left unpaid."""
    rule = d.document.termination
    blocked = [a.at for a in d.case.facts.access_off if a.action == "block"]
    ended = min(blocked, default=d.at) if d.goes_on else d.at
    return {
        "data_export_until": ended + timedelta(days=rule.data_export_days),
        "data_deleted_on": _day_after(d.terms, ended, rule.deletion_after_days),
        "write_off_from": _day_after(d.terms, ended, rule.write_off_after_days),
    }


def _day_after(terms: Terms, moment: datetime, days: int | None) -> date | None:
    """The local day so many days after a moment."""
    if days is None:
        return None
    return terms.calendar.local_day(moment) + timedelta(days=days)


def appeal_due(terms: Terms, facts: AccountFacts) -> AppealDue | None:
    """Until when an open appeal is answered; None when none is known to be open."""
    opened, rule = facts.appeal_opened_at, terms.document.appeals
    if opened is None or not facts.has_open_appeal:
        return None
    return AppealDue(
        acknowledge_by=opened + timedelta(hours=rule.acknowledge_hours),
        decide_by=opened + timedelta(days=rule.decide_days),
        during=rule.during,
    )


def retain_until(terms: Terms, at: datetime, action: Action) -> date | None:
    """Until when the record of a decision is kept; None where the policy is silent."""
    rule = terms.document.retention
    return None if rule is None else _day_after(terms, at, rule.days_of(action))


def _review_by(d: Decided) -> datetime | None:
    """A stop that goes on is looked at again after its state's longest time."""
    longest = [s.max_days for s in d.document.ladder if s.max_days is not None]
    off = [h.since for h in d.seen.holds if not h.protects and h.since is not None]
    if not (d.goes_on and longest and off):
        return None
    return min(off) + timedelta(days=min(longest))
