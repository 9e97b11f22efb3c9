"""Days on the policy's clock, on which the ladder rests: which invoice starts it, when.

The clock of each overdue invoice starts at the policy's anchor, and stands still on
days on which the invoice was wholly under dispute; once a dispute about it has ended it
counts from the due date at the earliest. The oldest clock counts. What is not due yet
starts none, however long ago it was issued; nor does what is wholly on its way or
promised, for nobody acts on it; nor a small rest while another invoice is overdue.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from decisions.terms import Terms
from features.account.arrears import is_residue
from features.facts import AccountFacts, OpenItem, PaymentAttempt
from features.money import UNITS


def late_items(facts: AccountFacts) -> list[OpenItem]:
    """Invoices that are overdue and not wholly contested, the oldest first."""
    late = [item for item in facts.items if item.days_overdue > 0]
    return sorted(late, key=lambda item: item.due_on)


def uncontested(item: OpenItem) -> int:
    """What is unpaid and not contested, in ten-thousandths."""
    return item.remainder - item.contested


def days_on_clock(terms: Terms, facts: AccountFacts) -> int | None:
    """Local days on the policy's clock; None when nothing has started it.

    Where the portfolio has no invoices, days past the due date are all there is.
    """
    is_covered = bool(facts.in_flight or facts.promised)
    if terms.counts_every_due_date and not is_covered:
        return facts.days_overdue or 0
    if not any(item.uncovered > 0 for item in late_items(facts)):
        return facts.days_overdue or 0
    return max((days for _, days in clocks(terms, facts)), default=None)


def clocks(terms: Terms, facts: AccountFacts) -> Iterator[tuple[OpenItem, int]]:
    """Each invoice that starts the clock, with the days on its own."""
    for item in _starting(terms, facts):
        is_plain = terms.counts_every_due_date
        yield item, item.days_overdue if is_plain else _days(terms, facts, item)


def overdue_since(terms: Terms, facts: AccountFacts, zone: ZoneInfo) -> datetime | None:
    """When the oldest of the invoices that start the clock became overdue.

    None where none starts it, or invoices do not tell what is owed.
    """
    if facts.source != "invoices":
        return None
    due_on = min((item.due_on for item in _starting(terms, facts)), default=None)
    if due_on is None:
        return None
    return overdue_from(due_on, zone)


def overdue_from(due_on: date, zone: ZoneInfo) -> datetime:
    """The first moment after the due date in the portfolio's zone, UTC."""
    first = due_on + timedelta(days=1)
    return datetime.combine(first, time(0), zone).astimezone(UTC)


def _starting(terms: Terms, facts: AccountFacts) -> list[OpenItem]:
    """Invoices that start the clock, the oldest first."""
    late = [
        item
        for item in late_items(facts)
        if item.uncovered > 0 and uncontested(item) >= terms.min_invoice
    ]
    least = round(terms.materiality * UNITS)
    dating = [i for i in late if not is_residue(i.amount, i.remainder, least)]
    return dating or late


def _days(terms: Terms, facts: AccountFacts, item: OpenItem) -> int:
    start = _anchor(terms, facts, item)
    if item.disputed_until is not None:
        start = max(start, item.due_on)
    still = sum(item.due_on < day <= start for day in _days_of(item))
    return max(0, item.days_overdue - (start - item.due_on).days + still)


def _anchor(terms: Terms, facts: AccountFacts, item: OpenItem) -> date:
    anchor, local_day = terms.document.clock.anchor, terms.calendar.local_day
    if anchor == "invoice_date":
        return local_day(item.issued_at)
    if anchor == "payment_failed":
        failed = (local_day(attempt.at) for attempt in attempts_on(terms, facts, item))
        return next(failed, item.due_on)
    return item.due_on


def attempts_on(
    terms: Terms, facts: AccountFacts, item: OpenItem
) -> list[PaymentAttempt]:
    """Charges of an invoice that failed, the oldest first."""
    return [
        attempt
        for attempt in facts.payment_attempts
        if attempt.invoice_id == item.invoice_id
        or (
            attempt.invoice_id is None
            and terms.calendar.local_day(attempt.at) >= item.due_on
        )
    ]


def contested_days(terms: Terms, facts: AccountFacts) -> frozenset[date]:
    """Local days on which all that was overdue then was wholly under dispute.

    Of what is overdue now: they are no time to pay. What is together not above the
    policy's materiality would have moved nobody, so it does not make them one, nor
    does contesting what would have moved nobody uncontested.
    """
    if not any(item.disputed for item in facts.items):
        return frozenset()
    # one contested on each day since its due date has no day on its own clock yet
    late = [
        item
        for item in facts.items
        if uncontested(item) > 0 and (item.days_overdue > 0 or item.disputed)
    ]
    days = {item.invoice_id: set(_days_of(item)) for item in late}
    lies = max(terms.materiality, 0.0) * UNITS

    def is_rest(day: date) -> bool:
        """Whether what was not contested that day is too little, and all is not."""
        due = [item for item in late if day > item.due_on]
        free = sum(i.remainder for i in due if day not in days[i.invoice_id])
        return free <= lies < sum(item.remainder for item in due)

    return frozenset(filter(is_rest, set().union(*days.values())))


def _days_of(item: OpenItem) -> Iterator[date]:
    for first, last in item.disputed:
        yield from (first + timedelta(days=n) for n in range((last - first).days + 1))


def n_unpaid(facts: AccountFacts) -> int:
    """Overdue invoices, less those that promised or in-flight money will pay."""
    return sum(item.uncovered > 0 for item in late_items(facts))
