"""Scores of everybody by what was known on each day, anew on fewer days than decisions.

Between two scoring days the latest scores hold.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from advice.advisor import Advisor
from backtest.decision_days import DecisionDays
from backtest.portfolio_timeline import Progress
from features.arrays import BoolArray, FloatArray, IntArray
from features.batch import feature_table, matrix
from features.feature_set import united
from features.moments import microseconds
from features.portfolio import Portfolio
from features.targets import TARGETS

_SNAPSHOTS_AT_ONCE = 100_000  # whose features are held in memory


@dataclass(frozen=True)
class Scores:
    """Probabilities by scoring day and customer; NaN before a customer was known."""

    scored: tuple[int, ...]
    n_customers: int
    p: dict[str, FloatArray]  # per target with a model, (scoring days, customers)
    nonpayment_given_fraud: float

    def on(self, day: int) -> dict[str, FloatArray]:
        """The latest scores on a decision day, (customers,) each; NaN: no model."""
        latest = int(np.searchsorted(self.scored, day, side="right")) - 1
        p = {target: values[latest] for target, values in self.p.items()}
        for target in TARGETS:
            p.setdefault(target, np.full(self.n_customers, np.nan))
        return p

    def reached(self, target: str, least: float) -> BoolArray:
        """(scoring days, customers) whether something is so likely by these scores."""
        if target not in self.p:
            return np.zeros((len(self.scored), self.n_customers), dtype=bool)
        reached: BoolArray = self.p[target] >= least
        return reached

    def daily(self, of_scores: BoolArray, n_days: int) -> BoolArray:
        """(days, customers) what holds by the latest scores on each decision day."""
        latest = np.searchsorted(self.scored, np.arange(n_days), side="right") - 1
        return of_scores[latest]


class _ScoringDay(NamedTuple):
    row: int  # of `Scores.p`
    as_of: int  # µs since 1970 UTC
    customers: IntArray


def scores(
    advisor: Advisor,
    portfolio: Portfolio,
    days: DecisionDays,
    present: BoolArray,
    facts: FloatArray,
    progress: Progress,
) -> Scores:
    """Score whoever was known on each scoring day, by what was known then.

    Args:
        advisor: its models score.
        portfolio: whose customers are scored.
        days: with the days on which scores are made.
        present: (scoring days, customers); the scores of the others are not needed.
        facts: (customers, scoring days, facts) numbers of the account on these days.
        progress: called with scoring days done and scoring days in all.
    """
    n_days, n_customers = len(days.scored), len(portfolio.customer_ids)
    p = {target: np.full((n_days, n_customers), np.nan) for target in advisor.bundles}
    first_known = known_since(portfolio)
    at_once = max(1, _SNAPSHOTS_AT_ONCE // max(1, n_customers))
    for start in range(0, n_days, at_once):
        rows = range(start, min(start + at_once, n_days))
        moments = [microseconds(days.moments[days.scored[row]]) for row in rows]
        part = [
            _ScoringDay(row, at, np.flatnonzero(present[row] & (first_known <= at)))
            for row, at in zip(rows, moments, strict=True)
        ]
        _score(advisor, portfolio, part, facts, p)
        progress(rows.stop, n_days)
    return Scores(days.scored, n_customers, p, advisor.nonpayment_given_fraud)


def known_since(portfolio: Portfolio) -> IntArray:
    """(customers,) when each of `customer_ids` became known, µs since 1970 UTC."""
    rows = portfolio.tables["customers"]
    first = rows.group_by("customer_id").agg(known_at=rows.known_at.min())
    arrow = portfolio.connection.to_pyarrow(first.order_by("customer_id"))
    return np.asarray(arrow["known_at"].to_numpy(), dtype=np.int64)


def _score(
    advisor: Advisor,
    portfolio: Portfolio,
    days: list[_ScoringDay],
    facts: FloatArray,
    p: dict[str, FloatArray],
) -> None:
    """Fill the cells of some scoring days."""
    ids = np.array(portfolio.customer_ids, dtype=object)
    customers = np.concatenate([day.customers for day in days])
    if not len(customers):
        return
    moments = [np.full(len(day.customers), day.as_of, np.int64) for day in days]
    rows = np.concatenate([np.full(len(day.customers), day.row) for day in days])
    snapshots = pa.table(
        {
            "customer_id": pa.array(ids[customers], pa.string()),
            "as_of": np.concatenate(moments),
        }
    )
    numbers = facts[customers, rows]
    for target, values in probabilities(advisor, portfolio, snapshots, numbers).items():
        p[target][rows, customers] = values


def probabilities(
    advisor: Advisor,
    portfolio: Portfolio,
    snapshots: pa.Table,
    facts: FloatArray | None = None,
) -> dict[str, FloatArray]:
    """Calibrated probabilities of snapshots per target, in their order.

    Args:
        advisor: its models score.
        portfolio: whose customers are scored.
        snapshots: customer_id (string), as_of (int64 µs).
        facts: (snapshots, facts) numbers of the accounts, where they are known.
    """
    sets = {target: bundle.feature_set for target, bundle in advisor.bundles.items()}
    p = {}
    for together, targets in united(sets):
        table = feature_table(portfolio, snapshots, together, facts=facts)
        for target in targets:
            rows = matrix(table, sets[target])
            p[target] = advisor.predictors[target].probability(rows)
    return p
