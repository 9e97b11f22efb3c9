"""What holds for the ledger and the arrears in every course of events."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from features.account.arrears import Arrears
from features.account.books import Books
from features.account.disputes import disputes
from features.account.known import KnownRows, Row
from features.events import FOREVER, MISSING
from features.ledger import Ledger
from features.moments import DAY_US, days_of

UTC_DAYS = days_of(ZoneInfo("UTC"))
IDS = st.sampled_from("ABCDEF")
DAYS = st.integers(0, 60)
MONEY = st.integers(1, 300)
LAGS = st.sampled_from([0, 0, 0, 1, 5, 40])


@st.composite
def invoice_rows(draw: st.DrawFn) -> list[Row]:
    """Documents, some known late, some corrected or taken back."""
    rows: list[Row] = []
    for name in draw(st.lists(IDS, unique=True, max_size=6)):
        kind = draw(
            st.sampled_from([None, "invoice", "invoice", "credit_note", "write_off"])
        )
        at = draw(DAYS)
        known_at = (at + draw(LAGS)) * DAY_US
        ends_at = draw(st.sampled_from([FOREVER, FOREVER, known_at + 7 * DAY_US]))
        due = at + draw(st.integers(-5, 20))
        names = draw(st.one_of(st.none(), IDS))
        event = (at * DAY_US, name, kind)
        terms = (names, due * DAY_US, due, None)
        rows.append((known_at, ends_at, *event, draw(MONEY), *terms))
        if ends_at != FOREVER and draw(st.booleans()):
            rows.append((ends_at, FOREVER, *event, draw(MONEY), *terms))
    return rows


@st.composite
def payment_rows(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for name in draw(st.lists(st.sampled_from("PQRSTU"), unique=True, max_size=6)):
        at, amount = draw(DAYS), draw(MONEY)
        names = draw(st.one_of(st.none(), IDS))
        statuses = draw(
            st.lists(
                st.sampled_from(
                    ["pending", "succeeded", "failed", "returned", "refunded"]
                ),
                unique=True,
                min_size=1,
                max_size=3,
            )
        )
        if "refunded" in statuses:
            statuses += ["refunded"] * draw(st.integers(0, 2))
        for status in statuses:
            at += draw(st.integers(0, 8))
            known_at = (at + draw(LAGS)) * DAY_US
            money = draw(MONEY) if status == "refunded" else amount
            rows.append(
                (known_at, FOREVER, at * DAY_US, name, status, money, "card", names)
            )
    return rows


@st.composite
def dispute_rows(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for name in draw(st.lists(st.sampled_from("XYZ"), unique=True, max_size=3)):
        at = draw(DAYS)
        terms = (
            draw(st.one_of(st.just(MISSING), MONEY)),
            draw(st.one_of(st.none(), IDS)),
            draw(st.one_of(st.none(), st.sampled_from("PQR"))),
        )
        kind = draw(st.sampled_from(["billing", "billing", "chargeback_other"]))
        for status in draw(
            st.sampled_from([["opened"], ["opened", "won"], ["opened", "lost"]])
        ):
            known_at = (at + draw(LAGS)) * DAY_US
            rows.append((known_at, FOREVER, at * DAY_US, name, kind, status, *terms))
            at += draw(st.integers(0, 30))
    return rows


def books_at(
    invoices: list[Row], payments: list[Row], as_of: int, about: Sequence[Row] = ()
) -> Books:
    books = Books(invoices, payments, UTC_DAYS)
    books.move_to(as_of, disputes(row for row in about if row[0] <= as_of))
    return books


def picture(books: Books) -> object:
    """All that a ledger says, in a form that compares."""
    ledger = books.ledger
    return (
        (ledger.credit, ledger.credited, ledger.written_off, ledger.goodwill.total),
        ledger.strangers,
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
    invoices: list[Row], payments: list[Row], about: list[Row], is_backwards: bool
) -> None:
    """Through every moment at which something became known or ceased to stand."""
    told = [*invoices, *payments, *about]
    changes = {m for row in told for m in row[:2] if m != FOREVER}
    books = Books(invoices, payments, UTC_DAYS)
    seen, found = KnownRows(about), disputes([])
    for as_of in sorted(changes, reverse=is_backwards):
        if seen.move_to(as_of):
            found = disputes(seen.known)
        books.move_to(as_of, found)
        assert picture(books) == picture(books_at(invoices, payments, as_of, about))


@given(invoice_rows(), payment_rows(), st.integers(0, 120))
def test_what_is_known_later_changes_nothing(
    invoices: list[Row], payments: list[Row], day: int
) -> None:
    as_of = day * DAY_US

    def by_then(rows: list[Row]) -> list[Row]:
        return [
            (row[0], row[1] if row[1] <= as_of else FOREVER, *row[2:])
            for row in rows
            if row[0] <= as_of
        ]

    cut = books_at(by_then(invoices), by_then(payments), as_of)
    assert picture(cut) == picture(books_at(invoices, payments, as_of))


@given(
    invoice_rows(),
    payment_rows(),
    dispute_rows(),
    st.integers(0, 120),
    st.permutations(range(12)),
)
def test_the_order_of_rows_changes_nothing(
    invoices: list[Row],
    payments: list[Row],
    about: list[Row],
    day: int,
    order: list[int],
) -> None:
    as_of = day * DAY_US
    before = picture(books_at(invoices, payments, as_of, about))
    one, other, third = (
        [
            row
            for _, row in sorted(zip(order * 2, rows, strict=False), key=lambda p: p[0])
        ]
        for rows in (invoices, payments, about)
    )
    assert picture(books_at(one, other, as_of, third)) == before


def received_by(payments: list[Row], as_of: int) -> list[int]:
    """Amounts of payments whose latest status by event_at and progress is success."""
    order = ["pending", "failed", "succeeded", "returned"]
    latest: dict[str, Row] = {}
    told = [r for r in payments if r[0] <= as_of and r[4] != "refunded"]
    for row in sorted(told, key=lambda r: (r[2], order.index(r[4]), r[0])):
        latest[row[3]] = row
    return [row[5] for row in latest.values() if row[4] == "succeeded"]


@given(invoice_rows(), payment_rows(), dispute_rows(), st.integers(0, 120))
def test_money_is_neither_made_nor_lost(
    invoices: list[Row], payments: list[Row], rows: list[Row], day: int
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
    standing = [r for r in invoices if r[0] <= as_of < r[1]]
    billed = sum(r[5] for r in standing if r[4] in {None, "invoice"})
    notes = sum(r[5] for r in standing if r[4] == "credit_note")
    received = sum(received_by(payments, as_of))
    refunded = sum(r[5] for r in payments if r[4] == "refunded" and r[0] <= as_of)
    unpaid = sum(i.remainder for i in ledger.open)
    unallocated = sum(stranger.money for stranger in ledger.strangers)
    if not any(row[5] == "lost" for row in rows):
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
    invoices: list[Row], payments: list[Row], rows: list[Row], last: int
) -> None:
    """The moments looked at are enough: compared with looking at every day.

    Arrears go on through days on which only a dispute keeps the customer out of them.
    """
    books = books_at(invoices, payments, last * DAY_US, rows)
    known_disputes = disputes(row for row in rows if row[0] <= last * DAY_US)
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
    invoices: list[Row], payments: list[Row], rows: list[Row], last: int
) -> None:
    """Days since an item's clock began, but those on which it was wholly contested."""
    books = books_at(invoices, payments, last * DAY_US, rows)
    known_disputes = disputes(row for row in rows if row[0] <= last * DAY_US)
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
