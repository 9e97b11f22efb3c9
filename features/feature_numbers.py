"""From leaves to finished features: the arithmetic both compilers share.

So a mean or a ratio is the same to the last bit wherever it is computed.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.feature import (
    Aggregate,
    Definition,
    Difference,
    LatestAttribute,
    Ratio,
    Simple,
    TimeSince,
    Trend,
)
from features.feature_leaves import Leaf, leaves_of
from features.moments import DAY_US
from features.money import PER_UNIT

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
COMPOSITES = (Ratio, Difference, Trend)


def ratio(over: Floats, under: Floats) -> Floats:
    """`over` / `under`; unknown unless `under` is above 0."""
    unknown = np.full_like(over, np.nan)
    divided: Floats = np.divide(over, under, out=unknown, where=under > 0)
    return divided


def trend(recent: Floats, before: Floats) -> Floats:
    """Change relative to both together, −1 to 1; 0 when both are 0."""
    size = np.abs(recent) + np.abs(before)
    change = recent - before
    relative: Floats = np.divide(change, size, out=change, where=size > 0)
    return relative


class Plan:
    """Which leaves to find for some definitions, and how to finish them."""

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.leaves: tuple[Leaf, ...] = tuple(
            dict.fromkeys(leaf for d in definitions for leaf in leaves_of(d))
        )
        self._leaf_at = {leaf: i for i, leaf in enumerate(self.leaves)}
        operands = [o for d in definitions for o in _operands(d)]
        simple = [d for d in definitions if not isinstance(d, COMPOSITES)]
        singles: list[Definition] = list(dict.fromkeys([*operands, *simple]))
        self._rank = {d: i for i, d in enumerate(singles)}
        self._direct = _Picks(self, [d for d in singles if _shape(d) == "direct"])
        self._means = _Picks(self, [d for d in singles if _shape(d) == "mean"])
        self._stds = _Picks(self, [d for d in singles if _shape(d) == "std"])
        self._since = _Picks(self, [d for d in singles if _shape(d) == "since"])
        composites = list(
            dict.fromkeys(d for d in definitions if isinstance(d, COMPOSITES))
        )
        n = len(singles)
        self._rank |= {d: n + i for i, d in enumerate(composites)}
        self._ratios = self._pairs(d for d in composites if isinstance(d, Ratio))
        self._scales = _column([d.scale for d in composites if isinstance(d, Ratio)])
        self._differences = self._pairs(
            d for d in composites if isinstance(d, Difference)
        )
        self._trends = self._pairs(d for d in composites if isinstance(d, Trend))
        self._order = _indices([self._rank[d] for d in definitions])

    def leaf_at(self, leaf: Leaf) -> int:
        return self._leaf_at[leaf]

    def rank(self, definition: Definition) -> int:
        return self._rank[definition]

    def _pairs(self, definitions: Iterable[Definition]) -> tuple[Ints, Ints, Ints]:
        chosen = list(definitions)
        sides = [_operands(d) for d in chosen]
        return (
            _indices([self._rank[d] for d in chosen]),
            _indices([self._rank[first] for first, _ in sides]),
            _indices([self._rank[second] for _, second in sides]),
        )

    def finish(self, raw: Floats, as_of: Ints) -> Floats:
        """Leaves of shape (leaves, n) at `as_of` of shape (n,) → (definitions, n)."""
        values = np.empty((len(self._rank), raw.shape[1]))
        pick = self._direct
        values[pick.to] = raw[pick.first] / pick.scale
        pick = self._since
        if pick.to.size:
            values[pick.to] = (as_of - raw[pick.first]) / DAY_US
        pick = self._means
        if pick.to.size:
            values[pick.to] = ratio(raw[pick.first], raw[pick.second] * pick.scale)
        pick = self._stds
        if pick.to.size:
            spread = np.sqrt(raw[pick.first])
            values[pick.to] = ratio(spread, raw[pick.second] * pick.scale)
        self._finish_pairs(values)
        finished: Floats = values[self._order]
        return finished

    def _finish_pairs(self, values: Floats) -> None:
        to, first, second = self._ratios
        if to.size:
            values[to] = ratio(values[first], values[second]) * self._scales
        to, first, second = self._differences
        if to.size:
            values[to] = values[first] - values[second]
        to, first, second = self._trends
        if to.size:
            values[to] = trend(values[first], values[second])


class _Picks:
    """Definitions of one shape: where they go, their leaves, their unit's scale."""

    def __init__(self, plan: Plan, definitions: Sequence[Definition]) -> None:
        leaves = [leaves_of(d) for d in definitions]
        self.to = _indices([plan.rank(d) for d in definitions])
        self.first = _indices([plan.leaf_at(found[0]) for found in leaves])
        self.second = _indices([plan.leaf_at(found[-1]) for found in leaves])
        self.scale = _column([_scale(d) for d in definitions])


def _indices(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _column(values: Sequence[float]) -> Floats:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def _operands(definition: Definition) -> tuple[Simple, ...]:
    match definition:
        case Ratio(over, under):
            return (over, under)
        case Difference(left, right):
            return (left, right)
        case Trend(recent, before):
            return (recent, before)
        case _:
            return ()


def _shape(definition: Definition) -> Literal["direct", "mean", "std", "since"]:
    match definition:
        case Aggregate(how="mean"):
            return "mean"
        case Aggregate(how="std"):
            return "std"
        case TimeSince():
            return "since"
        case LatestAttribute() if definition.value_kind == "moment":
            return "since"
        case _:
            return "direct"


def _scale(definition: Definition) -> float:
    match definition:
        case Aggregate() | LatestAttribute():
            is_money = definition.value_kind == "money"
        case _:
            is_money = False
    return float(PER_UNIT) if is_money else 1.0
