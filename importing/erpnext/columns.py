"""What is read of ERPNext's DocTypes. Moments and days are of the site's timezone."""

_TEXT, _DAY, _MOMENT, _YES = "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN"
_MADE = {"name": _TEXT, "creation": _MOMENT, "modified": _MOMENT}

TABLES = {
    "customer": {**_MADE, "customer_type": _TEXT, "customer_group": _TEXT},
    "sales_invoice": {
        **_MADE,
        "docstatus": "INTEGER",
        "due_date": _DAY,
        "is_return": _YES,
        "return_against": _TEXT,
        "is_pos": _YES,
        "outstanding_amount": "DECIMAL(18, 4)",
    },
    "payment_entry": {
        **_MADE,
        "docstatus": "INTEGER",
        "mode_of_payment": _TEXT,
    },
    "journal_entry": {
        **_MADE,
        "docstatus": "INTEGER",
        "voucher_type": _TEXT,
        "reversal_of": _TEXT,
    },
    "payment_ledger_entry": {
        **_MADE,
        "posting_date": _DAY,
        "due_date": _DAY,
        "account_type": _TEXT,
        "party_type": _TEXT,
        "party": _TEXT,
        "voucher_type": _TEXT,
        "voucher_no": _TEXT,
        "against_voucher_no": _TEXT,
        "account_currency": _TEXT,
        "amount_in_account_currency": "DECIMAL(18, 4)",
        "delinked": _YES,
        "docstatus": "INTEGER",
    },
}

REQUIRED = {
    "customer": ("name", "creation"),
    "sales_invoice": ("name", "docstatus", "is_return"),
    "payment_entry": ("name", "docstatus"),
    "journal_entry": ("name", "docstatus", "voucher_type"),
    "payment_ledger_entry": (
        "name",
        "creation",
        "posting_date",
        "party_type",
        "party",
        "voucher_type",
        "voucher_no",
        "against_voucher_no",
        "account_currency",
        "amount_in_account_currency",
        "delinked",
    ),
}

# what an export cannot be older than
MOMENTS = (
    *((table, "modified") for table in TABLES),
    ("payment_ledger_entry", "creation"),
)
