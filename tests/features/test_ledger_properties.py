"""What holds for the ledger and the arrears in every course of events."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from features.account.arrears import Arrears
from features.account.books import Books, Row
from features.account.disputes import disputes
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
        for status in statuses:
            at += draw(st.integers(0, 8))
            known_at = (at + draw(LAGS)) * DAY_US
            rows.append(
                (known_at, FOREVER, at * DAY_US, name, status, amount, "card", names)
            )
    return rows


def books_at(invoices: list[Row], payments: list[Row], as_of: int) -> Books:
    books = Books(invoices, payments, UTC_DAYS)
    books.move_to(as_of)
    return books


def picture(books: Books) -> object:
    """All that a ledger says, in a form that compares."""
    ledger = books.ledger
    return (
        ledger.credit,
        ledger.written_off,
        [i.id for i in ledger.open],
        {n: (i.remainder, i.entries, i.settled_at) for n, i in ledger.invoices.items()},
        books.pending,
    )


@given(invoice_rows(), payment_rows(), st.booleans())
def test_moving_on_equals_starting_anew(
    invoices: list[Row], payments: list[Row], is_backwards: bool
) -> None:
    """Through every moment at which something became known or ceased to stand."""
    changes = {m for row in [*invoices, *payments] for m in row[:2] if m != FOREVER}
    books = Books(invoices, payments, UTC_DAYS)
    for as_of in sorted(changes, reverse=is_backwards):
        books.move_to(as_of)
        assert picture(books) == picture(books_at(invoices, payments, as_of))


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


@given(invoice_rows(), payment_rows(), st.integers(0, 120), st.permutations(range(12)))
def test_the_order_of_rows_changes_nothing(
    invoices: list[Row], payments: list[Row], day: int, order: list[int]
) -> None:
    as_of = day * DAY_US
    before = picture(books_at(invoices, payments, as_of))
    one, other = (
        [
            row
            for _, row in sorted(zip(order * 2, rows, strict=False), key=lambda p: p[0])
        ]
        for rows in (invoices, payments)
    )
    assert picture(books_at(one, other, as_of)) == before


def received_by(payments: list[Row], as_of: int) -> list[int]:
    """Amounts of payments whose latest status by event_at and known_at is success."""
    order = ["pending", "failed", "succeeded", "returned"]
    latest: dict[str, Row] = {}
    told = [r for r in payments if r[0] <= as_of and r[4] != "refunded"]
    for row in sorted(told, key=lambda r: (r[2], r[0], order.index(r[4]))):
        latest[row[3]] = row
    return [row[5] for row in latest.values() if row[4] == "succeeded"]


@given(invoice_rows(), payment_rows(), st.integers(0, 120))
def test_money_is_neither_made_nor_lost(
    invoices: list[Row], payments: list[Row], day: int
) -> None:
    """Debts − money received = open − credit, but for refunds and idle write-offs.

    A refund takes what credit there is; a write-off beyond all debts writes off less
    than it says, unless it names an invoice: then the rest is credit.
    """
    books = books_at(invoices, payments, day * DAY_US)
    ledger = books.ledger
    settled = {"paid": 0, "credited": 0, "written_off": 0}
    for found in ledger.invoices.values():
        for at, money, kind in found.entries:
            assert money > 0
            assert at >= found.issued_at
            settled[("paid", "credited", "written_off")[kind]] += money
        assert 0 <= found.remainder == found.amount - sum(e[1] for e in found.entries)
    assert settled["written_off"] == ledger.written_off
    assert ledger.credit >= 0
    assert ledger.credit == 0 or not ledger.open, (
        "credit is used while something is open"
    )

    as_of = day * DAY_US
    standing = [r for r in invoices if r[0] <= as_of < r[1]]
    debts = sum(r[5] for r in standing if r[4] in {None, "invoice"})
    notes = sum(r[5] for r in standing if r[4] in {"credit_note", "write_off"})
    received = sum(received_by(payments, as_of))
    unpaid = sum(i.remainder for i in ledger.open)
    assert debts == unpaid + sum(settled.values())
    refunds = sum(r[5] for r in payments if r[4] == "refunded" and r[0] <= as_of)
    idle = sum(r[5] for r in standing if r[4] == "write_off")
    balance = debts - notes - received
    assert balance <= unpaid - ledger.credit <= balance + refunds + idle
    if not refunds and not idle:
        assert unpaid - ledger.credit == balance


@st.composite
def dispute_rows(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for name in draw(st.lists(st.sampled_from("XYZ"), unique=True, max_size=3)):
        at = draw(DAYS)
        amount = draw(st.one_of(st.just(MISSING), MONEY))
        names = draw(st.one_of(st.none(), IDS))
        rows.append(
            (
                at * DAY_US,
                FOREVER,
                at * DAY_US,
                name,
                "billing",
                "opened",
                amount,
                names,
            )
        )
        if draw(st.booleans()):
            at += draw(st.integers(0, 30))
            rows.append(
                (
                    at * DAY_US,
                    FOREVER,
                    at * DAY_US,
                    name,
                    "billing",
                    "won",
                    amount,
                    names,
                )
            )
    return rows


def days_overdue_by_day(arrears: Arrears, ledger: Ledger, last: int) -> list[int]:
    invoices = sorted(ledger.invoices.values(), key=lambda i: i.key)
    # events happen at midnight and days begin then: whole days see every change
    return [arrears.at(day * DAY_US, invoices).days_overdue for day in range(last + 1)]


@given(invoice_rows(), payment_rows(), dispute_rows(), st.integers(1, 120))
def test_episodes_and_spells_are_what_a_calendar_shows(
    invoices: list[Row], payments: list[Row], rows: list[Row], last: int
) -> None:
    """The moments looked at are enough: compared with looking at every day."""
    books = books_at(invoices, payments, last * DAY_US)
    open_disputes = disputes(row for row in rows if row[0] <= last * DAY_US)
    arrears = Arrears(books.ledger, open_disputes, UTC_DAYS, materiality=50)
    by_day = days_overdue_by_day(arrears, books.ledger, last)
    now = arrears.now(last * DAY_US)
    assert now.days_overdue == by_day[last]
    assert sum(i.contested for i in now.items) == now.contested
    assert all(0 <= i.contested <= i.remainder for i in now.items)
    if now.days_overdue:
        start = last
        while start and by_day[start - 1]:
            start -= 1
        assert arrears.episode_start(last * DAY_US) == start * DAY_US
    for n_days in (1, 10):
        late = {
            day
            for begin, end in arrears.spells(n_days, last * DAY_US)
            for day in range(last + 1)
            if begin <= day * DAY_US < end
        }
        assert late == {day for day, n in enumerate(by_day) if n >= n_days}
