"""The sections `exploration` and `holdout`: random shares treated otherwise."""

from typing import Annotated

from pydantic import Field

from decisions.actions import Action
from decisions.policy.section import Amount, PolicySection, SomeDays


class Exploration(PolicySection):
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
    epoch_days: SomeDays = Field(
        default=30, description="a customer is drawn anew after so long"
    )
    salt: str = Field(
        default="forbear", description="changes who is drawn; also for the holdout"
    )
    because: str = ""


class Holdout(PolicySection):
    """A small share of customers is treated by the plain timeline."""

    share: Annotated[float, Field(ge=0.0, le=0.5)] = Field(
        default=0.0, description="of customers"
    )
    epoch_days: SomeDays = Field(
        default=180, description="a customer is drawn anew after so long"
    )
    because: str = ""
