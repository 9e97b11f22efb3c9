"""Stripe's CSV exports for tests.

Headers of the Dashboard's pages: of exports of 2026 (a subset, in their order); of
Sigma: its schema; of the balance report: Stripe's reference of report types.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def columns(header: str) -> list[str]:
    return header.split(",")


PAYMENTS = columns(
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,"
    "Decline Reason,Description,Fee,Mode,PaymentIntent ID,Payment Source Type,"
    "Refunded date (UTC),Status,Card Fingerprint,Card Funding,Card Issue Country,"
    "Customer ID,Customer Email,Disputed Amount,Dispute Date (UTC),"
    "Dispute Evidence Due (UTC),Dispute Reason,Dispute Status,Invoice ID"
)
INVOICES = columns(
    "id,Amount Due,Amount Paid,Billing,Charge,Currency,Customer,Customer Email,"
    "Date (UTC),Due Date (UTC),Number,Paid,Subscription,Subtotal,Total,Status,"
    "Finalized At (UTC),Paid At (UTC)"
)
SUBSCRIPTIONS = columns(
    "id,Customer ID,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,"
    "Created (UTC),Start Date (UTC),Current Period Start (UTC),"
    "Current Period End (UTC),Trial Start (UTC),Canceled At (UTC),Ended At (UTC)"
)
CUSTOMERS = columns(
    "id,Description,Email,Name,Created (UTC),Delinquent,Plan,Status,Total Spend,"
    "Payment Count,Refunded Volume,Dispute Losses"
)
BALANCE = columns(
    "balance_transaction_id,created_utc,created,currency,gross,fee,net,"
    "reporting_category,source_id,customer_facing_amount,customer_facing_currency,"
    "customer_id,charge_id,payment_intent_id,invoice_id,payment_method_type,"
    "card_country,card_funding,dispute_reason"
)
Row = Mapping[str, object]


def write(path: Path, header: Sequence[str], rows: Sequence[Row]) -> Path:
    """The export; a column that a row does not name is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def payment(id_: str, created: str, amount: str, **values: object) -> Row:
    """A card payment that was paid; names of columns in small letters."""
    usual: Row = {
        "id": id_,
        "Created date (UTC)": created,
        "Amount": amount,
        "Amount Refunded": "0.00",
        "Currency": "usd",
        "Captured": "true",
        "Status": "Paid",
        "Payment Source Type": "card",
        "Customer ID": "cus_A",
    }
    return {**usual, **{_column(name, PAYMENTS): v for name, v in values.items()}}


def invoice(id_: str, issued: str, total: str, **values: object) -> Row:
    """An open invoice."""
    usual: Row = {
        "id": id_,
        "Amount Due": total,
        "Amount Paid": "0.00",
        "Currency": "usd",
        "Customer": "cus_A",
        "Date (UTC)": issued,
        "Finalized At (UTC)": issued,
        "Due Date (UTC)": issued,
        "Total": total,
        "Status": "open",
    }
    return {**usual, **{_column(name, INVOICES): v for name, v in values.items()}}


def _column(name: str, header: Sequence[str]) -> str:
    plain = {h.lower().replace(" (utc)", "").replace(" ", "_"): h for h in header}
    return plain[name]
