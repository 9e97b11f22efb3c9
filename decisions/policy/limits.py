"""Guard-rails on what is proposed, and budgets of stops."""

from typing import Annotated

from pydantic import Field

from decisions.policy.section import Amount, Count, Days, Hours, PolicySection, Share


class Budget(PolicySection):
    """Mass-action breaker: what goes beyond becomes a review."""

    per_hour: Count | None = Field(default=None, description="new stops within an hour")
    per_day: Count | None = Field(default=None, description="new stops on a local day")
    share_of_customers_per_day: Share | None = Field(
        default=None,
        description="new stops on a local day, as a share of all customers, rounded"
        " up: 0.005 of 300 is 2",
    )
    because: str = ""


class SuspendGuard(PolicySection):
    """What any stop needs."""

    min_p_bad: Share = Field(
        default=0.0,
        description="below this probability of fraud or non-payment no stop",
    )
    min_exposure: Amount = Field(
        default=0.0,
        description="below this exposure no stop; as costs weigh it: at the reseller's"
        " cost, or at the customer's prices where the policy states no `costs`",
    )
    min_tenure_days: Days = Field(
        default=0,
        description="customers for less are stopped for fraud or high use only",
    )
    cool_down_days: Days = Field(
        default=0,
        description="no new stop so soon after access changed, but for fraud or high"
        " use",
    )
    because: str = ""


class ServiceRequestGuard(PolicySection):
    """What a service request needs."""

    min_exposure: Amount = Field(
        default=0.0,
        description="below this exposure, weighed likewise, no case is opened",
    )
    because: str = ""


class BlockGuard(PolicySection):
    """What a block needs."""

    min_p_fraud: Share = Field(
        default=0.5,
        description="below it no block, unless the ladder has come to its end",
    )
    because: str = ""


class AnyGuard(PolicySection):
    """What holds for every action."""

    min_net_gain: Amount = Field(
        default=0.0, description="doing something must gain so much over doing nothing"
    )
    hysteresis: Share = Field(
        default=0.0,
        description="yesterday's action stays when it costs no more than this"
        " share above today's, or misses its threshold by no more",
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


class GuardRails(PolicySection):
    """Limits to what is proposed; the holdout goes by the days alone."""

    service_request: ServiceRequestGuard = ServiceRequestGuard()
    suspend: SuspendGuard = SuspendGuard()
    block: BlockGuard = BlockGuard()
    any: AnyGuard = AnyGuard()
