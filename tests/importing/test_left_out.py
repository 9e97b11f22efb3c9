"""Rows that an import leaves out protect whom they may concern, until they are read."""

import csv
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import UnreadableFileError
from importing.killbill.columns import TABLES as KILLBILL
from importing.whmcs.columns import TABLES as WHMCS
from tests.importing import chargebee_objects as chargebee
from tests.importing import erpnext_books as erpnext
from tests.importing import lago_objects as lago
from tests.importing import odoo_books as odoo
from tests.importing import whmcs_tables as whmcs
from tests.importing.bank_files import Entry, import_texts, iso, write_portfolio
from tests.importing.bank_formats import FIRST as PAID
from tests.importing.stripe_objects import CUSTOMER, charge, customer, invoice, made
from tests.importing.tables import Rows, write_csv
from tests.importing.test_bank_formats import bai2_file

FIRST, SECOND = "2026-06-01", "2026-06-02"


def imported(
    source: str, files: Sequence[Path], portfolio: Path, at: str = FIRST
) -> ImportReport:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    settings = ImportSettings(exported_at=moment, currency="EUR")
    return import_files(SOURCES[source], files, portfolio, settings)


def lines(file: Path, *objects: object) -> list[Path]:
    file.write_text("".join(json.dumps(o) + "\n" for o in objects), "utf-8")
    return [file]


def stripe_files(folder: Path, *, is_good: bool = False) -> list[Path]:
    paid = charge("ch_1", "2026-03-02", 100, currency="eur")
    bill = invoice("in_1", "2026-03-01", 100, currency="eur")
    if not is_good:
        paid["amount"], bill["status"] = "a hundred", "adjourned"
    other = charge("ch_2", "2026-03-03", 100, currency="eur")
    return lines(folder / "stripe.ndjson", customer(), paid, other, bill)


def chargebee_files(folder: Path) -> list[Path]:
    bill = chargebee.invoice("1", "2026-03-01", 100) | {"status": "adjourned"}
    paid = chargebee.payment("txn_1", "2026-03-02", 100)
    paid["amount"] = "a hundred"
    page = chargebee.page(chargebee.customer(), bill, paid)
    return lines(folder / "chargebee.ndjson", page)


def lago_files(folder: Path) -> list[Path]:
    bill = lago.invoice("in_1", "2026-03-01", 100)
    paid = lago.payment("pay_1", "2026-03-02T00:00:00Z", 100, "in_1")
    paid["amount_cents"] = "a hundred"
    pages = (("customers", lago.customer()), ("invoices", bill), ("payments", paid))
    return lines(folder / "x.ndjson", *(lago.page(n, o) for n, o in pages))


def killbill_files(folder: Path) -> list[Path]:
    made = {"created_date": "2026-01-01", "updated_date": "2026-01-01"}
    item = {"id": "i1", "invoice_id": "v1", "amount": 10, "currency": "EUR", **made}
    bill = {"id": "v1", "account_id": "a1", "currency": "EUR", **made}
    account = {"id": "a1", "time_zone": "UTC", "currency": "EUR", **made}
    other = {"id": "i2", "type": "SURPRISE"}
    started = {"transaction_type": "PURCHASE", "transaction_status": "SUCCESS"}
    took = {"id": "t1", "payment_id": "p1", "amount": "ten", "currency": "EUR"}
    rows: Rows = {
        "accounts": [account],
        "invoices": [bill | {"invoice_date": "2026-01-01", "status": "COMMITTED"}],
        "invoice_items": [item | {"type": "RECURRING"}, item | other],
        "payments": [{"id": "p1", "account_id": "a1"}],
        "payment_transactions": [took | started | {"effective_date": "2026-01-02"}],
    }
    known = {
        table: [{k: v for k, v in row.items() if k in KILLBILL[table]} for row in of]
        for table, of in rows.items()
    }
    return write_csv(folder / "killbill", known, KILLBILL)


def whmcs_files(folder: Path) -> list[Path]:
    rows = {
        "tblclients": [whmcs.client()],
        "tblcurrencies": [{"id": 1, "code": "EUR"}],
        "tblinvoices": [whmcs.bill(1, "2026-03-01", "10.00")],
        "tblinvoiceitems": [whmcs.item(1, "10.00")],
        "tblaccounts": [whmcs.money_in(1, "2026-03-02 10:00:00", "ten", 1)],
    }
    return write_csv(folder / "whmcs", rows, WHMCS)


def odoo_files(folder: Path) -> list[Path]:
    books = odoo.Books()
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    books.payment("BNK/1", "2026-03-02 10:00:00", 100)
    books.rows["account.move"][1]["state"] = "adjourned"
    return books.write(folder / "odoo")


def erpnext_files(folder: Path) -> list[Path]:
    books = erpnext.Books()
    books.customer()
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.payment("PAY-1", "2026-03-02 10:00:00", ("SINV-1", 100))
    row = books.documents["Payment Ledger Entry"][1]
    row["amount_in_account_currency"] = "a hundred"
    return books.write(folder / "erpnext")


@pytest.mark.parametrize(
    ("source", "files", "rejected"),
    [
        ("stripe", stripe_files, {CUSTOMER: {"invoices", "payments"}}),
        ("chargebee", chargebee_files, {chargebee.CUSTOMER: {"invoices", "payments"}}),
        ("lago", lago_files, {lago.CUSTOMER: {"payments"}}),
        ("killbill", killbill_files, {"a1": {"invoices", "payments"}}),
        ("whmcs", whmcs_files, {"1": {"payments"}}),
        ("odoo", odoo_files, {str(odoo.ACME): {"invoices"}}),
        ("erpnext", erpnext_files, {erpnext.ACME: {"invoices"}}),
    ],
)
def test_a_row_that_is_left_out_protects_its_customer(
    tmp_path: Path,
    source: str,
    files: Callable[[Path], list[Path]],
    rejected: dict[str, set[str]],
) -> None:
    portfolio = tmp_path / "portfolio"
    report = imported(source, files(tmp_path), portfolio)

    assert Portfolio.open(portfolio).rejected == rejected
    assert not report.is_clean
    [note] = [n for n in report.notes if f"{source}-left-out.csv" in n.text]
    assert (note.kind, note.n) == ("look at", sum(map(len, rejected.values())))


def test_a_later_import_that_reads_it_ends_the_protection(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio"
    imported("stripe", stripe_files(tmp_path), portfolio)
    other = lines(
        tmp_path / "other.ndjson", charge("ch_9", "2026-05-02", 100, currency="eur")
    )
    again = imported("stripe", other, portfolio, SECOND)
    assert Portfolio.open(portfolio).rejected.keys() == {CUSTOMER}
    assert not again.is_clean

    good = imported("stripe", stripe_files(tmp_path, is_good=True), portfolio, SECOND)

    assert Portfolio.open(portfolio).rejected == {}
    assert good.is_clean
    assert not list(portfolio.glob("*/*left-out*"))


def test_money_of_nobody_known_leaves_payments_unlooked_at(tmp_path: Path) -> None:
    """Above one row in a thousand of nobody known, by the contract."""
    portfolio = write_portfolio(tmp_path / "portfolio")
    entries = [Entry(amount="50", text="4711"), Entry(amount="33", text="2027")]
    broken = iso("camt.054.001.08", *entries).replace(
        '<Amt Ccy="EUR">33</Amt><CdtDbtInd>', '<Amt Ccy="EUR">x</Amt><CdtDbtInd>'
    )
    import_texts(portfolio, broken)

    report = Portfolio.inspect(portfolio).report
    payments = next(t for t in report.tables if t.table == "payments")
    assert (payments.n_accepted, payments.n_without_customer) == (1, 1)


def test_a_corrected_file_ends_what_waits_without_an_id(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio"
    [file] = stripe_files(tmp_path, is_good=True)
    whole = file.read_text("utf-8")
    file.write_text(whole.rstrip().removesuffix("}"), "utf-8")
    imported("stripe", [file], portfolio)
    assert listed(portfolio, "stripe") == [("", "stripe.ndjson", "4")]

    other = lines(tmp_path / "other.ndjson", customer())
    imported("stripe", other, portfolio, SECOND)
    assert listed(portfolio, "stripe") == [("", "stripe.ndjson", "4")]

    file.write_text(whole, "utf-8")
    imported("stripe", [file], portfolio, SECOND)
    assert listed(portfolio, "stripe") == []


def test_a_bank_file_of_that_name_and_another_day_is_another_one(
    tmp_path: Path,
) -> None:
    portfolio = write_portfolio(tmp_path / "portfolio")
    good = iso("camt.054.001.08", Entry(amount="33", text="2027"))
    broken = good.replace(
        '<Amt Ccy="EUR">33</Amt><CdtDbtInd>', '<Amt Ccy="EUR">x</Amt><CdtDbtInd>'
    )
    import_texts(portfolio, broken)
    later = iso(
        "camt.054.001.08",
        Entry(amount="120", text="INV-2026-0002", day="2026-03-03"),
        made="2026-03-04T06:00:00+01:00",
    )
    import_texts(portfolio, later)
    assert len(listed(portfolio, "bank")) == 1

    import_texts(portfolio, good)
    assert listed(portfolio, "bank") == []


def test_an_object_waits_once_and_with_its_customer(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio"
    lost = made("dispute", id="dp_1", charge="ch_1", amount="ten", currency="eur")
    paid = charge("ch_1", "2026-03-02", 100, currency="eur")
    bill = invoice("in_1", "2026-03-01", 100, currency="eur")
    for day, others in enumerate(([], [], [paid]), 1):
        files = lines(tmp_path / f"{day}.ndjson", customer(), bill, lost, *others)
        imported("stripe", files, portfolio, f"2026-06-0{day}")

    assert listed(portfolio, "stripe") == [(CUSTOMER, "3.ndjson", "3")]


def test_an_emptied_list_is_looked_at_and_a_spoiled_one_refused(
    tmp_path: Path,
) -> None:
    portfolio = tmp_path / "portfolio"
    imported("stripe", stripe_files(tmp_path), portfolio)
    file = portfolio / "imports" / "stripe-left-out.csv"
    other = lines(tmp_path / "other.ndjson", customer())
    file.write_text("id,row\n1,2\n", "utf-8")
    with pytest.raises(UnreadableFileError, match=r"stripe-left-out\.csv"):
        imported("stripe", other, portfolio, SECOND)

    file.write_text("", "utf-8")
    imported("stripe", other, portfolio, SECOND)
    assert Portfolio.open(portfolio).rejected == {}


def test_a_control_total_is_no_money_and_a_hole_in_a_list_is(tmp_path: Path) -> None:
    portfolio = write_portfolio(tmp_path / "portfolio")
    report = import_texts(portfolio, bai2_file(f"16,165,10000,Z,,,{PAID}/", 110001))
    assert report.bad_rows
    assert listed(portfolio, "bank") == []

    references = tmp_path / "references.csv"
    references.write_text("reference,invoice_id\n,4711\nRF1,\n", "utf-8")
    notice = tmp_path / "notice.xml"
    notice.write_text(iso("camt.054.001.08", Entry(amount="50", text="4711")), "utf-8")
    imported("bank", [references, notice], portfolio)
    assert listed(portfolio, "bank") == [
        ("", "references.csv", "3"),
        ("beta", "references.csv", "2"),
    ]


def listed(portfolio: Path, source: str) -> list[tuple[str, str, str]]:
    """Whose row of which file waits, as the list for people says."""
    file = portfolio / "imports" / f"{source}-left-out.csv"
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return sorted((row["customer_id"], row["file"], row["row"]) for row in rows)
