"""Resources as Chargebee's API writes them, made in our own words.

Names, types and enumerations are those of its OpenAPI document; the test of their form
judges them by what Chargebee's own Python client takes from it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
CUSTOMER = "acme"


def seconds(text: str) -> int:
    """Seconds since 1970 of an ISO date or moment, UTC where it says no offset."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def customer(id_: str = CUSTOMER, **values: object) -> Object:
    base: Object = {
        "id": id_,
        "auto_collection": "on",
        "net_term_days": 14,
        "allow_direct_debit": False,
        "created_at": seconds("2026-01-01"),
        "updated_at": seconds("2026-01-01"),
        "taxability": "taxable",
        "billing_address": {"country": "BE", "object": "billing_address"},
        "vat_number_status": "valid",
        "customer_type": "business",
        "deleted": False,
        "preferred_currency_code": "EUR",
        "object": "customer",
    }
    return base | values


def invoice(id_: str, issued: str, total: int, **values: object) -> Object:
    """An invoice that nobody paid yet, due 14 days after its date."""
    at = seconds(issued)
    base: Object = {
        "id": id_,
        "customer_id": CUSTOMER,
        "subscription_id": "sub_1",
        "recurring": True,
        "status": "payment_due",
        "price_type": "tax_exclusive",
        "date": at,
        "due_date": at + 14 * 86_400,
        "net_term_days": 14,
        "currency_code": "EUR",
        "tax": 0,
        "sub_total": total,
        "total": total,
        "amount_due": total,
        "amount_adjusted": 0,
        "amount_paid": 0,
        "write_off_amount": 0,
        "credits_applied": 0,
        "updated_at": at,
        "term_finalized": True,
        "is_gifted": False,
        "linked_payments": [],
        "dunning_attempts": [],
        "deleted": False,
        "object": "invoice",
    }
    return base | values


def transaction(id_: str, at: str, amount: int, **values: object) -> Object:
    """A payment by card that succeeded and was applied to nothing."""
    base: Object = {
        "id": id_,
        "customer_id": CUSTOMER,
        "gateway_account_id": "gw_1",
        "payment_method": "card",
        "gateway": "stripe",
        "type": "payment",
        "date": seconds(at),
        "currency_code": "EUR",
        "amount": amount,
        "status": "success",
        "updated_at": seconds(at),
        "amount_unused": amount,
        "linked_invoices": [],
        "deleted": False,
        "object": "transaction",
    }
    return base | values


def payment(id_: str, at: str, amount: int, *bills: str, **values: object) -> Object:
    """A payment that is applied to these invoices in equal parts."""
    links = [
        {
            "invoice_id": bill,
            "applied_amount": amount // len(bills),
            "applied_at": seconds(at),
            "invoice_status": "paid",
        }
        for bill in bills
    ]
    return transaction(id_, at, amount, linked_invoices=links, amount_unused=0) | values


def link(bill: Object, id_: str, at: str, amount: int, status: str) -> Object:
    """The invoice with one more linked payment."""
    made = {
        "txn_id": id_,
        "applied_amount": amount,
        "applied_at": seconds(at),
        "txn_status": status,
        "txn_date": seconds(at),
        "txn_amount": amount,
    }
    return bill | {"linked_payments": [*bill["linked_payments"], made]}


def refund(id_: str, at: str, amount: int, of: str, **values: object) -> Object:
    base = {"type": "refund", "refunded_txn_id": of}
    return transaction(id_, at, amount, **base) | values


def credit_note(id_: str, bill: str, at: str, total: int, **values: object) -> Object:
    base: Object = {
        "id": id_,
        "customer_id": CUSTOMER,
        "reference_invoice_id": bill,
        "type": "refundable",
        "reason_code": "other",
        "create_reason_code": "Other",
        "status": "refund_due",
        "date": seconds(at),
        "price_type": "tax_exclusive",
        "currency_code": "EUR",
        "total": total,
        "amount_allocated": 0,
        "amount_refunded": 0,
        "amount_available": total,
        "sub_total": total,
        "updated_at": seconds(at),
        "deleted": False,
        "object": "credit_note",
    }
    return base | values


def subscription(id_: str, started: str, cents: int, **values: object) -> Object:
    """Of one plan, by the month."""
    at = seconds(started)
    item = {
        "item_price_id": "basic-EUR-monthly",
        "item_type": "plan",
        "quantity": 2,
        "unit_price": cents,
        "amount": 2 * cents,
        "free_quantity": 0,
        "object": "subscription_item",
    }
    base: Object = {
        "id": id_,
        "customer_id": CUSTOMER,
        "currency_code": "EUR",
        "status": "active",
        "billing_period": 1,
        "billing_period_unit": "month",
        "created_at": at,
        "started_at": at,
        "updated_at": at,
        "deleted": False,
        "subscription_items": [item],
        "object": "subscription",
    }
    return base | values


def dispute(id_: str, of: str, at: str, amount: int, **values: object) -> Object:
    base: Object = {
        "id": id_,
        "customer_id": CUSTOMER,
        "transaction_id": of,
        "currency_code": "EUR",
        "amount": amount,
        "reason": "fraudulent",
        "status": "initiated",
        "type": "chargeback",
        "created_at": seconds(at),
        "updated_at": seconds(at),
        "object": "dispute",
    }
    return base | values


def page(*objects: Mapping[str, Any]) -> Object:
    """A page of a list: each entry holds its resource under the resource's name."""
    return {"list": [{o["object"]: dict(o)} for o in objects]}


def event(type_: str, at: str, *objects: Mapping[str, Any]) -> Object:
    return {
        "id": f"ev_{type_}_{seconds(at)}",
        "occurred_at": seconds(at),
        "source": "scheduled",
        "event_type": type_,
        "api_version": "v2",
        "webhook_status": "succeeded",
        "content": {o["object"]: dict(o) for o in objects},
        "object": "event",
    }
