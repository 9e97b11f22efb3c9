"""What Lago's words mean in the contract; from its API description and its source."""

from importing.source import ValueMap

INVOICE_STATES = {
    "draft": None,
    "pending": None,  # waits for its taxes
    "failed": None,  # could not be finalised
    "generating": None,
    "open": None,  # waits for the payment that starts its subscription
    "closed": None,  # that payment never came
    "deleted": None,
    "finalized": "issued",
    "voided": "issued",
}
PAYMENT_STATES = {
    "pending": "pending",
    "processing": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
}
PAYMENT_TYPES = {"manual": "other", "provider": None}
PROVIDERS = {
    "gocardless": "direct_debit",
    "adyen": None,
    "cashfree": None,
    "flutterwave": None,
    "moneyhash": None,
    "stripe": None,
}
CUSTOMER_TYPES = {"company": "legal_person", "individual": "natural_person"}
REFUND_STATES = {"pending": None, "succeeded": "refunded", "failed": None}

MAPS = (
    ValueMap(
        name="invoice_state", view="invoice", column="status", meanings=INVOICE_STATES
    ),
    ValueMap(
        name="payment_state",
        view="payment",
        column="payment_status",
        meanings=PAYMENT_STATES,
        protects=True,
    ),
    ValueMap(
        name="method_of_type", view="payment", column="type", meanings=PAYMENT_TYPES
    ),
    ValueMap(
        name="method_of_provider",
        view="payment",
        column="payment_provider_type",
        meanings=PROVIDERS,
    ),
    ValueMap(
        name="subject_of",
        view="customer",
        column="customer_type",
        meanings=CUSTOMER_TYPES,
    ),
    ValueMap(
        name="refund_state",
        view="credit_note",
        column="refund_status",
        meanings=REFUND_STATES,
        protects=True,
    ),
)
