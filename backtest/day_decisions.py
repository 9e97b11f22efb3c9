"""What one policy decides about everybody on one day."""

from dataclasses import dataclass

import numpy as np

from backtest.portfolio_day import PortfolioDay
from decisions.actions import ACTIONS
from decisions.case import BudgetUse, Case
from decisions.rules.eligibility import Eligibility
from decisions.steps.choose_columns import PortfolioRun
from decisions.steps.columns import Columns
from decisions.steps.decide import costs_of
from decisions.terms import Terms
from features.arrays import BoolArray, FloatArray, IntArray
from features.facts import AccountFacts


@dataclass(frozen=True)
class DayDecisions:
    """Decisions in columns, the quiet customers first, then the active ones.

    Args:
        today: the portfolio on that day.
        terms: of the policy, as they were in force.
        budget_use: before the run.
        customers: (n,) indices of customers, in the order of the columns.
        cases: of the active customers, who are the last rows.
        columns: what was decided about.
        answer: what was decided.
        is_rested: (n,) reviewed lately, so not reviewed again.
        is_executed: (n,) carried out today: a new action, not one that goes on.
        notified: customers who are sent a notice, once per notice.
        n_restored: customers whose access returns today.
    """

    today: PortfolioDay
    terms: Terms
    budget_use: BudgetUse
    customers: IntArray
    cases: tuple[Case, ...]
    columns: Columns
    answer: PortfolioRun
    is_rested: BoolArray
    is_executed: BoolArray
    notified: IntArray
    n_restored: int

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def n_quiet(self) -> int:
        """How many of the rows, from the first on, are of quiet customers."""
        return len(self.customers) - len(self.cases)

    @property
    def day_number(self) -> float:
        """Days since 1970 UTC, with the hour as a fraction."""
        return self.today.at.timestamp() / 86_400

    def eligibility(self, row: int) -> Eligibility | None:
        """What the facts of a row permit; None for a quiet customer."""
        rows = self.columns.eligibility
        return rows[row] if rows else None

    def facts(self, row: int) -> AccountFacts | None:
        """The whole facts of a row; None for a quiet customer."""
        return None if row < self.n_quiet else self.cases[row - self.n_quiet].facts

    def expected_costs(
        self, n_customers: int, of: "DayDecisions | None" = None
    ) -> FloatArray:
        """(customers, 6) expected cost per action; NaN for who is not present.

        Args:
            n_customers: of the portfolio.
            of: another policy's decisions of the day: the costs are this policy's, and
                measures in force are the other's.
        """
        costs = np.full((n_customers, len(ACTIONS)), np.nan)
        costs[self.customers] = self.answer.costs if of is None else self._beside(of)
        return costs

    def _beside(self, other: "DayDecisions") -> FloatArray:
        """Costs per row, with what the other policy's measures avoid."""
        avoided = {
            name: getattr(other.columns.inputs, name)
            for name in ("avoided_nonpayment", "avoided_fraud", "avoided_fees")
        }
        own = self.columns.inputs
        if all(np.array_equal(getattr(own, n), v) for n, v in avoided.items()):
            return self.answer.costs
        by_action = costs_of(own._replace(**avoided), self.terms)
        assert by_action is not None  # noqa: S101  it prices, so it has costs
        costs: FloatArray = np.stack(by_action, axis=1)
        return np.where(np.isnan(self.answer.costs), np.nan, costs)
