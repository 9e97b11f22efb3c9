"""Where one configures people: approval (four eyes), review queue, appeals."""

from typing import Literal

from pydantic import Field, model_validator

from decisions.actions import STOPS, Action
from decisions.policy.section import Amount, Count, Days, Hours, PolicySection
from features.settings import Currency

SubjectKind = Literal["natural_person", "sole_trader", "legal_person"]


class CustomerClass(PolicySection):
    """Customers of one of the segments, or of one of the kinds of person.

    Whoever is not known to be a legal person is treated as a natural person; a sole
    trader is one, too.
    """

    segments: tuple[str, ...] = Field(
        default=(), description="customers of one of these"
    )
    subject_kinds: tuple[SubjectKind, ...] = Field(
        default=(), description="customers of one of these kinds"
    )


class Approvals(PolicySection):
    """Who must agree before a recommendation is carried out."""

    four_eyes_over: Amount | dict[Currency, Amount] | None = Field(
        default=None,
        description="exposure at face value (open, and run-up until the ordinary stop)"
        " above which two people must agree to a stop; an amount in the policy's"
        " currency, or one per currency",
    )
    four_eyes_for: CustomerClass = Field(
        default=CustomerClass(),
        description="customers for whom two people must agree to any stop",
    )
    person_for: tuple[Action, ...] = Field(
        default=("block",), description="actions to which a person must agree"
    )
    natural_person_for: tuple[Action, ...] = Field(
        default=STOPS,
        description="the same, for whoever is not known to be a legal person",
    )
    roles: dict[Action | Literal["default"], tuple[str, ...]] = Field(
        default={"default": ("person",)},
        description="who may agree, per action; `default`, always there, to all others",
    )
    because: str = ""

    @model_validator(mode="after")
    def _somebody_may_agree(self) -> "Approvals":
        if not self.roles.get("default"):
            raise ValueError("roles: name at least one role under default")
        if empty := sorted(name for name, who in self.roles.items() if not who):
            raise ValueError(f"roles: name at least one role for {empty}")
        return self


class Review(PolicySection):
    """The queue of cases that a person looks at."""

    capacity_per_day: Count | None = Field(
        default=None,
        description="new reviews on a local day; absent: no limit. Confirmed fraud and"
        " stops beyond the budget are looked at even when the queue is full",
    )
    owner: str = Field(default="risk", description="who looks")


class Appeals(PolicySection):
    """How to object, who answers, and until when."""

    channel: str = Field(default="", description="where to object")
    human_contact: str = Field(
        default="", description="how to speak to a person who may change a decision"
    )
    acknowledge_hours: Hours = Field(
        default=24, description="an answer that it arrived comes within"
    )
    decide_days: Days = Field(default=5, description="a person decides within")
    during: Literal["keep_unless_new_evidence", "restore"] = Field(
        default="keep_unless_new_evidence",
        description="what happens to access meanwhile",
    )
