"""Holds, paths, budgets and guard-rails of a policy."""

from typing import Annotated, Literal

from pydantic import Field

from decisions.actions import Action
from decisions.policy.costs import Amount, Share, Strict
from decisions.policy.ladder import Days, Name
from decisions.policy.people import Hours
from decisions.policy.text import Text

Count = Annotated[int, Field(ge=0)]


class DisputeHold(Strict):
    """Contested money is never owed; the uncontested part must be paid meanwhile."""

    exclude: Literal["contested"] = "contested"
    blocks_if_rest_paid: Literal[True] = True
    blocks_always: bool = Field(
        default=False, description="any open dispute keeps every stop away"
    )
    max_days: Days = Field(default=60, description="then a person decides")
    decided_by: str = "billing"


class PromiseHold(Strict):
    max_days: Days = 14
    per_year: Count = 2
    broken: Literal["resume_at_state"] = "resume_at_state"


class StandingHold(Strict):
    """A legal, a manual or any other hold; `until` is its expiry."""

    needs_expiry: bool = True
    max_days: Days | None = None
    covers_fraud: bool = False
    released_by: str = "a person"


class InstalmentPlan(StandingHold):
    """A plan protects while its hold stands; then the ladder goes on."""

    default: Literal["resume_at_state"] = Field(
        default="resume_at_state",
        description="a plan past its end with money unpaid: back to the ladder's state",
    )


class Exemption(StandingHold):
    """Somebody approves that a customer is left alone for a time."""

    approved_by: str = "a person"


class Holds(Strict):
    dispute: DisputeHold = DisputeHold()
    promise: PromiseHold = PromiseHold()
    instalment_plan: InstalmentPlan = InstalmentPlan()
    exemption: Exemption = Exemption()
    legal: StandingHold = StandingHold(needs_expiry=False, covers_fraud=True)
    manual: StandingHold = StandingHold(covers_fraud=True)


NEUTRAL = {
    "en": "Access is paused while we check unusual activity on the account.",
    "de": "Der Zugang ist gesperrt, während wir ungewöhnliche Vorgänge prüfen.",
    "fr": "L'accès est suspendu pendant que nous vérifions une activité inhabituelle.",
    "pt-BR": "O acesso está suspenso enquanto verificamos uma atividade incomum.",
}


class EvidenceRule(Strict):
    """A sign of fraud that opens the fast path."""

    kind: str
    min_confidence: Literal["low", "medium", "high"] | None = None
    min_severity: Literal["informational", "low", "medium", "high"] | None = None
    max_age_days: Days = 30


class FraudPath(Strict):
    """Suspension without a prior notice, on evidence; it expires by itself."""

    terms_clause: Text = Field(default="", description="the clause that allows it")
    evidence_any: tuple[EvidenceRule, ...] = Field(min_length=1)
    min_p_fraud: Share = 0.5
    notice: Name | None = Field(default=None, description="sent after the action")
    notice_within_hours: Hours = 4
    review_within_hours: Hours = 24
    auto_expire_hours: Hours = 72
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


class HighUsage(Strict):
    """Abnormally high use without prospect of payment shortens the ladder."""

    usage_ratio: Annotated[float, Field(gt=1)]
    min_usage_daily_cost: Amount = 0.0
    min_p_nonpayment: Share = 0.5
    notice: Name
    hours_after_notice: Hours = 24
    because: str = ""


class FirstInvoice(Strict):
    """A customer who never paid an invoice and is late gets looked at."""

    days_overdue: Days = 5
    min_p_bad: Share = 0.1
    because: str = ""


class Essential(Strict):
    """Customers who are never cut off wholly."""

    segments: tuple[str, ...] = ()
    products: tuple[str, ...] = Field(default=(), description="glob patterns")
    never: tuple[Action, ...] = ("suspend", "block")
    unless_fraud_confirmed: bool = Field(
        default=False, description="confirmed fraud may cut even them off"
    )
    restricted_mode: Text = ""
    because: str = ""


class Budget(Strict):
    """Mass-action breaker: what goes beyond becomes a review."""

    per_hour: Count | None = None
    per_day: Count | None = None
    share_of_customers_per_day: Share | None = None
    because: str = ""


class Exploration(Strict):
    """A small randomised share goes one step softer, so that we keep learning."""

    share: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0
    scope: tuple[Action, ...] = ("service_request", "suspend")
    max_exposure: Amount = 500.0
    epoch_days: Annotated[int, Field(ge=1)] = 30
    salt: str = "forbear"
    because: str = ""


class Holdout(Strict):
    """A small share of customers is treated by the plain timeline."""

    share: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0
    epoch_days: Annotated[int, Field(ge=1)] = 180
    because: str = ""


class ProviderRule(Strict):
    """What a suspension does to the provider's bill; the first match counts."""

    product: str = Field(default="*", description="glob over the product's name")
    billing: Literal["license", "usage", "*"] = "*"
    committed: bool | None = None
    suspension_stops: Share = Field(description="share of the cost that stops")
    instead: Text = Field(default="", description="what does stop the cost")
    cancel_window: bool = Field(
        default=False, description="may be cancelled until cancel_window_ends_at"
    )
    because: str = ""


class SuspendGuard(Strict):
    min_p_bad: Share = 0.0
    min_exposure: Amount = 0.0
    min_tenure_days: Days = Field(default=0, description="not for fraud")
    cool_down_days: Days = 0
    because: str = ""


class BlockGuard(Strict):
    min_p_fraud: Share = 0.5
    because: str = ""


class AnyGuard(Strict):
    min_net_gain: Amount = 0.0
    hysteresis: Share = 0.0
    close_call_below: Share = 0.7
    stale_hours: Hours = 48
    max_report_age_days: Annotated[float, Field(gt=0)] = 45
    valid_hours: Hours = Field(
        default=24,
        description="a recommendation expires; nothing is done on an old one",
    )
    because: str = ""


class GuardRails(Strict):
    suspend: SuspendGuard = SuspendGuard()
    block: BlockGuard = BlockGuard()
    any: AnyGuard = AnyGuard()
