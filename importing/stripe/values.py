"""What Stripe's words mean in the contract.

Sources: the enumerations of Stripe's OpenAPI document, its pages on decline codes, on
dispute reasons and on direct-debit failures.
"""

from importing.source import ValueMap

METHODS = {
    "card": "card",
    "card_present": "card",
    "interac_present": "card",
    "link": "wallet",
    "paypal": "wallet",
    "cashapp": "wallet",
    "amazon_pay": "wallet",
    "revolut_pay": "wallet",
    "alipay": "wallet",
    "wechat_pay": "wallet",
    "sepa_debit": "direct_debit",
    "us_bank_account": "direct_debit",
    "ach_debit": "direct_debit",
    "bacs_debit": "direct_debit",
    "au_becs_debit": "direct_debit",
    "acss_debit": "direct_debit",
    "nz_bank_account": "direct_debit",
    "customer_balance": "bank_transfer",
    "bank_transfer": "bank_transfer",
    "ach_credit_transfer": "bank_transfer",
    "sepa_credit_transfer": "bank_transfer",
    "ideal": "bank_transfer",
    "bancontact": "bank_transfer",
    "sofort": "bank_transfer",
    "eps": "bank_transfer",
    "p24": "bank_transfer",
    "giropay": "bank_transfer",
    "klarna": "other",
    "afterpay_clearpay": "other",
    "affirm": "other",
    "paper_check": "cheque",
}
FUNDINGS = {"credit": "credit", "debit": "debit", "prepaid": "prepaid", "unknown": None}
FAILURES = {
    "insufficient_funds": "insufficient_funds",
    "withdrawal_count_limit_exceeded": "insufficient_funds",
    "card_velocity_exceeded": "insufficient_funds",
    "expired_card": "expired_card",
    "lost_card": "lost_or_stolen",
    "stolen_card": "lost_or_stolen",
    "pickup_card": "lost_or_stolen",
    "do_not_honor": "do_not_honor",
    "generic_decline": "do_not_honor",
    "card_declined": "do_not_honor",
    "no_action_taken": "do_not_honor",
    "not_permitted": "do_not_honor",
    "transaction_not_allowed": "do_not_honor",
    "restricted_card": "do_not_honor",
    "account_closed": "invalid_account",
    "no_account": "invalid_account",
    "invalid_account": "invalid_account",
    "invalid_number": "invalid_account",
    "incorrect_number": "invalid_account",
    "bank_account_unusable": "invalid_account",
    "incorrect_account_holder_details": "invalid_account",
}
DISPUTES = {
    "fraudulent": "chargeback_fraud",
    "bank_cannot_process": "returned",
    "check_returned": "returned",
    "debit_not_authorized": "returned",
    "incorrect_account_details": "returned",
    "insufficient_funds": "returned",
    "credit_not_processed": "chargeback_other",
    "customer_initiated": "chargeback_other",
    "duplicate": "chargeback_other",
    "general": "chargeback_other",
    "noncompliant": "chargeback_other",
    "product_not_received": "chargeback_other",
    "product_unacceptable": "chargeback_other",
    "subscription_canceled": "chargeback_other",
    "unrecognized": "chargeback_other",
}
DISPUTE_STATES = {
    "warning_needs_response": "opened",
    "warning_under_review": "opened",
    "warning_closed": "withdrawn",
    "needs_response": "opened",
    "appeal_needs_response": "opened",
    "appeal_under_review": "opened",
    "under_review": "opened",
    "prevented": "withdrawn",
    "won": "won",
    "lost": "lost",
}
CLOSED_REVIEWS = {
    "approved": "legitimate",
    "acknowledged": "legitimate",
    "refunded": "ignore",
    "refunded_as_fraud": "fraud",
    "disputed": "ignore",
    "redacted": "ignore",
    "canceled": "ignore",
    "payment_never_settled": "ignore",
}
# the Dashboard's own words for a payment; None: nothing was charged
DASHBOARD_STATES = {
    "paid": "succeeded",
    "succeeded": "succeeded",
    "refunded": "succeeded",
    "partially_refunded": "succeeded",
    "partial_refund": "succeeded",
    "disputed": "succeeded",
    "uncaptured": "succeeded",
    "requires_capture": "succeeded",
    "pending": "pending",
    "processing": "pending",
    "failed": "failed",
    "blocked": "failed",
    "canceled": None,
    "expired": None,
    "incomplete": None,
    "requires_action": None,
    "requires_confirmation": None,
    "requires_payment_method": None,
}
# what moved the balance; `type` has one word, adjustment, for several of these
BALANCE_CATEGORIES = {
    "charge": "charge",
    "charge_failure": "returned",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "partial_capture_reversal": "not_captured",
    "dispute": "dispute",
    "dispute_reversal": "dispute_reversal",
    **dict.fromkeys(
        (
            "advance",
            "advance_funding",
            "anticipation_repayment",
            "climate_order_purchase",
            "climate_order_refund",
            "connect_collection_transfer",
            "connect_reserved_funds",
            "contribution",
            "fee",
            "financing_paydown",
            "financing_paydown_reversal",
            "financing_payout",
            "financing_payout_reversal",
            "issuing_authorization_hold",
            "issuing_authorization_release",
            "issuing_transaction",
            "network_cost",
            "other_adjustment",
            "payout",
            "payout_reversal",
            "platform_earning",
            "platform_earning_refund",
            "reserve_transaction",
            "risk_reserved_funds",
            "tax",
            "topup",
            "topup_reversal",
            "transfer",
            "transfer_reversal",
        )
    ),
}
CHARGE_STATES = {"succeeded": "succeeded", "pending": "pending", "failed": "failed"}
REFUND_STATES = {
    "succeeded": "refunded",
    "pending": None,
    "requires_action": None,
    "failed": None,
    "canceled": None,
}
INVOICE_STATES = {
    "draft": None,
    "open": "issued",
    "paid": "issued",
    "uncollectible": "issued",
    "void": "issued",
}

MAPS = (
    ValueMap(
        name="dashboard_state",
        view="dashboard_payment",
        column="status",
        meanings=DASHBOARD_STATES,
    ),
    ValueMap(
        name="balance_category",
        view="balance_report",
        column="reporting_category",
        meanings=BALANCE_CATEGORIES,
    ),
    ValueMap(
        name="payment_method_of",
        view="charge",
        column="payment_method_details.type",
        meanings=METHODS,
    ),
    ValueMap(
        name="funding_of",
        view="charge",
        column="payment_method_details.card.funding",
        meanings=FUNDINGS,
    ),
    ValueMap(
        name="failure_of", view="failed_charge", column="decline", meanings=FAILURES
    ),
    ValueMap(
        name="charge_state", view="charge", column="status", meanings=CHARGE_STATES
    ),
    ValueMap(
        name="refund_state", view="refund", column="status", meanings=REFUND_STATES
    ),
    ValueMap(
        name="invoice_state", view="invoice", column="status", meanings=INVOICE_STATES
    ),
    ValueMap(name="dispute_kind", view="dispute", column="reason", meanings=DISPUTES),
    ValueMap(
        name="dispute_state", view="dispute", column="status", meanings=DISPUTE_STATES
    ),
    ValueMap(
        name="review_end",
        view="review",
        column="closed_reason",
        meanings=CLOSED_REVIEWS,
    ),
)
