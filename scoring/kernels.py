"""Margin and contributions of rows by tables: in C where it was built, else in NumPy.

Both give the same bits, so which one answers is only a matter of speed.
"""

import ctypes
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from features.arrays import AnyArray, BoolArray, FloatArray, IntArray
from features.compiled import compiled
from scoring.contribution_tables import (
    UNIT,
    ContributionTables,
    contribution_tables,
    leaf_parts,
    untabulated,
)
from scoring.forest import (
    CATEGORICAL,
    DEFAULT_LEFT,
    MISSING_NAN,
    MISSING_ZERO,
    NEARLY_ZERO,
    Forest,
    Int32Array,
)

# (n,) raw log-odds; (n, F + 1) their parts, the last one the base value
Explained: TypeAlias = tuple[FloatArray, FloatArray]

BUILT = Path(__file__).with_name("contributions_kernel.so")
VERSION = 4  # of the kernel in C: an older one is not called


class Kernel(Protocol):
    """Explains the rows of a matrix (n, F), C-contiguous; NaN is missing."""

    def __call__(self, x: FloatArray) -> Explained: ...


def is_built() -> bool:
    """Whether contributions are computed in C here."""
    return _library() is not None


def kernel_of(forest: Forest) -> Kernel:
    """The fastest kernel there is for a model.

    Raises:
        UnsupportedModelError: its ways or its values are beyond what is meant here.
    """
    library = _library()
    if library is None:
        return NumpyKernel(contribution_tables(forest))
    kernel = CKernel(untabulated(forest), library)
    kernel.tabulate()
    return kernel


@cache
def _library() -> ctypes.CDLL | None:
    return compiled(BUILT, VERSION)


_TABLES: "tuple[tuple[str, type[ctypes._SimpleCData[Any]]], ...]" = (
    ("n_features", ctypes.c_int32),
    ("n_nodes", ctypes.c_int32),
    ("n_leaves", ctypes.c_int32),
    ("n_trees", ctypes.c_int32),
    ("base", ctypes.c_double),
    ("unit", ctypes.c_double),
    ("nearly_zero", ctypes.c_double),
    *(
        (name, ctypes.c_void_p)
        for name in (
            "feature",
            "threshold",
            "kind",
            "words",
            "bits",
            "left",
            "right",
            "place",
            "is_root",
            "root",
            "leaf_value",
            "first_row",
            "first_part",
            "part_feature",
            "part_share",
            "weight",
            "table",
            "step",
        )
    ),
)


_STEP = np.dtype(
    [
        ("threshold", "f8"),
        *((name, "i4") for name in ("feature", "left", "right", "kind")),
    ]
)


class _Tables(ctypes.Structure):
    """`struct tables` of the kernel in C."""

    _fields_: ClassVar = list(_TABLES)


class CKernel:
    """`contributions_kernel.c`; releases the interpreter's lock.

    Args:
        tables: of a forest; `tabulate` fills in the table where nobody has.
        library: the compiled kernel.
    """

    def __init__(self, tables: ContributionTables, library: ctypes.CDLL) -> None:
        forest = tables.forest
        arrays = {
            name: getattr(forest if hasattr(forest, name) else tables, name)
            for name, kind in _TABLES
            if kind is ctypes.c_void_p and name not in ("root", "step")
        }
        arrays["root"], arrays["step"] = _roots(forest), _steps(forest)
        self._kept = arrays  # their memory is read in C
        self._width = forest.n_features + 1
        self._tables = _Tables(
            n_features=forest.n_features,
            n_nodes=len(forest.feature),
            n_leaves=len(forest.leaf_value),
            n_trees=len(forest.n_leaves),
            base=forest.base,
            unit=UNIT,
            nearly_zero=NEARLY_ZERO,
            **{name: array.ctypes.data for name, array in arrays.items()},
        )
        self._address = ctypes.byref(self._tables)
        self._explain, self._margin = library.explain, library.margin
        self._margin.restype = ctypes.c_double
        self._tabulate = library.tabulate

    def tabulate(self) -> None:
        """The table in C, to the bits of `contribution_tables`, in a tenth the time."""
        self._tabulate(self._address, ctypes.c_void_p(self._tables.table))

    def margin(self, row: FloatArray) -> float:
        """The margin of a row (F,), C-contiguous, by its way through each tree."""
        margin: float = self._margin(self._address, ctypes.c_void_p(row.ctypes.data))
        return margin

    def __call__(self, x: FloatArray) -> Explained:
        n = len(x)
        margins, parts = np.empty(n), np.empty((n, self._width))
        status = self._explain(
            self._address,
            ctypes.c_void_p(x.ctypes.data),
            ctypes.c_int64(n),
            ctypes.c_void_p(margins.ctypes.data),
            ctypes.c_void_p(parts.ctypes.data),
        )
        if status != 0:
            raise MemoryError
        return margins, parts


def _roots(forest: Forest) -> Int32Array:
    """(trees,) the first node of each tree; ~i where leaf i is the whole tree."""
    n_leaves = np.array(forest.n_leaves, np.int64)
    first_leaf = np.cumsum(n_leaves) - n_leaves
    first_node = first_leaf - np.arange(len(n_leaves))  # one node less than leaves
    return np.where(n_leaves > 1, first_node, ~first_leaf).astype(np.int32)


def _steps(forest: Forest) -> AnyArray:
    """(nodes,) of `struct step`: what a node is, side by side."""
    steps = np.empty(len(forest.feature), _STEP)
    for name in _STEP.names or ():
        steps[name] = getattr(forest, name)
    return steps


def _steps_to_leaves(forest: Forest) -> dict[int, list[tuple[int, bool]]]:
    """Per leaf below a node the splits on its way: node, and whether it goes left."""
    to_node: list[list[tuple[int, bool]]] = [[]] * len(forest.feature)
    to_leaf: dict[int, list[tuple[int, bool]]] = {}
    pairs = zip(forest.left.tolist(), forest.right.tolist(), strict=True)
    for node, (left, right) in enumerate(pairs):  # parents come first
        for child, is_left in ((left, True), (right, False)):
            steps = [*to_node[node], (node, is_left)]
            if child >= 0:
                to_node[child] = steps
            else:
                to_leaf[~child] = steps
    return to_leaf


class NumpyKernel:
    """What `CKernel` computes, in NumPy, row by row."""

    def __init__(self, tables: ContributionTables) -> None:
        forest, self._tables = tables.forest, tables
        is_category = (forest.kind & CATEGORICAL) != 0
        missing = forest.kind & (MISSING_ZERO | MISSING_NAN)
        self._category_nodes = np.flatnonzero(is_category).tolist()
        self._goes_left = (forest.kind & DEFAULT_LEFT) != 0
        self._zero_missing = (missing == MISSING_ZERO) & ~is_category
        self._nan_missing = (missing == MISSING_NAN) & ~is_category
        widths = forest.widths
        is_tabled = tables.first_row >= 0
        leaf_of_part = np.repeat(np.arange(len(widths)), widths)
        within = np.arange(len(leaf_of_part)) - forest.first_part[leaf_of_part]
        order = np.argsort(forest.part_feature, kind="stable")
        order = order[is_tabled[leaf_of_part[order]]]
        self._widths = widths
        self._part_leaf, self._part_place = leaf_of_part[order], within[order]
        self._features, self._first = np.unique(
            forest.part_feature[order], return_index=True
        )
        deep = sorted(set(widths[~is_tabled].tolist()))
        self._deep = [np.flatnonzero(widths == d) for d in deep]
        # a leaf without steps (a tree of one leaf) cannot be part of `reduceat`
        steps = _steps_to_leaves(forest)
        self._stepped = np.array(sorted(steps), np.int64)
        on_ways = [steps[leaf] for leaf in self._stepped.tolist()]
        self._first_step = np.cumsum([0, *map(len, on_ways)], dtype=np.int64)[:-1]
        flat = np.array([*chain.from_iterable(on_ways)], np.int64).reshape(-1, 2)
        self._step_node, self._step_left = flat[:, 0], flat[:, 1] == 1
        self._step_value = 1 << forest.place[self._step_node].astype(np.int64)

    def __call__(self, x: FloatArray) -> Explained:
        rows = [self._explained(row) for row in x]
        margins, parts = zip(*rows, strict=True) if rows else ((), ())
        shape = len(x), self._tables.forest.n_features + 1
        return np.array(margins, np.float64), np.array(parts, np.float64).reshape(shape)

    def _explained(self, row: FloatArray) -> tuple[float, FloatArray]:
        tables, forest = self._tables, self._tables.forest
        masks = np.zeros(len(forest.leaf_value), np.int64)
        if len(self._first_step):
            turns_off = self._turns_left(row)[self._step_node] != self._step_left
            masks[self._stepped] = np.bitwise_or.reduceat(
                self._step_value * turns_off, self._first_step
            )
        margin = 0.0
        for value in forest.leaf_value[masks == 0].tolist():  # one a tree, in order
            margin += value
        sums = np.zeros(forest.n_features, np.int64)
        if len(self._features):
            rows = tables.first_row + masks * self._widths
            numbers = tables.table[rows[self._part_leaf] + self._part_place]
            sums[self._features] = np.add.reduceat(numbers, self._first)
        for leaves in self._deep:
            self._add_deep(leaves, masks[leaves], sums)
        return margin, np.append(sums * UNIT, forest.base)

    def _add_deep(self, leaves: IntArray, masks: IntArray, sums: IntArray) -> None:
        """Leaves without tables, all behind equally many features."""
        forest = self._tables.forest
        places = forest.first_part[leaves][:, None] + np.arange(
            int(self._widths[leaves[0]])
        )
        agrees = (masks[:, None] >> np.arange(places.shape[1]) & 1) == 0
        value, share = forest.leaf_value[leaves], forest.part_share[places]
        parts = leaf_parts(value, share, agrees)
        np.add.at(sums, forest.part_feature[places], parts)

    def _turns_left(self, row: FloatArray) -> BoolArray:
        """(nodes,) whether the row goes left at each node."""
        forest = self._tables.forest
        x = row[forest.feature]
        is_nan = np.isnan(x)
        is_zero = ~(np.abs(x) > NEARLY_ZERO)  # NaN too; LightGBM reads 0
        known = np.where(is_zero, 0.0, x)
        left = known <= forest.threshold
        missing = is_nan & self._nan_missing | is_zero & self._zero_missing
        np.copyto(left, self._goes_left, where=missing)
        for node in self._category_nodes:
            left[node] = self._has_category(node, float(x[node]))
        return left

    def _has_category(self, node: int, x: float) -> bool:
        forest = self._tables.forest
        if not -1.0 < x < 2.0**31:  # NaN and what is no category go right
            return False
        code, first = int(x), int(forest.words[node])
        word = first + code // 32
        return word < forest.words[node + 1] and bool(
            int(forest.bits[word]) >> code % 32 & 1
        )
