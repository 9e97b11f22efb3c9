"""The money part of a policy: losses and, per action, cost and effect."""

from collections.abc import Callable
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from decisions.actions import ACTIONS, Action
from decisions.policy.measures import Measure, MeasureName
from decisions.policy.section import Amount, PolicySection, Share


def _or_number(**limits: float) -> Callable[[dict[str, Any]], None]:
    """Editors, too, must know that a plain number may stand there."""

    def widen(schema: dict[str, Any]) -> None:
        """Let a plain number stand for the section."""
        whole = dict(schema)
        schema.clear()
        schema["anyOf"] = [{"type": "number", **limits}, whole]

    return widen


class UncertainAmount(PolicySection):
    """A number, or a number with the range in which the truth may lie."""

    model_config = ConfigDict(json_schema_extra=_or_number(minimum=0))

    value: Amount = Field(description="the best guess")
    low: Amount = Field(description="the truth is hardly below")
    high: Amount = Field(description="the truth is hardly above")

    @model_validator(mode="before")
    @classmethod
    def _plain_number(cls, value: object) -> object:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"value": value, "low": value, "high": value}
        return value

    @model_validator(mode="after")
    def _ordered(self) -> "UncertainAmount":
        if not self.low <= self.value <= self.high:
            raise ValueError("needs low <= value <= high")
        return self

    @property
    def is_exact(self) -> bool:
        """Whether there is no range: the number is taken as certain."""
        return self.low == self.high


class UncertainShare(UncertainAmount):
    """An uncertain number in [0, 1]."""

    model_config = ConfigDict(json_schema_extra=_or_number(minimum=0, maximum=1))

    @model_validator(mode="after")
    def _in_unit_interval(self) -> "UncertainShare":
        if self.high > 1.0:
            raise ValueError("is a share: it and its range must lie in [0, 1]")
        return self


class Loss(PolicySection):
    """What a bad customer costs (major units of the policy's currency)."""

    cost_share: Share = Field(description="provider's share of a sales price")
    lgd_nonpayment: UncertainShare = Field(description="share of unpaid cost lost")
    lgd_fraud: UncertainShare = Field(description="share of cost lost when it is fraud")
    chargeback_fee: UncertainAmount = Field(
        default=UncertainAmount(value=0, low=0, high=0),
        description="what the bank charges when it is fraud",
    )
    nonpayer_value: UncertainShare = Field(
        default=UncertainShare(value=0, low=0, high=0),
        description="share of its lifetime value a non-payer who cures still has",
    )
    because: str = ""


class ActionCost(PolicySection):
    """One row of the cost model; pairs are (non-payment, fraud)."""

    fixed: UncertainAmount = Field(
        description="what carrying it out costs, work included"
    )
    churn_good: UncertainShare = Field(
        default=UncertainShare(value=0, low=0, high=0),
        description="extra churn the action causes in a good customer",
    )
    rec: tuple[UncertainShare, UncertainShare] = Field(
        description="share of the open cost recovered because of the action"
    )
    stop: tuple[UncertainShare, UncertainShare] = Field(
        description="share of the run-up avoided"
    )
    stop_cb: UncertainShare = Field(
        default=UncertainShare(value=0, low=0, high=0),
        description="share of chargeback fees avoided",
    )
    measured_on: str = Field(
        default="",
        description="what its effect was measured on; empty: its effect is assumed",
    )
    because: str = ""


class Costs(PolicySection):
    """The cost model: losses, all six actions, and measures beside them."""

    loss: Loss
    actions: dict[Action, ActionCost]
    measures: dict[MeasureName, Measure] = Field(
        default_factory=dict,
        description="steps beside the action, milder than a suspension",
    )

    @model_validator(mode="after")
    def _all_actions(self) -> "Costs":
        absent = [action for action in ACTIONS if action not in self.actions]
        if absent:
            raise ValueError(f"costs.actions needs all six actions, missing {absent}")
        return self

    @model_validator(mode="after")
    def _a_limit_says_how_much(self) -> "Costs":
        for name, measure in self.measures.items():
            if (name == "limit_spending") != (measure.limit is not None):
                raise ValueError(
                    f"costs.measures.{name}: limit_spending needs a limit, and no"
                    " other measure has one"
                )
        return self
