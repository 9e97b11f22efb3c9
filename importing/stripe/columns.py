"""What is read of Stripe's objects: one wide row for all kinds, typed.

References that the API may expand (`customer`, `charge`, …) are text: an id, or the
object's JSON; the macro `id_of` takes either. Amounts are in the smallest unit.
"""

_PRICE = (
    "STRUCT(product VARCHAR, unit_amount_decimal VARCHAR, unit_amount DOUBLE, "
    'currency VARCHAR, recurring STRUCT("interval" VARCHAR, interval_count BIGINT, '
    "usage_type VARCHAR))"
)
_PAID_WITH = "STRUCT(type VARCHAR, charge VARCHAR, payment_intent VARCHAR)"
_BANK = "STRUCT(fingerprint VARCHAR)"

REFERENCES = (
    "customer",
    "charge",
    "payment_intent",
    "invoice",
    "subscription",
    "payment_method",
)
COLUMNS = {
    "id": "VARCHAR",
    "object": "VARCHAR",
    "created": "BIGINT",
    "deleted": "BOOLEAN",
    "customer": "VARCHAR",
    "charge": "VARCHAR",
    "payment_intent": "VARCHAR",
    "invoice": "VARCHAR",
    "subscription": "VARCHAR",
    "currency": "VARCHAR",
    "status": "VARCHAR",
    "reason": "VARCHAR",
    "type": "VARCHAR",
    "amount": "DOUBLE",
    # charges
    "amount_captured": "DOUBLE",
    "amount_refunded": "DOUBLE",
    "captured": "BOOLEAN",
    "failure_code": "VARCHAR",
    "outcome": "STRUCT(type VARCHAR, reason VARCHAR, network_decline_code VARCHAR)",
    "payment_method": "VARCHAR",
    "payment_method_details": (
        "STRUCT(type VARCHAR, card STRUCT(country VARCHAR, funding VARCHAR, "
        f"fingerprint VARCHAR), sepa_debit {_BANK}, us_bank_account {_BANK}, "
        f"bacs_debit {_BANK}, au_becs_debit {_BANK}, acss_debit {_BANK})"
    ),
    "fraud_details": "STRUCT(user_report VARCHAR, stripe_report VARCHAR)",
    "refunds": "VARCHAR",  # JSON: of a charge a list object, of a credit note an array
    # invoices and credit notes
    "total": "DOUBLE",
    "amount_remaining": "DOUBLE",
    "starting_balance": "DOUBLE",
    "ending_balance": "DOUBLE",
    "pre_payment_credit_notes_amount": "DOUBLE",
    "due_date": "BIGINT",
    "collection_method": "VARCHAR",
    "status_transitions": (
        "STRUCT(finalized_at BIGINT, marked_uncollectible_at BIGINT, paid_at BIGINT, "
        "voided_at BIGINT)"
    ),
    "parent": "STRUCT(subscription_details STRUCT(subscription VARCHAR))",
    "payments": (
        f"STRUCT(data STRUCT(id VARCHAR, payment {_PAID_WITH}, status VARCHAR, "
        "amount_paid DOUBLE)[])"
    ),
    "payment": _PAID_WITH,
    "amount_paid": "DOUBLE",
    "voided_at": "BIGINT",
    # customers and subscriptions
    "address": "STRUCT(country VARCHAR)",
    "tax_ids": "STRUCT(data STRUCT(verification STRUCT(status VARCHAR))[])",
    "start_date": "BIGINT",
    "canceled_at": "BIGINT",
    "cancel_at": "BIGINT",
    "ended_at": "BIGINT",
    "cancel_at_period_end": "BOOLEAN",
    "current_period_end": "BIGINT",
    "days_until_due": "BIGINT",
    "items": (
        "STRUCT(data STRUCT(quantity DOUBLE, current_period_end BIGINT, "
        f"price {_PRICE})[])"
    ),
    # disputes, reviews and warnings
    "balance_transactions": (
        "STRUCT(created BIGINT, amount DOUBLE, reporting_category VARCHAR)[]"
    ),
    "fraud_type": "VARCHAR",
    "open": "BOOLEAN",
    "closed_reason": "VARCHAR",
}

_DATED = ("id", "created")
_MONEY = (*_DATED, "amount", "currency", "status")
REQUIRED: dict[str, tuple[str, ...]] = {
    "customer": _DATED,
    "subscription": (*_DATED, "customer", "status"),
    "invoice": (*_DATED, "customer", "status", "total", "currency"),
    "credit_note": (*_MONEY, "customer"),
    "customer_balance_transaction": (*_DATED, "customer", "amount", "currency", "type"),
    "invoice_payment": ("id", "invoice", "payment"),
    "charge": _MONEY,
    "refund": _MONEY,
    "dispute": (*_MONEY, "charge", "reason"),
    "radar.early_fraud_warning": (*_DATED, "charge"),
    "review": (*_DATED, "open"),
}

# what an export cannot be older than, in seconds
MOMENTS = (
    "epoch(seen_at)",
    "created",
    "canceled_at",
    "ended_at",
    "voided_at",
    "status_transitions.finalized_at",
    "status_transitions.marked_uncollectible_at",
    "status_transitions.paid_at",
    "status_transitions.voided_at",
)
