"""Books of objects as APIs write them: Stripe, Lago, Chargebee; ERPNext's answers."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.books import Book, duckdb_copies
from tests.importing import chargebee_objects, lago_objects

FIXTURES = Path(__file__).parents[2] / "tests/importing/data/stripe_fixtures.json"
PAYMENTS_PER_CUSTOMER = 20
REFUND_EVERY, DISPUTE_EVERY = 50, 200  # charges
START, STEP = 1_735_689_600, 60  # seconds
DAY = datetime(2025, 1, 1, tzinfo=UTC)
PAGE = 100  # objects in one answer, as Lago and Chargebee give them
ANSWER = 500  # rows in one answer of Frappe
Made = Iterator[tuple[str, Mapping[str, Any]]]
Page = Callable[[str, list[Mapping[str, Any]]], object]


def stripe(folder: Path, rows: int) -> Book:
    """Objects in lines: customers, invoices, charges, refunds and disputes."""
    files = _write_pages(folder, _stripe(rows), 1, lambda _, one: one[0])
    return Book(files=files, yardstick=duckdb_copies([f"FROM '{f}'" for f in files]))


def _stripe(rows: int) -> Made:
    per_charge = 2 + 1 / PAYMENTS_PER_CUSTOMER + 1 / REFUND_EVERY + 1 / DISPUTE_EVERY
    fixtures = json.loads(FIXTURES.read_text("utf-8"))

    def made(kind: str, **values: object) -> tuple[str, Mapping[str, Any]]:
        return kind, copy.copy(fixtures[kind]) | values

    for i in range(round(rows / per_charge)):
        customer, created = f"cus_{i // PAYMENTS_PER_CUSTOMER}", START + STEP * i
        if i % PAYMENTS_PER_CUSTOMER == 0:
            yield made("customer", id=customer, created=created)
        moments = fixtures["invoice"]["status_transitions"] | {"finalized_at": created}
        bill = {"total": 1000 + i, "status": "open", "status_transitions": moments}
        yield made("invoice", id=f"in_{i}", customer=customer, created=created, **bill)
        refunded = 100 if i % REFUND_EVERY == 0 else 0
        paid = {"amount": 1000 + i, "amount_captured": 1000 + i, "captured": True}
        ties = {"invoice": f"in_{i}", "payment_intent": f"pi_{i}", "customer": customer}
        values = paid | ties | {"amount_refunded": refunded}
        yield made("charge", id=f"ch_{i}", created=created + 600, **values)
        if refunded:
            yield made("refund", id=f"re_{i}", charge=f"ch_{i}", created=created + 900)
        if i % DISPUTE_EVERY == 0:
            yield made(
                "dispute", id=f"dp_{i}", charge=f"ch_{i}", created=created + 9000
            )


def lago(folder: Path, rows: int) -> Book:
    """Pages of customers, invoices, payments and credit notes."""
    files = _write_pages(
        folder, _lago(rows), PAGE, lambda kind, page: {kind: page, "meta": {}}
    )
    return Book(files=files, yardstick=duckdb_copies([_read(f, f.stem) for f in files]))


def _lago(rows: int) -> Made:
    for i in range(rows * PAYMENTS_PER_CUSTOMER // (2 * PAYMENTS_PER_CUSTOMER + 1)):
        customer = f"customer-{i // PAYMENTS_PER_CUSTOMER}"
        day = f"{DAY + timedelta(hours=i // 500):%Y-%m-%d}"
        if i % PAYMENTS_PER_CUSTOMER == 0:
            yield "customers", lago_objects.customer(customer)
        owner = {"customer": lago_objects.customer(customer)}
        bill = lago_objects.invoice(f"{i}", day, 1000 + i, **owner)
        yield "invoices", lago_objects.paid(bill, f"{day}T09:00:00Z")
        named = {"external_customer_id": customer}
        at = f"{day}T09:00:00Z"
        yield "payments", lago_objects.payment(f"p{i}", at, 1000 + i, f"{i}", **named)


def chargebee(folder: Path, rows: int) -> Book:
    """Pages of customers, invoices and transactions."""

    def page(_: str, objects: list[Mapping[str, Any]]) -> object:
        return {"list": [{one["object"]: one} for one in objects]}

    files = _write_pages(folder, _chargebee(rows), PAGE, page)
    return Book(files=files, yardstick=duckdb_copies([_read(f, "list") for f in files]))


def _chargebee(rows: int) -> Made:
    for i in range(rows * PAYMENTS_PER_CUSTOMER // (2 * PAYMENTS_PER_CUSTOMER + 1)):
        customer = f"customer-{i // PAYMENTS_PER_CUSTOMER}"
        day = f"{DAY + timedelta(hours=i // 500):%Y-%m-%d}"
        if i % PAYMENTS_PER_CUSTOMER == 0:
            yield "customers", chargebee_objects.customer(customer)
        owner = {"customer_id": customer}
        bill = chargebee_objects.invoice(f"in_{i}", day, 1000 + i, status="paid")
        paid = chargebee_objects.link(bill, f"txn_{i}", day, 1000 + i, "success")
        yield "invoices", paid | owner
        yield (
            "transactions",
            chargebee_objects.payment(f"txn_{i}", day, 1000 + i, f"in_{i}", **owner),
        )


def erpnext(folder: Path, rows: int) -> Book:
    """Answers of 500 rows each: customers, invoices, payments, and their ledger."""
    files = _write_pages(folder, _erpnext(rows), ANSWER, lambda _, page: {"data": page})
    return Book(files=files, yardstick=duckdb_copies([_read(f, "data") for f in files]))


def _erpnext(rows: int) -> Made:
    yield "Journal Entry", {}
    for i in range(rows // 4):
        at = f"{DAY + timedelta(minutes=i)}"[:19]
        made = {"owner": "books@example.com", "docstatus": 1, "idx": 0}
        made |= {"creation": f"{at}.000000", "modified": f"{at}.000000"}
        customer = f"Customer {i // PAYMENTS_PER_CUSTOMER}"
        if i % PAYMENTS_PER_CUSTOMER == 0:
            yield "Customer", made | {"name": customer, "customer_type": "Company"}
        bill, money, amount = f"SINV-{i}", f"PAY-{i}", 100 + i / 100
        usual = {"due_date": at[:10], "is_return": 0, "is_pos": 0}
        yield (
            "Sales Invoice",
            made
            | usual
            | {"name": bill, "customer": customer, "outstanding_amount": 0.0},
        )
        kind = {"payment_type": "Receive", "mode_of_payment": "Wire Transfer"}
        yield "Payment Entry", made | kind | {"name": money, "party": customer}
        ledger = {"account_currency": "EUR", "posting_date": at[:10], "delinked": 0}
        ledger |= {"account_type": "Receivable", "party_type": "Customer"}
        ledger |= {"party": customer, "against_voucher_no": bill}
        for name, voucher, sign in (
            (bill, "Sales Invoice", 1),
            (money, "Payment Entry", -1),
        ):
            says = {"name": f"ple-{name}", "voucher_type": voucher, "voucher_no": name}
            moved = {"amount_in_account_currency": sign * amount}
            yield "Payment Ledger Entry", made | ledger | says | moved


def _read(file: Path, name: str) -> str:
    return f"SELECT unnest({name}, recursive := true) FROM '{file}'"  # noqa: S608


def _write_pages(folder: Path, made: Made, size: int, page: Page) -> list[Path]:
    """A file of each kind, a page on each line; an empty object only names a kind."""
    pages: dict[str, list[Mapping[str, Any]]] = {}
    with_files: dict[str, Any] = {}
    for kind, one in made:
        if kind not in pages:
            pages[kind] = []
            with_files[kind] = (folder / f"{kind}.ndjson").open("w", encoding="utf-8")
        if one:
            pages[kind].append(one)
        if len(pages[kind]) == size:
            with_files[kind].write(json.dumps(page(kind, pages[kind])) + "\n")
            pages[kind] = []
    for kind, rest in pages.items():
        if rest or with_files[kind].tell() == 0:
            with_files[kind].write(json.dumps(page(kind, rest)) + "\n")
        with_files[kind].close()
    return [folder / f"{kind}.ndjson" for kind in pages]
