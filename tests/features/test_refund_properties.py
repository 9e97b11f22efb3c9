"""What a refund does depends on money, days and what payments named."""

from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from features.account.rows import AnyRow, DisputeRow, InvoiceRow, PaymentRow
from features.events import FOREVER
from features.ledger import Ledger
from features.moments import DAY_US
from tests.features.ledger_rows import (
    books_at,
    dispute_rows,
    invoice_rows,
    payment_rows,
)

NAMES = {**dict(zip("ABCDEF", "FEDCBA", strict=True)), "X": "Z", "Y": "Y", "Z": "X"}
NAMES |= dict(zip("PQRSTU", "UTSRQP", strict=True))


def bill(name: str, day: int, amount: int) -> InvoiceRow:
    due = day + 10
    event = (day * DAY_US, FOREVER, day * DAY_US)
    return InvoiceRow(*event, name, None, amount, None, due * DAY_US, due, None)


def paid(
    name: str, at: int, amount: int, names: str | None, status: str = "succeeded"
) -> PaymentRow:
    return PaymentRow(at, FOREVER, at, name, status, amount, "card", names)


@st.composite
def invoices_paid_back(
    draw: st.DrawFn,
) -> tuple[list[InvoiceRow], list[PaymentRow]]:
    """A, B and either of them paid in some order; one payment is given back whole."""
    cheap, dear = draw(st.sampled_from([(1, 4), (4, 1), (2, 2)]))
    bills = [bill("A", 0, cheap), bill("B", 1, dear), bill("C", 40, cheap)]
    moneys = {"A": cheap, "B": dear, None: max(dear, cheap)}
    rows = [
        paid(name, day * DAY_US, moneys[names], names)
        for day, name, names in zip(
            (10, 20, 30), "PQR", draw(st.permutations([None, "A", "B"])), strict=True
        )
    ]
    back = draw(st.sampled_from(rows))
    at = back.event_at + draw(st.sampled_from([5, 15, 25])) * DAY_US
    rows.append(replace(back, known_at=at, event_at=at, status="refunded"))
    return bills, rows


drawn = st.one_of(st.tuples(invoice_rows(), payment_rows()), invoices_paid_back())


def renamed(rows: Sequence[AnyRow]) -> list[AnyRow]:
    """The same rows, where what sorted first by its id now sorts last."""
    told = ("invoice_id", "applies_to", "payment_id", "dispute_id")
    found = []
    for row in rows:
        ids = {name: getattr(row, name, None) for name in told}
        others = {name: NAMES[known] for name, known in ids.items() if known}
        found.append(replace(row, **others))
    return found


def one_by_one(rows: Sequence[AnyRow], first: int) -> list[AnyRow]:
    """Each row at a moment of its own: of one moment the contract goes by ids."""
    found = []
    for n, row in enumerate(rows, first):
        found.append(replace(row, event_at=row.event_at + n, known_at=row.known_at + n))
    return found


def sums(ledger: Ledger) -> tuple[int, ...]:
    unallocated = sum(receipt.money for receipt in ledger.unallocated_receipts)
    given_away = ledger.goodwill.total
    return ledger.credit, ledger.written_off, given_away, unallocated


@settings(max_examples=200)
@given(drawn, dispute_rows(), st.integers(0, 120))
@example(
    # A and B paid without a name, A again by its name, the first given back, then B
    rows=(
        [bill("A", 0, 250), bill("B", 1, 1000), bill("C", 40, 250)],
        [
            paid("P", 10 * DAY_US, 1000, None),
            paid("Q", 11 * DAY_US, 250, "A"),
            paid("P", 12 * DAY_US, 1000, None, "refunded"),
            paid("R", 13 * DAY_US, 1000, "B"),
        ],
    ),
    about=[],
    day=100,
)
def test_what_rows_are_called_changes_nothing(
    rows: tuple[list[InvoiceRow], list[PaymentRow]], about: list[DisputeRow], day: int
) -> None:
    bills = [
        replace(row, due_at=row.due_at + n)
        for n, row in enumerate(one_by_one(rows[0], 0))
    ]
    payments, about = one_by_one(rows[1], 100), one_by_one(about, 200)
    as_of = day * DAY_US
    one = books_at(bills, payments, as_of, about).ledger
    other = books_at(renamed(bills), renamed(payments), as_of, renamed(about)).ledger
    assert sums(one) == sums(other)
    items = {NAMES[n]: (i.remainder, i.entries) for n, i in one.invoices.items()}
    found = {n: (i.remainder, i.entries) for n, i in other.invoices.items()}
    assert {n: (left, [e[:3] for e in told]) for n, (left, told) in items.items()} == {
        n: (left, [e[:3] for e in told]) for n, (left, told) in found.items()
    }


@given(
    st.sampled_from([("B", "B"), (None, "B")]),
    st.sampled_from("PQ"),
    st.integers(0, 40),
    st.integers(1, 300),
)
def test_it_does_not_matter_which_of_two_payments_is_given_back(
    named: tuple[str | None, str | None], refunded: str, days_later: int, money: int
) -> None:
    """B was paid twice before C was issued, and one payment was given back.

    One of two invoices is owed: whether the first payment named B or not, and whether
    the money was given back before the second came, after it, or after it had paid C.
    """
    payments = [
        paid("P", 10 * DAY_US, money, named[0]),
        paid("Q", 15 * DAY_US, money, named[1]),
    ]
    [its] = [row for row in payments if row.payment_id == refunded]
    back = its.event_at + days_later * DAY_US
    payments.append(paid(refunded, back, money, its.invoice_id, "refunded"))
    bills = [bill("B", 0, money), bill("C", 20, money)]
    ledger = books_at(bills, payments, 90 * DAY_US).ledger
    remainders = {i.id: i.remainder for i in ledger.invoices.values()}
    assert remainders == {"B": 0, "C": money}
    assert sums(ledger) == (0, 0, 0, 0)
