"""What is read of Odoo's models. Moments are UTC without saying so; days are local."""

_ID, _TEXT, _DAY, _MOMENT = "BIGINT", "VARCHAR", "DATE", "TIMESTAMPTZ"
_MONEY = "DECIMAL(18, 4)"
_MADE = {"id": _ID, "create_date": _MOMENT, "write_date": _MOMENT}

TABLES = {
    "account_move": {
        **_MADE,
        "name": _TEXT,
        "move_type": _TEXT,
        "state": _TEXT,
        "date": _DAY,
        "journal_id": _ID,
        "reversed_entry_id": _ID,
        "statement_line_id": _ID,
    },
    "account_move_line": {
        **_MADE,
        "move_id": _ID,
        "account_type": _TEXT,
        "partner_id": _ID,
        "date_maturity": _DAY,
        "amount_currency": _MONEY,
        "currency_id": _ID,
        "amount_residual_currency": _MONEY,
    },
    "account_partial_reconcile": {
        **_MADE,
        "debit_move_id": _ID,
        "credit_move_id": _ID,
        "debit_amount_currency": _MONEY,
        "credit_amount_currency": _MONEY,
    },
    "account_payment": {
        **_MADE,
        "move_id": _ID,
        "payment_type": _TEXT,
        "partner_type": _TEXT,
        "partner_id": _ID,
        "amount": _MONEY,
        "currency_id": _ID,
        "date": _DAY,
        "state": _TEXT,
        "payment_method_code": _TEXT,
    },
    "account_journal": {"id": _ID, "type": _TEXT},
    "res_partner": {
        **_MADE,
        "commercial_partner_id": _ID,
        "is_company": "BOOLEAN",
        "country_code": _TEXT,
    },
    "res_currency": {"id": _ID, "name": _TEXT},
}

REQUIRED = {
    "account_move": ("id", "name", "move_type", "state", "date", "create_date"),
    "account_move_line": (
        "id",
        "move_id",
        "account_type",
        "amount_currency",
        "currency_id",
    ),
    "account_partial_reconcile": (
        "id",
        "debit_move_id",
        "credit_move_id",
        "debit_amount_currency",
        "credit_amount_currency",
        "create_date",
    ),
    "account_payment": ("id", "payment_type", "amount", "currency_id"),
    "account_journal": ("id", "type"),
    "res_partner": ("id", "create_date"),
    "res_currency": ("id", "name"),
}

# what an export cannot be older than
MOMENTS = tuple(
    (table, column)
    for table, columns in TABLES.items()
    for column in ("create_date", "write_date")
    if column in columns
)
