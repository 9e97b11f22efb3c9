"""What Kill Bill's words mean in the contract; from its API's enumerations."""

from importing.source import ValueMap

CHARGE, ADJUSTMENT, CREDIT, BALANCE = "charge", "adjustment", "credit", "balance"
ITEMS = {
    "EXTERNAL_CHARGE": CHARGE,
    "FIXED": CHARGE,
    "RECURRING": CHARGE,
    "TAX": CHARGE,
    "USAGE": CHARGE,
    "PARENT_SUMMARY": CHARGE,
    "ITEM_ADJ": ADJUSTMENT,
    "REPAIR_ADJ": ADJUSTMENT,
    "CREDIT_ADJ": CREDIT,
    "CBA_ADJ": BALANCE,  # moves credit between invoices; the account facts do that anew
}
TRANSACTION_STATES = {
    "SUCCESS": "succeeded",
    "PENDING": "pending",
    "UNKNOWN": "pending",
    "PAYMENT_FAILURE": "failed",
    "PLUGIN_FAILURE": "failed",
    "PAYMENT_SYSTEM_OFF": "failed",
}
TRANSACTIONS = {
    "PURCHASE": "payment",
    "CAPTURE": "payment",
    "REFUND": "refund",
    "CREDIT": "refund",
    "CHARGEBACK": "chargeback",
    "AUTHORIZE": None,
    "VOID": None,
}
INVOICE_STATES = {"COMMITTED": "issued", "VOID": "void", "DRAFT": None}

MAPS = (
    ValueMap(
        name="item_kind",
        view="invoice_items",
        column="type",
        meanings=ITEMS,
        protects=True,
    ),
    ValueMap(
        name="transaction_state",
        view="payment_transactions",
        column="transaction_status",
        meanings=TRANSACTION_STATES,
        protects=True,
    ),
    ValueMap(
        name="transaction_kind",
        view="payment_transactions",
        column="transaction_type",
        meanings=TRANSACTIONS,
        protects=True,
    ),
    ValueMap(
        name="invoice_state",
        view="invoices",
        column="status",
        meanings=INVOICE_STATES,
        protects=True,
    ),
)
