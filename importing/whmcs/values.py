"""What WHMCS's words mean in the contract; from its class and API reference."""

from importing.source import ValueMap

ISSUED, CANCELLED = "issued", "cancelled"
INVOICE_STATES = {
    "Unpaid": ISSUED,
    "Paid": ISSUED,
    "Refunded": ISSUED,
    "Collections": ISSUED,
    "Payment Pending": ISSUED,
    "Cancelled": CANCELLED,
    "Draft": None,
}
SERVICE_STATES = {
    "Pending": None,
    "Active": "running",
    "Suspended": "running",
    "Completed": "ended",
    "Terminated": "ended",
    "Cancelled": "ended",
    "Fraud": "ended",
}
CYCLES = {  # months
    "Free": None,
    "Free Account": None,
    "One Time": None,
    "Onetime": None,
    "Monthly": "1",
    "Quarterly": "3",
    "Semi-Annually": "6",
    "Annually": "12",
    "Biennially": "24",
    "Triennially": "36",
}
ORDER_STATES = {"Pending": None, "Active": None, "Cancelled": None, "Fraud": "fraud"}

MAPS = (
    ValueMap(
        name="invoice_state",
        view="tblinvoices",
        column="status",
        meanings=INVOICE_STATES,
    ),
    ValueMap(
        name="service_state",
        view="tblhosting",
        column="domainstatus",
        meanings=SERVICE_STATES,
        protects=True,
    ),
    ValueMap(
        name="months_of", view="tblhosting", column="billingcycle", meanings=CYCLES
    ),
    ValueMap(
        name="order_state",
        view="tblorders",
        column="status",
        meanings=ORDER_STATES,
        protects=True,
    ),
)
