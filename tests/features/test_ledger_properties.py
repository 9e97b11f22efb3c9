"""What holds for the ledger and the arrears in every course of events."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from features.account.arrears import Arrears
from features.account.disputes import disputes
from features.account.ledger_as_of import LedgerAsOf
from features.account.rows import (
    AnyRow,
    DisputeRow,
    InvoiceRow,
    KnownRows,
    PaymentRow,
    Row,
    known,
)
from features.events import FOREVER
from features.ledger import Ledger
from features.moments import DAY_US
from tests.features.ledger_rows import (
    UTC_DAYS,
    books_at,
    dispute_rows,
    invoice_rows,
    payment_rows,
)


def picture(books: LedgerAsOf) -> object:
    """All that a ledger says, in a form that compares."""
    ledger = books.ledger
    return (
        (ledger.credit, ledger.credited, ledger.written_off, ledger.goodwill.total),
        ledger.unallocated_receipts,
        ledger.returned,
        [i.id for i in ledger.open],
        {
            n: (i.remainder, i.entries, i.settled_at, i.days_late, i.n_paid)
            for n, i in ledger.invoices.items()
        },
        books.pending,
    )


@given(invoice_rows(), payment_rows(), dispute_rows(), st.booleans())
def test_moving_on_equals_starting_anew(
    invoices: list[InvoiceRow],
    payments: list[PaymentRow],
    about: list[DisputeRow],
    is_backwards: bool,
) -> None:
    """Through every moment at which something became known or ceased to stand."""
    rows = chain[Row](invoices, payments, about)
    spans = [(row.known_at, row.superseded_at) for row in rows]
    changes = {moment for span in spans for moment in span if moment != FOREVER}
    books = LedgerAsOf(invoices, payments, UTC_DAYS)
    seen, found = KnownRows(about), disputes([])
    for as_of in sorted(changes, reverse=is_backwards):
        if seen.move_to(as_of):
            found = disputes(seen.known)
        books.move_to(as_of, found)
        assert picture(books) == picture(books_at(invoices, payments, as_of, about))


@given(invoice_rows(), payment_rows(), st.integers(0, 120))
def test_what_is_known_later_changes_nothing(
    invoices: list[InvoiceRow], payments: list[PaymentRow], day: int
) -> None:
    as_of = day * DAY_US

    def stands(row: InvoiceRow | PaymentRow) -> int:
        return row.superseded_at if row.superseded_at <= as_of else FOREVER

    cut = books_at(
        [replace(r, superseded_at=stands(r)) for r in invoices if r.known_at <= as_of],
        [replace(r, superseded_at=stands(r)) for r in payments if r.known_at <= as_of],
        as_of,
    )
    assert picture(cut) == picture(books_at(invoices, payments, as_of))


@given(
    invoice_rows(),
    payment_rows(),
    dispute_rows(),
    st.integers(0, 120),
    st.permutations(range(12)),
)
def test_the_order_of_rows_changes_nothing(
    invoices: list[InvoiceRow],
    payments: list[PaymentRow],
    about: list[DisputeRow],
    day: int,
    order: list[int],
) -> None:
    as_of = day * DAY_US
    before = picture(books_at(invoices, payments, as_of, about))

    def shuffled(rows: list[AnyRow]) -> list[AnyRow]:
        places = zip(order * 2, rows, strict=False)
        return [row for _, row in sorted(places, key=lambda pair: pair[0])]

    moved = books_at(shuffled(invoices), shuffled(payments), as_of, shuffled(about))
    assert picture(moved) == before


def received_by(payments: list[PaymentRow], as_of: int) -> list[int]:
    """Amounts of payments whose latest status by event_at and progress is success."""
    order = ["pending", "failed", "succeeded", "returned"]
    latest: dict[str, PaymentRow] = {}
    told = [r for r in payments if r.known_at <= as_of and r.status != "refunded"]
    told.sort(key=lambda r: (r.event_at, order.index(r.status), r.known_at))
    for row in told:
        latest[row.payment_id] = row
    return [row.amount for row in latest.values() if row.status == "succeeded"]


@given(invoice_rows(), payment_rows(), dispute_rows(), st.integers(0, 120))
def test_money_is_neither_made_nor_lost(
    invoices: list[InvoiceRow],
    payments: list[PaymentRow],
    rows: list[DisputeRow],
    day: int,
) -> None:
    """open − credit − unallocated = billed − credited − written off − paid
    + refunded − goodwill, whatever happened in whatever order.
    """
    as_of = day * DAY_US
    ledger = books_at(invoices, payments, as_of, rows).ledger
    for found in ledger.invoices.values():
        assert all(money and at >= found.issued_at for at, money, *_ in found.entries)
        assert found.remainder == found.amount - sum(e[1] for e in found.entries)
        assert 0 <= found.remainder <= found.amount
        assert found.written_off >= 0
    assert ledger.written_off == sum(i.written_off for i in ledger.invoices.values())
    assert ledger.credit >= 0
    assert ledger.goodwill.total >= 0
    assert ledger.credit == 0 or not ledger.open, (
        "credit is used while something is open"
    )
    standing = known(invoices, as_of)
    billed = sum(r.amount for r in standing if r.kind in {None, "invoice"})
    notes = sum(r.amount for r in standing if r.kind == "credit_note")
    received = sum(received_by(payments, as_of))
    refunded = sum(
        r.amount for r in payments if r.status == "refunded" and r.known_at <= as_of
    )
    unpaid = sum(i.remainder for i in ledger.open)
    unallocated = sum(receipt.money for receipt in ledger.unallocated_receipts)
    if not any(row.status == "lost" for row in rows):
        assert ledger.credited == notes
    assert ledger.credited >= notes
    assert unpaid - ledger.credit - unallocated == (
        billed
        - ledger.credited
        - ledger.written_off
        - received
        + refunded
        - ledger.goodwill.total
    )


def days_overdue_by_day(arrears: Arrears, ledger: Ledger, last: int) -> list[int]:
    invoices = sorted(ledger.invoices.values(), key=lambda i: i.key)
    # events happen at midnight and days begin then: whole days see every change
    return [arrears.at(day * DAY_US, invoices).days_overdue for day in range(last + 1)]


@given(invoice_rows(), payment_rows(), dispute_rows(), st.integers(1, 120))
def test_episodes_and_spells_are_what_a_calendar_shows(
    invoices: list[InvoiceRow],
    payments: list[PaymentRow],
    rows: list[DisputeRow],
    last: int,
) -> None:
    """The moments looked at are enough: compared with looking at every day.

    Arrears go on through days on which only a dispute keeps the customer out of them.
    """
    books = books_at(invoices, payments, last * DAY_US, rows)
    known_disputes = disputes(row for row in rows if row.known_at <= last * DAY_US)
    arrears = Arrears(books.ledger, known_disputes, UTC_DAYS, materiality=50)
    by_day = days_overdue_by_day(arrears, books.ledger, last)
    undisputed = Arrears(books.ledger, [], UTC_DAYS, materiality=50)
    but_for_disputes = days_overdue_by_day(undisputed, books.ledger, last)
    now = arrears.now(last * DAY_US)
    assert now.days_overdue == by_day[last]
    assert sum(i.contested for i in now.items) == now.contested
    assert all(0 <= i.contested <= i.remainder for i in now.items)
    if now.days_overdue:
        start = day = last
        while day and (by_day[day - 1] or but_for_disputes[day - 1]):
            day -= 1
            start = day if by_day[day] else start
        assert arrears.episode_start(last * DAY_US) == start * DAY_US
    for n_days in (1, 10):
        late = {
            day
            for begin, end in arrears.spells(n_days, last * DAY_US)
            for day in range(last + 1)
            if begin <= day * DAY_US < end
        }
        assert late == {day for day, n in enumerate(by_day) if n >= n_days}


@given(invoice_rows(), payment_rows(), dispute_rows(), st.integers(1, 120))
def test_days_overdue_are_those_counted_day_by_day(
    invoices: list[InvoiceRow],
    payments: list[PaymentRow],
    rows: list[DisputeRow],
    last: int,
) -> None:
    """Days since an item's clock began, but those on which it was wholly contested."""
    books = books_at(invoices, payments, last * DAY_US, rows)
    known_disputes = disputes(row for row in rows if row.known_at <= last * DAY_US)
    arrears = Arrears(books.ledger, known_disputes, UTC_DAYS, materiality=0)
    ordered = sorted(books.ledger.invoices.values(), key=lambda i: i.key)
    whole = set()  # day and invoice, seen at each midnight, where all events are
    for day in range(last + 1):
        for item in arrears.at(day * DAY_US, ordered).items:
            if item.contested == item.remainder:
                whole.add((day, item.invoice.id))
    for item in arrears.now(last * DAY_US).items:
        clock = item.invoice.clock_on(last * DAY_US, UTC_DAYS.day)
        days = range(clock + 1, last + 1)
        counted = sum((day, item.invoice.id) not in whole for day in days)
        assert item.days_overdue == (counted if item.is_overdue else 0)
