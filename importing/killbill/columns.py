"""What is read of Kill Bill's tables. Moments are UTC without saying so."""

_ID, _MOMENT = "VARCHAR", "TIMESTAMPTZ"
_MONEY = "DECIMAL(18, 9)"
_MADE = {"created_date": _MOMENT, "updated_date": _MOMENT}

TABLES = {
    "accounts": {
        "id": _ID,
        "currency": "VARCHAR",
        "parent_account_id": _ID,
        "is_payment_delegated_to_parent": "BOOLEAN",
        "payment_method_id": _ID,
        "time_zone": "VARCHAR",
        "country": "VARCHAR",
        **_MADE,
    },
    "bundles": {"id": _ID, "account_id": _ID, **_MADE},
    "subscriptions": {
        "id": _ID,
        "bundle_id": _ID,
        "category": "VARCHAR",
        "start_date": _MOMENT,
        **_MADE,
    },
    "subscription_events": {
        "id": _ID,
        "event_type": "VARCHAR",
        "user_type": "VARCHAR",
        "effective_date": _MOMENT,
        "subscription_id": _ID,
        "plan_name": "VARCHAR",
        "quantity": "DOUBLE",
        "is_active": "BOOLEAN",
        **_MADE,
    },
    "invoices": {
        "id": _ID,
        "account_id": _ID,
        "invoice_date": "DATE",
        "currency": "VARCHAR",
        "status": "VARCHAR",
        "created_date": _MOMENT,
    },
    "invoice_items": {
        "id": _ID,
        "type": "VARCHAR",
        "invoice_id": _ID,
        "subscription_id": _ID,
        "start_date": "DATE",
        "end_date": "DATE",
        "amount": _MONEY,
        "rate": _MONEY,
        "currency": "VARCHAR",
        "created_date": _MOMENT,
    },
    "invoice_payments": {
        "id": _ID,
        "type": "VARCHAR",
        "invoice_id": _ID,
        "payment_id": _ID,
        "amount": _MONEY,
        "status": "VARCHAR",
        "created_date": _MOMENT,
    },
    "payments": {"id": _ID, "account_id": _ID, "payment_method_id": _ID, **_MADE},
    "payment_transactions": {
        "id": _ID,
        "transaction_external_key": "VARCHAR",
        "transaction_type": "VARCHAR",
        "effective_date": _MOMENT,
        "transaction_status": "VARCHAR",
        "amount": _MONEY,
        "currency": "VARCHAR",
        "processed_amount": _MONEY,
        "processed_currency": "VARCHAR",
        "payment_id": _ID,
        "gateway_error_code": "VARCHAR",
        **_MADE,
    },
    "payment_methods": {"id": _ID, "plugin_name": "VARCHAR"},
    "tags": {
        "id": _ID,
        "tag_definition_id": _ID,
        "object_id": _ID,
        "object_type": "VARCHAR",
        "is_active": "BOOLEAN",
        **_MADE,
    },
    "blocking_states": {
        "id": _ID,
        "blockable_id": _ID,
        "type": "VARCHAR",
        "state": "VARCHAR",
        "service": "VARCHAR",
        "block_entitlement": "BOOLEAN",
        "effective_date": _MOMENT,
        "is_active": "BOOLEAN",
        "created_date": _MOMENT,
    },
}

REQUIRED = {
    "accounts": ("id", "time_zone", "created_date"),
    "bundles": ("id", "account_id"),
    "subscriptions": ("id", "bundle_id", "start_date", "created_date"),
    "subscription_events": ("id", "subscription_id", "event_type", "effective_date"),
    "invoices": ("id", "account_id", "invoice_date", "currency", "created_date"),
    "invoice_items": ("id", "type", "invoice_id", "amount", "created_date"),
    "invoice_payments": ("id", "type", "invoice_id", "amount", "status"),
    "payments": ("id", "account_id"),
    "payment_transactions": (
        "id",
        "payment_id",
        "transaction_type",
        "transaction_status",
        "effective_date",
    ),
    "payment_methods": ("id", "plugin_name"),
    "tags": ("id", "tag_definition_id", "object_id", "object_type", "created_date"),
    "blocking_states": ("blockable_id", "type", "state", "service", "effective_date"),
}

MOMENTS = {
    table: [name for name in ("created_date", "updated_date") if name in columns]
    for table, columns in TABLES.items()
}
