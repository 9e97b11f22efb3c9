"""What a new policy would have cost, from the decisions of the old one and what came.

Three answers, from the steadiest to the one that assumes least:

* the direct method: expected cost by calibrated probabilities. It is as good as they
  are, so it comes with its check: observed over expected where the policies differ and
  access was left on at random (the exploring arm);
* SNIPS: the realised cost of the decisions in which the old policy happened to do what
  the new one would, weighted by how seldom it does;
* DR: the direct method, mended by SNIPS where there are such decisions.

The last two say little while few decisions are drawn at random: their effective number
where the policies differ says how little. Nothing at all can be said of an action that
the old policy never takes (`unsupported`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backtest.intervals import Interval
from features.arrays import BoolArray, FloatArray, IntArray
from scoring.intervals import observed_over_expected_interval

Ratio = Callable[[FloatArray], FloatArray]

N_DRAWS = 1_000
LEAST_EFFECTIVE = 300.0  # decisions where the policies differ, to weigh SNIPS and DR
LEAST_EXPLORED = 5  # events, to check the direct method


@dataclass(frozen=True)
class LoggedDecisions:
    """n decisions whose outcome is known.

    Args:
        customer: (n,) number of the customer.
        logged: (n,) index of the action that was taken.
        greedy: (n,) index of what the old policy recommends where nothing is drawn.
        propensity: (n,) probability with which it was taken, in (0, 1].
        explored: (n,) whether it was drawn to be softer than recommended.
        new: (n,) index of the action that the new policy takes.
        new_propensity: (n,) probability with which the old one takes it; 0: never.
        expected: (n, 6) cost per action by the calibrated probabilities.
        realised: (n,) cost of what was done, for what came.
        p: (n,) probability of fraud or non-payment. label: (n,) whether it came.
    """

    customer: IntArray
    logged: IntArray
    greedy: IntArray
    propensity: FloatArray
    explored: BoolArray
    new: IntArray
    new_propensity: FloatArray
    expected: FloatArray
    realised: FloatArray
    p: FloatArray
    label: FloatArray

    @property
    def differs(self) -> BoolArray:
        """(n,) whether the new policy would have done something else than was done."""
        different: BoolArray = self.new != self.logged
        return different

    def __len__(self) -> int:
        return len(self.logged)


@dataclass(frozen=True)
class OffPolicyReport:
    """Cost of the new policy a decision, and how far each number can be trusted.

    Args:
        share_different: of the decisions, draws of the old policy left out of account.
        logged: realised cost of what was done.
        direct, snips, doubly_robust: of the new policy, with 95 % intervals over
            customers.
        difference: the direct method's new minus logged policy, both by expectation.
        check: observed over expected where the policies differ and the old one
            explored; None with fewer than five events.
        effective: effective number of decisions, of all and where the policies differ.
        unsupported: share of decisions in which the new action is never taken by the
            old policy.
    """

    n: int
    share_different: float
    logged: Interval
    direct: Interval
    snips: Interval
    doubly_robust: Interval
    difference: Interval
    check: Interval | None
    effective: tuple[float, float]
    largest_weight: float
    unsupported: float

    @property
    def is_weighable(self) -> bool:
        """Whether SNIPS and DR rest on enough decisions where the policies differ."""
        return self.effective[1] >= LEAST_EFFECTIVE

    @property
    def is_direct_valid(self) -> bool | None:
        """Whether the check lets the direct method stand; None where there is none."""
        return None if self.check is None else self.check.low <= 1.0 <= self.check.high


def off_policy(decisions: LoggedDecisions) -> OffPolicyReport:
    """Estimate what the new policy would have cost.

    Args:
        decisions: of the old policy, with outcomes.
    """
    rows = np.arange(len(decisions))
    q_new = decisions.expected[rows, decisions.new]
    q_logged = decisions.expected[rows, decisions.logged]
    weight = np.where(decisions.differs, 0.0, 1.0 / decisions.propensity)
    residual = weight * (decisions.realised - q_logged)
    one = np.ones(len(rows))
    sums = np.column_stack(
        [
            one,
            decisions.realised,
            q_new,
            weight,
            weight * decisions.realised,
            residual,
            q_new - q_logged,
        ]
    )
    drawn = _drawn(decisions.customer, sums)
    total = sums.sum(axis=0)
    return OffPolicyReport(
        n=len(rows),
        share_different=float((decisions.new != decisions.greedy).mean()),
        logged=_ratio(total, drawn, lambda s: s[..., 1] / s[..., 0]),
        direct=_ratio(total, drawn, lambda s: s[..., 2] / s[..., 0]),
        snips=_ratio(total, drawn, lambda s: s[..., 4] / s[..., 3]),
        doubly_robust=_ratio(
            total,
            drawn,
            lambda s: s[..., 2] / s[..., 0] + s[..., 5] / np.maximum(s[..., 3], 1e-9),
        ),
        difference=_ratio(total, drawn, lambda s: s[..., 6] / s[..., 0]),
        check=_check(decisions),
        effective=_effective(decisions, weight),
        largest_weight=float(weight.max()),
        unsupported=float((decisions.new_propensity <= 0.0).mean()),
    )


def _effective(decisions: LoggedDecisions, weight: FloatArray) -> tuple[float, float]:
    """Of all decisions, and of those whose action the old policy drew at random.

    Where the old policy is certain the new one cannot be told from it; what it drew at
    random is where they may differ.
    """

    def effective(some: FloatArray) -> float:
        squares = float((some**2).sum())
        return float(some.sum() ** 2 / squares) if squares > 0.0 else 0.0

    random = decisions.propensity < 1.0
    return effective(weight), effective(weight[random & decisions.explored])


def _check(decisions: LoggedDecisions) -> Interval | None:
    """Observed over expected where the old policy was softer by chance."""
    rows = decisions.explored
    if decisions.label[rows].sum() < LEAST_EXPLORED:
        return None
    label, p = decisions.label[rows], decisions.p[rows]
    blocks = decisions.customer[rows]
    low, high = observed_over_expected_interval(label, p, blocks)
    return Interval(float(label.sum() / p.sum()), low, high)


def _drawn(customer: IntArray, sums: FloatArray) -> FloatArray:
    """(draws, columns) sums over customers drawn with replacement."""
    _, block = np.unique(customer, return_inverse=True)
    by_customer = np.column_stack(
        [np.bincount(block, weights=column) for column in sums.T]
    )
    n = len(by_customer)
    rng = np.random.default_rng(0)
    return np.stack(
        [
            np.bincount(rng.integers(0, n, n), minlength=n) @ by_customer
            for _ in range(N_DRAWS)
        ]
    )


def _ratio(total: FloatArray, drawn: FloatArray, of: Ratio) -> Interval:
    with np.errstate(divide="ignore", invalid="ignore"):
        values, value = of(drawn), float(of(total))
    values = values[np.isfinite(values)]
    if not len(values) or not np.isfinite(value):
        return Interval(np.nan, np.nan, np.nan)
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(value, float(low), float(high))
