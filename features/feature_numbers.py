"""From leaves to finished features: the arithmetic both compilers share.

So a mean or a ratio is the same to the last bit wherever it is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
SHAPES = ("direct", "since", "mean", "std", "ratio", "difference", "trend")


def ratio(over: Floats, under: Floats) -> Floats:
    """`over` / `under`; unknown unless `under` is above 0."""
    divided = np.full(over.shape, np.nan)
    np.divide(over, under, out=divided, where=under > 0)
    return divided


def trend(recent: Floats, before: Floats) -> Floats:
    """Change relative to both together, −1 to 1; 0 when both are 0."""
    size = np.abs(recent) + np.abs(before)
    change: Floats = recent - before
    np.divide(change, size, out=change, where=size > 0)
    return change


class Plan:
    """Which leaves to find for some definitions, and how to finish them.

    Finished values stand in the order of `SHAPES`: those of one shape side by side,
    so that each shape is one piece of arithmetic, for one customer or a million.
    """

    def __init__(self, definitions: Sequence[Definition]) -> None:
        self.leaves: tuple[Leaf, ...] = tuple(
            dict.fromkeys(leaf for d in definitions for leaf in leaves_of(d))
        )
        self._leaf_at = {leaf: i for i, leaf in enumerate(self.leaves)}
        operands = [o for d in definitions for o in _operands(d)]
        by_shape: dict[str, list[Definition]] = {shape: [] for shape in SHAPES}
        for d in dict.fromkeys([*operands, *definitions]):
            by_shape[_shape(d)].append(d)
        ranked = [d for shape in SHAPES for d in by_shape[shape]]
        self._rank = {d: i for i, d in enumerate(ranked)}
        self._direct, self._since, self._means, self._stds = (
            self._of_leaves(by_shape[shape]) for shape in SHAPES[:4]
        )
        self._ratios, self._differences, self._trends = (
            self._of_pairs(by_shape[shape]) for shape in SHAPES[4:]
        )
        self._order = _indices([self._rank[d] for d in definitions])

    def leaf_at(self, leaf: Leaf) -> int:
        """The line of a leaf."""
        return self._leaf_at[leaf]

    def finish(self, raw: Floats, as_of: Ints) -> Floats:
        """Leaves of shape (leaves, n) at `as_of` of shape (n,) → (definitions, n)."""
        values = np.empty((len(self._rank), raw.shape[1]))
        part = self._direct
        np.divide(raw.take(part.first, axis=0), part.scale, out=values[part.to])
        part = self._since
        np.divide(as_of - raw.take(part.first, axis=0), DAY_US, out=values[part.to])
        part = self._means
        n = raw.take(part.second, axis=0) * part.scale
        values[part.to] = ratio(raw.take(part.first, axis=0), n)
        part = self._stds
        n = raw.take(part.second, axis=0) * part.scale
        values[part.to] = ratio(np.sqrt(raw.take(part.first, axis=0)), n)
        self._finish_pairs(values)
        finished: Floats = values.take(self._order, axis=0)
        return finished

    def _finish_pairs(self, values: Floats) -> None:
        part = self._ratios
        under = values.take(part.second, axis=0)
        divided = ratio(values.take(part.first, axis=0), under)
        np.multiply(divided, part.scale, out=values[part.to])
        part = self._differences
        right = values.take(part.second, axis=0)
        np.subtract(values.take(part.first, axis=0), right, out=values[part.to])
        part = self._trends
        before = values.take(part.second, axis=0)
        values[part.to] = trend(values.take(part.first, axis=0), before)

    def _of_leaves(self, definitions: Sequence[Definition]) -> "_Part":
        leaves = [[self._leaf_at[x] for x in leaves_of(d)] for d in definitions]
        scales = [_scale(d) for d in definitions]
        return self._part(definitions, [(x[0], x[-1]) for x in leaves], scales)

    def _of_pairs(self, definitions: Sequence[Definition]) -> "_Part":
        sides = [[self._rank[x] for x in _operands(d)] for d in definitions]
        scales = [d.scale if isinstance(d, Ratio) else 1.0 for d in definitions]
        return self._part(definitions, [(x[0], x[1]) for x in sides], scales)

    def _part(
        self,
        definitions: Sequence[Definition],
        sources: Sequence[tuple[int, int]],
        scales: Sequence[float],
    ) -> "_Part":
        start = self._rank[definitions[0]] if definitions else 0
        return _Part(
            slice(start, start + len(definitions)),
            _indices([first for first, _ in sources]),
            _indices([second for _, second in sources]),
            np.array(scales, dtype=np.float64).reshape(-1, 1),
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """Definitions of one shape: their lines, those of their sources, their scales."""

    to: slice
    first: Ints
    second: Ints
    scale: Floats


def _indices(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


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


def _shape(definition: Definition) -> str:
    match definition:
        case Ratio():
            return "ratio"
        case Difference():
            return "difference"
        case Trend():
            return "trend"
        case Aggregate(how="mean" | "std" as how):
            return how
        case TimeSince():
            return "since"
        case LatestAttribute() if definition.value_kind == "moment":
            return "since"
        case _:
            return "direct"


def _scale(definition: Definition) -> float:
    """Stored units per finished unit."""
    if isinstance(definition, Aggregate | LatestAttribute):
        return float(PER_UNIT) if definition.value_kind == "money" else 1.0
    return 1.0
