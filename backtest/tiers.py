"""Typed thresholds in tiers, fitted to a book at a policy's costs.

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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from backtest.scores import Floats
from backtest.stakes import Stakes
from decisions.actions import SEVERITY, Action
from decisions.money.cost import CostModel
from decisions.money.thresholds import Stake, Threshold, thresholds_of
from decisions.money.typed import typed_action
from decisions.policy.document import Thresholds, Tier
from decisions.terms import typed_tiers
from features.targets import TARGETS, Target

Actions = npt.NDArray[np.int8]
_ROUND = 3  # decimals of a threshold
_SWEEPS = 3
_GAIN = 0.005  # a threshold moves for no less, in money
_GRID = np.round(np.geomspace(0.005, 0.98, 30), _ROUND)
MOVABLE: dict[str, tuple[Action, ...]] = {
    "nonpayment": ("remind", "review", "suspend"),
    "fraud": ("review", "suspend", "block"),
}


class Grid(NamedTuple):
    """Tiers asked for: of exposure, and within each of lifetime value."""

    exposure: int
    clv: int

    def __str__(self) -> str:
        return f"{self.exposure} × {self.clv}"


@dataclass(frozen=True)
class ScoredBook:
    """Stakes and probabilities of n snapshots of customers."""

    stakes: Stakes
    p_fraud: Floats
    p_nonpayment: Floats
    rho: float
    model: CostModel

    @cached_property
    def costs(self) -> Floats:
        """(n, 6) expected cost per action."""
        return self.stakes.costs(self.model, self.p_fraud, self.p_nonpayment, self.rho)

    def p(self, target: str) -> Floats:
        return self.p_fraud if target == "fraud" else self.p_nonpayment

    @property
    def p_bad(self) -> Floats:
        return self.p_fraud + self.p_nonpayment

    @cached_property
    def customer(self) -> npt.NDArray[np.int64]:
        """(n,) whose snapshot it is, customers counted from 0."""
        _, found = np.unique(self.stakes.customer_ids, return_inverse=True)
        return found

    @property
    def n_customers(self) -> int:
        return int(self.customer.max()) + 1

    def take(self, rows: npt.NDArray[np.bool_]) -> "ScoredBook":
        """Those of the snapshots for which `rows` (n,) holds."""
        p_fraud, p_nonpayment = self.p_fraud[rows], self.p_nonpayment[rows]
        stakes = self.stakes.take(rows)
        return ScoredBook(stakes, p_fraud, p_nonpayment, self.rho, self.model)

    def saving(self, action: npt.NDArray[Any]) -> Floats:
        """(n,) expected money that actions save against doing nothing."""
        chosen = np.take_along_axis(self.costs, action[:, None].astype(int), axis=1)
        return self.costs[:, 0] - chosen[:, 0]


def typed(tiers_: Iterable[Tier], book: ScoredBook) -> Actions:
    """(n,) what typed thresholds propose for everybody."""
    stakes = book.stakes
    actions: Actions = typed_action(
        typed_tiers(tiers_),
        stakes.exposure,
        stakes.clv,
        book.p_nonpayment,
        book.p_fraud,
    )
    return actions


def held_out(book: ScoredBook, grid: Grid) -> Floats:
    """(customers,) saving by tiers that were fitted to the other half of them."""
    halves = np.random.default_rng(0).permutation(book.n_customers) % 2 == 0
    half = halves[book.customer]
    found = np.zeros(len(half))
    for mine in (half, ~half):
        if mine.any() and not mine.all():
            part = book.take(mine)
            found[mine] = part.saving(typed(tiers(book.take(~mine), grid), part))
    return np.bincount(book.customer, found).astype(np.float64)


def plainest(tried: Mapping[Grid, Floats]) -> Grid:
    """The grid with the fewest tiers that saves as much as the best, but for noise.

    Noise is one standard error of the difference, over customers.

    >>> best = np.array([0.0, 9.0, 0.0, 9.0])
    >>> plainest({Grid(1, 1): best - 1.0, Grid(2, 1): best - 0.0, Grid(2, 2): best})
    Grid(exposure=2, clv=1)
    """
    best = max(tried.values(), key=lambda saved: float(saved.sum()))
    enough = []
    for grid, saved in tried.items():
        short = best - saved
        noise = float(np.sqrt(len(short)) * short.std())
        if short.sum() <= noise:
            enough.append(grid)
    return min(enough, key=lambda g: (g.exposure * g.clv, -float(tried[g].sum())))


def tiers(book: ScoredBook, grid: Grid) -> tuple[Tier, ...]:
    """At the most so many tiers, each with its own thresholds; alike ones are one."""
    stakes = book.stakes
    loss = book.p_bad * stakes.exposure
    found: list[Tier] = []
    for edge, here in _cut(stakes.exposure, loss, grid.exposure):
        part = book.take(here)
        for floor_, rows in _cut(part.stakes.clv, loss[here], grid.clv):
            start = Tier(exposure_from=edge, clv_from=floor_)
            found.append(_fitted(start, part.take(rows)))
    return _merged(found)


def _cut(
    values: Floats, weight: Floats, n: int
) -> list[tuple[float, npt.NDArray[np.bool_]]]:
    """Parts of equal weight by rising values: from where on, and who is in it.

    Edges are rounded to two digits; the first part begins at 0 and none is empty.
    """
    order = np.argsort(values)
    passed = np.cumsum(weight[order])
    cuts = np.searchsorted(passed, passed[-1] * np.arange(1, n) / n)
    found = {_two_digits(float(values[order[cut]])) for cut in cuts} - {0.0}
    edges = [0.0, *(e for e in sorted(found) if values.min() < e <= values.max())]
    place = np.searchsorted(edges, values, side="right")
    return [(edge, place == k) for k, edge in enumerate(edges, 1) if (place == k).any()]


def _two_digits(amount: float) -> float:
    if amount <= 0.0:
        return 0.0
    return round(amount, 1 - floor(log10(amount)))


def _merged(found: Sequence[Tier]) -> tuple[Tier, ...]:
    """Without tiers that say what the one before says, and such bands."""
    bands = []
    for _, band in groupby(found, key=lambda tier: tier.exposure_from):
        rows = list(band)
        kept = [b for a, b in pairwise(rows) if _says(a) != _says(b)]
        bands.append([rows[0], *kept])
    said = [[(tier.clv_from, *_says(tier)) for tier in band] for band in bands]
    news = [0, *(k for k in range(1, len(bands)) if said[k] != said[k - 1])]
    return tuple(tier for k in news for tier in bands[k])


def _says(tier: Tier) -> tuple[Thresholds, Thresholds]:
    return tier.nonpayment, tier.fraud


def _fitted(start: Tier, book: ScoredBook) -> Tier:
    weight = book.p_bad if book.p_bad.any() else np.ones(len(book.p_bad))

    def mean(column: Floats) -> float:
        return float(np.average(column, weights=weight))

    stakes = book.stakes
    typical = Stake(
        open=None,
        clv=mean(stakes.clv),
        open_cost=mean(stakes.open_cost),
        run_up_cost=mean(stakes.run_up),
        stoppable=mean(stakes.stoppable),
    )
    p_fraud, p_nonpayment = float(book.p_fraud.mean()), float(book.p_nonpayment.mean())
    edges = thresholds_of(book.model, typical, p_fraud, p_nonpayment, book.rho)
    thresholds = {target: _rising(target, edges[target]) for target in TARGETS}
    return start.model_copy(update=_moved(thresholds, book))


def _rising(target: Target, edges: Sequence[Threshold]) -> Thresholds:
    """From which probability on each action counts; only ever harsher.

    What already costs least at probability 0 does so for another reason than this
    target, so no threshold of this target says it.
    """
    found: Thresholds = {}
    harshest = 0
    for edge in edges:
        action, p = edge.action, edge.probability
        if p > 0.0 and action in MOVABLE[target] and SEVERITY[action] > harshest:
            harshest = SEVERITY[action]
            found[action] = round(p, _ROUND)
    return found


def _moved(
    thresholds: Mapping[Target, Thresholds], book: ScoredBook
) -> dict[str, Thresholds]:
    """Thresholds moved, one at a time, to where the tier's customers cost least."""
    found: dict[str, Thresholds] = {t: dict(edges) for t, edges in thresholds.items()}
    for _ in range(_SWEEPS):
        before = {target: dict(edges) for target, edges in found.items()}
        for target, actions in MOVABLE.items():
            for action in actions:
                now = found[target].pop(action, None)
                place = _best_place(found, target, action, now, book)
                if place is not None:
                    found[target][action] = place
        if found == before:
            break
    return found


def _best_place(
    others: dict[str, Thresholds],
    target: str,
    action: Action,
    now: float | None,
    book: ScoredBook,
) -> float | None:
    """Where one threshold costs least beside the others; None: better without it.

    It stays where it is (`now`) unless another place gains something.
    """
    tier = Tier(nonpayment=others["nonpayment"], fraud=others["fraud"])
    without = typed([tier], book).astype(np.int64)
    reached = np.maximum(without, SEVERITY[action])
    rows, p = np.arange(len(without)), book.p(target)
    dearer = book.costs[rows, reached] - book.costs[rows, without]
    order = np.argsort(p)
    from_there = np.append(np.cumsum(dearer[order][::-1])[::-1], 0.0)
    places: list[float | None] = [None, *_GRID.tolist()]
    cost = [0.0, *from_there[np.searchsorted(p[order], _GRID)].tolist()]
    stays = 0.0 if now is None else float(from_there[np.searchsorted(p[order], now)])
    least = int(np.argmin(cost))
    return places[least] if cost[least] < stays - _GAIN else now
