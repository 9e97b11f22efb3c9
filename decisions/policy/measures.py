"""The section on measures: steps beside the action, milder than a suspension."""

from typing import Annotated

from pydantic import AfterValidator, Field

from decisions.policy.section import Amount, PolicySection, Share
from features.contract import MEASURES, MeasureName
from features.money import LARGEST, UNITS

__all__ = ["MEASURES", "Measure", "MeasureName"]
_LEAST = 1 / UNITS  # of what can be counted


def _is_sum(limit: float) -> float:
    """What a provider can be asked for; 0 stands for no spending at all."""
    if 0.0 < limit < _LEAST or limit > LARGEST / UNITS:
        most = LARGEST // UNITS
        raise ValueError(f"{limit:g} is no limit: write 0, or {_LEAST:g} to {most}")
    return limit


Limit = Annotated[float, Field(ge=0.0, allow_inf_nan=False), AfterValidator(_is_sum)]


class Measure(PolicySection):
    """A measure; pairs are (non-payment, fraud).

    Beside an action milder than a suspension, the one is recommended that saves most,
    at expected cost, where it saves more than it costs. It needs something overdue that
    nothing covers, or a sign of fraud that counts; whatever protects the customer keeps
    it away, but it waits neither for notices nor for opening hours.
    """

    fixed: Amount = Field(description="what carrying it out costs, work included")
    churn_good: Share = Field(
        default=0.0, description="extra churn it causes in a good customer"
    )
    stop: tuple[Share, Share] = Field(
        description="of the run-up that the action leaves and that ending access would"
        " avoid, the share avoided"
    )
    stop_cb: Share = Field(
        default=0.0,
        description="share of chargeback fees avoided that the action leaves",
    )
    approvals: Annotated[int, Field(ge=0, le=2)] = Field(
        default=1,
        description="people who must agree; at least as many as one where a suspension"
        " of this customer would need a person",
    )
    # of the provider's currency, so another currency of the policy leaves it alone
    limit: Limit | None = Field(
        default=None,
        description="of limit_spending alone: a month, in the currency that the"
        " provider bills in",
    )
    because: str = Field(default="", description="why; decides nothing")
