"""Amounts of another currency, paid to the last coin, leave neither debt nor credit.

Each row is converted and rounded to four places by itself, so the parts of a payment
need not add up to the invoice by a few ten-thousandths.
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.account.ledger_as_of import LedgerAsOf
from features.account.rows import InvoiceRow, PaymentRow
from features.events import FOREVER
from features.moments import DAY_US
from features.money import ROUNDING, UNITS, convert
from tests.features.customer_rows import converted_facts
from tests.features.ledger_rows import UTC_DAYS

PESO = Decimal("0.00105263")
SUMS = st.integers(1_000, 90_000_000)  # whole pesos
PARTS = st.integers(1, 4)


def money(pesos: int) -> int:
    """What a row's pesos are in the portfolio's currency."""
    return convert(pesos * UNITS, PESO)


def invoice(name: str, day: int, pesos: int) -> InvoiceRow:
    at, due = day * DAY_US, day + 14
    due_at = due * DAY_US
    return InvoiceRow(
        at, FOREVER, at, name, None, money(pesos), None, due_at, due, None
    )


def payment(name: str, day: int, pesos: int, named: str | None) -> PaymentRow:
    at = day * DAY_US
    return PaymentRow(at, FOREVER, at, name, "succeeded", money(pesos), None, named)


def split(total: int, parts: int) -> list[int]:
    """A sum in whole parts of which none is nothing."""
    part = total // (parts + 1)
    return [part] * (parts - 1) + [total - part * (parts - 1)]


def books(
    invoices: list[InvoiceRow], payments: list[PaymentRow], rounding: int = ROUNDING
) -> LedgerAsOf:
    found = LedgerAsOf(invoices, payments, UTC_DAYS, rounding)
    found.move_to(100 * DAY_US)
    return found


def test_two_parts_that_add_up_pay_the_invoice() -> None:
    rows = [invoice("A", 1, 554_848)]
    paid = [payment("P1", 2, 332_909, "A"), payment("P2", 14, 221_939, "A")]
    ledger = books(rows, paid).ledger
    assert not ledger.open
    assert ledger.settled[0].days_late == -1
    assert books(rows, paid, rounding=0).ledger.open, (
        "without rates there is nothing to round"
    )


def test_what_is_more_than_rounding_stays_a_debt() -> None:
    rows = [invoice("A", 1, 554_848)]
    (left,) = books(rows, [payment("P1", 2, 554_847, "A")]).ledger.open
    assert left.remainder == pytest.approx(money(1), abs=1)


@given(st.lists(st.tuples(SUMS, PARTS), min_size=1, max_size=5), st.booleans())
def test_whatever_is_paid_in_full_leaves_nothing(
    sums: list[tuple[int, int]], is_named: bool
) -> None:
    rows = [invoice(f"A{i}", i, pesos) for i, (pesos, _) in enumerate(sums)]
    paid = [
        payment(f"P{i}{k}", i + 2 + k, part, f"A{i}" if is_named else None)
        for i, (pesos, parts) in enumerate(sums)
        for k, part in enumerate(split(pesos, parts))
    ]
    ledger = books(rows, paid).ledger
    assert not ledger.open
    assert ledger.credit == 0
    billed = sum(row.amount for row in rows)
    assert billed - ledger.credited - sum(row.amount for row in paid) == 0
    if is_named:
        # a rest of a few ten-thousandths is no payment in parts
        assert [i.n_paid for i in ledger.invoices.values()] == [n for _, n in sums]


@given(SUMS, st.integers(1, 3), PARTS)
def test_money_ahead_of_invoices_is_used_up(pesos: int, bills: int, tops: int) -> None:
    paid = [
        payment(f"P{k}", k, part, None) for k, part in enumerate(split(pesos, tops))
    ]
    rows = [
        invoice(f"A{i}", 10 + i, part) for i, part in enumerate(split(pesos, bills))
    ]
    ledger = books(rows, paid).ledger
    assert not ledger.open
    assert ledger.credit == 0


def test_two_parts_on_their_way_cover_the_invoice() -> None:
    due, lately = "2024-05-01T00:00:00Z", "2024-06-28T00:00:00Z"
    owed = {"invoice_id": "A", "event_at": due, "due_at": due}
    pending = {"status": "pending", "method": "bank_transfer", "event_at": lately}
    parts = [
        {**pending, "payment_id": name, "amount": pesos, "currency": "CLP"}
        for name, pesos in (("1", "332909"), ("2", "221939"))
    ]
    billed = [{**owed, "amount": "554848", "currency": "CLP"}]
    found = converted_facts({"CLP": PESO}, {"invoices": billed, "payments": parts})
    assert [item.uncovered for item in found.items] == [0]
    assert found.actionable == 0
