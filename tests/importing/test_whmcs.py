"""What WHMCS's tables become; the rows are rebuilt from its documentation.

States, columns and signs: developers.whmcs.com (classes and API, 9.0), the manual at
docs.whmcs.com on credit, mass payment, refunds and reversals.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import (
    NothingToImportError,
    RateMissingError,
    UnreadableFileError,
)
from importing.whmcs.columns import TABLES
from tests.importing.conftest import FirstActions
from tests.importing.tables import facts_of, rows_of, write_csv

Row = dict[str, object]
Run = Callable[..., ImportReport]
EXPORTED = "2026-06-01"
ZONE = "Europe/Brussels"


def client(id_: int = 1, currency: int = 1, **values: object) -> Row:
    day = {"datecreated": "2025-01-10", "country": "BE", "credit": "0.00"}
    return {"id": id_, "currency": currency, **day, **values}


def bill(
    id_: int, day: str, total: str, status: str = "Unpaid", **values: object
) -> Row:
    row: Row = {"id": id_, "userid": 1, "date": day, "duedate": day, "credit": "0.00"}
    row |= {"total": total, "status": status, "paymentmethod": "stripe"}
    return row | {"date_cancelled": "0000-00-00 00:00:00"} | values


def item(invoice: int, amount: str, type_: str = "Hosting", relid: int = 7) -> Row:
    id_ = f"{invoice}{relid}"
    return {
        "id": id_,
        "invoiceid": invoice,
        "type": type_,
        "relid": relid,
        "amount": amount,
    }


def money_in(id_: int, at: str, amount: str, invoice: int = 0, **values: object) -> Row:
    row: Row = {"id": id_, "userid": 1, "gateway": "stripe", "date": at, "fees": "0.25"}
    row |= {"amountin": amount, "amountout": "0.00", "invoiceid": invoice}
    return row | {"refundid": 0} | values


def money_out(id_: int, at: str, amount: str, invoice: int, refund_of: int) -> Row:
    moved = {"amountin": "0.00", "amountout": amount, "refundid": refund_of}
    return money_in(id_, at, "0", invoice) | moved


def credit(id_: int, day: str, amount: str, text: str) -> Row:
    row: Row = {"id": id_, "clientid": 1, "date": day, "amount": amount}
    return row | {"description": text}


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    return tmp_path / "portfolio"


@pytest.fixture
def run(tmp_path: Path, portfolio: Path) -> Run:
    def _run(
        at: str = EXPORTED,
        rates: Mapping[str, float] | None = None,
        **tables: Sequence[Row],
    ) -> ImportReport:
        usual = {
            "clients": [client()],
            "currencies": [{"id": 1, "code": "EUR"}, {"id": 2, "code": "KWD"}],
        }
        named = {f"tbl{name}": rows for name, rows in (usual | tables).items()}
        files = write_csv(tmp_path / f"export-{at}", named, TABLES)
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        settings = ImportSettings(
            exported_at=moment, currency="EUR", rates=rates or {}, timezone=ZONE
        )
        return import_files(SOURCES["whmcs"], files, portfolio, settings)

    return _run


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


def test_services_cost_by_the_month_and_end(run: Run, portfolio: Path) -> None:
    def service(id_: int, cycle: str, status: str, **values: object) -> Row:
        row: Row = {"id": id_, "userid": 1, "packageid": 3, "regdate": "2025-10-01"}
        row |= {"amount": "120", "billingcycle": cycle, "domainstatus": status}
        return row | {"termination_date": "0000-00-00"} | values

    report = run(
        hosting=[
            service(1, "Annually", "Active"),
            service(2, "Monthly", "Terminated", termination_date="2026-02-01"),
            service(3, "Monthly", "Pending"),
            service(4, "Monthly", "Suspended", overideautosuspend=1),
        ],
        products=[{"id": 3, "name": "Starter"}],
    )

    rows = rows_of(portfolio, "subscriptions")
    kinds = {(r["subscription_id"], r["kind"]) for r in rows}
    assert kinds == {
        ("1", "started"),
        ("2", "started"),
        ("2", "ended"),
        ("4", "started"),
    }
    assert {r["unit_price"] for r in rows if r["subscription_id"] == "1"} == {10}
    (hold,) = rows_of(portfolio, "holds")
    assert (hold["kind"], hold["subscription_id"]) == ("exemption", "4")
    assert any("since when" in note.text for note in report.notes)


def hosted(status: str = "Active") -> Row:
    row: Row = {"id": 4, "userid": 1, "packageid": 3, "regdate": "2025-10-01"}
    row |= {"amount": "9", "billingcycle": "Monthly", "domainstatus": status}
    return row | {"termination_date": "0000-00-00"}


def test_a_price_in_another_currency_needs_a_rate(run: Run, portfolio: Path) -> None:
    with pytest.raises(RateMissingError, match="KWD"):
        run(clients=[client(currency=2)], hosting=[hosted()])
    run(clients=[client(currency=2)], hosting=[hosted()], rates={"KWD": 3.0})

    assert rows_of(portfolio, "subscriptions")[0]["unit_price"] == 27


def test_a_service_ends_once_and_goes_on_when_it_is_active_again(
    run: Run, portfolio: Path
) -> None:
    states = ("Terminated", "Terminated", "Active", "Active")
    for month, status in enumerate(states, start=3):
        run(f"2026-{month:02}-01", hosting=[hosted(status)])

    told = [
        (row["kind"], row["retracted"], row["known_at"].month)
        for row in rows_of(portfolio, "subscriptions")[1:]
    ]
    assert told == [("ended", None, 3), ("ended", True, 5)]


def test_an_invoice_that_is_dated_back_is_known_since_it_was_made(
    run: Run, portfolio: Path
) -> None:
    late = bill(1, "2026-03-01", "9", created_at="2026-03-20 09:00:00")
    run(invoices=[late], invoiceitems=[item(1, "9")])

    (row,) = rows_of(portfolio, "invoices")
    assert (row["event_at"].day, row["known_at"].day) == (1, 20)


def test_invoices_without_their_items_are_refused(run: Run, portfolio: Path) -> None:
    """Nobody could tell which of them only pay others, and would be owed twice."""
    with pytest.raises(NothingToImportError, match="export tblinvoiceitems"):
        run(invoices=[bill(1, "2026-03-01", "9")])
    assert not portfolio.exists()


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


def test_an_exemption_that_is_over_is_taken_back(run: Run, portfolio: Path) -> None:
    def service(is_exempt: int) -> Row:
        row: Row = {"id": 4, "userid": 1, "packageid": 3, "regdate": "2025-10-01"}
        row |= {"amount": "9", "billingcycle": "Monthly", "domainstatus": "Active"}
        return row | {"overideautosuspend": is_exempt}

    for at, is_exempt in (("2026-04-01", 1), ("2026-05-01", 1), ("2026-06-01", 0)):
        run(at, hosting=[service(is_exempt)])

    known = [(h["known_at"].month, h["retracted"]) for h in rows_of(portfolio, "holds")]
    assert known == [(4, None), (6, True)]


def test_an_order_marked_as_fraud_is_an_outcome(run: Run, portfolio: Path) -> None:
    run(
        orders=[
            {"id": n, "userid": 1, "date": "2026-05-01 10:00:00", "status": s}
            | {"fraudmodule": module}
            for n, s, module in (
                (1, "Active", ""),
                (2, "Fraud", ""),
                (3, "Fraud", "maxmind"),
            )
        ]
    )

    found = {(o["source"], o["strength"]) for o in rows_of(portfolio, "outcomes")}
    assert found == {("order 2", "analyst"), ("order 3", "warning")}


def test_an_order_that_was_set_back_is_fraud_no_more(run: Run, portfolio: Path) -> None:
    order: Row = {"id": 2, "userid": 1, "date": "2026-02-01 10:00:00"}
    for month, status in enumerate(("Fraud", "Active", "Active", "Fraud"), start=3):
        run(f"2026-{month:02}-01", orders=[order | {"status": status}])

    told = rows_of(portfolio, "outcomes")
    assert [(o["retracted"], o["known_at"].month) for o in told] == [
        (None, 3),
        (True, 4),
        (None, 6),
    ]


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


def test_a_word_without_a_meaning_is_named(run: Run, portfolio: Path) -> None:
    report = run(
        invoices=[bill(1, "2026-03-01", "100"), bill(2, "2026-03-01", "9", "Paused")],
        invoiceitems=[item(1, "100"), item(2, "9")],
        accounts=[],
    )

    (unknown,) = report.unknown_values
    assert (unknown.file, unknown.row, unknown.value) == (
        "tblinvoices.csv",
        2,
        "Paused",
    )
    assert [s.left_out for s in report.sums if s.what == "billed"] == [9]


def test_a_bill_in_a_state_without_meaning_protects_its_client(
    run: Run, portfolio: Path
) -> None:
    bills = [bill(1, "2026-03-01", "100"), bill(2, "2026-03-01", "9", "Paused")]
    run(invoices=bills, invoiceitems=[item(1, "100")], accounts=[])

    assert Portfolio.open(portfolio).rejected == {"1": frozenset({"invoices"})}


def test_money_without_a_currency_is_refused(tmp_path: Path, portfolio: Path) -> None:
    rows = {"tblinvoices": [bill(1, "2026-03-01", "100")]}
    files = write_csv(tmp_path, rows, TABLES)
    with pytest.raises(NothingToImportError, match="tblclients and tblcurrencies"):
        import_files(SOURCES["whmcs"], files, portfolio, ImportSettings())


def test_a_file_that_is_no_table_is_refused_by_name(
    tmp_path: Path, portfolio: Path
) -> None:
    strange = tmp_path / "kittens.csv"
    strange.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"kittens\.csv"):
        import_files(SOURCES["whmcs"], [strange], portfolio, ImportSettings())


def test_tables_without_rows_say_that_there_is_none(run: Run, portfolio: Path) -> None:
    report = run(invoices=[bill(1, "2026-05-20", "9")], invoiceitems=[item(1, "9")])
    assert "payments" not in report.observed
    empty = portfolio.parent / "tblaccounts.csv"
    empty.write_text("id,userid,date,amountin,amountout,invoiceid\n", encoding="utf-8")
    folder = portfolio.parent / f"export-{EXPORTED}"
    files = [*sorted(folder.iterdir()), empty]
    settings = ImportSettings(
        exported_at=datetime(2026, 6, 1, tzinfo=UTC), currency="EUR"
    )
    report = import_files(SOURCES["whmcs"], files, portfolio, settings)

    assert "payments" in report.observed


def test_mysql_writes_no_header_for_a_table_without_rows(
    tmp_path: Path, portfolio: Path
) -> None:
    tables = {
        "tblclients": [client()],
        "tblcurrencies": [{"id": 1, "code": "EUR"}],
        "tblinvoices": [bill(1, "2026-05-20", "9")],
        "tblinvoiceitems": [item(1, "9")],
    }
    files = write_csv(tmp_path, tables, TABLES)
    for name in ("tblcredit.tsv", "tblorders.tsv"):
        files.append(tmp_path / name)
        files[-1].touch()
    report = import_files(SOURCES["whmcs"], files, portfolio, ImportSettings())

    assert {"invoices", "outcomes"} <= report.observed.keys()
    [note] = [n for n in report.notes if "have no rows" in n.text]
    assert (note.kind, note.n) == ("assumed", 2)
    assert report.is_clean


def test_an_empty_file_of_clients_is_an_export_that_failed(
    tmp_path: Path, portfolio: Path
) -> None:
    clients = tmp_path / "tblclients.tsv"
    clients.touch()
    with pytest.raises(UnreadableFileError, match="is empty"):
        import_files(SOURCES["whmcs"], [clients], portfolio, ImportSettings())


def test_invoices_without_the_credit_table_ask_for_it(run: Run) -> None:
    books = {"invoices": [bill(1, "2026-05-20", "9")], "invoiceitems": [item(1, "9")]}
    report = run(**books)

    [note] = [n for n in report.notes if "without tblcredit" in n.text]
    assert (note.kind, note.n) == ("look at", 1)
    assert "invoices" not in report.observed
    assert run(at="2026-06-02", **books, credit=[]).is_clean


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
