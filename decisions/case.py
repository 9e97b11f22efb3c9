"""What the policy looks at: a case, and what other customers used of its budgets."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from decisions.actions import Action
from decisions.errors import NaiveMomentError, ProbabilityRangeError
from features.facts import AccountFacts
from features.made_often import dataclass

Missing = tuple[str, ...]

# What monitoring watches, from what shows first to what shows last.
Clock = Literal["inputs", "scores", "early_outcomes", "mature_outcomes"]


@dataclass(frozen=True, slots=True)
class Case:
    """One customer as the policy sees it at one moment.

    Args:
        facts: what is owed, contested, promised and was told (CONTRACT section 2).
        p_fraud, p_nonpayment: calibrated marginals in [0, 1]; None when there is no
            model for the target. One of the two is enough to decide.
        nonpayment_given_fraud: ρ of the bundle, 0 when unknown.
        missing: names of what was missing when the case was put together.
        observed_until: how far the data observe; None means `facts.as_of`. What was
            not looked at is stale, however quiet the customer.
        observed: per table, how far it was observed; a table that is not named is
            observed as far as `observed_until` says.
        starter: targets whose probability comes from the starter, a model that has
            seen none of the portfolio's own outcomes.
        unproven: targets whose model was trained here, but not borne out by enough
            outcomes yet. Its stops wait for a person as the starter's do.
        inputs_missing: by target, tables its model was trained with that were not
            looked at.
        named: notices asked for before, by name, and when last; they count where no
            `contacts` are kept, so that none is asked for every day.
        previous: the action recommended last time and still in force, for hysteresis.
        previous_at: when that was.
        zone: the portfolio's timezone, in which days overdue change; None: the
            policy's.
        nonpayment_days: days overdue from which the model of non-payment calls a
            customer one; it learnt from those less late. Said to people, decides
            nothing. None: not by days, or not known.
    """

    facts: AccountFacts
    p_fraud: float | None = None
    p_nonpayment: float | None = None
    nonpayment_given_fraud: float = 0.0
    missing: Missing = ()
    observed_until: datetime | None = None
    observed: Mapping[str, datetime] = field(default_factory=dict)
    starter: frozenset[str] = frozenset()
    unproven: frozenset[str] = frozenset()
    inputs_missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named: Mapping[str, datetime] = field(default_factory=dict)
    previous: Action | None = None
    previous_at: datetime | None = None
    zone: ZoneInfo | None = None
    nonpayment_days: int | None = None

    def __post_init__(self) -> None:
        for name in ("p_fraud", "p_nonpayment", "nonpayment_given_fraud"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:  # catches NaN as well
                raise ProbabilityRangeError(name, value)
        if self.facts.as_of.tzinfo is None:
            raise NaiveMomentError("facts.as_of")
        if self.observed_until is not None and self.observed_until.tzinfo is None:
            raise NaiveMomentError("observed_until")

    @property
    def learnt_p_fraud(self) -> float | None:
        """Of a model that has seen outcomes of the portfolio; None: not known so."""
        return None if "fraud" in self.starter else self.p_fraud

    @property
    def is_nonpayment(self) -> bool:
        """Whether the customer is as late already as what counts as non-payment."""
        days = self.facts.days_overdue
        least = self.nonpayment_days
        return least is not None and days is not None and days >= least


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What is used of the budgets that customers share, at the moment of the decision.

    Args:
        suspensions_last_hour, suspensions_today: recommended or executed so far.
        reviews_today: slots of the review queue already taken.
        n_customers: size of the base, for budgets stated as a share; None = unknown.
        is_stopped: the kill switch: no stop action may be recommended.
        alarm: the clock of monitoring that stopped automation, until a person releases
            it: no stop action may be recommended either.
    """

    suspensions_last_hour: int = 0
    suspensions_today: int = 0
    reviews_today: int = 0
    n_customers: int | None = None
    is_stopped: bool = False
    alarm: Clock | None = None

    @property
    def is_halted(self) -> bool:
        """Whether nobody new may be stopped, whatever is left of the budgets."""
        return self.is_stopped or self.alarm is not None


Basis = Literal["fraud", "nonpayment"]
