"""What is read of Chargebee's resources. Moments are seconds, amounts whole numbers."""

from importing.json_kinds import Kind

_MADE = {"id": "text", "updated_at": "seconds", "deleted": "flag"}
_LINK = {"applied_amount": "whole", "applied_at": "seconds"}

KINDS = {
    "customer": Kind(
        columns={
            **_MADE,
            "created_at": "seconds",
            "country": "text $.billing_address.country",
            "auto_collection": "text",
            "net_term_days": "whole",
            "vat_number_status": "text",
            "customer_type": "text",
            "fraud_flag": "text",
        },
        required=("id", "created_at"),
    ),
    "subscription": Kind(
        columns={
            **_MADE,
            "customer_id": "text",
            "currency_code": "text",
            "status": "text",
            "created_at": "seconds",
            "started_at": "seconds",
            "trial_start": "seconds",
            "cancelled_at": "seconds",
            "cancel_schedule_created_at": "seconds",
            "cancel_reason": "text",
            "billing_period": "whole",
            "billing_period_unit": "text",
            "contract_end": "seconds $.contract_term.contract_end",
            "plan_id": "text",
            "plan_quantity": "whole",
            "plan_unit_price": "whole",
        },
        required=("id", "customer_id", "status"),
    ),
    "subscription_item": Kind(
        columns={
            "subscription_id": "text",
            "item_price_id": "text",
            "item_type": "text",
            "quantity": "whole",
            "unit_price": "whole",
            "amount": "whole",
            "metered_quantity": "text",
        },
        required=("subscription_id",),
    ),
    "invoice": Kind(
        columns={
            **_MADE,
            "customer_id": "text",
            "subscription_id": "text",
            "status": "text",
            "date": "seconds",
            "generated_at": "seconds",
            "due_date": "seconds",
            "voided_at": "seconds",
            "currency_code": "text",
            "total": "whole",
            "linked_taxes_withheld": "text",
            "dunning_status": "text",
        },
        required=("id", "customer_id", "status", "date", "currency_code", "total"),
    ),
    "linked_payment": Kind(
        columns={
            **_LINK,
            "invoice_id": "text",
            "txn_id": "text",
            "txn_status": "text",
            "txn_date": "seconds",
            "currency_code": "text",
        },
        required=("invoice_id", "txn_id", "applied_amount"),
    ),
    "credit_note": Kind(
        columns={
            **_MADE,
            "customer_id": "text",
            "reference_invoice_id": "text",
            "status": "text",
            "reason_code": "text",
            "create_reason_code": "text",
            "date": "seconds",
            "generated_at": "seconds",
            "voided_at": "seconds",
            "currency_code": "text",
            "total": "whole",
            "amount_allocated": "whole",
        },
        required=("id", "customer_id", "status", "date", "currency_code", "total"),
    ),
    "transaction": Kind(
        columns={
            **_MADE,
            "customer_id": "text",
            "type": "text",
            "status": "text",
            "date": "seconds",
            "settled_at": "seconds",
            "voided_at": "seconds",
            "currency_code": "text",
            "amount": "whole",
            "payment_method": "text",
            "payment_source_id": "text",
            "error_code": "text",
            "decline_code": "text $.error_detail.decline_code",
            "fraud_flag": "text",
            "refunded_txn_id": "text",
            "reference_transaction_id": "text",
            "reversal_transaction_id": "text",
            "reversed_id": "text $.linked_payments[0].id",
        },
        required=("id", "type", "date", "currency_code", "amount"),
    ),
    "linked_invoice": Kind(
        columns={**_LINK, "transaction_id": "text", "invoice_id": "text"},
        required=("transaction_id", "invoice_id", "applied_amount"),
    ),
    "dispute": Kind(
        columns={
            **_MADE,
            "customer_id": "text",
            "transaction_id": "text",
            "currency_code": "text",
            "amount": "whole",
            "reason": "text",
            "status": "text",
            "created_at": "seconds",
        },
        required=("id", "transaction_id", "status", "created_at"),
    ),
}

# what an export cannot be older than
MOMENTS = {
    kind: tuple(
        name
        for name in ("created_at", "updated_at", "date", "voided_at", "settled_at")
        if name in KINDS[kind].columns
    )
    for kind in (*("customer", "subscription", "invoice"), "credit_note", "transaction")
}
