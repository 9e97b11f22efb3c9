"""What is read of WHMCS's tables. Moments and days are of the portfolio's timezone."""

_ID, _TEXT, _DAY, _MOMENT = "BIGINT", "VARCHAR", "DATE", "TIMESTAMP"
_MONEY = "DECIMAL(18, 4)"

TABLES = {
    "tblclients": {
        "id": _ID,
        "country": _TEXT,
        "currency": _ID,
        "credit": _MONEY,
        "datecreated": _DAY,
        "updated_at": _MOMENT,
    },
    "tblcurrencies": {"id": _ID, "code": _TEXT},
    "tblinvoices": {
        "id": _ID,
        "userid": _ID,
        "date": _DAY,
        "duedate": _DAY,
        "datepaid": _MOMENT,
        "date_cancelled": _MOMENT,
        "credit": _MONEY,
        "total": _MONEY,
        "status": _TEXT,
        "paymentmethod": _TEXT,
        "created_at": _MOMENT,
        "updated_at": _MOMENT,
    },
    "tblinvoiceitems": {
        "id": _ID,
        "invoiceid": _ID,
        "type": _TEXT,
        "relid": _ID,
        "amount": _MONEY,
    },
    "tblaccounts": {
        "id": _ID,
        "userid": _ID,
        "gateway": _TEXT,
        "date": _MOMENT,
        "amountin": _MONEY,
        "fees": _MONEY,
        "amountout": _MONEY,
        "invoiceid": _ID,
        "refundid": _ID,
    },
    "tblcredit": {
        "id": _ID,
        "clientid": _ID,
        "date": _DAY,
        "description": _TEXT,
        "amount": _MONEY,
    },
    "tblhosting": {
        "id": _ID,
        "userid": _ID,
        "packageid": _ID,
        "regdate": _DAY,
        "amount": _MONEY,
        "billingcycle": _TEXT,
        "termination_date": _DAY,
        "domainstatus": _TEXT,
        "overideautosuspend": "BOOLEAN",
        "overidesuspenduntil": _DAY,
    },
    "tblproducts": {"id": _ID, "name": _TEXT},
    "tblorders": {
        "id": _ID,
        "userid": _ID,
        "date": _MOMENT,
        "status": _TEXT,
        "fraudmodule": _TEXT,
    },
}

REQUIRED = {
    "tblclients": ("id", "currency", "datecreated"),
    "tblcurrencies": ("id", "code"),
    "tblinvoices": ("id", "userid", "date", "total", "credit", "status"),
    "tblinvoiceitems": ("id", "invoiceid", "amount"),
    "tblaccounts": ("id", "userid", "date", "amountin", "amountout", "invoiceid"),
    "tblcredit": ("id", "clientid", "date", "amount"),
    "tblhosting": ("id", "userid", "regdate", "domainstatus", "billingcycle"),
    "tblproducts": ("id", "name"),
    "tblorders": ("id", "userid", "date", "status"),
}

MONEY_TABLES = frozenset({"tblinvoices", "tblaccounts", "tblcredit", "tblhosting"})

# what an export cannot be older than
MOMENTS = (
    ("tblinvoices", "date"),
    ("tblinvoices", "updated_at"),
    ("tblaccounts", "date"),
    ("tblcredit", "date"),
    ("tblorders", "date"),
    ("tblclients", "updated_at"),
    ("tblclients", "datecreated"),
)
