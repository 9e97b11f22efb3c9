"""A word without a meaning protects its customer, until an import has one that has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from features.portfolio import Portfolio
from importing import SOURCES
from importing.whmcs.columns import TABLES as WHMCS
from tests.importing import chargebee_objects as chargebee
from tests.importing import lago_objects as lago
from tests.importing import test_erpnext as erpnext
from tests.importing import test_odoo as odoo
from tests.importing import test_whmcs as whmcs
from tests.importing.stripe_objects import (
    charge,
    customer,
    event,
    invoice,
    made,
    seconds,
)
from tests.importing.tables import rows_of, write_csv
from tests.importing.test_left_out import SECOND, imported, killbill_files, lines

Make = Callable[[Path, bool], list[Path]]  # with the strange word, or as it should be
STRANGE = "adjourned"


def _stripe(kind: str, field: str) -> Make:
    def make(folder: Path, is_strange: bool) -> list[Path]:
        back = {"charge": "ch_1", "currency": "eur"}
        objects = [
            customer(),
            invoice("in_1", "2026-03-01", 100, currency="eur"),
            charge("ch_1", "2026-03-02", 100, currency="eur", amount_refunded=50),
            made("refund", id="re_1", status="succeeded", amount=50, **back)
            | {"created": seconds("2026-03-05")},
            made("dispute", id="dp_1", amount=100, status="lost", **back)
            | {"created": seconds("2026-03-06"), "reason": "general"},
        ]
        for one in objects:
            if is_strange and one["object"] == kind:
                one[field] = STRANGE
        return lines(folder / "stripe.ndjson", *objects)

    return make


def _chargebee(kind: str, field: str) -> Make:
    def make(folder: Path, is_strange: bool) -> list[Path]:
        objects = [
            chargebee.customer(),
            chargebee.invoice("1", "2026-03-01", 10000),
            chargebee.payment("txn_1", "2026-03-02", 10000, "1"),
            chargebee.credit_note("cn_1", "1", "2026-03-05", 1000),
            chargebee.dispute("dp_1", "txn_1", "2026-03-06", 10000, status="lost"),
        ]
        for one in objects:
            if is_strange and one["object"] == kind:
                one[field] = STRANGE
        return lines(folder / "chargebee.ndjson", chargebee.page(*objects))

    return make


def _lago(kind: str, field: str) -> Make:
    def make(folder: Path, is_strange: bool) -> list[Path]:
        at = "2026-03-10T10:00:00Z"
        note = lago.credit_note("cn_1", "in_1", at, credit=0, refund=20)
        objects = {
            "customers": lago.customer(),
            "invoices": lago.invoice("in_1", "2026-03-01", 100),
            "payments": lago.payment("pay_1", "2026-03-02T00:00:00Z", 100, "in_1"),
            "credit_notes": note
            | {"balance_amount_cents": 0, "refund_status": "succeeded"},
        }
        if is_strange:
            objects[kind][field] = STRANGE
        pages = (lago.page(name, one) for name, one in objects.items())
        return lines(folder / "lago.ndjson", *pages)

    return make


def _killbill(word: str) -> Make:
    def make(folder: Path, is_strange: bool) -> list[Path]:
        files = killbill_files(folder)
        for file in files:
            text = file.read_text("utf-8").replace("SURPRISE", "RECURRING")
            text = text.replace("ten", "10")
            file.write_text(text.replace(word, STRANGE) if is_strange else text)
        return files

    return make


def _whmcs(table: str, field: str) -> Make:
    def make(folder: Path, is_strange: bool) -> list[Path]:
        rows = {
            "tblclients": [whmcs.client()],
            "tblcurrencies": [{"id": 1, "code": "EUR"}],
            "tblinvoices": [whmcs.bill(1, "2026-03-01", "10.00")],
            "tblinvoiceitems": [whmcs.item(1, "10.00")],
            "tblhosting": [
                {"id": 1, "userid": 1, "regdate": "2026-01-01", "amount": "10.00"}
                | {"billingcycle": "Monthly", "domainstatus": "Active"}
            ],
            "tblorders": [
                {"id": 1, "userid": 1, "date": "2026-01-01 10:00:00"}
                | {"status": "Active"}
            ],
        }
        if is_strange:
            rows[table][0][field] = STRANGE
        return write_csv(folder / "whmcs", rows, WHMCS)

    return make


def _odoo(move: int, field: str) -> Make:
    def make(folder: Path, is_strange: bool) -> list[Path]:
        books = odoo.Books()
        bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
        paid = books.payment("BNK/1", "2026-03-02 10:00:00", 100)
        books.match(bill, paid, 100, "2026-03-02 10:00:00")
        if is_strange:
            books.rows["account.move"][move][field] = STRANGE
        return books.write(folder / "odoo")

    return make


def _erpnext(folder: Path, is_strange: bool) -> list[Path]:
    books = erpnext.Books()
    books.customer()
    at = "2026-03-02 10:00:00"
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.journal("JV-1", at, "Bank Entry", ("SINV-1", -10))
    if is_strange:
        books.documents["Journal Entry"][-1]["voucher_type"] = STRANGE
    return books.write(folder / "erpnext")


def _voucher(folder: Path, is_strange: bool) -> list[Path]:
    books = erpnext.Books()
    books.customer()
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    kind = "Wibble" if is_strange else "Journal Entry"
    books.journal("W-1", "2026-03-02 10:00:00", "Journal Entry", ("SINV-1", -10))
    books.documents["Payment Ledger Entry"][-1]["voucher_type"] = kind
    return books.write(folder / "erpnext")


CASES: dict[tuple[str, str], Make] = {
    ("stripe", "charge_state"): _stripe("charge", "status"),
    ("stripe", "refund_state"): _stripe("refund", "status"),
    ("stripe", "invoice_state"): _stripe("invoice", "status"),
    ("stripe", "dispute_kind"): _stripe("dispute", "reason"),
    ("stripe", "dispute_state"): _stripe("dispute", "status"),
    ("chargebee", "invoice_state"): _chargebee("invoice", "status"),
    ("chargebee", "note_state"): _chargebee("credit_note", "status"),
    ("chargebee", "transaction_state"): _chargebee("transaction", "status"),
    ("chargebee", "transaction_kind"): _chargebee("transaction", "type"),
    ("chargebee", "dispute_state"): _chargebee("dispute", "status"),
    ("lago", "payment_state"): _lago("payments", "payment_status"),
    ("lago", "refund_state"): _lago("credit_notes", "refund_status"),
    ("killbill", "item_kind"): _killbill("RECURRING"),
    ("killbill", "transaction_state"): _killbill("SUCCESS"),
    ("killbill", "transaction_kind"): _killbill("PURCHASE"),
    ("killbill", "invoice_state"): _killbill("COMMITTED"),
    ("whmcs", "service_state"): _whmcs("tblhosting", "domainstatus"),
    ("whmcs", "order_state"): _whmcs("tblorders", "status"),
    ("odoo", "move_state"): _odoo(1, "state"),
    ("odoo", "move_kind"): _odoo(0, "move_type"),
    ("erpnext", "journal_kind"): _erpnext,
    ("erpnext", "kind_of_voucher"): _voucher,
}


def test_each_map_that_protects_is_tried() -> None:
    protecting = {
        (name, one.name)
        for name, source in SOURCES.items()
        for one in source.maps
        if one.protects
    }
    assert CASES.keys() == protecting


@pytest.mark.parametrize(("source", "name"), CASES)
def test_a_later_import_that_reads_it_ends_the_protection(
    tmp_path: Path, source: str, name: str
) -> None:
    portfolio, make = tmp_path / "portfolio", CASES[source, name]
    strange = imported(source, make(tmp_path, True), portfolio)
    assert Portfolio.open(portfolio).rejected
    assert not strange.is_clean

    imported(source, make(tmp_path, False), portfolio, SECOND)

    assert Portfolio.open(portfolio).rejected == {}
    assert not list(portfolio.glob("*/*left-out*"))


def test_an_older_export_does_not_end_the_protection(tmp_path: Path) -> None:
    portfolio, make = tmp_path / "portfolio", CASES["stripe", "charge_state"]
    imported("stripe", make(tmp_path, True), portfolio)

    imported("stripe", make(tmp_path, False), portfolio, "2026-03-20")

    assert Portfolio.open(portfolio).rejected


def test_a_refund_without_a_meaning_is_what_its_charge_says(tmp_path: Path) -> None:
    portfolio, make = tmp_path / "portfolio", CASES["stripe", "refund_state"]
    back = "refund_id"
    imported("stripe", make(tmp_path, True), portfolio)
    rows = rows_of(portfolio, "payments")
    assert [r[back] for r in rows if r[back]] == ["ch_1:refunded"]

    imported("stripe", make(tmp_path, False), portfolio, SECOND)

    rows = [r for r in rows_of(portfolio, "payments") if r[back]]
    assert {(r[back], r["retracted"]) for r in rows} >= {
        ("ch_1:refunded", True),
        ("re_1", None),
    }


def test_only_the_state_that_counts_protects(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio"
    bill = invoice("in_1", "2026-03-01", 100, currency="eur")
    before = event("2026-03-02", bill | {"status": STRANGE})
    report = imported(
        "stripe", lines(tmp_path / "x.ndjson", customer(), before, bill), portfolio
    )
    assert [unknown.value for unknown in report.unknown_values] == [STRANGE]
    assert Portfolio.open(portfolio).rejected == {}
