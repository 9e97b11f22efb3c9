"""How a stop ends: access returns, or the contract, the data and the records go."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decisions.actions import Action
from decisions.policy.section import Amount, Days, Hours, PolicySection, SomeDays


class Reconnection(PolicySection):
    """When access returns, in which order, and what that costs."""

    when: tuple[Literal["paid", "arranged", "cleared"], ...] = Field(
        default=("paid", "arranged"),
        description="what brings access back: paid, arranged (a promise or a"
        " plan), cleared (of suspicion)",
    )
    within_hours: Hours = Field(default=4, description="of the cure")
    order: Literal["parent_first"] = Field(
        default="parent_first", description="what others depend on returns before them"
    )
    fee: Amount | None = Field(
        default=None, description="what it costs; absent: anything up to fee_cap"
    )
    fee_cap: Amount = Field(default=0.0, description="the most a reconnection may cost")
    bill_suspended_period: Literal["no", "yes", "per_provider"] = Field(
        default="per_provider", description="whether the time without access is charged"
    )
    because: str = ""


class Termination(PolicySection):
    """The end of a contract; a person decides it, and data can be fetched after."""

    data_export_days: Days = Field(
        default=30, description="how long data can be fetched after a block"
    )
    deletion_after_days: Days | None = Field(
        default=None, description="data are deleted so long after a block"
    )
    write_off_after_days: Days | None = Field(
        default=None,
        description="a person is asked to write off what is open so long after a block",
    )
    because: str = ""


class Retention(PolicySection):
    """How long records are kept: long enough to answer for them, and no longer."""

    decision_days: dict[Action | Literal["default"], SomeDays] = Field(
        description="per recommended action; no decision counts as none, and default"
        " stands for all others"
    )
    evidence_days: SomeDays = Field(
        description="signs of fraud that a decision rested on"
    )
    event_days: Annotated[int, Field(ge=400)] | None = Field(
        default=None,
        description="stored events of a customer of whom nothing new has arrived for so"
        " many days and no decision is kept; labels of the last rows are known within"
        " 400; none: until the customer is erased",
    )
    because: str = ""

    @model_validator(mode="after")
    def _every_decision_ends(self) -> "Retention":
        if "default" not in self.decision_days:
            raise ValueError("decision_days: state default, for actions not named")
        return self

    def days_of(self, action: Action) -> int:
        """How many days the record of a decision is kept."""
        return self.decision_days.get(action, self.decision_days["default"])
