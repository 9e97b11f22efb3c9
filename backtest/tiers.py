"""Typed thresholds in tiers, fitted to a portfolio at a policy's costs.

Within a tier one threshold serves everybody. It starts at the break-even of the
tier's mean stakes, each customer counted by the probability of going bad, and moves
to where the tier's customers cost least. Tiers hold equal parts of the expected
loss, not of the customers. How many there are is chosen by what they save for
customers they were not fitted to, so that a finer grid is not chosen for noise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from math import floor, log10
from typing import NamedTuple

import numpy as np

from advice.stakes import Stakes
from decisions.actions import SEVERITY, Action
from decisions.money.cost import CostModel
from decisions.money.thresholds import Stake, Threshold, thresholds_of
from decisions.money.typed import typed_action
from decisions.policy.document import Thresholds, Tier
from decisions.terms import typed_tiers
from features.arrays import BoolArray, FloatArray, IntArray
from features.targets import TARGETS, Target

_ROUND = 3  # decimals of a threshold
_SWEEPS = 3
_GAIN = 0.005  # a threshold moves for no less, in money
_GRID = np.round(np.geomspace(0.005, 0.98, 30), _ROUND)
MOVABLE: dict[str, tuple[Action, ...]] = {
    "nonpayment": ("remind", "review", "suspend"),
    "fraud": ("review", "suspend", "block"),
}


class Grid(NamedTuple):
    """How many tiers: of exposure, and within each of lifetime value."""

    exposure: int
    clv: int

    @property
    def n_tiers(self) -> int:
        return self.exposure * self.clv

    def __str__(self) -> str:
        return f"{self.exposure} × {self.clv}"


@dataclass(frozen=True)
class ScoredPortfolio:
    """Stakes and probabilities of n snapshots of customers.

    `rho` is P(non-payment | fraud), `model` the costs of the policy.
    """

    stakes: Stakes
    p_fraud: FloatArray
    p_nonpayment: FloatArray
    rho: float
    model: CostModel

    @cached_property
    def costs(self) -> FloatArray:
        """(n, 6) expected cost per action."""
        return self.stakes.costs(self.model, self.p_fraud, self.p_nonpayment, self.rho)

    def p(self, target: str) -> FloatArray:
        return self.p_fraud if target == "fraud" else self.p_nonpayment

    @property
    def p_bad(self) -> FloatArray:
        return self.p_fraud + self.p_nonpayment

    @cached_property
    def customer(self) -> IntArray:
        """(n,) whose snapshot it is, customers counted from 0."""
        _, customer = np.unique(self.stakes.customer_ids, return_inverse=True)
        return customer

    @property
    def n_customers(self) -> int:
        return int(self.customer.max()) + 1

    def take(self, rows: BoolArray) -> "ScoredPortfolio":
        """Those of the snapshots for which `rows` (n,) holds."""
        p_fraud, p_nonpayment = self.p_fraud[rows], self.p_nonpayment[rows]
        stakes = self.stakes.take(rows)
        return ScoredPortfolio(stakes, p_fraud, p_nonpayment, self.rho, self.model)

    def saving(self, action: IntArray) -> FloatArray:
        """(n,) expected money that actions save against doing nothing."""
        chosen = np.take_along_axis(self.costs, action[:, None], axis=1)
        return self.costs[:, 0] - chosen[:, 0]


def typed(tiers_: Iterable[Tier], scored: ScoredPortfolio) -> IntArray:
    """(n,) the actions that typed thresholds propose, as indices of `ACTIONS`."""
    stakes = scored.stakes
    actions: IntArray = typed_action(
        typed_tiers(tiers_),
        stakes.exposure,
        stakes.clv,
        scored.p_nonpayment,
        scored.p_fraud,
    )
    return actions


def held_out_saving(scored: ScoredPortfolio, grid: Grid) -> FloatArray:
    """(customers,) saving by tiers that were fitted to the other half of them."""
    halves = np.random.default_rng(0).permutation(scored.n_customers) % 2 == 0
    is_first_half = halves[scored.customer]
    saving = np.zeros(len(is_first_half))
    for is_judged in (is_first_half, ~is_first_half):
        if is_judged.any() and not is_judged.all():
            fitted = tiers(scored.take(~is_judged), grid)
            part = scored.take(is_judged)
            saving[is_judged] = part.saving(typed(fitted, part))
    return np.bincount(scored.customer, saving).astype(np.float64)


def simplest(savings: Mapping[Grid, FloatArray]) -> Grid:
    """The grid with the fewest tiers that saves as much as the best, but for noise.

    Noise is one standard error of the difference, over customers.

    >>> best = np.array([0.0, 9.0, 0.0, 9.0])
    >>> simplest({Grid(1, 1): best - 1.0, Grid(2, 1): best - 0.0, Grid(2, 2): best})
    Grid(exposure=2, clv=1)
    """
    best = max(savings.values(), key=lambda saving: float(saving.sum()))
    enough = []
    for grid, saving in savings.items():
        short = best - saving
        noise = float(np.sqrt(len(short)) * short.std())
        if short.sum() <= noise:
            enough.append(grid)
    return min(enough, key=lambda grid: (grid.n_tiers, -float(savings[grid].sum())))


def tiers(scored: ScoredPortfolio, grid: Grid) -> tuple[Tier, ...]:
    """At most so many tiers, each with its own thresholds; equal ones are merged."""
    stakes = scored.stakes
    loss = scored.p_bad * stakes.exposure
    fitted: list[Tier] = []
    for edge, here in _cut(stakes.exposure, loss, grid.exposure):
        part = scored.take(here)
        for floor_, rows in _cut(part.stakes.clv, loss[here], grid.clv):
            start = Tier(exposure_from=edge, clv_from=floor_)
            fitted.append(_fitted(start, part.take(rows)))
    return _merged(fitted)


def _cut(
    values: FloatArray, weight: FloatArray, n: int
) -> list[tuple[float, BoolArray]]:
    """Parts of equal weight by rising values: from where on, and who is in it.

    Edges are rounded to two digits; the first part begins at 0 and none is empty.
    """
    order = np.argsort(values)
    cumulated = np.cumsum(weight[order])
    cuts = np.searchsorted(cumulated, cumulated[-1] * np.arange(1, n) / n)
    rounded = {_two_digits(float(values[order[cut]])) for cut in cuts} - {0.0}
    low, high = values.min(), values.max()
    edges = [0.0, *(edge for edge in sorted(rounded) if low < edge <= high)]
    place = np.searchsorted(edges, values, side="right")
    return [(edge, place == k) for k, edge in enumerate(edges, 1) if (place == k).any()]


def _two_digits(amount: float) -> float:
    if amount <= 0.0:
        return 0.0
    return round(amount, 1 - floor(log10(amount)))


def _merged(fitted: Sequence[Tier]) -> tuple[Tier, ...]:
    """Without tiers, and bands of exposure, whose thresholds equal those before."""
    bands = []
    for _, band in groupby(fitted, key=lambda tier: tier.exposure_from):
        rows = list(band)
        kept = [
            tier
            for before, tier in pairwise(rows)
            if _thresholds(before) != _thresholds(tier)
        ]
        bands.append([rows[0], *kept])
    content = [[(tier.clv_from, *_thresholds(tier)) for tier in band] for band in bands]
    new = [0, *(k for k in range(1, len(bands)) if content[k] != content[k - 1])]
    return tuple(tier for k in new for tier in bands[k])


def _thresholds(tier: Tier) -> tuple[Thresholds, Thresholds]:
    return tier.nonpayment, tier.fraud


def _fitted(start: Tier, scored: ScoredPortfolio) -> Tier:
    weight = scored.p_bad if scored.p_bad.any() else np.ones(len(scored.p_bad))

    def mean(column: FloatArray) -> float:
        return float(np.average(column, weights=weight))

    stakes = scored.stakes
    typical = Stake(
        open=None,
        clv=mean(stakes.clv),
        open_cost=mean(stakes.open_cost),
        run_up_cost=mean(stakes.run_up),
        stoppable=mean(stakes.stoppable),
    )
    p_fraud = float(scored.p_fraud.mean())
    p_nonpayment = float(scored.p_nonpayment.mean())
    edges = thresholds_of(scored.model, typical, p_fraud, p_nonpayment, scored.rho)
    thresholds = {target: _rising(target, edges[target]) for target in TARGETS}
    return start.model_copy(update=_moved(thresholds, scored))


def _rising(target: Target, edges: Sequence[Threshold]) -> Thresholds:
    """From which probability on each action counts; only ever harsher.

    What already costs least at probability 0 does so for another reason than this
    target, so no threshold of this target says it.
    """
    rising: Thresholds = {}
    harshest = 0
    for edge in edges:
        action, p = edge.action, edge.probability
        if p > 0.0 and action in MOVABLE[target] and SEVERITY[action] > harshest:
            harshest = SEVERITY[action]
            rising[action] = round(p, _ROUND)
    return rising


def _moved(
    thresholds: Mapping[Target, Thresholds], scored: ScoredPortfolio
) -> dict[str, Thresholds]:
    """Thresholds moved, one at a time, to where the tier's customers cost least."""
    moved: dict[str, Thresholds] = {t: dict(edges) for t, edges in thresholds.items()}
    for _ in range(_SWEEPS):
        before = {target: dict(edges) for target, edges in moved.items()}
        for target, actions in MOVABLE.items():
            for action in actions:
                now = moved[target].pop(action, None)
                best = _best_threshold(moved, target, action, now, scored)
                if best is not None:
                    moved[target][action] = best
        if moved == before:
            break
    return moved


def _best_threshold(
    others: dict[str, Thresholds],
    target: str,
    action: Action,
    now: float | None,
    scored: ScoredPortfolio,
) -> float | None:
    """Where one threshold costs least beside the others; None: better without it.

    It stays where it is (`now`) unless another value gains something.
    """
    tier = Tier(nonpayment=others["nonpayment"], fraud=others["fraud"])
    without = typed([tier], scored)
    reached = np.maximum(without, SEVERITY[action])
    rows, p = np.arange(len(without)), scored.p(target)
    dearer = scored.costs[rows, reached] - scored.costs[rows, without]
    order = np.argsort(p)
    from_there = np.append(np.cumsum(dearer[order][::-1])[::-1], 0.0)
    candidates: list[float | None] = [None, *_GRID.tolist()]
    cost = [0.0, *from_there[np.searchsorted(p[order], _GRID)].tolist()]
    stays = 0.0 if now is None else float(from_there[np.searchsorted(p[order], now)])
    least = int(np.argmin(cost))
    return candidates[least] if cost[least] < stays - _GAIN else now
