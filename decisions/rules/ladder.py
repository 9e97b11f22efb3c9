"""Which rung of the ladder a customer is on, and the notice due there; none is skipped.

A rung with a notice is passed when the notice is proven within this arrears episode
under this policy; a rung without one when its condition holds; a stop when it was
carried out. The first rung not passed is where the customer stands: it alone says
what is due, and every later rung waits for it. After a hard decline notices go ahead
of their rungs. What follows a notice that went ahead, then or because one before it
came late, counts from the rung's own day. A stop waits for the charges that are to be
tried again before it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from decisions.actions import REMIND, SEVERITY, STOPS, SUSPEND
from decisions.case import Case
from decisions.policy.ladder import NoticeRule, State
from decisions.rules.catalogue import withheld
from decisions.rules.clock import days_on_clock, late_items
from decisions.rules.due import NoticeDue
from decisions.rules.ladder_progress import LadderProgress
from decisions.rules.notices_served import ServedNotices
from decisions.rules.reason import Withheld
from decisions.rules.retries import Charging, retry_pending
from decisions.terms import Terms
from features.facts import AccountFacts, Notice


@dataclass(frozen=True, slots=True)
class LadderPosition:
    """Where a customer stands.

    Args:
        state: the last rung entered; None below the first.
        action: what the ladder by itself would do now, an index of `ACTIONS`.
        notice: what is due now, if a notice is.
        waits: why no stop is permitted yet; None when a stop rung is entered.
        next: the rung that is waited for, or the stop that has come.
        is_told: whether a notice was delivered on the way there.
        notice_opens: when time alone makes the next notice due.
    """

    state: State | None
    action: int
    notice: NoticeDue | None
    waits: Withheld | None
    next: State | None = None
    is_told: bool = False
    notice_opens: datetime | None = None


def stand(
    case: Case, terms: Terms, at: datetime, charges: Charging | None = None
) -> LadderPosition:
    """Where the customer stands at `at`, for arrears that may be acted on."""
    facts = case.facts
    days = days_on_clock(terms, facts)
    if days is None:
        return LadderPosition(None, 0, None, _not_started(terms))
    served = ServedNotices(case, terms, at)
    climb = LadderProgress(terms, facts, served, days, at, case.zone or terms.zone)
    hurries = charges is not None and charges.hurries
    delivered = False
    told_at: datetime | None = None  # from when the notices so far count
    last: State | None = None
    action = 0  # a rung without a notice goes on until the next is entered
    for state in terms.document.ladder:
        opens, code = climb.opens(state)
        is_ahead = hurries and climb.goes_ahead(state, opens)
        if opens is None or (opens > at and not is_ahead):
            waits = _waits(state, code, opens, served)
            due_at = opens if _brings_notice(state, served) else None
            return LadderPosition(last, action, None, waits, state, delivered, due_at)
        if _is_new_stop(state, facts):
            charged = _tried_first(terms, charges, climb, state)
            before = LadderPosition(last, action, None, charged, state, delivered)
            return before if before.waits else _at_a_stop(state, delivered)
        if hurries or _went_ahead(state, served, told_at):
            climb.pass_in_time(state, opens)
        if not is_ahead:  # else the notice alone: the state is entered on its day
            last, action = state, SEVERITY[state.action]
        if state.notice is None:
            continue
        notices = served.notices(state.notice)
        if served.proven_at(state.notice) is None:
            rule = terms.document.notices.kinds[state.notice]
            due = notice_due(state.notice, state.state, rule, served, facts, at)
            rests = _rests(action, is_due=due is not None, is_ahead=is_ahead)
            return LadderPosition(last, rests, due, _unproven(state, notices))
        told_at = _latest(told_at, served.proven_at(state.notice))
        delivered = delivered or any(n.delivered_at for n in notices)
        if not is_ahead:
            action = 0
    return LadderPosition(last, action, None, withheld("no_ladder"))


def _went_ahead(state: State, served: ServedNotices, told_at: datetime | None) -> bool:
    """Whether the notice of a rung counts from before one of a rung before it."""
    proven = None if state.notice is None else served.proven_at(state.notice)
    return proven is not None and told_at is not None and proven < told_at


def _latest(a: datetime | None, b: datetime | None) -> datetime | None:
    """The later of two moments, as far as they are known."""
    return max((moment for moment in (a, b) if moment is not None), default=None)


def _rests(action: int, *, is_due: bool, is_ahead: bool) -> int:
    """What the ladder does until a notice is proven: nothing while it is on its way."""
    if is_ahead:
        return max(action, REMIND) if is_due else action
    return action if is_due else 0


def _brings_notice(state: State, served: ServedNotices) -> bool:
    """Whether a rung that opens makes a notice due."""
    if state.notice is None or state.action in STOPS:
        return False
    return not (served.notices(state.notice) or served.was_named(state.notice))


def _is_new_stop(state: State, facts: AccountFacts) -> bool:
    severity = SEVERITY[state.action]
    return severity >= SUSPEND and severity > _in_force(facts)


def _tried_first(
    terms: Terms, charges: Charging | None, climb: LadderProgress, state: State
) -> Withheld | None:
    """Why a stop that has come into reach waits for our own charges."""
    if charges is None or not charges.retried:
        return None
    return retry_pending(terms, charges, climb.opened(state), state.state, climb.at)


def _in_force(facts: AccountFacts) -> int:
    """Severity of the stop that was carried out for non-payment; 0 for none."""
    return max(
        (SEVERITY[a.action] for a in facts.access_off if a.reason == "nonpayment"),
        default=0,
    )


def _at_a_stop(state: State, delivered: bool) -> LadderPosition:
    severity = SEVERITY[state.action]
    if not delivered:
        return LadderPosition(state, 0, None, _no_notice(state))
    if severity > SUSPEND:
        return LadderPosition(state, severity, None, None, state, delivered)
    waits = withheld("ladder_state", {"state": state.state})
    return LadderPosition(state, severity, None, waits, state, delivered)


def notice_due(
    name: str,
    state: str,
    rule: NoticeRule,
    served: ServedNotices,
    facts: AccountFacts,
    at: datetime,
) -> NoticeDue | None:
    """The notice to send now; None while one that was sent may still arrive."""
    notices = served.notices(name)
    if served.was_named(name):
        return None
    retry = timedelta(days=rule.retry_after_days)
    waiting = [n for n in notices if n.bounced_at is None and at < n.sent_at + retry]
    if waiting:
        return None
    channel = rule.channels[min(len(notices), len(rule.channels) - 1)]
    return NoticeDue(
        notice=name,
        state=state,
        channel=channel,
        languages=rule.languages,
        send_by=at + timedelta(days=rule.send_within_days),
        invoices=tuple(item.invoice_id for item in late_items(facts)),
        is_final_warning=rule.is_final_warning,
    )


def _waits(
    state: State, code: str, opens: datetime | None, served: ServedNotices
) -> Withheld:
    """Why a rung has not opened; the notice that counts is the first not proven."""
    when, values = state.when, {"state": state.state}
    if code == "too_few_invoices":
        return withheld(code, {**values, "unpaid_invoices": when.unpaid_invoices or 0})
    if code == "too_little_overdue":
        return withheld(code, {**values, "overdue_amount": when.overdue_amount or 0.0})
    if code == "notice_missing":
        counted = (*when.days_since, *when.business_days_since)
        missing = next(name for name in counted if served.proven_at(name) is None)
        return withheld(code, {**values, "notice": missing}, detail="not_proven")
    detail = "ladder" if code == "cure_period" else None
    return withheld(code, values, detail=detail, permitted_from=opens)


def _unproven(state: State, notices: list[Notice]) -> Withheld:
    named = {"notice": state.notice or ""}
    if not notices:
        return withheld("notice_missing", named, detail="not_sent")
    if all(n.bounced_at for n in notices):
        return withheld("notice_bounced", named)
    return withheld("notice_undelivered", named)


def _no_notice(state: State) -> Withheld:
    values = {"state": state.state}
    return withheld("notice_missing", values, detail="none_delivered")


def _not_started(terms: Terms) -> Withheld:
    least = terms.document.clock.min_invoice
    return withheld("clock_not_started", {"min_invoice": least})
