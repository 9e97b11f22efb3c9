"""Where a customer stands on the ladder; no rung is ever skipped.

A rung with a notice is passed when the notice is proven within this arrears episode
under this policy; a rung without one when its condition holds; a stop when it was
carried out. The first rung not passed is where the customer stands: it alone says
what is due, and every later rung waits for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from decisions.actions import SEVERITY, SUSPEND, Action
from decisions.calendar import WorkingCalendar
from decisions.policy.ladder import NoticeRule, State
from decisions.recommendation import NoticeDue, Withheld
from decisions.terms import Terms
from features.facts import AccountFacts, Notice

STOP_ACTIONS: tuple[Action, ...] = ("suspend", "block")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a customer stands.

    Args:
        state: the last rung entered; None below the first.
        action: what the ladder by itself would do now, an index of `ACTIONS`.
        notice: what is due now, if a notice is.
        waits: why no stop is permitted yet; None when a stop rung is entered.
    """

    state: State | None
    action: int
    notice: NoticeDue | None
    waits: Withheld | None


class Told:
    """Notices that count: sent in this episode, under this policy, by name."""

    def __init__(self, terms: Terms, facts: AccountFacts) -> None:
        self._kinds = terms.document.notices.kinds
        self._by_name: dict[str, list[Notice]] = {}
        started = facts.episode_started_at
        for notice in facts.notices:
            if started is not None and notice.sent_at < started:
                continue
            if notice.policy is None or _is_of(notice.policy, terms):
                self._by_name.setdefault(notice.name, []).append(notice)

    def notices(self, name: str) -> list[Notice]:
        return self._by_name.get(name, [])

    def proven_at(self, name: str) -> datetime | None:
        """The moment from which a notice counts: its first delivery (or sending)."""
        found = self._by_name.get(name)
        if not found:
            return None
        if self._kinds[name].proof == "sent":
            moments = [n.sent_at for n in found if n.bounced_at is None]
        else:
            moments = [n.delivered_at for n in found if n.delivered_at is not None]
        return min(moments, default=None)


def _is_of(policy: str, terms: Terms) -> bool:
    if terms.any_version:
        return policy.partition("@")[0] == terms.document.name
    return policy == terms.reference


def stand(
    terms: Terms, calendar: WorkingCalendar, facts: AccountFacts, at: datetime
) -> Position:
    """Where the customer stands at `at`, for arrears that may be acted on."""
    told = Told(terms, facts)
    delivered = False
    last: State | None = None
    action = 0  # a rung without a notice goes on until the next is entered
    for state in terms.document.ladder:
        opens, code = _opens_at(terms, calendar, facts, told, state, at)
        if opens is None or opens > at:
            return Position(last, action, None, _waits(state, code, opens))
        severity = SEVERITY[state.action]
        if severity >= SUSPEND and severity > _in_force(facts):
            return _at_a_stop(state, severity, delivered)
        last, action = state, severity
        if state.notice is None:
            continue
        rule = terms.document.notices.kinds[state.notice]
        notices = told.notices(state.notice)
        if told.proven_at(state.notice) is None:
            due = _due(rule, state, notices, facts, at)
            rests = severity if due is not None else 0
            return Position(state, rests, due, _unproven(state, notices))
        delivered = delivered or any(n.delivered_at for n in notices)
        action = 0
    return Position(last, action, None, _no_rung())


def _in_force(facts: AccountFacts) -> int:
    """Severity of the stop that was carried out for non-payment; 0 for none."""
    return max(
        (SEVERITY[a.action] for a in facts.access_off if a.reason == "nonpayment"),
        default=0,
    )


def _at_a_stop(state: State, severity: int, delivered: bool) -> Position:
    if not delivered:
        return Position(state, 0, None, _no_notice(state))
    if severity > SUSPEND:
        return Position(state, severity, None, None)
    text = f"The state {state.state!r} suspends; it does not end the contract."
    return Position(state, severity, None, Withheld("ladder_state", ("block",), text))


def _opens_at(
    terms: Terms,
    calendar: WorkingCalendar,
    facts: AccountFacts,
    told: Told,
    state: State,
    at: datetime,
) -> tuple[datetime | None, str]:
    """When the rung's condition holds (None: not by time alone), and what for."""
    when, document = state.when, terms.document
    grace = document.clock.grace_days
    missing_days = when.days_overdue + grace - (facts.days_overdue or 0)
    opens, code = at, "too_early"
    if missing_days > 0:
        opens = calendar.after_days(at, missing_days - 1)
    counted = [(n, d, calendar.after_days) for n, d in when.days_since.items()]
    counted += [
        (n, d, calendar.after_business_days)
        for n, d in when.business_days_since.items()
    ]
    for name, days, after in counted:
        proven = told.proven_at(name)
        if proven is None:
            return None, "notice_missing"
        if after == calendar.after_days and at - proven > timedelta(days=days + 2):
            continue  # long over: no need to know the exact moment
        ends = after(proven, days)
        if ends > opens:
            opens, code = ends, "cure_period"
    if when.days_suspended:
        off = [a.at for a in facts.access_off if a.action in STOP_ACTIONS]
        if not off:
            return None, "not_suspended"
        ends = calendar.after_days(min(off), when.days_suspended)
        if ends > opens:
            opens, code = ends, "too_early"
    return opens, code


def _due(
    rule: NoticeRule,
    state: State,
    notices: list[Notice],
    facts: AccountFacts,
    at: datetime,
) -> NoticeDue | None:
    """The notice to send now; None while one that was sent may still arrive."""
    retry = timedelta(days=rule.retry_after_days)
    waiting = [n for n in notices if n.bounced_at is None and at < n.sent_at + retry]
    if waiting:
        return None
    channel = rule.channels[min(len(notices), len(rule.channels) - 1)]
    late = sorted(facts.items, key=lambda item: item.due_on)
    return NoticeDue(
        notice=state.notice or "",
        state=state.state,
        channel=channel,
        languages=rule.languages,
        send_by=at + timedelta(days=rule.send_within_days),
        invoices=tuple(item.invoice_id for item in late if item.days_overdue > 0),
        is_final_warning=rule.is_final_warning,
    )


def _waits(state: State, code: str, opens: datetime | None) -> Withheld:
    reason = {
        "too_early": f"the state {state.state!r} has not been reached yet",
        "cure_period": f"the time to pay before {state.state!r} still runs",
        "notice_missing": f"a notice that {state.state!r} counts from was not proven",
        "not_suspended": f"{state.state!r} follows a suspension, and access is on",
    }[code]
    return Withheld(code, STOP_ACTIONS, f"Not yet: {reason}.", opens)


def _unproven(state: State, notices: list[Notice]) -> Withheld:
    name = state.notice
    if not notices:
        code, text = "notice_missing", f"the notice {name!r} has not been sent"
    elif all(n.bounced_at for n in notices):
        code, text = "notice_bounced", f"the notice {name!r} came back"
    else:
        code, text = "notice_undelivered", f"the delivery of {name!r} is not proven"
    return Withheld(code, STOP_ACTIONS, f"No stop: {text}.")


def _no_notice(state: State) -> Withheld:
    return Withheld(
        "notice_missing",
        STOP_ACTIONS,
        f"No stop: nothing before {state.state!r} was proven to be delivered.",
    )


def _no_rung() -> Withheld:
    return Withheld(
        "no_ladder",
        STOP_ACTIONS,
        "No stop: the policy has no state that takes access away for non-payment.",
    )
