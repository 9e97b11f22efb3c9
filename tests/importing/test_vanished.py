"""Invoices that a later export does not have any more."""

from pathlib import Path

import pytest

from tests.importing.whmcs_tables import Run, bill, item, money_in, run

__all__ = ["run"]
BILLS = [bill(n, f"2026-0{n}-01", "100") for n in (1, 2, 3, 4)]
ITEMS = [item(n, "100") for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("left", "kind"),
    [
        pytest.param([0, 1, 3], "look at", id="one was deleted"),
        pytest.param([1, 2, 3], None, id="a later beginning"),
        pytest.param([0], "assumed", id="a part of the invoices"),
        pytest.param([0, 1, 2, 3], None, id="all are there"),
    ],
)
def test_an_open_invoice_that_a_later_export_lacks_is_told(
    run: Run, portfolio: Path, left: list[int], kind: str | None
) -> None:
    run(invoices=BILLS, invoiceitems=ITEMS, accounts=[])
    report = run(
        at="2026-06-02",
        invoices=[BILLS[n] for n in left],
        invoiceitems=[ITEMS[n] for n in left],
        accounts=[],
    )

    told = [n for n in report.notes if "earlier exports" in n.text]
    assert [n.kind for n in told] == ([kind] if kind else [])
    assert not told or told[0].n == len(BILLS) - len(left)


def test_a_paid_invoice_that_a_later_export_lacks_is_nobodys_debt(
    run: Run, portfolio: Path
) -> None:
    paid = [bill(1, "2026-01-01", "100"), bill(2, "2026-02-01", "100", "Paid")]
    money = [money_in(9, "2026-02-03 10:00:00", "100", 2)]
    run(invoices=paid, invoiceitems=ITEMS[:2], accounts=money)
    report = run(
        at="2026-06-02", invoices=paid[:1], invoiceitems=ITEMS[:1], accounts=money
    )

    assert not [n for n in report.notes if "earlier exports" in n.text]
