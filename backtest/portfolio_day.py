"""All customers of the portfolio on one day, as the policies see them."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from backtest.decision_days import DecisionDays
from backtest.portfolio_timeline import (
    ABSENT,
    ACTIVE,
    MONEY,
    QUIET,
    DayChanges,
    PortfolioTimeline,
    states_looked_into,
)
from backtest.scores import Scores
from decisions.rules.eligibility import is_plain
from features.arrays import BoolArray, FloatArray, IntArray, TextArray
from features.facts import AccountFacts
from features.moments import DAY_US, microseconds
from features.timeline import fast_replace, moved_forward


@dataclass(frozen=True)
class PortfolioDay:
    """The portfolio on one day. Customers are indices of `customer_ids`.

    Args:
        index: of the day among the decision days.
        at: aware UTC moment of the decisions.
        zone: the portfolio's, in which days overdue change.
        customer_ids: (customers,) of the whole portfolio.
        subject_kind: (customers,) text or None.
        quiet: customers about whom nothing is going on, rising.
        active: all others who are present, rising; `facts` are theirs, as of `at`.
        money: (customers, 9) of `MONEY`, ten-thousandths, NaN unknown.
        p: per target (customers,), NaN where there is no score.
        nonpayment_given_fraud: P(non-payment | fraud), the same for everybody.
    """

    index: int
    at: datetime
    zone: ZoneInfo
    customer_ids: TextArray
    subject_kind: TextArray
    quiet: IntArray
    active: IntArray
    facts: tuple[AccountFacts, ...]
    money: FloatArray
    p: dict[str, FloatArray]
    nonpayment_given_fraud: float

    @property
    def customers(self) -> IntArray:
        """All who are present: the quiet ones first."""
        return np.concatenate([self.quiet, self.active])

    def money_of(self, customers: IntArray) -> dict[str, FloatArray]:
        """Columns as `decisions.steps.columns.columns_of_plain` takes them."""
        money = {name: self.money[customers, k] for k, name in enumerate(MONEY)}
        next_due_at = money.pop("next_due_at")
        left = np.floor((next_due_at - microseconds(self.at)) / DAY_US)
        money["days_until_due"] = np.maximum(np.nan_to_num(left, nan=0.0), 0.0)
        return money

    def probabilities_of(self, customers: IntArray) -> dict[str, FloatArray]:
        """Columns as `decisions.steps.columns.columns_of_plain` takes them."""
        return {
            "p_fraud": self.p["fraud"][customers],
            "p_nonpayment": self.p["nonpayment"][customers],
            "nonpayment_given_fraud": np.full(
                len(customers), self.nonpayment_given_fraud
            ),
        }


class PortfolioHistory:
    """The portfolio day by day; between changes the last facts, their clocks moved."""

    def __init__(
        self,
        timeline: PortfolioTimeline,
        scores: Scores,
        days: DecisionDays,
        zone: ZoneInfo,
    ) -> None:
        n = len(timeline.customer_ids)
        self._timeline, self._scores = timeline, scores
        self._days, self._zone = days, zone
        self._ids = np.array(timeline.customer_ids, dtype=object)
        self._state = np.full(n, ABSENT)
        self._is_plain = np.zeros(n, dtype=bool)  # by their last whole facts
        self._money = np.full((n, len(MONEY)), np.nan)
        self._facts: dict[int, AccountFacts] = {}  # of active customers

    def on(self, index: int) -> PortfolioDay:
        """The portfolio on a day; days must come in order."""
        at, changes = self._days.moments[index], self._timeline.days[index]
        rows = changes.rows()
        self._take_states(rows, changes, self._timeline.is_looked_into[index])
        facts = self._facts_at(at, rows, changes)
        active = np.array(sorted(facts), dtype=np.int64)
        is_in_columns = self._state == QUIET
        is_in_columns[active] = False
        return PortfolioDay(
            index=index,
            at=at,
            zone=self._zone,
            customer_ids=self._ids,
            subject_kind=self._timeline.subject_kind,
            quiet=np.flatnonzero(is_in_columns),
            active=active,
            facts=tuple(facts[customer] for customer in active.tolist()),
            money=self._money,
            p=self._scores.on(index),
            nonpayment_given_fraud=self._scores.nonpayment_given_fraud,
        )

    def _take_states(
        self, rows: FloatArray, changes: DayChanges, is_looked_into: BoolArray
    ) -> None:
        """The new states and amounts.

        A timeline calls a customer active when in doubt. Whole facts that show nothing
        going on end the doubt, and the customer counts as quiet.
        """
        for customer, facts in changes.facts.items():
            self._is_plain[customer] = is_plain(facts) and not is_looked_into[customer]
        customers = rows[:, 0].astype(np.int64)
        states = states_looked_into(rows[:, 1], is_looked_into[customers])
        is_quiet_after_all = (states == ACTIVE) & self._is_plain[customers]
        self._state[customers] = np.where(is_quiet_after_all, QUIET, states)
        self._money[customers] = rows[:, 2 : 2 + len(MONEY)]
        for customer in customers[self._state[customers] != ACTIVE].tolist():
            self._facts.pop(customer, None)

    def _facts_at(
        self, at: datetime, rows: FloatArray, changes: DayChanges
    ) -> dict[int, AccountFacts]:
        """Whole facts by customer: of active ones, and of those just become quiet.

        The latter only on this day, so that access that was taken away can return.
        """
        new = {state: self._new_facts(changes, state) for state in (QUIET, ACTIVE)}
        self._facts.update(new[ACTIVE])
        at_hand = {
            customer: moved_forward(facts, at, self._zone)
            for customer, facts in self._facts.items()
        }
        for row in rows[self._state[rows[:, 0].astype(np.int64)] == ACTIVE]:
            customer = int(row[0])
            if customer not in new[ACTIVE]:
                facts = _with_amounts(at_hand[customer], row[2:])
                at_hand[customer] = self._facts[customer] = facts
        return at_hand | new[QUIET]

    def _new_facts(self, changes: DayChanges, state: int) -> dict[int, AccountFacts]:
        return {
            customer: facts
            for customer, facts in changes.facts.items()
            if self._state[customer] == state
        }


def _with_amounts(facts: AccountFacts, amounts: FloatArray) -> AccountFacts:
    """Facts with the money that usage and time change between two change points."""
    money = {
        name: None if np.isnan(value) else int(value)
        for name, value in zip(MONEY, amounts[: len(MONEY)].tolist(), strict=True)
        if name not in _SETTLED_BY_CHANGES
    }
    ratio = float(amounts[len(MONEY)])
    return fast_replace(facts, **money, usage_ratio=None if np.isnan(ratio) else ratio)


# they change at change points only
_SETTLED_BY_CHANGES = frozenset({"open", "run_up", "next_due_at"})
