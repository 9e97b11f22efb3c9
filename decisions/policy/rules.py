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

    exclude: Literal["contested"] = Field(
        default="contested", description="contested money is not owed"
    )
    blocks_if_rest_paid: Literal[True] = Field(
        default=True, description="who has paid the rest is left alone"
    )
    blocks_always: bool = Field(
        default=False, description="any open dispute keeps every stop away"
    )
    max_days: Days = Field(default=60, description="then a person decides")
    decided_by: str = Field(default="billing", description="who decides a dispute")


class PromiseHold(Strict):
    """Money promised is waited for until its date."""

    max_days: Days = Field(
        default=14, description="the longest promise; beyond it a person looks"
    )
    per_year: Count = Field(
        default=2, description="promises granted in a year; beyond it a person looks"
    )
    broken: Literal["resume_at_state"] = Field(
        default="resume_at_state",
        description="a promise not kept: back to the ladder's state",
    )


class StandingHold(Strict):
    """A legal, a manual or any other hold; `until` is its expiry."""

    needs_expiry: bool = Field(
        default=True, description="whether such a hold is always entered with its end"
    )
    max_days: Days | None = Field(
        default=None,
        description="it ends so long after its start, whatever end was entered",
    )
    covers_fraud: bool = Field(
        default=False, description="whether it keeps stops for fraud away, too"
    )
    released_by: str = Field(default="a person", description="who may end it early")


class InstalmentPlan(StandingHold):
    """A plan protects while its hold stands; then the ladder goes on."""

    default: Literal["resume_at_state"] = Field(
        default="resume_at_state",
        description="a plan past its end with money unpaid: back to the ladder's state",
    )


class Exemption(StandingHold):
    """Somebody approves that a customer is left alone for a time."""

    approved_by: str = Field(default="a person", description="who grants it")


class Holds(Strict):
    """Reasons not to act, and how long each of them lasts."""

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

    kind: str = Field(
        description="of an alert, or account_takeover, chargeback_fraud,"
        " outcome_fraud; * is any"
    )
    min_confidence: Literal["low", "medium", "high"] | None = Field(
        default=None, description="of the alert, as its source says"
    )
    min_severity: Literal["informational", "low", "medium", "high"] | None = Field(
        default=None, description="of the alert, as its source says"
    )
    max_age_days: Days = Field(default=30, description="older signs do not count")


class FraudPath(Strict):
    """Suspension without a prior notice, on evidence; it expires by itself."""

    terms_clause: Text = Field(default="", description="the clause that allows it")
    evidence_any: tuple[EvidenceRule, ...] = Field(min_length=1)
    min_p_fraud: Share = Field(
        default=0.5, description="below it evidence alone takes no access away"
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


class HighUsage(Strict):
    """Abnormally high use without prospect of payment shortens the ladder."""

    usage_ratio: Annotated[float, Field(gt=1)] = Field(
        description="daily cost of the last 7 days over that of the 28 before"
    )
    min_usage_daily_cost: Amount = Field(
        default=0.0, description="below it use is not worth the haste"
    )
    min_p_nonpayment: Share = Field(
        default=0.5, description="below it there is a prospect of payment"
    )
    notice: Name = Field(description="to be sent first")
    hours_after_notice: Hours = Field(
        default=24, description="from when that notice counts to the stop"
    )
    because: str = ""


class FirstInvoice(Strict):
    """A customer who never paid an invoice and is late gets looked at."""

    days_overdue: Days = Field(default=5, description="so late")
    min_p_bad: Share = Field(
        default=0.1, description="and of fraud or non-payment at least so likely"
    )
    because: str = ""


class Essential(Strict):
    """Customers who are never cut off wholly."""

    segments: tuple[str, ...] = Field(
        default=(), description="customers of one of these"
    )
    products: tuple[str, ...] = Field(default=(), description="glob patterns")
    never: tuple[Action, ...] = Field(
        default=("suspend", "block"), description="actions that do not touch them"
    )
    unless_fraud_confirmed: bool = Field(
        default=False, description="confirmed fraud may cut even them off"
    )
    restricted_mode: Text = Field(
        default="", description="what stays available instead, for customers"
    )
    because: str = ""


class Budget(Strict):
    """Mass-action breaker: what goes beyond becomes a review."""

    per_hour: Count | None = Field(default=None, description="new stops within an hour")
    per_day: Count | None = Field(default=None, description="new stops on a local day")
    share_of_customers_per_day: Share | None = Field(
        default=None,
        description="new stops on a local day, as a share of all customers",
    )
    because: str = ""


class Exploration(Strict):
    """A small randomised share goes one step softer, so that we keep learning."""

    share: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        default=0.0, description="of customers whose action is drawn one step softer"
    )
    scope: tuple[Action, ...] = Field(
        default=("service_request", "suspend"),
        description="actions that may be softened",
    )
    max_exposure: Amount = Field(
        default=500.0, description="only where no more is at stake"
    )
    epoch_days: Annotated[int, Field(ge=1)] = Field(
        default=30, description="a customer is drawn anew after so long"
    )
    salt: str = Field(
        default="forbear", description="changes who is drawn; also for the holdout"
    )
    because: str = ""


class Holdout(Strict):
    """A small share of customers is treated by the plain timeline."""

    share: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        default=0.0, description="of customers"
    )
    epoch_days: Annotated[int, Field(ge=1)] = Field(
        default=180, description="a customer is drawn anew after so long"
    )
    because: str = ""


class ProviderRule(Strict):
    """What a suspension does to the provider's bill; the first match counts."""

    product: str = Field(default="*", description="glob over the product's name")
    billing: Literal["license", "usage", "*"] = Field(
        default="*", description="of the subscription"
    )
    committed: bool | None = Field(
        default=None, description="whether it is bound for a term; absent: either"
    )
    suspension_stops: Share = Field(description="share of the cost that stops")
    instead: Text = Field(default="", description="what does stop the cost")
    cancel_window: bool = Field(
        default=False, description="may be cancelled until cancel_window_ends_at"
    )
    because: str = ""


class SuspendGuard(Strict):
    """What any stop needs."""

    min_p_bad: Share = Field(
        default=0.0,
        description="below this probability of fraud or non-payment no stop",
    )
    min_exposure: Amount = Field(default=0.0, description="below this exposure no stop")
    min_tenure_days: Days = Field(
        default=0, description="customers for less are stopped for fraud only"
    )
    cool_down_days: Days = Field(
        default=0, description="no new stop so soon after access changed"
    )
    because: str = ""


class BlockGuard(Strict):
    """What a block needs."""

    min_p_fraud: Share = Field(
        default=0.5,
        description="below it no block, unless the ladder has come to its end",
    )
    because: str = ""


class AnyGuard(Strict):
    """What holds for every action."""

    min_net_gain: Amount = Field(
        default=0.0, description="doing something must gain so much over doing nothing"
    )
    hysteresis: Share = Field(
        default=0.0,
        description="yesterday's action stays when it costs no more than this"
        " share above today's",
    )
    close_call_below: Share = Field(
        default=0.7,
        description="share of the draws of uncertain costs that must agree, or"
        " the milder action wins",
    )
    stale_hours: Hours = Field(default=48, description="no decision on older data")
    max_report_age_days: Annotated[float, Field(gt=0)] = Field(
        default=45, description="no decision on an older ageing report"
    )
    valid_hours: Hours = Field(
        default=24,
        description="a recommendation expires; nothing is done on an old one",
    )
    because: str = ""


class GuardRails(Strict):
    """Limits that hold whatever is proposed."""

    suspend: SuspendGuard = SuspendGuard()
    block: BlockGuard = BlockGuard()
    any: AnyGuard = AnyGuard()
