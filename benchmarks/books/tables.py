"""Books of tables as databases and portals write them, as CSV."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.books import Book, duckdb_copies
from importing.killbill.columns import TABLES as KILLBILL
from importing.odoo.columns import TABLES as ODOO
from importing.whmcs.columns import TABLES as WHMCS

START = datetime(2025, 1, 1, 9)  # noqa: DTZ001  databases write no offset
PAYMENTS_PER_CUSTOMER = 20
Cells = tuple[str, Mapping[str, object]]
PAID = {  # an inbound payment of Odoo that its bank has
    "payment_type": "inbound",
    "partner_type": "customer",
    "state": "paid",
    "payment_method_code": "manual",
}


def partner_center(folder: Path, rows: int) -> Book:
    """A file of daily rated usage: 2,000 customers, a month, no line like another."""
    from tests.importing.partner_center.objects import USAGE_COLUMNS, usage_line

    file = folder / "usage.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, USAGE_COLUMNS)
        writer.writeheader()
        for i in range(rows):
            line = usage_line(f"2026-06-{1 + i % 30:02}", f"{i / 7_000_000:.15f}")
            line |= {"CustomerId": f"tenant-{i % 2000}", "MeterId": f"meter-{i}"}
            writer.writerow(line | {"EntitlementId": f"azure-{i % 4000}"})
    return _copied([file])


def whmcs(folder: Path, rows: int) -> Book:
    """Clients, invoices with their items, and what was paid on them."""
    return _copied(_write(folder, WHMCS, _whmcs(rows)))


def _whmcs(rows: int) -> Iterator[Cells]:
    yield "tblcurrencies", {"id": 1, "code": "EUR"}
    yield "tblcredit", {}
    for i in range(rows // 3):
        at, client = START + timedelta(minutes=i), 1 + i // PAYMENTS_PER_CUSTOMER
        if i % PAYMENTS_PER_CUSTOMER == 0:
            yield (
                "tblclients",
                {"id": client, "currency": 1, "country": "BE"}
                | {
                    "credit": "0.00",
                    "datecreated": at.date(),
                },
            )
        amount = f"{100 + i / 100:.2f}"
        yield (
            "tblinvoices",
            {"id": i, "userid": client, "date": at.date()}
            | {
                "duedate": at.date() + timedelta(days=14),
                "credit": "0.00",
                "total": amount,
                "status": "Paid",
                "paymentmethod": "stripe",
                "created_at": at,
                "updated_at": at,
            },
        )
        yield (
            "tblinvoiceitems",
            {"id": i, "invoiceid": i, "amount": amount}
            | {
                "type": "Hosting",
                "relid": client,
            },
        )
        yield (
            "tblaccounts",
            {"id": i, "userid": client, "gateway": "stripe"}
            | {
                "date": at + timedelta(days=3),
                "amountin": amount,
                "amountout": "0.00",
                "fees": "0.25",
                "invoiceid": i,
                "refundid": 0,
            },
        )


def odoo(folder: Path, rows: int) -> Book:
    """Posted invoices and payments with their receivable lines, all matched."""
    return _copied(_write(folder, ODOO, _odoo(rows)))


def _odoo(rows: int) -> Iterator[Cells]:
    yield "account_journal", {"id": 1, "type": "sale"}
    yield "account_journal", {"id": 2, "type": "bank"}
    yield "res_currency", {"id": 1, "name": "EUR"}
    for i in range(rows // 6):
        at, partner = START + timedelta(minutes=i), 1 + i // PAYMENTS_PER_CUSTOMER
        made = {"create_date": at, "write_date": at}
        if i % PAYMENTS_PER_CUSTOMER == 0:
            owner = {"id": partner, "commercial_partner_id": partner}
            yield (
                "res_partner",
                made | owner | {"is_company": True, "country_code": "BE"},
            )
        bill = {"id": 2 * i, "name": f"INV/{i}", "move_type": "out_invoice"}
        money = {"id": 2 * i + 1, "name": f"BNK/{i}", "move_type": "entry"}
        amount = f"{100 + i / 100:.2f}"
        owed = {"partner_id": partner, "date": at.date(), "currency_id": 1}
        yield from _move(made | owed | bill | {"journal_id": 1}, amount)
        yield from _move(made | owed | money | {"journal_id": 2}, f"-{amount}")
        yield (
            "account_payment",
            made | owed | PAID | {"id": i, "move_id": money["id"], "amount": amount},
        )
        matched = {"debit_move_id": bill["id"], "credit_move_id": money["id"]}
        amounts = ("debit_amount_currency", "credit_amount_currency")
        yield (
            "account_partial_reconcile",
            made | matched | {"id": i} | dict.fromkeys(amounts, amount),
        )


def _move(move: Mapping[str, object], amount: str) -> Iterator[Cells]:
    """A posted move, and its line of the same number on the receivable account."""
    yield "account_move", {**move, "state": "posted"}
    line = {"move_id": move["id"], "amount_currency": amount}
    usual = {"account_type": "asset_receivable", "amount_residual_currency": "0.00"}
    yield "account_move_line", {**move, **line, **usual, "date_maturity": move["date"]}


def killbill(folder: Path, rows: int) -> Book:
    """Accounts, invoices with an item each, payments with a transaction and a link."""
    return _copied(_write(folder, KILLBILL, _killbill(rows)))


def _killbill(rows: int) -> Iterator[Cells]:
    for i in range(rows // 5):
        at = START + timedelta(minutes=i)
        made = {"created_date": at, "updated_date": at, "currency": "EUR"}
        made["account_id"] = f"00000000-0000-0000-0000-{i // PAYMENTS_PER_CUSTOMER:012}"
        if i % PAYMENTS_PER_CUSTOMER == 0:
            owner = {"id": made["account_id"], "time_zone": "UTC", "country": "BE"}
            yield "accounts", made | owner | {"is_payment_delegated_to_parent": "f"}
        bill, item, money, taken, link = (
            f"0000000{n}-0000-0000-0000-{i:012}" for n in range(1, 6)
        )
        amount = {"amount": f"{100 + i / 100:.9f}"}
        day = {"invoice_date": at.date(), "start_date": at.date()}
        yield "invoices", made | day | {"id": bill, "status": "COMMITTED"}
        charge = {"id": item, "invoice_id": bill, "type": "RECURRING"}
        yield "invoice_items", made | day | amount | charge
        yield "payments", made | {"id": money}
        yield "payment_transactions", made | amount | _taken(taken, money, at, amount)
        paid = {"id": link, "invoice_id": bill, "payment_id": money}
        yield (
            "invoice_payments",
            made | amount | paid | {"type": "ATTEMPT", "status": "SUCCESS"},
        )


def _taken(
    id_: str, payment: str, at: datetime, amount: Mapping[str, str]
) -> dict[str, object]:
    """The transaction that took a payment's money."""
    return {
        "id": id_,
        "payment_id": payment,
        "transaction_external_key": id_,
        "transaction_type": "PURCHASE",
        "transaction_status": "SUCCESS",
        "effective_date": at,
        "processed_amount": amount["amount"],
        "processed_currency": "EUR",
    }


def _write(
    folder: Path,
    columns: Mapping[str, Sequence[str] | Mapping[str, str]],
    made: Iterator[Cells],
) -> list[Path]:
    """A file of each table that a row is of; an empty row only names its table."""
    files: dict[str, Any] = {}
    writers: dict[str, Any] = {}
    for table, row in made:
        if table not in files:
            files[table] = (folder / f"{table}.csv").open("w", newline="")
            writers[table] = csv.DictWriter(
                files[table], list(columns[table]), extrasaction="ignore"
            )
            writers[table].writeheader()
        if row:
            writers[table].writerow(row)
    for file in files.values():
        file.close()
    return [folder / f"{table}.csv" for table in files]


def _copied(files: Sequence[Path]) -> Book:
    return Book(files=files, yardstick=duckdb_copies([f"FROM '{f}'" for f in files]))
