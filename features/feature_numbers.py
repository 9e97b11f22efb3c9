"""From leaves to finished features: the arithmetic both compilers share.

So a mean or a ratio is the same to the last bit wherever it is computed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from features.arrays import FloatArray, IntArray
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
from features.money import UNITS

SIMPLE = ("direct", "since", "mean", "std")  # made of leaves
PAIRED = ("ratio", "difference", "trend")  # made of two simple ones
SHAPES = SIMPLE + PAIRED


def ratio(over: FloatArray, under: FloatArray) -> FloatArray:
    """`over` / `under`; unknown unless `under` is above 0."""
    divided = np.empty(over.shape)
    divided.fill(np.nan)
    np.divide(over, under, out=divided, where=under > 0)
    return divided


def trend(recent: FloatArray, before: FloatArray) -> FloatArray:
    """Change relative to both together, −1 to 1; 0 when both are 0."""
    size = np.abs(recent) + np.abs(before)
    change: FloatArray = recent - before
    np.divide(change, size, out=change, where=size > 0)
    return change


class Plan:
    """Which leaves to find for some definitions, and how to finish them.

    Finished values stand in the order of `SHAPES`: those of one shape side by side,
    so that each shape is one piece of arithmetic, for one customer or a million.

    Attributes:
        leaves: what to find.
        of_leaves, of_pairs: how values are made, of leaves and then of other values.
        order: the line of each definition among the values.
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
        self.of_leaves = self._part([by_shape[x] for x in SIMPLE], self._leaves_of)
        self.of_pairs = self._part([by_shape[x] for x in PAIRED], self._sides_of)
        self.order = _indices([self._rank[d] for d in definitions])

    def leaf_at(self, leaf: Leaf) -> int:
        """The line of a leaf."""
        return self._leaf_at[leaf]

    def finish(self, raw: FloatArray, as_of: IntArray) -> FloatArray:
        """Leaves of shape (leaves, n) at `as_of` of shape (n,) → (definitions, n)."""
        values = np.empty((len(self._rank), raw.shape[1]))
        self._finish_leaves(raw, as_of, values)
        self._finish_pairs(values)
        finished: FloatArray = values.take(self.order, axis=0)
        return finished

    def _finish_leaves(
        self, raw: FloatArray, as_of: IntArray, values: FloatArray
    ) -> None:
        part = self.of_leaves
        direct, since, means, stds = part.shapes
        finished, first = values[part.to], raw.take(part.first, axis=0)
        np.divide(first[direct], part.scale[direct], out=finished[direct])
        np.maximum(finished[direct], part.floor[direct], out=finished[direct])
        np.divide(as_of - first[since], DAY_US, out=finished[since])
        np.sqrt(first[stds], out=first[stds])
        averages = slice(means.start, stds.stop)
        n = raw.take(part.second[averages], axis=0) * part.scale[averages]
        finished[averages] = ratio(first[averages], n)

    def _finish_pairs(self, values: FloatArray) -> None:
        part = self.of_pairs
        ratios, differences, trends = part.shapes
        finished, first = values[part.to], values.take(part.first, axis=0)
        second = values.take(part.second, axis=0)
        divided = ratio(first[ratios], second[ratios])
        np.multiply(divided, part.scale[ratios], out=finished[ratios])
        left, right = first[differences], second[differences]
        np.subtract(left, right, out=finished[differences])
        finished[trends] = trend(first[trends], second[trends])

    def _leaves_of(self, definition: Definition) -> tuple[int, int]:
        leaves = leaves_of(definition)
        return self._leaf_at[leaves[0]], self._leaf_at[leaves[-1]]

    def _sides_of(self, definition: Definition) -> tuple[int, int]:
        one, other = _operands(definition)
        return self._rank[one], self._rank[other]

    def _part(
        self,
        by_shape: Sequence[Sequence[Definition]],
        sources_of: Callable[[Definition], tuple[int, int]],
    ) -> "PlanPart":
        definitions = [d for alike in by_shape for d in alike]
        sources = [sources_of(d) for d in definitions]
        ends = list(accumulate((len(alike) for alike in by_shape), initial=0))
        start = self._rank[definitions[0]] if definitions else 0
        return PlanPart(
            slice(start, start + len(definitions)),
            tuple(slice(*ends) for ends in pairwise(ends)),
            _indices([first for first, _ in sources]),
            _indices([second for _, second in sources]),
            np.array([_scale(d) for d in definitions], np.float64).reshape(-1, 1),
            np.array([_floor(d) for d in definitions], np.float64).reshape(-1, 1),
        )


@dataclass(frozen=True, slots=True)
class PlanPart:
    """Definitions side by side: their lines, sources, scales and least values.

    `shapes` are the lines of each shape, counted from the first of the part.
    """

    to: slice
    shapes: tuple[slice, ...]
    first: IntArray
    second: IntArray
    scale: FloatArray
    floor: FloatArray


def _indices(values: Sequence[int]) -> IntArray:
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
    """Stored units per finished unit, and what a ratio is multiplied with."""
    if isinstance(definition, Ratio):
        return definition.scale
    if isinstance(definition, Aggregate | LatestAttribute):
        return float(UNITS) if definition.value_kind == "money" else 1.0
    return 1.0


def _floor(definition: Definition) -> float:
    return definition.floor if isinstance(definition, Aggregate) else -np.inf
