"""Books of tables as databases and portals write them, as CSV."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.books import Book, duckdb_copies
from importing.killbill.columns import TABLES as KILLBILL
from importing.odoo.columns import TABLES as ODOO
from importing.whmcs.columns import TABLES as WHMCS

START = datetime(2025, 1, 1, 9)  # noqa: DTZ001  databases write no offset
PAYMENTS_PER_CUSTOMER = 20
Cells = tuple[str, Mapping[str, object]]


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
    lines = count(1)
    for i in range(rows // 6):
        at, partner = START + timedelta(minutes=i), 1 + i // PAYMENTS_PER_CUSTOMER
        made = {"create_date": at, "write_date": at}
        if i % PAYMENTS_PER_CUSTOMER == 0:
            yield (
                "res_partner",
                made
                | {"id": partner, "is_company": True}
                | {
                    "commercial_partner_id": partner,
                    "country_code": "BE",
                },
            )
        amount = 100 + i / 100
        debit, credit = next(lines), next(lines)
        for id_, move_type, journal, name, line, sign in (
            (2 * i, "out_invoice", 1, f"INV/{i}", debit, 1),
            (2 * i + 1, "entry", 2, f"BNK/{i}", credit, -1),
        ):
            yield (
                "account_move",
                made
                | {"id": id_, "name": name, "state": "posted"}
                | {
                    "move_type": move_type,
                    "date": at.date(),
                    "journal_id": journal,
                },
            )
            yield (
                "account_move_line",
                made
                | {"id": line, "move_id": id_}
                | {
                    "account_type": "asset_receivable",
                    "partner_id": partner,
                    "date_maturity": at.date(),
                    "amount_currency": f"{sign * amount:.2f}",
                    "currency_id": 1,
                    "amount_residual_currency": "0.00",
                },
            )
        yield (
            "account_payment",
            made
            | {"id": i, "move_id": 2 * i + 1}
            | {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner,
                "amount": f"{amount:.2f}",
                "currency_id": 1,
                "date": at.date(),
                "state": "paid",
                "payment_method_code": "manual",
            },
        )
        matched = {"debit_move_id": debit, "credit_move_id": credit}
        amounts = ("debit_amount_currency", "credit_amount_currency")
        yield (
            "account_partial_reconcile",
            made | matched | {"id": i} | dict.fromkeys(amounts, f"{amount:.2f}"),
        )


def killbill(folder: Path, rows: int) -> Book:
    """Accounts, invoices with an item each, payments with a transaction and a link."""
    return _copied(_write(folder, KILLBILL, _killbill(rows)))


def _killbill(rows: int) -> Iterator[Cells]:
    for i in range(rows // 5):
        at = START + timedelta(minutes=i)
        made = {"created_date": at, "updated_date": at}
        account = f"00000000-0000-0000-0000-{i // PAYMENTS_PER_CUSTOMER:012}"
        if i % PAYMENTS_PER_CUSTOMER == 0:
            yield (
                "accounts",
                made
                | {"id": account, "time_zone": "UTC"}
                | {
                    "currency": "EUR",
                    "country": "BE",
                    "is_payment_delegated_to_parent": "f",
                },
            )
        ids = {n: f"0000000{n}-0000-0000-0000-{i:012}" for n in range(1, 6)}
        amount, euro = f"{100 + i / 100:.9f}", {"currency": "EUR"}
        yield (
            "invoices",
            made
            | euro
            | {"id": ids[1], "account_id": account}
            | {
                "invoice_date": at.date(),
                "status": "COMMITTED",
            },
        )
        yield (
            "invoice_items",
            made
            | euro
            | {"id": ids[2], "invoice_id": ids[1]}
            | {
                "type": "RECURRING",
                "amount": amount,
                "start_date": at.date(),
            },
        )
        yield "payments", made | {"id": ids[3], "account_id": account}
        yield (
            "payment_transactions",
            made
            | euro
            | {"id": ids[4]}
            | {
                "payment_id": ids[3],
                "transaction_external_key": ids[4],
                "transaction_type": "PURCHASE",
                "transaction_status": "SUCCESS",
                "effective_date": at,
                "amount": amount,
                "processed_amount": amount,
                "processed_currency": "EUR",
            },
        )
        yield (
            "invoice_payments",
            made
            | {"id": ids[5], "invoice_id": ids[1]}
            | {
                "payment_id": ids[3],
                "type": "ATTEMPT",
                "amount": amount,
                "status": "SUCCESS",
            },
        )


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
