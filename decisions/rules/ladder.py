"""Where a customer stands on the ladder; no rung is ever skipped.

A rung with a notice is passed when the notice is proven within this arrears episode
under this policy; a rung without one when its condition holds; a stop when it was
carried out. The first rung not passed is where the customer stands: it alone says
what is due, and every later rung waits for it. After a hard decline notices go ahead
of their rungs; a stop waits for the charges that are to be tried again before it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from decisions.actions import REMIND, SEVERITY, STOPS, SUSPEND
from decisions.case import Case
from decisions.policy.ladder import NoticeRule, State
from decisions.recommendation import NoticeDue, Withheld
from decisions.rules.catalogue import withheld
from decisions.rules.clock import days_on_clock, late_items
from decisions.rules.ladder_progress import Climb
from decisions.rules.notices_served import Told
from decisions.rules.retries import Charging, retry_pending
from decisions.terms import Terms
from features.facts import AccountFacts, Notice


@dataclass(frozen=True, slots=True)
class Position:
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
) -> Position:
    """Where the customer stands at `at`, for arrears that may be acted on."""
    facts = case.facts
    days = days_on_clock(terms, facts)
    if days is None:
        return Position(None, 0, None, _not_started(terms))
    told = Told(case, terms)
    climb = Climb(terms, facts, told, days, at)
    hurries = charges is not None and charges.hurries
    delivered = False
    last: State | None = None
    action = 0  # a rung without a notice goes on until the next is entered
    for state in terms.document.ladder:
        opens, code = climb.opens(state)
        is_ahead = hurries and climb.goes_ahead(state, opens)
        if opens is None or (opens > at and not is_ahead):
            waits = _waits(state, code, opens)
            told_at = opens if _brings_notice(state, told) else None
            return Position(last, action, None, waits, state, delivered, told_at)
        if _is_new_stop(state, facts):
            charged = _tried_first(terms, charges, climb, state)
            before = Position(last, action, None, charged, state, delivered)
            return before if before.waits else _at_a_stop(state, delivered)
        if hurries:
            climb.pass_in_time(state, opens)
        if not is_ahead:  # else the notice alone: the state is entered on its day
            last, action = state, SEVERITY[state.action]
        if state.notice is None:
            continue
        notices = told.notices(state.notice)
        if told.proven_at(state.notice) is None:
            rule = terms.document.notices.kinds[state.notice]
            due = notice_due(state.notice, state.state, rule, told, facts, at)
            rests = _rests(action, is_due=due is not None, is_ahead=is_ahead)
            return Position(last, rests, due, _unproven(state, notices))
        delivered = delivered or any(n.delivered_at for n in notices)
        if not is_ahead:
            action = 0
    return Position(last, action, None, _no_rung())


def _rests(action: int, *, is_due: bool, is_ahead: bool) -> int:
    """What the ladder does until a notice is proven: nothing while it is on its way."""
    if is_ahead:
        return max(action, REMIND) if is_due else action
    return action if is_due else 0


def _brings_notice(state: State, told: Told) -> bool:
    """Whether a rung that opens makes a notice due."""
    if state.notice is None or state.action in STOPS:
        return False
    return not (told.notices(state.notice) or told.was_named(state.notice))


def _is_new_stop(state: State, facts: AccountFacts) -> bool:
    severity = SEVERITY[state.action]
    return severity >= SUSPEND and severity > _in_force(facts)


def _tried_first(
    terms: Terms, charges: Charging | None, climb: Climb, state: State
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


def _at_a_stop(state: State, delivered: bool) -> Position:
    severity = SEVERITY[state.action]
    if not delivered:
        return Position(state, 0, None, _no_notice(state))
    if severity > SUSPEND:
        return Position(state, severity, None, None, state, delivered)
    text = f"The state {state.state!r} suspends; it does not end the contract."
    waits = withheld("ladder_state", text)
    return Position(state, severity, None, waits, state, delivered)


def notice_due(
    name: str,
    state: str,
    rule: NoticeRule,
    told: Told,
    facts: AccountFacts,
    at: datetime,
) -> NoticeDue | None:
    """The notice to send now; None while one that was sent may still arrive."""
    notices = told.notices(name)
    if told.was_named(name):
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


def _waits(state: State, code: str, opens: datetime | None) -> Withheld:
    when = state.when
    reason = {
        "too_early": f"the state {state.state!r} has not been reached yet",
        "cure_period": f"the time to pay before {state.state!r} still runs",
        "notice_missing": f"a notice that {state.state!r} counts from was not proven",
        "not_suspended": f"{state.state!r} follows a suspension, and access is on",
        "too_few_invoices": f"{state.state!r} asks for {when.unpaid_invoices}"
        " overdue invoices or more",
        "too_little_overdue": f"{state.state!r} asks for {when.overdue_amount:.2f}"
        " overdue or more",
    }[code]
    return withheld(code, f"Not yet: {reason}.", opens)


def _unproven(state: State, notices: list[Notice]) -> Withheld:
    name = state.notice
    if not notices:
        code, text = "notice_missing", f"the notice {name!r} has not been sent"
    elif all(n.bounced_at for n in notices):
        code, text = "notice_bounced", f"the notice {name!r} came back"
    else:
        code, text = "notice_undelivered", f"the delivery of {name!r} is not proven"
    return withheld(code, f"No stop: {text}.")


def _no_notice(state: State) -> Withheld:
    return withheld(
        "notice_missing",
        f"No stop: nothing before {state.state!r} was proven to be delivered.",
    )


def _not_started(terms: Terms) -> Withheld:
    least = terms.document.clock.min_invoice
    text = f"No overdue invoice reaches {least:.2f}, so the clock has not started."
    return withheld("clock_not_started", text)


def _no_rung() -> Withheld:
    return withheld(
        "no_ladder",
        "No stop: the policy has no state that takes access away for non-payment.",
    )
