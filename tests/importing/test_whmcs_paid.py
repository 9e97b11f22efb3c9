"""WHMCS: invoices that it takes for paid beyond their transactions."""

from pathlib import Path

import pytest

from tests.importing.tables import facts_of
from tests.importing.whmcs_tables import (
    EXPORTED,
    Row,
    Run,
    bill,
    credit,
    item,
    money_in,
    run,
)

__all__ = ["run"]
APART = "invoices that WHMCS takes for paid beyond their transactions"


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        pytest.param("Paid", [], id="its status was set by hand"),
        pytest.param("Refunded", [], id="paid and given back elsewhere"),
        pytest.param(
            "Paid",
            [money_in(1, "2026-03-05 10:00:00", "40", 1)],
            id="a part has a transaction",
        ),
    ],
)
def test_what_is_paid_has_nothing_open(
    run: Run, portfolio: Path, status: str, taken: list[Row]
) -> None:
    bills = [bill(1, "2026-03-01", "100", status, datepaid="2026-03-20 10:00:00")]
    report = run(invoices=bills, invoiceitems=[item(1, "100")], accounts=taken)

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}
    assert facts_of(portfolio, "1", "2026-03-15", "open") != {"open": 0}
    assert any(note.text.startswith(APART) for note in report.notes)


@pytest.mark.parametrize("together", ["Unpaid", "Cancelled"])
def test_invoices_that_were_to_be_paid_together_are_paid_apart(
    run: Run, portfolio: Path, together: str
) -> None:
    """A client asked to pay both at once, and did not."""
    bills = [bill(1, "2026-03-01", "100", "Paid"), bill(2, "2026-03-01", "60")]
    moved = [item(3, "100", "Invoice", 1), item(3, "60", "Invoice", 2)]
    run(
        invoices=[*bills, bill(3, "2026-03-02", "160", together)],
        invoiceitems=[item(1, "100"), item(2, "60"), *moved],
        accounts=[],
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 60, "credit": 0}


def test_funds_whose_invoice_was_set_paid_are_there(run: Run, portfolio: Path) -> None:
    used = [
        credit(1, "2026-03-02", "100", "Add Funds Invoice #1"),
        credit(2, "2026-03-05", "-100", "Credit Applied to Invoice #2"),
    ]
    funds = bill(1, "2026-03-01", "100", "Paid", datepaid="2026-03-02 10:00:00")
    run(
        invoices=[funds, bill(2, "2026-03-05", "0", "Paid", credit="100")],
        invoiceitems=[item(1, "100", "AddFunds"), item(2, "100")],
        accounts=[],
        credit=used,
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}


def test_what_is_asked_for_again_is_open_again(run: Run, portfolio: Path) -> None:
    tables = {"invoiceitems": [item(1, "100")], "accounts": list[Row]()}
    run("2026-05-05", invoices=[bill(1, "2026-03-01", "100", "Paid")], **tables)
    run(invoices=[bill(1, "2026-03-01", "100")], **tables)

    assert facts_of(portfolio, "1", EXPORTED, "open") == {"open": 100}


def test_a_transaction_that_comes_later_takes_its_place(
    run: Run, portfolio: Path
) -> None:
    tables = {"invoiceitems": [item(1, "100")]}
    bills = [bill(1, "2026-03-01", "100", "Paid")]
    run("2026-05-05", invoices=bills, accounts=[], **tables)
    taken = [money_in(1, "2026-03-05 10:00:00", "100", 1)]
    report = run(invoices=bills, accounts=taken, **tables)

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}
    assert not any(note.text.startswith(APART) for note in report.notes)


def test_money_that_names_no_invoice_is_not_paid_twice(
    run: Run, portfolio: Path
) -> None:
    run(
        invoices=[bill(1, "2026-03-01", "100", "Paid")],
        invoiceitems=[item(1, "100")],
        accounts=[money_in(1, "2026-03-05 10:00:00", "100")],
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}


def test_money_that_names_no_invoice_is_of_one_invoice(
    run: Run, portfolio: Path
) -> None:
    """Two of one sum were paid, and one payment of that sum names none."""
    run(
        invoices=[bill(n, "2026-03-01", "100", "Paid") for n in (1, 2)],
        invoiceitems=[item(1, "100"), item(2, "100")],
        accounts=[money_in(1, "2026-03-05 10:00:00", "100")],
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}
