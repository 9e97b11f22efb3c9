"""One id that one export tells twice, with other content: it is named."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.killbill.columns import TABLES as KILLBILL
from importing.told_twice import each_is_told_once
from importing.whmcs.columns import TABLES as WHMCS
from tests.importing import chargebee_objects as chargebee
from tests.importing import erpnext_books as erpnext
from tests.importing import killbill_answers
from tests.importing import lago_objects as lago
from tests.importing import odoo_books as odoo
from tests.importing import stripe_exports as exports
from tests.importing import whmcs_tables as whmcs
from tests.importing.partner_center import objects as partner_center
from tests.importing.stripe_objects import charge, customer, invoice
from tests.importing.tables import Rows, facts_of, rows_of, write_csv
from tests.importing.test_left_out import lines

Make = Callable[[Path, bool], list[Path]]


def imported(source: str, files: list[Path], portfolio: Path) -> ImportReport:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    settings = ImportSettings(exported_at=at, currency="EUR")
    return import_files(SOURCES[source], files, portfolio, settings)


def stripe(folder: Path, is_other: bool) -> list[Path]:
    bills = [invoice("in_1", "2026-03-01", 100, currency="eur") for _ in range(2)]
    bills[1]["total"] += is_other
    return lines(folder / "x.ndjson", customer(), *bills)


def of_chargebee(folder: Path, is_other: bool) -> list[Path]:
    bills = [chargebee.invoice("1", "2026-03-01", 100 + n * is_other) for n in range(2)]
    page = chargebee.page(chargebee.customer(), *bills)
    return lines(folder / "x.ndjson", page)


def of_lago(folder: Path, is_other: bool) -> list[Path]:
    bills = [lago.invoice("in_1", "2026-03-01", 100 + n * is_other) for n in range(2)]
    pages = (lago.page("customers", lago.customer()), lago.page("invoices", *bills))
    return lines(folder / "x.ndjson", *pages)


def of_whmcs(folder: Path, is_other: bool) -> list[Path]:
    bills = [whmcs.bill(1, "2026-03-01", f"{10 + n * is_other}.00") for n in range(2)]
    rows: Rows = {
        "tblclients": [whmcs.client()],
        "tblcurrencies": [{"id": 1, "code": "EUR"}],
        "tblinvoices": bills,
        "tblinvoiceitems": [whmcs.item(1, "10.00")],
    }
    return write_csv(folder / "whmcs", rows, WHMCS)


def of_killbill(folder: Path, is_other: bool) -> list[Path]:
    made = {"created_date": "2026-01-01", "updated_date": "2026-01-01"}
    account = {"id": "a1", "time_zone": "UTC", "currency": "EUR", **made}
    rows: Rows = {
        "accounts": [account, account | {"country": "BE"} if is_other else account]
    }
    return write_csv(folder / "killbill", rows, KILLBILL)


def of_odoo(folder: Path, is_other: bool) -> list[Path]:
    books = odoo.Books()
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    lines_ = books.rows["account.move.line"]
    lines_.append(lines_[0] | ({"amount_currency": 101.0} if is_other else {}))
    return books.write(folder / "odoo")


def of_erpnext(folder: Path, is_other: bool) -> list[Path]:
    books = erpnext.Books()
    books.customer()
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    rows = books.documents["Payment Ledger Entry"]
    rows.append(rows[0] | ({"amount_in_account_currency": 101} if is_other else {}))
    return books.write(folder / "erpnext")


def of_partner_center(folder: Path, is_other: bool) -> list[Path]:
    alerts = [partner_center.security_alert() for _ in range(2)]
    alerts[1]["status"] = "resolved" if is_other else alerts[0]["status"]
    file = folder / "alerts.json"
    return [partner_center.write_json(file, partner_center.page(*alerts))]


@pytest.mark.parametrize(
    ("source", "make"),
    [
        ("stripe", stripe),
        ("chargebee", of_chargebee),
        ("lago", of_lago),
        ("whmcs", of_whmcs),
        ("killbill", of_killbill),
        ("odoo", of_odoo),
        ("erpnext", of_erpnext),
        ("partner-center", of_partner_center),
    ],
)
@pytest.mark.parametrize("is_other", [True, False], ids=["other", "same"])
def test_an_id_that_is_told_twice_is_named(
    tmp_path: Path, source: str, make: Make, is_other: bool
) -> None:
    report = imported(source, make(tmp_path, is_other), tmp_path / "portfolio")

    told = [n for n in report.notes if "told twice with other content" in n.text]
    assert [(n.kind, n.n) for n in told] == [("look at", 1)] * is_other


def paid_to_stripe(folder: Path) -> list[Path]:
    bill = invoice("in_1", "2026-03-01", 10000, currency="eur")
    paid = [
        charge("ch_1", "2026-03-05", cents, invoice="in_1", currency="eur")
        for cents in (4000, 9000)
    ]
    return lines(folder / "x.ndjson", customer(), bill, *paid)


def paid_in_the_dashboard(folder: Path) -> list[Path]:
    paid = [
        exports.payment("ch_1", "2026-03-05 10:00:00", amount, currency="eur")
        for amount in ("40.00", "90.00")
    ]
    return [exports.write(folder / "payments.csv", exports.PAYMENTS, paid)]


def paid_to_lago(folder: Path) -> list[Path]:
    paid = [
        lago.payment("p_1", "2026-03-05T10:00:00Z", cents, "in_1")
        for cents in (4000, 9000)
    ]
    bill = lago.invoice("in_1", "2026-03-01", 10000)
    pages = (lago.page("invoices", bill), lago.page("payments", *paid))
    return lines(folder / "x.ndjson", lago.page("customers", lago.customer()), *pages)


def paid_to_chargebee(folder: Path) -> list[Path]:
    bill = chargebee.invoice("1", "2026-03-01", 10000)
    paid = [chargebee.payment("t1", "2026-03-05", cents, "1") for cents in (4000, 9000)]
    page = chargebee.page(chargebee.customer(), bill, *paid)
    return lines(folder / "x.ndjson", page)


def paid_to_whmcs(folder: Path) -> list[Path]:
    rows: Rows = {
        "tblclients": [whmcs.client()],
        "tblcurrencies": [{"id": 1, "code": "EUR"}],
        "tblinvoices": [whmcs.bill(1, "2026-03-01", "100.00")],
        "tblinvoiceitems": [whmcs.item(1, "100.00")],
        "tblaccounts": [
            whmcs.money_in(1, "2026-03-05 10:00:00", amount, 1)
            for amount in ("40.00", "90.00")
        ],
    }
    return write_csv(folder / "whmcs", rows, WHMCS)


def paid_to_killbill(folder: Path) -> list[Path]:
    made = killbill_answers
    bill_id, paid_id = made.new_id(), made.new_id()
    at = "2026-03-02T08:00:00.000Z"
    bill = made.invoice(
        bill_id, "2026-03-01", made.item("RECURRING", 100.0, "2026-03-01T00:05:00.000Z")
    )
    once = made.transaction("PURCHASE", at, 40.0)
    twice = once | {"amount": 90.0, "processedAmount": 90.0}
    paid = [made.payment(paid_id, bill_id, told) for told in (once, twice)]
    return [
        made.write(folder / "accounts.json", made.account()),
        made.write(folder / "invoices-1.json", bill),
        made.write(folder / "invoice-payments-1.json", *paid),
    ]


def paid_to_erpnext(folder: Path) -> list[Path]:
    books = erpnext.Books()
    books.customer()
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.payment("PAY-1", "2026-03-05 10:00:00", ("SINV-1", 40))
    rows = books.documents["Payment Ledger Entry"]
    rows.append(rows[-1] | {"amount_in_account_currency": -90})
    return books.write(folder / "erpnext")


def paid_in_odoo(folder: Path) -> list[Path]:
    books = odoo.Books()
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100.0)
    paid = books.payment("BNK/1", "2026-03-05 10:00:00", 90.0)
    books.match(bill, paid, 40.0, "2026-03-05 10:00:00")
    rows = books.rows["account.partial.reconcile"]
    rows.append(
        rows[-1] | {"debit_amount_currency": 90.0, "credit_amount_currency": 90.0}
    )
    return books.write(folder / "odoo")


@pytest.mark.parametrize(
    ("source", "make"),
    [
        ("stripe", paid_to_stripe),
        ("stripe", paid_in_the_dashboard),
        ("lago", paid_to_lago),
        ("chargebee", paid_to_chargebee),
        ("whmcs", paid_to_whmcs),
        ("killbill", paid_to_killbill),
        ("erpnext", paid_to_erpnext),
        ("odoo", paid_in_odoo),
    ],
)
def test_of_a_payment_told_with_two_amounts_one_counts(
    tmp_path: Path, source: str, make: Callable[[Path], list[Path]]
) -> None:
    """The sums, counted twice, see the same of the two, and the import says so."""
    report = imported(source, make(tmp_path), tmp_path / "portfolio")

    told = [n for n in report.notes if "told twice with other content" in n.text]
    assert told
    assert {n.kind for n in told} == {"look at"}
    rows = rows_of(tmp_path / "portfolio", "payments")
    assert max(row["amount"] for row in rows) == 90  # the last one


def test_of_two_pages_of_lago_the_object_updated_last_counts(tmp_path: Path) -> None:
    """Whatever the order of the files: the invoice was paid between the two calls."""
    old = lago.invoice("in_1", "2026-03-01", 100)
    new = lago.paid(old, "2026-03-05T10:00:00Z")
    paid = lago.payment("p_1", "2026-03-05T10:00:00Z", 100, "in_1")
    pages = (("customers", lago.customer()), ("invoices", new), ("payments", paid))
    files = [
        *lines(tmp_path / "a.ndjson", *(lago.page(n, o) for n, o in pages)),
        *lines(tmp_path / "b.ndjson", lago.page("invoices", old)),
    ]
    portfolio = tmp_path / "portfolio"
    report = imported("lago", files, portfolio)

    assert report.is_clean
    assert len(rows_of(portfolio, "invoices")) == 1
    assert facts_of(portfolio, lago.CUSTOMER, "2026-06-01", "open") == {"open": 0}


def test_an_expanded_reference_is_the_same_content(tmp_path: Path) -> None:
    bill = invoice("in_1", "2026-03-01", 100, currency="eur")
    expanded = bill | {"customer": {"id": bill["customer"], "object": "customer"}}
    files = lines(tmp_path / "x.ndjson", customer(), bill, expanded)
    assert imported("stripe", files, tmp_path / "portfolio").is_clean

    files = lines(tmp_path / "x.ndjson", customer(), bill, expanded | {"total": 1})
    assert not imported("stripe", files, tmp_path / "other").is_clean


@pytest.mark.parametrize(
    ("ids", "is_so"),
    [
        ("'a', 'b'", True),
        ("'b', 'a'", True),  # not in their order
        ("'a', 'a'", False),
        ("'a', 'b', 'a'", False),
        ("'a', NULL", False),
        ("NULL, 'a'", False),
    ],
)
def test_each_is_told_once_where_no_two_ids_are_the_same(ids: str, is_so: bool) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE told AS SELECT unnest([{ids}]) AS id")

        assert each_is_told_once(connection, "told", "id") == is_so
