"""What is read of Lago's objects. Amounts are whole numbers of the smallest unit."""

from importing.json_kinds import Kind

_MADE = {"lago_id": "text", "created_at": "moment"}

KINDS = {
    "customer": Kind(
        columns={
            **_MADE,
            "external_id": "text",
            "updated_at": "moment",
            "country": "text",
            "account_type": "text",
            "customer_type": "text",
            "net_payment_term": "whole",
            "billing": "text $.billing_configuration",
            "payment_provider": "text $.billing_configuration.payment_provider",
            "is_tax_id_valid": "flag $.vies_check.valid",
        },
        required=("external_id", "created_at"),
    ),
    "plan": Kind(
        columns={
            "code": "text",
            "interval": "text",
            "amount_cents": "whole",
            "amount_currency": "text",
            "trial_period": "number",
        },
        required=("code", "interval"),
    ),
    "subscription": Kind(
        columns={
            **_MADE,
            "customer": "text $.external_customer_id",
            "status": "text",
            "plan_code": "text",
            "plan_amount_cents": "whole",
            "plan_amount_currency": "text",
            "interval": "text $.plan.interval",
            "trial_period": "number $.plan.trial_period",
            "started_at": "moment",
            "ending_at": "moment",
            "canceled_at": "moment",
            "terminated_at": "moment",
        },
        required=("lago_id", "created_at", "customer", "status", "plan_code"),
    ),
    "invoice": Kind(
        columns={
            **_MADE,
            "customer": "text $.customer.external_id",
            "zone": "text $.customer.applicable_timezone",
            "updated_at": "moment",
            "issuing_date": "day",
            "payment_due_date": "day",
            "payment_dispute_lost_at": "moment",
            "voided_at": "moment",
            "invoice_type": "text",
            "status": "text",
            "payment_status": "text",
            "currency": "text",
            "total_amount_cents": "whole",
            "credit_notes_amount_cents": "whole",
            "total_paid_amount_cents": "whole",
            "self_billed": "flag",
            "provider_error": "text",
        },
        required=(
            *("lago_id", "created_at", "customer", "status", "payment_status"),
            *("currency", "total_amount_cents", "issuing_date"),
        ),
    ),
    "fee": Kind(
        columns={"lago_invoice_id": "text", "lago_subscription_id": "text"},
        required=(),
    ),
    "credit_note": Kind(
        columns={
            **_MADE,
            "customer": "text $.customer.external_id",
            "lago_invoice_id": "text",
            "updated_at": "moment",
            "credit_status": "text",
            "refund_status": "text",
            "currency": "text",
            "balance_amount_cents": "whole",
            "credit_amount_cents": "whole",
            "refund_amount_cents": "whole",
            "offset_amount_cents": "whole",
            "self_billed": "flag",
        },
        required=(
            *("lago_id", "created_at", "lago_invoice_id", "currency"),
            *("balance_amount_cents", "credit_amount_cents", "refund_amount_cents"),
        ),
    ),
    "payment": Kind(
        columns={
            **_MADE,
            "customer": "text $.external_customer_id",
            "invoice_ids": "list",
            "amount_cents": "whole",
            "amount_currency": "text",
            "payment_status": "text",
            "type": "text",
            "payment_provider_type": "text",
        },
        required=(
            *("lago_id", "created_at", "customer", "amount_cents"),
            *("amount_currency", "payment_status", "type"),
        ),
    ),
}

# what an export cannot be older than
MOMENTS = {
    "customer": ("created_at", "updated_at"),
    "subscription": ("created_at", "terminated_at"),
    "invoice": ("created_at", "updated_at", "payment_dispute_lost_at", "voided_at"),
    "credit_note": ("created_at", "updated_at"),
    "payment": ("created_at",),
}
