"""A word without a meaning protects its customer, until an import has one that has."""

import csv
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from features.portfolio import Portfolio
from importing import SOURCES
from importing.whmcs.columns import TABLES as WHMCS
from tests.importing import chargebee_objects as chargebee
from tests.importing import erpnext_books as erpnext
from tests.importing import lago_objects as lago
from tests.importing import odoo_books as odoo
from tests.importing import whmcs_tables as whmcs
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

Names = Collection[str]  # of the maps whose word has no meaning
Make = Callable[[Path, Names], list[Path]]
WORDS: dict[str, dict[str, tuple[str, str]]] = {  # where the word of a map stands
    "stripe": {
        "charge_state": ("charge", "status"),
        "refund_state": ("refund", "status"),
        "invoice_state": ("invoice", "status"),
        "dispute_kind": ("dispute", "reason"),
        "dispute_state": ("dispute", "status"),
    },
    "chargebee": {
        "invoice_state": ("invoice", "status"),
        "note_state": ("credit_note", "status"),
        "transaction_state": ("transaction", "status"),
        "transaction_kind": ("transaction", "type"),
        "dispute_state": ("dispute", "status"),
    },
    "lago": {
        "payment_state": ("payments", "payment_status"),
        "refund_state": ("credit_notes", "refund_status"),
    },
    "killbill": {
        "item_kind": ("invoice_items", "RECURRING"),
        "transaction_state": ("payment_transactions", "SUCCESS"),
        "transaction_kind": ("payment_transactions", "PURCHASE"),
        "invoice_state": ("invoices", "COMMITTED"),
    },
    "whmcs": {
        "service_state": ("tblhosting", "domainstatus"),
        "order_state": ("tblorders", "status"),
    },
    "odoo": {
        "move_state": ("account.move", "state"),
        "move_kind": ("account.move", "move_type"),
    },
    "erpnext": {
        "journal_kind": ("Journal Entry", "voucher_type"),
        "kind_of_voucher": ("Payment Ledger Entry", "voucher_type"),
    },
}
# two words of one object are tried one after the other
APART = {"dispute_state", "transaction_kind", "move_kind"}


def word(name: str) -> str:
    return f"adjourned_{name}"


def _set(source: str, names: Names, kind: object, row: dict[str, Any]) -> None:
    for name in names:
        if WORDS[source][name][0] == kind:
            row[WORDS[source][name][1]] = word(name)


def _stripe(folder: Path, names: Names) -> list[Path]:
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
        _set("stripe", names, one["object"], one)
    return lines(folder / "stripe.ndjson", *objects)


def _chargebee(folder: Path, names: Names) -> list[Path]:
    objects = [
        chargebee.customer(),
        chargebee.invoice("1", "2026-03-01", 10000),
        chargebee.payment("txn_1", "2026-03-02", 10000, "1"),
        chargebee.credit_note("cn_1", "1", "2026-03-05", 1000),
        chargebee.dispute("dp_1", "txn_1", "2026-03-06", 10000, status="lost"),
    ]
    for one in objects:
        _set("chargebee", names, one["object"], one)
    return lines(folder / "chargebee.ndjson", chargebee.page(*objects))


def _lago(folder: Path, names: Names) -> list[Path]:
    note = lago.credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", credit=0, refund=20)
    objects = {
        "customers": lago.customer(),
        "invoices": lago.invoice("in_1", "2026-03-01", 100),
        "payments": lago.payment("pay_1", "2026-03-02T00:00:00Z", 100, "in_1"),
        "credit_notes": note
        | {"balance_amount_cents": 0, "refund_status": "succeeded"},
    }
    for kind, one in objects.items():
        _set("lago", names, kind, one)
    pages = (lago.page(name, one) for name, one in objects.items())
    return lines(folder / "lago.ndjson", *pages)


def _killbill(folder: Path, names: Names) -> list[Path]:
    files = killbill_files(folder)
    for file in files:
        text = file.read_text("utf-8").replace("SURPRISE", "RECURRING")
        text = text.replace("ten", "10")
        for name in names:
            text = text.replace(WORDS["killbill"][name][1], word(name))
        file.write_text(text)
    return files


def _whmcs(folder: Path, names: Names) -> list[Path]:
    rows: dict[str, list[dict[str, Any]]] = {
        "tblclients": [whmcs.client()],
        "tblcurrencies": [{"id": 1, "code": "EUR"}],
        "tblinvoices": [whmcs.bill(1, "2026-03-01", "10.00")],
        "tblinvoiceitems": [whmcs.item(1, "10.00")],
        "tblhosting": [
            {"id": 1, "userid": 1, "regdate": "2026-01-01", "amount": "10.00"}
            | {"billingcycle": "Monthly", "domainstatus": "Active"}
        ],
        "tblorders": [
            {"id": 1, "userid": 1, "date": "2026-01-01 10:00:00"} | {"status": "Active"}
        ],
    }
    for table, [row] in rows.items():
        _set("whmcs", names, table, row)
    return write_csv(folder / "whmcs", rows, WHMCS)


def _odoo(folder: Path, names: Names) -> list[Path]:
    books = odoo.Books()
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-02 10:00:00", 100)
    books.match(bill, paid, 100, "2026-03-02 10:00:00")
    moves = dict(
        zip(("move_kind", "move_state"), books.rows["account.move"], strict=True)
    )
    for name in names:
        moves[name][WORDS["odoo"][name][1]] = word(name)
    return books.write(folder / "odoo")


def _erpnext(folder: Path, names: Names) -> list[Path]:
    books = erpnext.Books()
    books.customer()
    at = "2026-03-02 10:00:00"
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    for number in ("W-1", "JV-1"):
        books.journal(number, at, "Bank Entry", ("SINV-1", -10))
        for kind in ("Payment Ledger Entry", "Journal Entry")[number == "JV-1" :][:1]:
            _set("erpnext", names, kind, books.documents[kind][-1])
    return books.write(folder / "erpnext")


MAKE: dict[str, Make] = {
    "stripe": _stripe,
    "chargebee": _chargebee,
    "lago": _lago,
    "killbill": _killbill,
    "whmcs": _whmcs,
    "odoo": _odoo,
    "erpnext": _erpnext,
}
CASES = [
    (source, names)
    for source, words in WORDS.items()
    for names in (words.keys() - APART, words.keys() & APART)
    if names
]


def test_each_map_that_protects_is_tried() -> None:
    protecting = {
        (name, one.name)
        for name, source in SOURCES.items()
        for one in source.maps
        if one.protects
    }
    assert {(s, name) for s, words in WORDS.items() for name in words} == protecting


@pytest.mark.parametrize(("source", "names"), CASES)
def test_a_later_import_that_reads_them_ends_the_protection(
    tmp_path: Path, source: str, names: set[str]
) -> None:
    portfolio, make = tmp_path / "portfolio", MAKE[source]
    strange = imported(source, make(tmp_path, names), portfolio)
    assert Portfolio.open(portfolio).rejected
    assert {u.value for u in strange.unknown_values} == {word(name) for name in names}
    views = {m.view for m in SOURCES[source].maps if m.name in names}
    with (portfolio / f"imports/{source}-left-out.csv").open(newline="") as rows:
        assert {row["kind"] for row in csv.DictReader(rows)} >= views

    imported(source, make(tmp_path, ()), portfolio, SECOND)

    assert Portfolio.open(portfolio).rejected == {}
    assert not list(portfolio.glob("*/*left-out*"))


def test_an_older_export_does_not_end_the_protection(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio"
    imported("stripe", _stripe(tmp_path, ["charge_state"]), portfolio)

    imported("stripe", _stripe(tmp_path, ()), portfolio, "2026-03-20")

    assert Portfolio.open(portfolio).rejected


def test_a_refund_without_a_meaning_is_what_its_charge_says(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio"
    back = "refund_id"
    imported("stripe", _stripe(tmp_path, ["refund_state"]), portfolio)
    rows = rows_of(portfolio, "payments")
    assert [r[back] for r in rows if r[back]] == ["ch_1:refunded"]

    imported("stripe", _stripe(tmp_path, ()), portfolio, SECOND)

    rows = [r for r in rows_of(portfolio, "payments") if r[back]]
    assert {(r[back], r["retracted"]) for r in rows} >= {
        ("ch_1:refunded", True),
        ("re_1", None),
    }


def test_only_the_state_that_counts_protects(tmp_path: Path) -> None:
    portfolio = tmp_path / "portfolio"
    bill = invoice("in_1", "2026-03-01", 100, currency="eur")
    before = event("2026-03-02", bill | {"status": word("invoice_state")})
    report = imported(
        "stripe", lines(tmp_path / "x.ndjson", customer(), before, bill), portfolio
    )
    assert [unknown.value for unknown in report.unknown_values] == [
        word("invoice_state")
    ]
    assert Portfolio.open(portfolio).rejected == {}
