"""Exact contributions (path-dependent TreeSHAP) from tables made once per model.

A leaf's contributions depend only on which of the features on its way a row agrees
with. A way that asks for d features therefore has 2^d rows of d numbers, worked out
beforehand by Lundberg's formula (Lundberg and others, 2020, Nature Machine
Intelligence 2, algorithm 2); scoring a row is one table row added up per leaf.

The numbers are integers of 2^-50: their sums do not depend on order, so the kernel in
C and the one in NumPy (`scoring.kernels`) give the same bits. They differ from
LightGBM's own by less than 1e-12.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import comb

import numpy as np

from features.arrays import FloatArray, IntArray
from scoring.forest import Forest, Int32Array, Leaf, UnsupportedModelError

UNIT = 2.0**-50
MOST_BYTES = 64 * 2**20  # a model that needs larger tables is left to LightGBM
LARGEST_SUM = 2.0**12  # of a model's leaves; far from where integers would overflow
_AT_ONCE = 2**18  # numbers worked on together


@dataclass(frozen=True)
class ContributionTables:
    """A forest with the contributions of its leaves.

    Args:
        leaf_value: (leaves,) what each adds to the margin.
        first_row: (leaves,) where a leaf's table begins in `table`.
        first_part: (leaves + 1,) where a leaf's features begin in `part_feature`.
        part_feature: (parts,) the features of all leaves.
        table: contributions, integers of `UNIT`; of a leaf 2^d rows of d numbers, row
            `k` for rows that disagree in the features of the bits of `k`.
    """

    forest: Forest
    leaf_value: FloatArray
    first_row: IntArray
    first_part: Int32Array
    part_feature: Int32Array
    table: IntArray


def contribution_tables(forest: Forest) -> ContributionTables:
    """Tables of a forest; a fraction of a second for 300 trees of 15 leaves.

    Raises:
        UnsupportedModelError: they would be too large.
    """
    leaves = forest.leaves
    widths = np.array([len(leaf.features) for leaf in leaves], np.int64)
    if np.ldexp(widths.astype(np.float64), widths).sum() * 8 > MOST_BYTES:
        raise UnsupportedModelError("leaves behind too many features")
    if sum(abs(leaf.value) for leaf in leaves) > LARGEST_SUM:
        raise UnsupportedModelError("leaves of too large values")
    sizes = widths << widths
    first_row = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    table = np.zeros(first_row[-1], np.int64)
    for width in np.unique(widths[widths > 0]).tolist():
        which = np.flatnonzero(widths == width)
        some = max(1, _AT_ONCE // (width << width))
        for chosen in np.split(which, range(some, len(which), some)):
            rows = _tables_of([leaves[i] for i in chosen.tolist()], width)
            places = first_row[chosen][:, None] + np.arange(width << width)
            table[places] = rows
    return ContributionTables(
        forest=forest,
        leaf_value=np.array([leaf.value for leaf in leaves], np.float64),
        first_row=first_row[:-1],
        first_part=_starts(widths.tolist()),
        part_feature=np.array(
            [*chain.from_iterable(leaf.features for leaf in leaves)], np.int32
        ),
        table=table,
    )


def _starts(sizes: Sequence[int]) -> Int32Array:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)


def _tables_of(leaves: list[Leaf], d: int) -> IntArray:
    """(leaves, 2^d · d) of leaves behind d features each.

    Only products and sums of single numbers in a fixed order, so that every machine
    makes the same tables. `weight[k]` is Shapley's for k others that agree.
    """
    value = np.array([leaf.value for leaf in leaves])[:, None]
    share = np.array([leaf.shares for leaf in leaves])[:, None, :]
    disagrees = (np.arange(1 << d)[:, None] >> np.arange(d)) & 1
    agrees = 1.0 - disagrees[None]
    weight = [1.0 / (d * comb(d - 1, k)) for k in range(d)]
    parts = np.empty((len(leaves), 1 << d, d))
    for i in range(d):
        # coefficients by how many others agree of the product over the others
        ways = [np.ones((len(leaves), 1 << d))]
        for j in (other for other in range(d) if other != i):
            without = [way * share[..., j] for way in ways]
            with_it = [way * agrees[..., j] for way in ways]
            ways = [without[0]]
            ways += [a + b for a, b in zip(without[1:], with_it[:-1], strict=True)]
            ways.append(with_it[-1])
        total = np.zeros((len(leaves), 1 << d))
        for k, way in enumerate(ways):
            total += weight[k] * way
        parts[..., i] = value * (agrees[..., i] - share[..., i]) * total
    return np.rint(parts / UNIT).astype(np.int64).reshape(len(leaves), -1)
