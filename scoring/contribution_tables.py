"""Exact contributions (path-dependent TreeSHAP) from tables made once per model.

A leaf's contributions depend only on which of the features on its way a row agrees
with. A way that asks for d features therefore has 2^d rows of d numbers, worked out
beforehand; scoring a row is one table row added up per leaf. For the few leaves behind
many features the row is worked out when it is needed.

The numbers are integers of 2^-50: their sums do not depend on order, so the kernel in C
and the one in NumPy (`scoring.kernels`) give the same bits. They differ from
LightGBM's own by less than 1e-12.
"""

from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from scoring.forest import Forest, UnsupportedModelError

UNIT = 2.0**-50
MOST_TABLED = 12  # features on the way of a leaf that has a table
MOST_BYTES = 32 * 2**20  # of all tables of a model; beyond, the largest are left out
MOST_FEATURES = 31  # on any way; beyond, the model is left to LightGBM
LARGEST_SUM = 2.0**12  # of a model's leaves; far from where integers would overflow
_AT_ONCE = 2**15  # numbers worked on together: what a cache holds


@dataclass(frozen=True)
class ContributionTables:
    """A forest with the contributions of its leaves.

    Args:
        first_row: (leaves,) where a leaf's table begins in `table`; -1: it has none.
        weight: (MOST_FEATURES + 1, MOST_FEATURES) Shapley's for d features, of which k
            others agree.
        table: contributions, integers of `UNIT`; of a leaf 2^d rows of d numbers, row
            `k` for rows that disagree in the features of the bits of `k`.
    """

    forest: Forest
    first_row: IntArray
    weight: FloatArray
    table: IntArray


def contribution_tables(forest: Forest) -> ContributionTables:
    """Tables of a forest; a fraction of a second for 300 trees.

    Raises:
        UnsupportedModelError: its ways or its values are beyond what is meant here.
    """
    tables = untabulated(forest)
    widths = forest.widths
    is_tabled = tables.first_row >= 0
    for width in np.unique(widths[is_tabled & (widths > 0)]).tolist():
        which = np.flatnonzero(is_tabled & (widths == width))
        some = max(1, _AT_ONCE // (width << width))
        for chosen in np.split(which, range(some, len(which), some)):
            rows = _tables_of(forest, chosen, width)
            places = tables.first_row[chosen][:, None] + np.arange(width << width)
            tables.table[places] = rows
    return tables


def untabulated(forest: Forest) -> ContributionTables:
    """All but the numbers in `table`, which are zero.

    Raises:
        UnsupportedModelError: its ways or its values are beyond what is meant here.
    """
    widths = forest.widths
    if widths.max(initial=0) > MOST_FEATURES:
        raise UnsupportedModelError("leaves behind too many features")
    if np.abs(forest.leaf_value).sum() > LARGEST_SUM:
        raise UnsupportedModelError("leaves of too large values")
    is_tabled, sizes = _tabled(widths)
    return ContributionTables(
        forest=forest,
        first_row=np.where(is_tabled, np.cumsum(sizes) - sizes, -1),
        weight=_weights(),
        table=np.zeros(sizes.sum(), np.int64),
    )


def _tabled(widths: IntArray) -> tuple[BoolArray, IntArray]:
    """Which leaves have a table, and how many numbers it has."""
    full = widths << np.minimum(widths, MOST_TABLED)
    for most in range(MOST_TABLED, -1, -1):
        sizes = np.where(widths <= most, full, 0)
        if 8 * sizes.sum() <= MOST_BYTES:
            break
    return widths <= most, sizes


@cache
def _weights() -> FloatArray:
    weight = np.zeros((MOST_FEATURES + 1, MOST_FEATURES))
    for d in range(1, MOST_FEATURES + 1):
        weight[d, :d] = [1.0 / (d * comb(d - 1, k)) for k in range(d)]
    return weight


def _tables_of(forest: Forest, leaves: IntArray, d: int) -> IntArray:
    """(leaves, 2^d · d) of leaves behind d features each."""
    places = forest.first_part[leaves][:, None] + np.arange(d)
    value = forest.leaf_value[leaves][:, None]
    share = forest.part_share[places][:, None, :]
    disagrees = (np.arange(1 << d)[:, None] >> np.arange(d)) & 1
    return leaf_parts(value, share, disagrees == 0).reshape(len(leaves), -1)


def leaf_parts(value: FloatArray, share: FloatArray, agrees: BoolArray) -> IntArray:
    """(…, d) contributions of leaves, integers of `UNIT`.

    Lundberg's algorithm (Lundberg and others, 2020, Nature Machine Intelligence 2,
    algorithm 2): a polynomial counts in how many ways k of the features agree, and each
    feature is taken out of it again. Only single products and sums in a fixed order, so
    that every machine and the kernel in C find the same numbers.

    Args:
        value: (…) of the leaf.
        share: (…, d) see `Forest.part_share`.
        agrees: (…, d) in which features the row goes the leaf's way.
    """
    d = share.shape[-1]
    weight = _weights()[d]
    shape = np.broadcast_shapes(value.shape, agrees.shape[:-1])
    ways = np.zeros((*shape, d + 1))
    ways[..., 0] = 1.0
    for j in range(d):
        more = ways[..., :-1] * agrees[..., j, None]
        ways *= share[..., j, None]
        ways[..., 1:] += more
    total = np.zeros(shape)
    for k in range(d):
        total += weight[k] * ways[..., k]
    rest = np.broadcast_to(ways[..., d, None], (*shape, d))
    of_rest = weight[d - 1] * rest
    for k in range(d - 1, 0, -1):
        rest = ways[..., k, None] - share * rest
        of_rest += weight[k - 1] * rest
    agreeing = value[..., None] * (1.0 - share) * of_rest
    parts = np.where(agrees, agreeing, -(value * total)[..., None])
    return np.rint(parts / UNIT).astype(np.int64)
