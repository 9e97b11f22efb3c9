"""What WHMCS's tables become; the rows are rebuilt from its documentation.

States, columns and signs: developers.whmcs.com (classes and API, 9.0), the manual at
docs.whmcs.com on credit, mass payment, refunds and reversals.
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing.whmcs.columns import TABLES
from tests.importing.conftest import FirstActions
from tests.importing.tables import facts_of, rows_of, write_csv
from tests.importing.whmcs_tables import (
    EXPORTED,
    Row,
    Run,
    bill,
    client,
    credit,
    item,
    money_in,
    run,
)

__all__ = ["run"]


def money_out(id_: int, at: str, amount: str, invoice: int, refund_of: int) -> Row:
    moved = {"amountin": "0.00", "amountout": amount, "refundid": refund_of}
    return money_in(id_, at, "0", invoice) | moved


def test_what_was_billed_is_what_was_left_to_pay_and_the_credit_that_was_used(
    run: Run, portfolio: Path
) -> None:
    """`total` is after credit: 5.00 billed, 1.00 of it by credit, 4.00 left."""
    run(
        invoices=[bill(1001, "2026-04-20", "4.00", credit="1.00")],
        invoiceitems=[item(1001, "5.00")],
        credit=[
            credit(1, "2026-04-01", "1.00", "For the downtime"),
            credit(2, "2026-04-20", "-1.00", "Credit Applied to Invoice #1001"),
        ],
        accounts=[money_in(2, "2026-04-21 12:00:00", "1.50", 1001)],
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": pytest.approx(2.50), "credit": 0}


def test_what_was_overpaid_is_credit_once(run: Run, portfolio: Path) -> None:
    run(
        invoices=[bill(1, "2026-04-01", "100", "Paid")],
        invoiceitems=[item(1, "100")],
        accounts=[money_in(1, "2026-04-02 10:00:00", "120", 1)],
        credit=[credit(1, "2026-04-02", "20", "Invoice #1 Overpayment")],
    )

    assert facts_of(portfolio, "1", EXPORTED, "credit") == {"credit": 20}


@pytest.mark.parametrize(
    "text", ["Bank transfer of 3 May", None], ids=["own words", "no words"]
)
def test_money_for_no_invoice_is_credit_once(
    run: Run, portfolio: Path, text: str | None
) -> None:
    """A transaction with the box Credit ticked stands in both tables."""
    given: Row = credit(1, "2026-05-03", "50", "") | {"description": text}
    run(
        invoices=[bill(1, "2026-03-01", "7")],
        invoiceitems=[item(1, "7")],
        accounts=[money_in(1, "2026-05-03 10:00:00", "50")],
        credit=[given],
    )

    assert facts_of(portfolio, "1", EXPORTED, "credit") == {"credit": 43}


def test_funds_are_no_debt_and_become_credit_when_paid(
    run: Run, portfolio: Path
) -> None:
    run(
        invoices=[
            bill(1, "2026-04-01", "30", "Paid"),
            bill(2, "2026-04-01", "70", "Unpaid"),
            bill(3, "2026-04-01", "7", "Unpaid"),
        ],
        invoiceitems=[
            item(1, "30", "AddFunds", 0),
            item(2, "70", "AddFunds", 0),
            item(3, "7"),
        ],
        accounts=[money_in(1, "2026-04-02 10:00:00", "30", 1)],
        credit=[credit(1, "2026-04-02", "30", "Add Funds Invoice #1")],
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 23}


def test_invoices_paid_together_are_owed_once(run: Run, portfolio: Path) -> None:
    run(
        invoices=[
            bill(1, "2026-03-01", "0", "Paid", credit="40"),
            bill(2, "2026-04-01", "0", "Paid", credit="60"),
            bill(3, "2026-04-10", "100", "Paid"),
        ],
        invoiceitems=[
            item(1, "40"),
            item(2, "60"),
            item(3, "40", "Invoice", 1),
            item(3, "60", "Invoice", 2),
        ],
        accounts=[money_in(1, "2026-04-10 10:00:00", "100", 3)],
        credit=[
            credit(1, "2026-04-10", "40", "Mass Invoice Payment Credit for Invoice #1"),
            credit(2, "2026-04-10", "-40", "Credit Applied to Invoice #1"),
            credit(3, "2026-04-10", "60", "Mass Invoice Payment Credit for Invoice #2"),
            credit(4, "2026-04-10", "-60", "Credit Applied to Invoice #2"),
        ],
    )

    before = facts_of(portfolio, "1", "2026-04-05", "open")
    after = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert (before, after) == ({"open": 100}, {"open": 0, "credit": 0})


def test_a_refund_opens_nothing_and_a_payment_that_came_back_opens_the_invoice(
    run: Run, portfolio: Path
) -> None:
    run(
        invoices=[
            bill(1, "2026-03-01", "100", "Refunded"),
            bill(2, "2026-04-01", "80", "Collections"),
        ],
        invoiceitems=[item(1, "100"), item(2, "80")],
        accounts=[
            money_in(1, "2026-03-02 10:00:00", "100", 1),
            money_out(2, "2026-03-09 10:00:00", "100", 1, 1),
            money_in(3, "2026-04-02 10:00:00", "80", 2),
            money_out(4, "2026-04-20 10:00:00", "80", 2, 3),
        ],
    )

    states = [(p["payment_id"], p["status"]) for p in rows_of(portfolio, "payments")]
    assert states[1] == ("1", "refunded")
    assert states[3] == ("3", "returned")
    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 80, "credit": 0}


def test_what_came_back_and_was_paid_anew_is_paid_once(
    run: Run, portfolio: Path
) -> None:
    """Also where an earlier import saw it open; the reversal is not undone."""
    first = [
        money_in(1, "2026-03-02 10:00:00", "100", 1),
        money_out(2, "2026-04-20 10:00:00", "100", 1, 1),
    ]
    items = [item(1, "100")]
    run(
        "2026-05-01",
        invoices=[bill(1, "2026-03-01", "100")],
        invoiceitems=items,
        accounts=first,
    )
    assert facts_of(portfolio, "1", "2026-05-01", "open") == {"open": 100}
    again = [*first, money_in(3, "2026-05-05 10:00:00", "100", 1)]
    run(
        invoices=[bill(1, "2026-03-01", "100", "Paid")],
        invoiceitems=items,
        accounts=again,
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}


def test_a_refund_to_the_balance_is_credit_once(run: Run, portfolio: Path) -> None:
    """The manual: money out of the invoice, money in for none, and credit."""
    run(
        invoices=[bill(1, "2026-03-01", "100", "Refunded")],
        invoiceitems=[item(1, "100")],
        accounts=[
            money_in(1, "2026-03-02 10:00:00", "100", 1),
            money_out(2, "2026-03-09 10:00:00", "100", 1, 1),
            money_in(3, "2026-03-09 10:00:00", "100"),
        ],
        credit=[credit(1, "2026-03-09", "100", "Credit from Refund of Invoice ID 1")],
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 100}


def test_a_cancelled_invoice_was_owed_until_then(run: Run, portfolio: Path) -> None:
    run(
        invoices=[
            bill(
                1,
                "2026-03-01",
                "100",
                "Cancelled",
                date_cancelled="2026-05-10 09:00:00",
            ),
            bill(2, "2026-03-01", "7", "Draft"),
        ],
        invoiceitems=[item(1, "100"), item(2, "7")],
        accounts=[money_in(1, "2026-03-02 10:00:00", "30", 1)],
    )

    before = facts_of(portfolio, "1", "2026-05-09", "open")
    after = facts_of(portfolio, "1", EXPORTED, "open", "credit")
    assert (before, after) == ({"open": 70}, {"open": 0, "credit": 0})


def test_a_payment_that_waits_for_its_provider_is_in_flight(
    run: Run, portfolio: Path
) -> None:
    waiting = {"paymentmethod": "gocardless", "updated_at": "2026-05-30 08:00:00"}
    run(
        invoices=[bill(1, "2026-05-01", "100", "Payment Pending", **waiting)],
        invoiceitems=[item(1, "100")],
        accounts=[],
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "in_flight")
    assert facts == {"open": 100, "in_flight": 100}


def test_what_was_cancelled_or_under_way_and_is_no_more_is_taken_back(
    run: Run, portfolio: Path
) -> None:
    items = [item(1, "100"), item(2, "80")]
    paid = [money_in(1, "2026-05-10 10:00:00", "80", 2)]
    run(
        "2026-05-05",
        invoices=[
            bill(1, "2026-04-01", "100", "Cancelled"),
            bill(2, "2026-05-01", "80", "Payment Pending"),
        ],
        invoiceitems=items,
        accounts=[],
    )
    run(
        invoices=[bill(1, "2026-04-01", "100"), bill(2, "2026-05-01", "80", "Paid")],
        invoiceitems=items,
        accounts=paid,
    )

    facts = facts_of(portfolio, "1", EXPORTED, "open", "in_flight", "credit")
    assert facts == {"open": 100, "in_flight": 0, "credit": 0}


def test_days_are_the_portfolios_own(run: Run, portfolio: Path) -> None:
    """The last Sunday of March has 23 hours in Brussels; 02:30 is not on its clock."""
    run(
        invoices=[bill(1, "2026-03-29", "100")],
        invoiceitems=[item(1, "100")],
        accounts=[money_in(1, "2026-03-29 02:30:00", "10", 1)],
    )

    (due,) = [i["due_at"] for i in rows_of(portfolio, "invoices")]
    assert due == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)
    (paid,) = rows_of(portfolio, "payments")
    assert paid["event_at"] == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_amounts_keep_their_places_and_their_currency(
    run: Run, portfolio: Path
) -> None:
    report = run(
        clients=[client(), client(2, currency=2)],
        invoices=[
            bill(1, "2026-03-01", "12345678901234.56"),
            bill(2, "2026-03-01", "10.005", userid=2),
        ],
        invoiceitems=[item(1, "12345678901234.56"), item(2, "10.005")],
        accounts=[],
    )

    billed = {(i["currency"], i["amount"]) for i in rows_of(portfolio, "invoices")}
    assert billed == {("EUR", Decimal("12345678901234.56")), ("KWD", Decimal("10.005"))}
    assert [s.currency for s in report.sums if s.what == "billed"] == ["EUR", "KWD"]


def test_an_invoice_that_is_dated_back_is_known_since_it_was_made(
    run: Run, portfolio: Path
) -> None:
    late = bill(1, "2026-03-01", "9", created_at="2026-03-20 09:00:00")
    run(invoices=[late], invoiceitems=[item(1, "9")])

    (row,) = rows_of(portfolio, "invoices")
    assert (row["event_at"].day, row["known_at"].day) == (1, 20)


def test_day_by_day_is_the_same_account_as_all_at_once(
    run: Run, portfolio: Path, tmp_path: Path
) -> None:
    """Paid, given back in part, then in whole while the invoice asks for it again."""
    moves = [
        money_in(1, "2026-03-02 10:00:00", "100", 1),
        money_out(2, "2026-03-10 10:00:00", "40", 1, 1),
        money_out(3, "2026-03-20 10:00:00", "60", 1, 1),
    ]
    days = [("2026-03-05", "Paid", 1), ("2026-03-15", "Paid", 2)]
    days.append(("2026-03-25", "Unpaid", 3))

    def at(day: str, status: str, n_moves: int) -> None:
        run(
            day,
            invoices=[bill(1, "2026-03-01", "100", status)],
            invoiceitems=[item(1, "100")],
            accounts=moves[:n_moves],
        )

    for day in days:
        at(*day)
    portfolio.rename(tmp_path / "daily")
    at(*days[-1])

    names = ("open", "overdue", "credit")
    whole = facts_of(portfolio, "1", "2026-05-01", *names)
    assert whole == {"open": 100, "overdue": 100, "credit": 0}
    assert facts_of(tmp_path / "daily", "1", "2026-05-01", *names) == whole


def test_a_second_export_adds_what_is_new(run: Run, portfolio: Path) -> None:
    first = bill(1, "2026-03-01", "100")
    run("2026-04-01", invoices=[first], invoiceitems=[item(1, "100")], accounts=[])
    paid = money_in(1, "2026-04-10 10:00:00", "100", 1)
    more = {
        "invoices": [first | {"status": "Paid"}],
        "invoiceitems": [item(1, "100")],
        "accounts": [paid],
    }
    added = run("2026-05-01", **more)
    again = run("2026-05-02", **more)

    assert {t.table: t.n_new for t in added.tables if t.n_new} == {"payments": 1}
    assert not [t for t in again.tables if t.n_new]


def test_from_the_tables_to_a_first_list_of_actions(
    first_actions: FirstActions, tmp_path: Path
) -> None:
    """Who paid is left alone; who owes is reminded or looked at, and nobody stopped."""
    bills = [
        bill(n, f"2026-0{month}-01", "100", status, userid=user)
        for n, month, status, user in ((1, 1, "Unpaid", 1), (2, 4, "Paid", 2))
    ]
    tables = {
        "tblclients": [client(1), client(2)],
        "tblcurrencies": [{"id": 1, "code": "EUR"}],
        "tblinvoices": bills,
        "tblinvoiceitems": [item(1, "100"), item(2, "100")],
        "tblaccounts": [money_in(1, "2026-04-02 10:00:00", "100", 2, userid=2)],
        "tblcredit": [],
    }
    files = write_csv(tmp_path / "export", tables, TABLES)
    day = first_actions("whmcs", files, EXPORTED, "1")

    assert day.actions["2"] == "none"
    assert day.actions["1"] in ("remind", "review")
    assert "100" in day.explained
