"""What came out of a backtest: everything that its report needs."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from backtest.assumptions import Assumptions
from backtest.decision_days import DecisionDays
from backtest.differences import Difference
from backtest.guardrail_cost import DayCosts
from backtest.intervals import Interval, total_interval
from backtest.own_actions import Stop
from backtest.regret import Regret
from decisions.policy_file.load import Policy
from features.arrays import FloatArray


@dataclass(frozen=True)
class PolicyOutcome:
    """What one policy did to the portfolio.

    Args:
        policy: as it decided.
        label: tells the two policies apart, even two drafts of one version.
        daily_report: a row per day (`daily_report.DAILY_REPORT`).
        executed_actions: a row per decision carried out (`savings.EXECUTED_ACTIONS`).
        stops: access taken away, and when it was given back.
        saving: (customers,) expected money against doing nothing.
        n_unsupported: actions for which the log has no comparable situation.
    """

    policy: Policy
    label: str
    daily_report: pa.Table
    executed_actions: pa.Table
    stops: tuple[Stop, ...]
    saving: FloatArray
    n_unsupported: int

    def total_saving(self) -> Interval:
        """Expected money saved against doing nothing, 95 % over customers."""
        return total_interval(self.saving)


@dataclass(frozen=True)
class Backtest:
    """A policy tried on the past, beside another one if asked for.

    Args:
        currency: of all money, major units.
        n_customers: of the portfolio.
        days: on which decisions were made.
        assumptions: where the past cannot say.
        priced_with: the policy whose costs price everything.
        measured_on: by action, what its effect was measured on; empty: it is assumed.
        trained_on: per target, the last day the model has learnt from.
        notes: what does not fit between policies and portfolio.
        has_contacts: whether the portfolio has the table `contacts`.
        has_log: whether it has a log of executed actions.
        new, old: outcomes of the policy, and of the one it is compared with.
        day_costs: of the days on which guard-rails were priced.
        differences: examples of customers treated differently.
        confusion_table: customers by harshest action, rows old, columns new policy.
        regrets: per moment of the truth.
        stopped_good: per stop of the new policy, whether the customer was good by the
            oracle; None without one.
    """

    currency: str
    n_customers: int
    days: DecisionDays
    assumptions: Assumptions
    priced_with: str
    measured_on: Mapping[str, str]
    trained_on: Mapping[str, str]
    notes: tuple[str, ...]
    has_contacts: bool
    has_log: bool
    new: PolicyOutcome
    old: PolicyOutcome | None
    day_costs: tuple[DayCosts, ...]
    differences: tuple[Difference, ...]
    confusion_table: list[list[int]] | None
    regrets: tuple[Regret, ...]
    stopped_good: tuple[bool, ...] | None

    @property
    def outcomes(self) -> tuple[PolicyOutcome, ...]:
        """The new policy's outcome, then the old one's if there is one."""
        return (self.new,) if self.old is None else (self.new, self.old)

    def saving_against_old(self) -> Interval | None:
        """New less old, paired by customer."""
        if self.old is None:
            return None
        return total_interval(self.new.saving - self.old.saving)
