"""Where one configures what goes beside the ladder: fraud, high use, first invoice."""

from typing import Annotated, Literal

from pydantic import Field

from decisions.policy.section import Amount, Days, Hours, Name, PolicySection, Share
from decisions.policy.text import Text

NEUTRAL = {
    "en": "Access is paused while we check unusual activity on the account.",
    "de": "Der Zugang ist gesperrt, während wir ungewöhnliche Vorgänge prüfen.",
    "fr": "L'accès est suspendu pendant que nous vérifions une activité inhabituelle.",
    "pt-BR": "O acesso está suspenso enquanto verificamos uma atividade incomum.",
}

Confidence = Literal["low", "medium", "high"]
# kinds of alerts that the contract knows, others being `other`; then what is no alert
Sign = Literal[
    "spend_anomaly",
    "crypto_mining",
    "vm_anomaly",
    "outbound_spam",
    "credential_leak",
    "security_advisory",
    "payment_warning",
    "other",
    "account_takeover",
    "chargeback_fraud",
    "outcome_fraud",
    "notice_bounced",
]


class EvidenceRule(PolicySection):
    """A sign of fraud that opens the fast path."""

    kind: Sign | Literal["*"] = Field(
        description="of an alert, or what is none; notice_bounced counts from"
        " fraud_path.min_p_fraud on only; * is any"
    )
    min_confidence: Confidence | None = Field(
        default=None, description="of the alert, as its source says"
    )
    min_severity: Literal["informational", "low", "medium", "high"] | None = Field(
        default=None, description="of the alert, as its source says"
    )
    max_age_days: Days = Field(default=30, description="older signs do not count")


class Suspicion(PolicySection):
    """A pause on the word of the model alone; a person agrees, and it happens once.

    Its threshold comes from money: fraud alone, with nothing unpaid counted, must make
    the pause cost less than anything milder.
    """

    min_p_fraud: Share = Field(
        default=0.3, description="below it nobody is paused, whatever is at stake"
    )
    approvals: Literal[1, 2] = Field(
        default=1, description="people who must agree before access is paused"
    )
    because: str = ""


class LinkedFrauds(PolicySection):
    """A look at who shares a payment instrument or a device with known frauds.

    Sharing proves nothing, for families, companies and agencies share as well. So a
    person looks, and nothing else follows.
    """

    kinds: tuple[Literal["instrument", "device", "ip"], ...] = Field(
        default=("instrument", "device"),
        min_length=1,
        description="what must be shared; offices and networks share an address (ip)",
    )
    min_frauds: Annotated[int, Field(ge=1)] = Field(
        default=2, description="so many of those who share one thing are known frauds"
    )
    min_share: Share = Field(
        default=0.2, description="and at least this share of those who share it"
    )
    max_age_days: Days = Field(
        default=365, description="frauds known for longer do not count"
    )
    because: str = ""


class FraudPath(PolicySection):
    """Suspension without a prior notice, on evidence; it expires by itself."""

    terms_clause: Text = Field(default="", description="the clause that allows it")
    evidence_any: tuple[EvidenceRule, ...] = Field(min_length=1)
    min_p_fraud: Share = Field(
        default=0.5, description="below it evidence alone takes no access away"
    )
    confirmed: Literal["review", "suspend"] = Field(
        default="review",
        description="where a sign is confirmed as fraud, however unlikely the model"
        " finds it: a person looks, or access is paused once a person agrees",
    )
    suspicion: Suspicion | None = Field(
        default=None,
        description="a pause without a sign, by money and probability; absent: never",
    )
    linked: LinkedFrauds | None = Field(
        default=None,
        description="a look at who shares a payment instrument or a device with known"
        " frauds; absent: nobody looks",
    )
    notice: Name | None = Field(default=None, description="sent after the action")
    notice_within_hours: Hours = Field(
        default=4, description="the customer is told so soon after"
    )
    review_within_hours: Hours = Field(
        default=24, description="a person looks so soon after"
    )
    auto_expire_hours: Hours = Field(
        default=72, description="access returns then unless the fraud is confirmed"
    )
    stop_charging: bool = Field(
        default=True,
        description="stop our own charges to a payment method that may be stolen",
    )
    refund: Literal["never", "by_a_person"] = Field(
        default="by_a_person",
        description="of payments already taken; automation never refunds",
    )
    wording: Text = Field(default=NEUTRAL, description="what the customer is told")
    because: str = ""


class HighUsage(PolicySection):
    """Abnormally high use without prospect of payment shortens the ladder."""

    usage_ratio: Annotated[float, Field(gt=1)] = Field(
        description="daily cost of the last 7 days over that of the 28 before"
    )
    min_usage_daily_cost: Amount = Field(
        default=0.0,
        description="mean of 28 days, a day; below it use is not worth the haste",
    )
    min_p_nonpayment: Share = Field(
        default=0.5, description="below it there is a prospect of payment"
    )
    notice: Name = Field(description="to be sent first")
    hours_after_notice: Hours = Field(
        default=24, description="from when that notice counts to the stop"
    )
    because: str = ""


class FirstInvoice(PolicySection):
    """A customer who never paid an invoice and is late gets looked at."""

    days_overdue: Days = Field(default=5, description="so late")
    min_p_bad: Share = Field(
        default=0.1, description="and of fraud or non-payment at least so likely"
    )
    because: str = ""
