"""The moments at which a customer's account facts may change.

A fact changes because a row becomes known, is corrected or is taken back, or because a
date passes: an invoice falls due, a promise ends, a pending payment is too old to be
in flight. Between two change points only clocks move, and `clocks.moved_forward` moves
those. A change point too many costs time; one too few makes facts wrong, so whatever
may matter is one.

Left out, because whoever reads them looks again more often: usage, and money that is
assumed from a sliding window (`recurring_monthly`, `clv`).
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from features.account.account import UNALLOCATED_US
from features.account.contacts import PROMISE_HOLDS_US
from features.account.history import History
from features.account.rows import ContactRow, Row
from features.account.standing import Rules
from features.events import FOREVER, MISSING
from features.moments import YEAR_US
from features.timeline.rows import LinkRow, TimelineRows


def change_points(rows: TimelineRows, rules: Rules, *, with_notices: bool) -> list[int]:
    """Moments (µs since 1970 UTC) from which facts may differ, rising, each once.

    Args:
        rows: of the customer.
        rules: of the portfolio.
        with_notices: whether notices on record count.
    """
    history = rows.history
    moments = set(_row_changes(rows, with_notices=with_notices))
    moments.update(_plain_dates(moments, rules))
    moments.update(_due_dates(history, rules))
    moments.update(_settlement_ends(history, rules))
    moments.update(_unallocated_ends(history))
    moments.update(change.effective_at for change in history.subscriptions)
    moments.update(_promise_ends(history.contacts))
    moments.update(_hold_ends(rows))
    return sorted(moments - {FOREVER, MISSING})


def _row_changes(rows: TimelineRows, *, with_notices: bool) -> Iterator[int]:
    """A row becomes known, is corrected, or is taken back."""
    history = rows.history
    contacts = (
        contact
        for contact in history.contacts
        if with_notices or not contact.kind.startswith("notice_")
    )
    for row in chain[Row](
        history.customers,
        history.invoices,
        history.payments,
        history.disputes,
        history.subscriptions,
        history.ageing,
        contacts,
        rows.holds,
        rows.overrides,
        rows.alerts,
        rows.outcomes,
        _links_of_frauds(rows),
    ):
        yield row.known_at
        yield row.superseded_at


def _links_of_frauds(rows: TimelineRows) -> list[LinkRow]:
    """Links of whoever was ever linked with a fraud; other links change no fact."""
    has_frauds = any(link.status == "fraud" for link in rows.links)
    return list(rows.links) if has_frauds else []


def _plain_dates(moments: set[int], rules: Rules) -> list[int]:
    """Mornings of the days at whose end something becomes known.

    A row that protects the customer and has a plain date withholds a stop on its day,
    although it is not known before the day is over.
    """
    days = rules.days
    finite = [moment for moment in moments if moment not in (FOREVER, MISSING)]
    return [
        days.start(day)
        for moment, day in zip(finite, map(days.day, finite), strict=True)
        if days.start(day + 1) - 1 == moment
    ]


def _due_dates(history: History, rules: Rules) -> Iterator[int]:
    """An invoice is overdue once its due day has ended."""
    for invoice in history.invoices:
        if invoice.due_on != MISSING:
            yield rules.days.start(invoice.due_on + 1)


def _settlement_ends(history: History, rules: Rules) -> Iterator[int]:
    """A pending payment counts as in flight for the settlement days of its method."""
    for payment in history.payments:
        if payment.status == "pending":
            yield payment.event_at + rules.settlement_us(payment.method) + 1


def _unallocated_ends(history: History) -> Iterator[int]:
    """Money that names an invoice nobody knew withholds stops for a while only."""
    known_since: dict[str, int] = {}
    for invoice in history.invoices:
        if invoice.kind == "invoice":
            since = known_since.get(invoice.invoice_id, invoice.known_at)
            known_since[invoice.invoice_id] = min(invoice.known_at, since)
    named: list[tuple[Row, str | None]] = [
        *((note, note.applies_to) for note in history.invoices),
        *((payment, payment.invoice_id) for payment in history.payments),
    ]
    for row, invoice_id in named:
        if invoice_id is None:
            continue
        if known_since.get(invoice_id, FOREVER) > row.known_at:
            yield row.event_at + UNALLOCATED_US


def _promise_ends(contacts: Sequence[ContactRow]) -> Iterator[int]:
    """A promise ends with its date, and is counted for a year."""
    for contact in contacts:
        if contact.kind == "promise_made":
            has_date = contact.until != MISSING
            until = contact.until if has_date else contact.event_at + PROMISE_HOLDS_US
            yield until + 1
            yield contact.event_at + YEAR_US


def _hold_ends(rows: TimelineRows) -> Iterator[int]:
    for row in (*rows.holds, *rows.overrides):
        if row.until != MISSING:
            yield row.until + 1
