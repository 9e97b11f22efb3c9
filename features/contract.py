"""The portfolio contract as data: tables, columns, keys and closed lists.

Readers, row rules, the simulator's acceptance test, the API schema and the
generated docs page all take the contract from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

ColumnKind = Literal[
    "text", "moment", "day", "money", "number", "integer", "boolean", "choice"
]

AfterLast = Literal["error", "no_end", "missing"]
MOMENT_KINDS = frozenset({"moment", "day"})

SEVERITY = ("none", "remind", "review", "service_request", "suspend", "block")
MeasureName = Literal[
    "restrict", "limit_spending", "stop_meter", "stop_charging", "prepayment"
]
MEASURES: tuple[MeasureName, ...] = get_args(MeasureName)
END_OF = {f"end_{name}": name for name in MEASURES}  # among `actions`
# what a recorded fraud rests on where it is sure; an absent strength means the first
SURE_STRENGTHS = ("confirmed", "analyst", "chargeback")
CLOCK_SKEW_US = 5 * 60 * 1_000_000  # known_at may precede event_at by this much


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column. `day` is a moment that plain dates may fill (due_at, until)."""

    name: str
    kind: ColumnKind
    is_required: bool = False
    choices: tuple[str, ...] = ()
    is_open: bool = False  # an unknown value of an open list is kept as `other`
    may_be_negative: bool = False
    # what a moment after 2200 says (9999-12-31 is how ledgers write "no end"); unless
    # that is an error, one before 1970 is missing (0001-01-01 is "not set")
    after_2200: AfterLast = "error"
    default: str | None = None  # what an absent value means


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table.

    Rows are versions of one thing when all columns of `key` agree. A column in
    `key_unless` counts only where the columns it names there are missing: a contact
    is told apart by its promise_id, else its notice_id, else what it is about.
    """

    name: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    key_unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def order(self) -> tuple[str, ...]:
        """What a customer's rows are sorted by, missing first.

        Refunds of one moment may have all of the key in common, so payments go on
        with the rest of their columns.
        """
        rest = [c.name for c in self.columns] if self.name == "payments" else []
        names = dict.fromkeys(("event_at", "known_at", *self.key, *rest))
        return tuple(name for name in names if name != "customer_id")

    def column(self, name: str) -> ColumnSpec:
        """The column of that name; StopIteration where there is none."""
        return next(c for c in self.columns if c.name == name)


def _text(name: str, *, required: bool = False) -> ColumnSpec:
    return ColumnSpec(name, "text", required)


def _money(name: str, *, required: bool = False, signed: bool = False) -> ColumnSpec:
    return ColumnSpec(name, "money", required, may_be_negative=signed)


def _number(name: str) -> ColumnSpec:
    return ColumnSpec(name, "number")


def _flag(name: str) -> ColumnSpec:
    return ColumnSpec(name, "boolean")


def _moment(name: str) -> ColumnSpec:
    return ColumnSpec(name, "moment")


def _day(name: str, *, after_2200: AfterLast = "error") -> ColumnSpec:
    return ColumnSpec(name, "day", after_2200=after_2200)


def _choice(
    name: str, *choices: str, required: bool = False, default: str | None = None
) -> ColumnSpec:
    return ColumnSpec(name, "choice", required, choices, default=default)


def _open(name: str, *choices: str, required: bool = False) -> ColumnSpec:
    return ColumnSpec(name, "choice", required, choices, is_open=True)


def _table(
    name: str,
    key: str,
    *columns: ColumnSpec,
    unless: Mapping[str, tuple[str, ...]] | None = None,
) -> TableSpec:
    event_at = ColumnSpec("event_at", "moment", is_required=name != "customers")
    head = (_text("customer_id", required=True), event_at, _moment("known_at"))
    all_columns = (*head, *columns, _flag("retracted"))
    return TableSpec(name, all_columns, tuple(key.split()), unless or {})


_CURRENCY = _text("currency")
_NAMED = ("promise_id", "notice_id")  # what else a contact is about does not count

TABLES: Mapping[str, TableSpec] = {
    table.name: table
    for table in (
        _table(
            "customers",
            "customer_id event_at",
            _moment("created_at"),
            _choice("subject_kind", "natural_person", "sole_trader", "legal_person"),
            _text("segment"),
            _text("country"),
            _choice("email_kind", "corporate", "free", "disposable"),
            _number("email_domain_age_days"),
            _flag("is_email_verified"),
            _flag("is_phone_verified"),
            _flag("is_tax_id_valid"),
            _text("ip_country"),
            _text("channel"),
            _flag("is_trial"),
            _number("payment_terms_days"),
            _flag("is_auto_pay"),
            _money("credit_limit"),
            _number("expected_lifetime_months"),
            _money("monthly_margin", signed=True),
        ),
        _table(
            "subscriptions",
            "subscription_id kind event_at",
            _text("subscription_id", required=True),
            _choice(
                "kind",
                "started",
                "quantity_changed",
                "renewed",
                "cancelled",
                "ended",
                required=True,
            ),
            ColumnSpec("effective_at", "moment", after_2200="no_end"),
            _text("product"),
            _choice("billing", "license", "usage"),
            _number("quantity"),
            _money("unit_price"),
            _day("commitment_ends_at", after_2200="missing"),
            _day("cancel_window_ends_at", after_2200="no_end"),
            _flag("is_trial"),
        ),
        _table(
            "invoices",
            "invoice_id kind",
            _text("invoice_id", required=True),
            _day("due_at"),  # required where kind is `invoice` (a row rule)
            _money("amount", required=True),
            _choice("kind", "invoice", "credit_note", "write_off", default="invoice"),
            _text("applies_to"),
            _text("subscription_id"),
            _CURRENCY,
        ),
        _table(
            "payments",
            "payment_id status refund_id",
            _text("payment_id", required=True),
            _choice(
                "status",
                "pending",
                "succeeded",
                "failed",
                "returned",
                "refunded",
                required=True,
            ),
            _money("amount", required=True),
            _choice(
                "method",
                "card",
                "direct_debit",
                "bank_transfer",
                "wallet",
                "cheque",
                "other",
            ),
            _text("invoice_id"),
            _open(
                "failure_code",
                "insufficient_funds",
                "expired_card",
                "lost_or_stolen",
                "do_not_honor",
                "invalid_account",
            ),
            _text("instrument_id"),
            _text("card_country"),
            _choice("card_funding", "credit", "debit", "prepaid"),
            _text("refund_id"),
            _text("paid_by"),
            _CURRENCY,
        ),
        _table(
            "disputes",
            "dispute_id status",
            _text("dispute_id", required=True),
            _choice(
                "kind", "billing", "chargeback_fraud", "chargeback_other", required=True
            ),
            _choice("status", "opened", "won", "lost", "withdrawn", required=True),
            _money("amount"),
            _text("invoice_id"),
            _text("payment_id"),
            _CURRENCY,
        ),
        _table(
            "usage",
            "customer_id subscription_id event_at",
            _money("cost", required=True, signed=True),
            _text("subscription_id"),
            _number("quantity"),
        ),
        _table(
            "access",
            "customer_id kind event_at ip_id device_id",
            _open(
                "kind",
                "sign_up",
                "sign_in",
                "password_reset",
                "admin_added",
                "role_changed",
                "quota_requested",
                required=True,
            ),
            _text("ip_id"),
            _text("device_id"),
            _text("country"),
        ),
        _table(
            "links",
            "customer_id kind other_id shared_id status",
            _open("kind", "instrument", "device", "ip", required=True),
            _text("other_id", required=True),
            _text("shared_id"),
            _choice("status", "shared", "fraud", default="shared"),
            _flag("is_earlier"),
        ),
        _table(
            "alerts",
            "alert_id status",
            _text("alert_id", required=True),
            _open(
                "kind",
                "spend_anomaly",
                "crypto_mining",
                "vm_anomaly",
                "outbound_spam",
                "credential_leak",
                "security_advisory",
                "payment_warning",
                required=True,
            ),
            _open("severity", "low", "medium", "high"),
            _choice("confidence", "low", "medium", "high"),
            _open("status", "active", "investigating", "resolved"),
            _open("resolved_reason", "fraud", "legitimate", "ignore"),
        ),
        _table(
            "contacts",
            "customer_id kind event_at promise_id notice_id notice invoice_id "
            "subscription_id",
            _choice(
                "kind",
                "notice_sent",
                "notice_delivered",
                "notice_bounced",
                "replied",
                "promise_made",
                "promise_kept",
                "promise_broken",
                "appeal_opened",
                "appeal_closed",
                required=True,
            ),
            _text("notice"),
            _text("notice_id"),
            _text("promise_id"),
            _text("invoice_id"),
            _text("subscription_id"),
            _money("amount"),
            _day("until", after_2200="no_end"),
            _choice("result", "upheld", "denied"),
            _text("policy"),
            unless={
                "notice_id": ("promise_id",),
                "notice": _NAMED,
                "invoice_id": _NAMED,
                "subscription_id": _NAMED,
            },
        ),
        _table(
            "holds",
            "customer_id kind event_at subscription_id",
            _choice(
                "kind",
                "exemption",
                "instalment_plan",
                "legal",
                "manual",
                required=True,
            ),
            _day("until", after_2200="missing"),
            _text("reason"),
            _text("by"),
            _text("subscription_id"),
            _money("amount"),
        ),
        _table(
            "actions",
            "customer_id action event_at subscription_id",
            _open("action", *SEVERITY, "reactivate", *MEASURES, *END_OF, required=True),
            _choice("reason", "fraud", "nonpayment", "manual"),
            _choice("by", "automation", "person"),
            _text("subscription_id"),
            _text("decision_id"),
            _choice("arm", "greedy", "explore", "holdout"),
            _number("propensity"),
        ),
        _table(
            "ageing",
            "customer_id event_at",
            _money("balance", required=True, signed=True),
            _number("days_past_due"),
            _money("paid", signed=True),
            _money("credit_limit"),
            _text("state"),
        ),
        _table(
            "outcomes",
            "customer_id kind event_at source",
            _choice(
                "kind",
                "fraud",
                "fraud_cleared",
                "account_takeover",
                "nonpayment",
                "written_off",
                required=True,
            ),
            _text("source"),
            _choice(
                "strength",
                *SURE_STRENGTHS,
                "warning",
                "weak",
                default="confirmed",
            ),
        ),
        _table(
            "overrides",
            "customer_id event_at",
            _text("action", required=True),
            _text("by", required=True),
            _text("reason", required=True),
            ColumnSpec("until", "day", is_required=True, after_2200="no_end"),
            _text("decision_id"),
            _text("subscription_id"),
        ),
        _table("snapshots", "customer_id event_at"),
    )
}
