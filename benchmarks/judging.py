"""Several ways to predict, judged on the same rows: one table, and who is ahead.

A difference between two ways has a standard error: over the folds, or, where there is
one fold only, by leaving out one of ten groups of customers at a time (jackknife).
Within one standard error is a tie.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from advice.stakes import stakes_at
from decisions.policy_file.load import default_policy
from features.arrays import BoolArray, FloatArray, IntArray
from features.portfolio import Portfolio
from features.targets import Target
from scoring import metrics
from training.rows import Rows

N_GROUPS = 10
N_DRAWN = 20  # times that outcomes are drawn


@dataclass(frozen=True)
class Costs:
    """What each action costs, per row; NaN rows are not priced.

    Args:
        good: per action, (n,) where it does not happen.
        bad: per action, (n,) where it happens.
    """

    good: Sequence[FloatArray]
    bad: Sequence[FloatArray]

    def of(self, chosen: BoolArray | IntArray) -> "Costs":
        """Of some of the rows."""
        return Costs([g[chosen] for g in self.good], [b[chosen] for b in self.bad])

    def savings(self, label: FloatArray, p: FloatArray) -> float:
        """Share of the cost of the best single action for all that `p` saves.

        Each row gets the action that costs least at its probability.

        >>> ones = np.ones(2)
        >>> costs = Costs([0 * ones, ones], [5 * ones, 0 * ones])
        >>> costs.savings(np.array([0.0, 1.0]), np.array([0.1, 0.9]))
        1.0
        """
        good, bad = np.stack(self.good, axis=1), np.stack(self.bad, axis=1)
        is_priced = ~np.isnan(good + bad).any(axis=1)
        good, bad, p = good[is_priced], bad[is_priced], p[is_priced, None]
        chosen = ((1.0 - p) * good + p * bad).argmin(axis=1)
        came = np.where(label[is_priced, None] == 1.0, bad, good)
        return float(1.0 - came[np.arange(len(p)), chosen].sum() / came.sum(0).min())


@dataclass(frozen=True)
class Part:
    """Who teaches, who is predicted, and what a decision about these costs."""

    target: Target
    train: Rows
    test: Rows
    costs: Costs | None = None


def policy_costs(
    target: Target, portfolio: Portfolio, rows: Rows, customer_ids: Sequence[str]
) -> Costs:
    """What the shipped policy's six actions cost where one target alone can happen."""
    terms = default_policy().latest
    assert terms.model is not None
    who = [customer_ids[int(number)] for number in rows.customer]
    snapshots = pa.table({"customer_id": who, "as_of": rows.as_of})
    stakes = stakes_at(portfolio, terms, snapshots)
    place = {
        pair: row for row, pair in enumerate(zip(who, rows.as_of.tolist(), strict=True))
    }
    known = zip(stakes.customer_ids, stakes.as_of.tolist(), strict=True)
    order = np.array([place[pair] for pair in known], dtype=np.int64)
    never = np.zeros(len(order))
    by_outcome = []
    for p in (never, never + 1.0):
        fraud, nonpayment = (p, never) if target == "fraud" else (never, p)
        costs = stakes.costs(terms.model, fraud, nonpayment, 0.0)
        placed = np.full((len(rows), costs.shape[1]), np.nan)
        placed[order] = costs
        by_outcome.append(list(placed.T))
    return Costs(*by_outcome)


Metric = Callable[[FloatArray, FloatArray], float]
METRICS: Mapping[str, Metric] = {
    "AUC": metrics.auc,
    "PR-AUC": metrics.average_precision,
    "KS": metrics.kolmogorov_smirnov,
    "Brier": metrics.brier,
    "log-loss": metrics.log_loss,
    "ICI": metrics.integrated_calibration_index,
    "ECE": metrics.expected_calibration_error,
    "O/E": metrics.observed_over_expected,
}
LOSSES = ("Brier", "log-loss", "ICI", "ECE", "O/E")  # O/E: as far as it is from 1
MEASURES = (*METRICS, "savings")


def values(part: Part, p: FloatArray, chosen: BoolArray | None = None) -> FloatArray:
    """(9,) in the order of `MEASURES`; savings are NaN where nothing is priced."""
    label, costs = part.test.label, part.costs
    if chosen is not None:
        label, p, costs = label[chosen], p[chosen], costs and costs.of(chosen)
    saved = np.nan if costs is None else costs.savings(label, p)
    return np.array([*(metric(label, p) for metric in METRICS.values()), saved])


def better_by(ours: FloatArray, theirs: FloatArray) -> FloatArray:
    """Differences of measures (…, 9), above 0 where ours is better."""
    ours, theirs = ours.copy(), theirs.copy()
    level = MEASURES.index("O/E")
    for one in (ours, theirs):
        one[..., level] = np.abs(np.log(np.maximum(one[..., level], 1e-3)))
    is_loss = np.array([name in LOSSES for name in MEASURES])
    return np.where(is_loss, theirs - ours, ours - theirs)


def ece_by_chance(p: FloatArray) -> float:
    """The mean ECE of outcomes that come as often as `p` (n,) says: no model has less.

    >>> ece_by_chance(np.zeros(1_000))
    0.0
    """
    rng = np.random.default_rng(0)
    came = (rng.random((N_DRAWN, len(p))) < p).astype(np.float64)
    return float(np.mean([metrics.expected_calibration_error(y, p) for y in came]))


@dataclass(frozen=True)
class Judged:
    """One way to predict.

    Args:
        by_fold: (folds, 9) measures.
        left: (10, 9), what a jackknife leaves of a single fold.
        ece_by_chance: the mean over folds.
    """

    by_fold: FloatArray
    left: FloatArray | None
    ece_by_chance: float = np.nan

    @classmethod
    def of(cls, parts: Sequence[Part], p: Sequence[FloatArray]) -> "Judged":
        folds = np.array([values(*one) for one in zip(parts, p, strict=True)])
        chance = float(np.mean([ece_by_chance(one) for one in p]))
        if len(parts) > 1:
            return cls(folds, None, chance)
        group = parts[0].test.customer % N_GROUPS
        left = [values(parts[0], p[0], group != k) for k in range(N_GROUPS)]
        return cls(folds, np.array(left), chance)

    @property
    def mean(self) -> FloatArray:
        return np.asarray(self.by_fold.mean(axis=0))

    @property
    def error(self) -> FloatArray:
        """(9,) standard error of the means."""
        return _error(self.by_fold, self.left)

    def ahead(self, other: "Judged") -> tuple[FloatArray, FloatArray]:
        """(9,) by how much this one is better, and the standard error of that."""
        gap = better_by(self.by_fold, other.by_fold)
        left = (
            None
            if self.left is None or other.left is None
            else better_by(self.left, other.left)
        )
        return gap.mean(axis=0), _error(gap, left)


def _error(by_fold: FloatArray, left: FloatArray | None) -> FloatArray:
    """Over folds, or of the jackknife of a single one."""
    if left is None:
        return np.asarray(by_fold.std(axis=0, ddof=1) / np.sqrt(len(by_fold)))
    return np.asarray(left.std(axis=0) * np.sqrt(len(left) - 1.0))
