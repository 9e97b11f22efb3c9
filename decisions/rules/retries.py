"""Charging again: what the policy's schedule says of failed charges.

Retries are counted from the first failed charge of each overdue invoice. Any later
charge of it makes those up to its day; one that was missed is due at once. A hard
decline ends them for the instrument that was declined.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from decisions.policy.retries import NoRetry, Retries
from decisions.rules.catalogue import withheld
from decisions.rules.clock import attempts_on, late_items, uncontested
from decisions.rules.due import RetryDue
from decisions.rules.reason import Withheld
from decisions.terms import Terms
from features.facts import AccountFacts, OpenItem, PaymentAttempt


class Charge(NamedTuple):
    """An overdue invoice of which a charge failed.

    Args:
        item: the invoice.
        tried: its failed charges, the oldest first.
        days: first moments of the days on which it is charged again, rising.
        is_declined: the instrument last charged was declined for good.
    """

    item: OpenItem
    tried: tuple[PaymentAttempt, ...]
    days: tuple[datetime, ...]
    is_declined: bool

    @property
    def last(self) -> PaymentAttempt:
        """The charge that failed last."""
        return self.tried[-1]

    @property
    def next(self) -> datetime | None:
        """The first scheduled day since which nothing was tried."""
        return next((day for day in self.days if day > self.last.at), None)


class Charging(NamedTuple):
    """What can be charged again, and why nothing can.

    Args:
        retried: charges that the schedule speaks of.
        no_retry: a code where there is none.
        hurries: the next notice is due at once, for an invoice that starts the clock
            met a hard decline.
    """

    retried: tuple[Charge, ...]
    no_retry: NoRetry | None
    hurries: bool


def charging(terms: Terms, facts: AccountFacts, is_held: bool) -> Charging | None:
    """How failed charges go on; None where the policy or the facts have none."""
    rule = terms.document.retries
    if rule is None or not facts.payment_attempts:
        return None
    charges = tuple(_charges(terms, facts, rule))
    if not charges:
        return None
    hurries = rule.notice_at_once_on_hard_decline and any(
        charge.is_declined and uncontested(charge.item) >= terms.min_invoice
        for charge in charges
    )
    free = tuple(c for c in charges if c.item.uncovered == c.item.remainder)
    soft = tuple(c for c in free if not c.is_declined)
    no_retry = _why_not(facts, is_held, free, soft)
    retried = soft if no_retry in (None, "schedule_over") else ()
    return Charging(retried, no_retry, hurries)


def _why_not(
    facts: AccountFacts,
    is_held: bool,
    free: tuple[Charge, ...],
    soft: tuple[Charge, ...],
) -> NoRetry | None:
    if any(action.reason == "fraud" for action in facts.access_off):
        return "charging_stopped"
    if is_held:
        return "on_hold"
    if not free:  # contested or covered in part: what to charge is not certain
        return "money_under_way"
    if not soft:
        return "hard_decline"
    return None if any(charge.next for charge in soft) else "schedule_over"


def _charges(terms: Terms, facts: AccountFacts, rule: Retries) -> Iterator[Charge]:
    calendar = terms.calendar
    for item in late_items(facts):
        tried = tuple(
            a for a in attempts_on(terms, facts, item) if a.method in rule.methods
        )
        if not tried:
            continue
        first = calendar.local_day(tried[0].at)
        days = tuple(
            calendar.start_of(first + timedelta(days=n))
            for n in sorted(rule.days_after_failure)
        )
        yield Charge(item, tried, days, _is_declined(facts, rule, tried[-1]))


def _is_declined(facts: AccountFacts, rule: Retries, last: PaymentAttempt) -> bool:
    """Whether what was charged last has met a hard decline, on any invoice."""
    return any(
        attempt.failure_code in rule.never_after
        and attempt.instrument == last.instrument
        for attempt in facts.payment_attempts
    )


def retry_due(charging: Charging, at: datetime) -> RetryDue | None:
    """The next charge to make; what is late is due at once."""
    waiting = [(c.next, c) for c in charging.retried if c.next is not None]
    if not waiting:
        return None
    moment, charge = min(waiting, key=lambda x: x[0])
    due_at, last = max(moment, at), charge.last
    together = [
        other
        for when, other in waiting
        if when <= due_at and other.last.instrument == last.instrument
    ]
    return RetryDue(
        at=due_at,
        invoices=tuple(other.item.invoice_id for other in together),
        method=last.method or "",
        attempt=len(charge.tried) + 1,
    )


def retry_pending(
    terms: Terms, charging: Charging, opened: datetime, state: str, at: datetime
) -> Withheld | None:
    """Why a stop that opened at a moment still waits for retries planned before it."""
    rule = terms.document.retries
    before = [
        (day, charge)
        for charge in charging.retried
        for day in charge.days
        if day <= opened
    ]
    if rule is None or not before:
        return None
    late = rule.missed_after_days
    missed = (
        terms.calendar.after_days(day, late - 1)
        for day, charge in before
        if day > charge.last.at
    )
    awaited = max((moment for moment in missed if moment > at), default=at)
    last = max(day for day, _ in before)
    ends = max(awaited, terms.calendar.after_days(last, rule.days_before_state - 1))
    if ends <= at:
        return None
    if awaited > at:
        return withheld(
            "retry_pending",
            {"state": state},
            detail="to_be_tried",
            permitted_from=ends,
            released_by="retry",
        )
    return withheld(
        "retry_pending",
        {"state": state, "days": rule.days_before_state},
        detail="tried_lately",
        permitted_from=ends,
    )
