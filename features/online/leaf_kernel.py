"""The leaves of one customer in C, where a kernel was built and the plan is plain.

The plan is made from the same values as what `features.online.windows` reads, which
finds the same leaves to the last bit and answers where there is no kernel.
"""

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from features.arrays import AnyArray, FloatArray
from features.compiled import compiled
from features.feature_leaves import Leaf
from features.online.kernel_plan import (
    LeavesPlan,
    NotPlainError,
    Numbers,
    Vocabularies,
)
from features.online.kernel_rows import KernelRows, RowReader, whole_numbers
from features.settings import PortfolioSettings

BUILT = Path(__file__).with_name("leaves_kernel.so")
VERSION = 2  # of the kernel in C: an older one is not called
_FOUND, _NO_MEMORY = 0, -1


class CPlan(ctypes.Structure):
    """`struct plan` of the kernel in C."""

    _fields_: ClassVar = [
        ("tables", ctypes.c_void_p),
        ("steps", ctypes.c_void_p),
        ("leaves", ctypes.c_void_p),
        ("latest", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("mismatches", ctypes.c_void_p),
        ("ages", ctypes.c_void_p),
        ("codes", ctypes.c_void_p),
        ("empty", ctypes.c_void_p),
        ("n_tables", ctypes.c_int64),
        ("n_leaves", ctypes.c_int64),
        ("n_latest", ctypes.c_int64),
        ("n_values", ctypes.c_int64),
        ("n_mismatches", ctypes.c_int64),
    ]


def is_built() -> bool:
    """Whether the kernel was compiled and is called."""
    return library() is not None


@cache
def library() -> ctypes.CDLL | None:
    """The kernel; None where it was not built."""
    return compiled(BUILT, VERSION)


def leaf_kernel(
    leaves: Sequence[Leaf],
    empty: Sequence[float],
    settings: PortfolioSettings,
    vocabularies: Vocabularies,
) -> "LeafKernel | None":
    """The kernel for some leaves; None where Python and NumPy have to find them.

    Args:
        leaves: what is found, in order.
        empty: each for a customer without rows.
        settings: of the portfolio.
        vocabularies: of the latest values that are categories.
    """
    in_c = library()
    if in_c is None:
        return None
    try:
        plan = LeavesPlan(leaves, settings, vocabularies)
    except NotPlainError:
        return None
    return LeafKernel(plan, empty, in_c)


class LeafKernel:
    """`leaves_kernel.c` with a plan; releases the interpreter's lock."""

    def __init__(
        self, plan: LeavesPlan, empty: Sequence[float], library: ctypes.CDLL
    ) -> None:
        self.rows_of = RowReader(plan)
        self._library, self._n_leaves = library, len(empty)
        self._gathered = [to for to, _ in plan.gathered]
        tables = plan.tables
        latest = [x for table in tables for x in table.latest.values()]
        self._kept: tuple[AnyArray, ...] = (
            whole_numbers(_counted(plan)),
            whole_numbers([x for table in tables for x in table.steps]),
            whole_numbers([x for table in tables for x in table.leaves]),
            whole_numbers(latest),
            whole_numbers(plan.values),
            whole_numbers(plan.mismatches),
            whole_numbers([x for table in tables for x in table.ages_us]),
            whole_numbers(plan.texts.listed),
            np.array(empty, dtype=np.float64),
        )
        counted = (tables, empty, latest, plan.values, plan.mismatches)
        sizes = [len(each) for each in counted]
        self._in_c = CPlan(*(x.ctypes.data for x in self._kept), *sizes)

    def leaves(self, rows: KernelRows, as_of: int) -> FloatArray | None:
        """All leaves but the account facts; None where a sum is too large for C.

        Args:
            rows: of the customer, from `rows_of`.
            as_of: µs since 1970 UTC.

        Raises:
            MemoryError: there is none left.
        """
        found, plain = np.empty(self._n_leaves), np.empty(rows.n_gathered)
        n_plain = np.zeros(self._n_leaves, dtype=np.int64)
        status = self._library.leaves_find(
            ctypes.byref(self._in_c),
            ctypes.byref(rows.in_c),
            ctypes.c_int64(as_of),
            ctypes.c_void_p(found.ctypes.data),
            ctypes.c_void_p(plain.ctypes.data),
            ctypes.c_void_p(n_plain.ctypes.data),
        )
        if status == _NO_MEMORY:
            raise MemoryError
        if status != _FOUND:
            return None
        first = 0
        for to in self._gathered:
            if n := int(n_plain[to]):
                found[to] = plain[first : first + n].sum()
                first += n
        return found


def _counted(plan: LeavesPlan) -> list[Numbers]:
    """As `struct table`: where each table's columns, ages … begin, and their number."""
    begins, counted = [0] * 5, []
    for table in plan.tables:
        lists = table.columns, table.ages_us, table.steps, table.leaves, table.latest
        sizes = [len(each) for each in lists]
        of_columns, *others = zip(begins, sizes, strict=True)
        counted.append((of_columns[0], *(x for pair in others for x in pair)))
        begins = [first + n for first, n in zip(begins, sizes, strict=True)]
    return counted
