"""The ledger's rules on their edges."""

from zoneinfo import ZoneInfo

import pytest

from features.invoice import INVOICE, PAYMENT, WRITE_OFF, Item
from features.ledger import Ledger
from features.moments import DAY_US, days_of

UTC_DAYS = days_of(ZoneInfo("UTC"))


def invoice(name: str, day: int, amount: int, due: int) -> Item:
    return (day * DAY_US, INVOICE, name, amount, None, due * DAY_US, due, None)


def payment(name: str, day: int, amount: int, names: str | None = None) -> Item:
    return (day * DAY_US, PAYMENT, name, amount, names, 0, 0, None)


def write_off(name: str, day: int, amount: int, names: str | None = None) -> Item:
    return (day * DAY_US, WRITE_OFF, name, amount, names, 0, 0, None)


def ledger_of(*items: Item) -> Ledger:
    ledger = Ledger(UTC_DAYS.day)
    ledger.post(list(items))
    return ledger


def remainders(ledger: Ledger) -> dict[str, int]:
    return {name: found.remainder for name, found in ledger.invoices.items()}


def test_money_for_a_known_invoice_waits_until_it_is_issued() -> None:
    """P1 on day 1 names B, issued on day 5; A is open all the time."""
    ledger = ledger_of(
        invoice("A", 0, 100, 30), payment("P1", 1, 60, "B"), invoice("B", 5, 50, 35)
    )
    assert remainders(ledger) == {"A": 90, "B": 0}
    assert ledger.invoices["B"].settled_at == 5 * DAY_US


@pytest.mark.parametrize("named", ["A", None])
def test_what_a_write_off_does_not_find_lapses(named: str | None) -> None:
    found = ledger_of(invoice("A", 0, 100, 30), write_off("W", 1, 130, named))
    assert (found.written_off, found.credit) == (100, 0)


def test_documents_of_a_moment_come_before_its_payments() -> None:
    ledger = ledger_of(payment("P1", 3, 100), invoice("Z", 3, 100, 30))
    assert ledger.invoices["Z"].settled_at == 3 * DAY_US
    assert ledger.invoices["Z"].days_late == 3 - 30


def test_payments_of_a_moment_go_by_their_id() -> None:
    """P1 (60, names B) comes before P2 (60, names B): B takes 60 + 40, A the rest."""
    ledger = ledger_of(
        invoice("A", 0, 100, 30),
        invoice("B", 0, 100, 40),
        payment("P2", 2, 60, "B"),
        payment("P1", 2, 60, "B"),
    )
    assert remainders(ledger) == {"A": 80, "B": 0}


def test_remainders_are_a_step_function_of_time() -> None:
    found = ledger_of(invoice("A", 2, 100, 30), payment("P1", 5, 30)).invoices["A"]
    days = (1, 2, 4, 5, 9)
    assert [found.remainder_at(day * DAY_US) for day in days] == [0, 100, 100, 70, 70]
    assert found.remainder_at(5 * DAY_US - 1) == 100


@pytest.mark.parametrize(
    ("late", "follows"),
    [
        pytest.param(payment("P9", 9, 10), True, id="what happened later is appended"),
        pytest.param(payment("P9", 1, 10), False, id="what happened earlier is not"),
        pytest.param(payment("P9", 3, 10), False, id="nor what happened together"),
        pytest.param(invoice("X", 9, 10, 30), False, id="nor an invoice named before"),
    ],
)
def test_when_a_ledger_can_go_on(late: Item, follows: bool) -> None:
    ledger = ledger_of(invoice("A", 0, 100, 30), payment("P1", 3, 60, "X"))
    assert ledger.continues_with([late]) is follows
