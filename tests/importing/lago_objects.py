"""Objects as Lago's API writes them, with every field that its documents require.

Made in our own words from the names and types of its API description; the test of
their form judges them by Lago's own Python client.
"""

import uuid
from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]
CUSTOMER = "acme"
NAMESPACE = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def lago_id(name: str) -> str:
    """A stable identifier of Lago's form."""
    return str(uuid.uuid5(NAMESPACE, name))


def customer(external_id: str = CUSTOMER, **values: object) -> Object:
    base: Object = {
        "lago_id": lago_id(external_id),
        "sequential_id": 1,
        "slug": "FOR-0001-001",
        "external_id": external_id,
        "billing_entity_code": "default",
        "applicable_timezone": "Europe/Brussels",
        "country": "BE",
        "currency": "EUR",
        "account_type": "customer",
        "customer_type": "company",
        "net_payment_term": 14,
        "created_at": "2026-01-01T09:00:00Z",
        "updated_at": "2026-01-01T09:00:00Z",
        "billing_configuration": {
            "payment_provider": "stripe",
            "payment_provider_code": "stripe-eu",
            "provider_customer_id": "cus_1",
        },
        "metadata": [],
    }
    return base | values


def invoice(name: str, issued: str, total: int, **values: object) -> Object:
    """A finalised invoice that nobody paid yet, due on the day it was issued."""
    base: Object = {
        "lago_id": lago_id(name),
        "billing_entity_code": "default",
        "sequential_id": 1,
        "number": f"FOR-{name}",
        "issuing_date": issued,
        "payment_due_date": issued,
        "payment_overdue": False,
        "net_payment_term": 0,
        "invoice_type": "subscription",
        "status": "finalized",
        "payment_status": "pending",
        "currency": "EUR",
        "fees_amount_cents": total,
        "coupons_amount_cents": 0,
        "credit_notes_amount_cents": 0,
        "sub_total_excluding_taxes_amount_cents": total,
        "taxes_amount_cents": 0,
        "sub_total_including_taxes_amount_cents": total,
        "prepaid_credit_amount_cents": 0,
        "progressive_billing_credit_amount_cents": 0,
        "total_amount_cents": total,
        "total_due_amount_cents": total,
        "total_paid_amount_cents": 0,
        "version_number": 4,
        "self_billed": False,
        "created_at": f"{issued}T08:00:00Z",
        "updated_at": f"{issued}T08:00:00Z",
        "voided_at": None,
        "customer": customer(),
        "metadata": [],
        "applied_taxes": [],
    }
    return base | values


def paid(bill: Object, at: str) -> Object:
    """The invoice once Lago has taken it for paid."""
    total = bill["total_amount_cents"]
    return bill | {
        "payment_status": "succeeded",
        "total_paid_amount_cents": total,
        "total_due_amount_cents": 0,
        "updated_at": at,
    }


def payment(
    name: str, created: str, amount: int, *invoices: str, **values: object
) -> Object:
    base: Object = {
        "lago_id": lago_id(name),
        "lago_customer_id": lago_id(CUSTOMER),
        "external_customer_id": CUSTOMER,
        "invoice_ids": [lago_id(bill) for bill in invoices],
        "invoice_numbers": [f"FOR-{bill}" for bill in invoices],
        "lago_payable_id": lago_id(invoices[0]),
        "payable_type": "Invoice" if len(invoices) == 1 else "PaymentRequest",
        "amount_cents": amount,
        "amount_currency": "EUR",
        "status": "succeeded",
        "payment_status": "succeeded",
        "type": "provider",
        "reference": "",
        "payment_provider_code": "stripe-eu",
        "payment_provider_type": "stripe",
        "external_payment_id": None,
        "provider_payment_id": f"pi_{name}",
        "provider_customer_id": "cus_1",
        "next_action": {},
        "created_at": created,
    }
    return base | values


def credit_note(
    name: str,
    bill: str,
    created: str,
    **amounts: Any,  # noqa: ANN401
) -> Object:
    """Of `credit`, `refund` and `offset` in the smallest unit; the rest are fields."""
    parts = {
        f"{part}_amount_cents": amounts.pop(part, 0)
        for part in ("credit", "refund", "offset")
    }
    total = sum(parts.values())
    base: Object = {
        "lago_id": lago_id(name),
        "billing_entity_code": "default",
        "sequential_id": 1,
        "number": f"FOR-{bill}-CN1",
        "lago_invoice_id": lago_id(bill),
        "invoice_number": f"FOR-{bill}",
        "issuing_date": created[:10],
        "credit_status": "available" if parts["credit_amount_cents"] else None,
        "refund_status": "succeeded" if parts["refund_amount_cents"] else None,
        "reason": "other",
        "description": None,
        "currency": "EUR",
        "total_amount_cents": total,
        "taxes_amount_cents": 0,
        "taxes_rate": 0.0,
        "sub_total_excluding_taxes_amount_cents": total,
        "balance_amount_cents": parts["credit_amount_cents"],
        "coupons_adjustment_amount_cents": 0,
        "created_at": created,
        "updated_at": created,
        "self_billed": False,
        "customer": customer(),
    }
    return base | parts | amounts


def subscription(name: str, started: str, cents: int, **values: object) -> Object:
    base: Object = {
        "lago_id": lago_id(name),
        "external_id": name,
        "lago_customer_id": lago_id(CUSTOMER),
        "external_customer_id": CUSTOMER,
        "billing_time": "anniversary",
        "name": None,
        "plan_code": "basic",
        "plan_amount_cents": cents,
        "plan_amount_currency": "EUR",
        "status": "active",
        "created_at": f"{started}T00:00:00Z",
        "started_at": f"{started}T00:00:00.000Z",
        "subscription_at": f"{started}T00:00:00Z",
        "ending_at": None,
        "canceled_at": None,
        "terminated_at": None,
        "previous_plan_code": None,
        "next_plan_code": None,
        "downgrade_plan_date": None,
        "trial_ended_at": None,
        "current_billing_period_started_at": f"{started}T00:00:00Z",
        "current_billing_period_ending_at": None,
        "on_termination_credit_note": "credit",
        "on_termination_invoice": "generate",
    }
    return base | values


def plan(code: str = "basic", interval: str = "monthly", cents: int = 1000) -> Object:
    return {
        "lago_id": lago_id(code),
        "name": code,
        "code": code,
        "interval": interval,
        "description": "",
        "amount_cents": cents,
        "amount_currency": "EUR",
        "trial_period": 0.0,
        "pay_in_advance": True,
        "created_at": "2025-01-01T00:00:00Z",
    }


def fee(bill: str, name: str, cents: int) -> Object:
    """A fee of the subscription of that name."""
    return {
        "lago_id": lago_id(f"{bill}-{name}"),
        "lago_invoice_id": lago_id(bill),
        "lago_subscription_id": lago_id(name),
        "external_subscription_id": name,
        "external_customer_id": CUSTOMER,
        "amount_cents": cents,
        "amount_currency": "EUR",
        "taxes_amount_cents": 0,
        "taxes_rate": 0.0,
        "units": "1.0",
        "precise_unit_amount": f"{cents / 100}",
        "total_aggregated_units": "1.0",
        "total_amount_cents": cents,
        "total_amount_currency": "EUR",
        "pay_in_advance": True,
        "invoiceable": True,
        "payment_status": "pending",
        "sub_total_excluding_taxes_amount_cents": cents,
        "sub_total_excluding_taxes_precise_amount_cents": f"{cents}.0",
        "item": {
            "type": "subscription",
            "code": "basic",
            "name": "Basic",
            "item_type": "Subscription",
            "lago_item_id": lago_id(name),
        },
    }


def page(name: str, *objects: Mapping[str, Any]) -> Object:
    """A page of a list, as `GET /api/v1/NAME` answers."""
    meta = {
        "current_page": 1,
        "next_page": None,
        "prev_page": None,
        "total_pages": 1,
        "total_count": len(objects),
    }
    return {name: list(objects), "meta": meta}


def webhook(type_: str, kind: str, object_: Mapping[str, Any]) -> Object:
    return {
        "webhook_type": type_,
        "object_type": kind,
        "organization_id": lago_id("organization"),
        kind: dict(object_),
    }
