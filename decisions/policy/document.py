"""The policy file as a whole: `PolicyDocument` with all its sections."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from decisions.actions import STOPS, Action
from decisions.policy.arms import Exploration, Holdout
from decisions.policy.calendar import Calendar
from decisions.policy.cases import PolicyCase
from decisions.policy.charges import Fees
from decisions.policy.costs import Costs
from decisions.policy.endings import Reconnection, Retention, Termination
from decisions.policy.holds import Holds
from decisions.policy.ladder import Clock, Notices, OrdinaryStop, State
from decisions.policy.limits import Budget, GuardRails
from decisions.policy.people import Appeals, Approvals, Review, SubjectKind
from decisions.policy.retries import Retries
from decisions.policy.section import (
    Amount,
    Count,
    Day,
    PolicySection,
    Share,
    SomeDays,
)
from decisions.policy.service import Essential, ProviderRule, Service
from decisions.policy.text import Language, Text, own_text, text_in
from decisions.policy.ways import FirstInvoice, FraudPath, HighUsage
from features.settings import Currency

Thresholds = dict[Action, Share]

# what makes a file this file: to change one of these takes a new version
_IDENTITY = (
    "forbear_policy",
    "name",
    "version",
    "effective_from",
    "effective_to",
    "currency",
    "amendments",
    "cases",
)


Mode = Literal["cost", "thresholds", "timeline"]  # how actions are proposed


class Tier(PolicySection):
    """Typed thresholds from an exposure and a lifetime value up (major units).

    The last row counts whose both floors a customer reaches. Exposure is what is open
    and what will still accrue: at the customer's prices, or, where the policy states
    `costs` as well, at their `cost_share` of these; usage always at cost.
    """

    exposure_from: Amount = Field(
        default=0.0, description="the row counts from this exposure up"
    )
    clv_from: Amount = Field(default=0.0, description="and from this lifetime value up")
    nonpayment: Thresholds = Field(
        default_factory=dict,
        description="from this probability of non-payment on, the action is proposed",
    )
    fraud: Thresholds = Field(
        default_factory=dict,
        description="from this probability of fraud on, the action is proposed",
    )


class Scope(PolicySection):
    """Whom the policy is for; an empty list means everybody."""

    segments: tuple[str, ...] = Field(
        default=(), description="customers of one of these"
    )
    subject_kinds: tuple[SubjectKind, ...] = Field(
        default=(), description="customers of one of these kinds"
    )
    products: tuple[str, ...] = Field(
        default=(), description="glob patterns; one live subscription must match"
    )
    billing: tuple[Literal["license", "usage"], ...] = Field(
        default=(), description="type of contract; the same subscription must have it"
    )


class Amendment(PolicySection):
    """Values that change from a date on: `set` is laid over the file."""

    from_: Day = Field(alias="from", description="the first local day of the change")
    set: dict[str, Any] = Field(
        description="sections and keys, as in the file; mappings are merged,"
        " lists replaced"
    )
    because: str = Field(min_length=1, description="why; a change must say it")

    @model_validator(mode="after")
    def _stays_the_same_policy(self) -> "Amendment":
        if kept := sorted(self.set.keys() & set(_IDENTITY)):
            raise ValueError(f"set: {kept} cannot be amended, write a new version")
        return self


class PolicyDocument(PolicySection):
    """A collections policy: what happens to a customer, when, and why."""

    forbear_policy: Literal[1] = Field(description="version of this schema")
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")] = Field(
        description="identity of the policy; with the version it is recorded with"
        " each decision"
    )
    version: Annotated[int, Field(ge=1)] = Field(
        description="raise it with every change; which notices of the version before"
        " count on, [`notices.count`](#notices) says"
    )
    title: Text = Field(default="", description="as customers read it")
    effective_from: Day = Field(description="the first local day on which it decides")
    effective_to: Day | None = Field(
        default=None, description="the last local day on which it decides"
    )
    owner: str = Field(description="who answers for it")
    approved_by: Text | None = Field(default=None, description="who signed it")
    jurisdiction: str | None = Field(
        default=None,
        description="whose law it was written for; published, decides nothing",
    )
    language: Language = Field(
        default="en", description="of every text that is not given by language"
    )
    contact: str = Field(default="", description="how customers reach a person")
    currency: Currency = Field(
        description="of all amounts; the portfolio's, or one with a rate"
    )
    because: str = ""
    mode: Mode = Field(
        description="how an action is proposed: by expected cost, by typed"
        " thresholds, or by days"
    )
    horizon_days: SomeDays = Field(
        default=90,
        description="how far the probabilities look ahead, as published",
    )
    scope: Scope = Scope()
    calendar: Calendar = Calendar()
    clock: Clock = Clock()
    materiality: dict[Currency, Amount] = Field(
        default_factory=dict,
        description="per currency; below it nobody is pursued. Where the portfolio's"
        " `materiality` is larger, that holds",
    )
    in_flight_days: dict[str, Count] = Field(
        default_factory=dict,
        description="as published; must equal settlement_days of the portfolio",
    )
    ordinary_stop: OrdinaryStop
    notices: Notices = Notices()
    retries: Retries | None = None
    ladder: tuple[State, ...] = ()
    holds: Holds = Holds()
    service: Service = Service()
    fraud_path: FraudPath | None = None
    high_usage: HighUsage | None = None
    first_invoice: FirstInvoice | None = None
    essential: Essential = Essential()
    approvals: Approvals = Approvals()
    budget: Budget = Budget()
    review: Review = Review()
    reconnection: Reconnection = Reconnection()
    termination: Termination = Termination()
    fees: Fees = Fees()
    retention: Retention | None = None
    appeals: Appeals = Appeals()
    exploration: Exploration = Exploration()
    holdout: Holdout = Holdout()
    provider: tuple[ProviderRule, ...] = ()
    costs: Costs | None = None
    thresholds: tuple[Tier, ...] = ()
    guardrails: GuardRails = GuardRails()
    amendments: tuple[Amendment, ...] = ()
    cases: tuple[PolicyCase, ...] = ()

    def own(self, text: Text) -> str:
        """A free text for a reader whose language is unknown."""
        return own_text(text, self.language)

    def text_in(self, text: Text, lang: str) -> str:
        """A free text in one language; empty where the policy does not have it."""
        return text_in(text, lang, self.language)

    @property
    def way_to_stop(self) -> tuple[State, ...]:
        """States up to the first that takes access away, that one last; else none."""
        stops = (n for n, state in enumerate(self.ladder, 1) if state.action in STOPS)
        return self.ladder[: next(stops, 0)]

    @property
    def days_before_stop(self) -> int | None:
        """Least days on the clock before access is taken away, grace included.

        No state is skipped, so each before the first stop holds that up as well. None
        where no state takes access away.
        """
        days = (state.when.days_overdue for state in self.way_to_stop)
        most = max(days, default=None)
        return None if most is None else most + self.clock.grace_days

    @model_validator(mode="before")
    @classmethod
    def _notices_speak_its_language(cls, document: object) -> object:
        """A notice that names no languages is sent in the policy's own."""
        values = document if isinstance(document, dict) else {}
        notices = values.get("notices")
        kinds = notices.get("kinds") if isinstance(notices, dict) else None
        if not isinstance(notices, dict) or not isinstance(kinds, dict):
            return document
        own = [values.get("language", cls.model_fields["language"].default)]
        spoken = {
            name: {"languages": own} | rule if isinstance(rule, dict) else rule
            for name, rule in kinds.items()
        }
        return values | {"notices": notices | {"kinds": spoken}}
