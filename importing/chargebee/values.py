"""What Chargebee's words mean in the contract; from its API's enumerations."""

from importing.source import ValueMap

INVOICE_STATES = {
    "paid": "issued",
    "posted": "issued",
    "payment_due": "issued",
    "not_paid": "issued",
    "voided": "issued",
    "pending": None,  # not closed yet
}
CREDIT_NOTE_STATES = {
    "adjusted": "issued",
    "refunded": "issued",
    "refund_due": "issued",
    "voided": "issued",
}
TRANSACTION_STATES = {
    "success": "succeeded",
    "late_failure": "succeeded",  # and returned later
    "in_progress": "pending",
    "needs_attention": "pending",
    "failure": "failed",
    "timeout": "failed",
    "voided": None,
}
TRANSACTIONS = {
    "payment": "payment",
    "refund": "refund",
    "payment_reversal": "reversal",
    "authorization": None,
}
DISPUTE_STATES = {
    "initiated": "opened",
    "funds_withdrawn": "opened",
    "in_review": "opened",
    "cancelled": "withdrawn",
    "lost": "lost",
    "won": "won",
}
CUSTOMER_TYPES = {
    "residential": "natural_person",
    "senior_citizen": "natural_person",
    "business": "legal_person",
    "industrial": "legal_person",
}
_BY_METHOD = {
    "card": ("card", "south_korean_cards", "unionpay"),
    "direct_debit": ("direct_debit", "netbanking_emandates", "pay_to"),
    "cheque": ("check",),
    "bank_transfer": (
        "ach_credit",
        "automated_bank_transfer",
        "bancontact",
        "bank_transfer",
        "bizum",
        "blik",
        "dotpay",
        "electronic_payment_standard",
        "faster_payments",
        "fpx",
        "giropay",
        "ideal",
        "kbc_payment_button",
        "online_banking_poland",
        "p24",
        "pay_by_bank",
        "payconiq_by_bancontact",
        "paynow",
        "pix",
        "promptpay",
        "sepa_credit",
        "sepa_instant_transfer",
        "sofort",
        "swish",
        "thai_qr",
        "trustly",
        "twint",
        "upi",
        "wero",
    ),
    "wallet": (
        "alipay",
        "alipay_hk",
        "amazon_payments",
        "apple_pay",
        "cash_app_pay",
        "dana",
        "gcash",
        "go_pay",
        "google_pay",
        "grab_pay",
        "kakao_pay",
        "mercado_pago",
        "momo",
        "naver_pay",
        "nequi",
        "nupay",
        "ovo",
        "pay_co",
        "payme",
        "paypal_express_checkout",
        "paypay",
        "picpay",
        "qpay",
        "rakuten_pay",
        "revolut_pay",
        "touch_n_go",
        "venmo",
        "wechat_pay",
    ),
    "other": (
        "affirm_pay",
        "after_pay",
        "boleto",
        "cash",
        "custom",
        "klarna",
        "klarna_pay_now",
        "other",
        "stablecoin",
        "tamara",
    ),
}
METHODS: dict[str, str | None] = {
    word: method for method, words in _BY_METHOD.items() for word in words
} | {"chargeback": None}  # of a refund that a bank took

MAPS = (
    ValueMap(
        name="invoice_state",
        view="invoice",
        column="status",
        meanings=INVOICE_STATES,
        protects=True,
    ),
    ValueMap(
        name="note_state",
        view="credit_note",
        column="status",
        meanings=CREDIT_NOTE_STATES,
        protects=True,
    ),
    ValueMap(
        name="transaction_state",
        view="transaction",
        column="status",
        meanings=TRANSACTION_STATES,
        protects=True,
    ),
    ValueMap(
        name="transaction_kind",
        view="transaction",
        column="type",
        meanings=TRANSACTIONS,
        protects=True,
    ),
    ValueMap(
        name="method_of",
        view="transaction",
        column="payment_method",
        meanings=METHODS,
    ),
    ValueMap(
        name="dispute_state",
        view="dispute",
        column="status",
        meanings=DISPUTE_STATES,
        protects=True,
    ),
    ValueMap(
        name="subject_of",
        view="customer",
        column="customer_type",
        meanings=CUSTOMER_TYPES,
    ),
)
