"""From leaves to features in C, where a kernel was built."""

import ctypes
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from features.arrays import AnyArray, FloatArray
from features.feature_numbers import Plan
from features.online import leaf_kernel
from features.online.kernel_rows import whole_numbers


class CFinishPlan(ctypes.Structure):
    """`struct finish` of the kernel in C."""

    _fields_: ClassVar = [
        ("first", ctypes.c_void_p),
        ("second", ctypes.c_void_p),
        ("scale", ctypes.c_void_p),
        ("least", ctypes.c_void_p),
        ("order", ctypes.c_void_p),
        ("fact_to", ctypes.c_void_p),
        ("fact", ctypes.c_void_p),
        ("n_direct", ctypes.c_int64),
        ("n_since", ctypes.c_int64),
        ("n_means", ctypes.c_int64),
        ("n_stds", ctypes.c_int64),
        ("n_ratios", ctypes.c_int64),
        ("n_differences", ctypes.c_int64),
        ("n_trends", ctypes.c_int64),
        ("n_features", ctypes.c_int64),
        ("n_facts", ctypes.c_int64),
    ]


def finish_kernel(
    plan: Plan, facts: Sequence[tuple[int, int]]
) -> "FinishKernel | None":
    """The kernel that finishes a plan; None where NumPy has to.

    Args:
        plan: of the features.
        facts: which leaves are account facts, and which facts they are.
    """
    in_c = leaf_kernel.library()
    return None if in_c is None else FinishKernel(plan, facts, in_c)


class FinishKernel:
    """Features from leaves; the same arithmetic as `Plan.finish`, to the last bit."""

    def __init__(
        self, plan: Plan, facts: Sequence[tuple[int, int]], library: ctypes.CDLL
    ) -> None:
        self._library = library
        parts = plan.of_leaves, plan.of_pairs
        self._n_values = sum(len(part.first) for part in parts)
        self._n_features = len(plan.order)
        self._kept: tuple[AnyArray, ...] = (
            np.concatenate([part.first for part in parts]),
            np.concatenate([part.second for part in parts]),
            np.concatenate([part.scale.ravel() for part in parts]),
            np.concatenate([part.floor.ravel() for part in parts]),
            plan.order,
            whole_numbers([to for to, _ in facts]),
            whole_numbers([fact for _, fact in facts]),
        )
        shapes = [x.stop - x.start for part in parts for x in part.shapes]
        sizes = (*shapes, self._n_features, len(facts))
        self._in_c = CFinishPlan(*(x.ctypes.data for x in self._kept), *sizes)

    def __call__(
        self, leaves: FloatArray, as_of: int, facts: FloatArray | None
    ) -> FloatArray:
        """The features (F,); account facts are written into `leaves`.

        Args:
            leaves: of the plan, float64.
            as_of: µs since 1970 UTC.
            facts: all account facts, where features ask for some.
        """
        values, found = np.empty(self._n_values), np.empty(self._n_features)
        self._library.leaves_finish(
            ctypes.byref(self._in_c),
            ctypes.c_void_p(leaves.ctypes.data),
            ctypes.c_void_p(None if facts is None else facts.ctypes.data),
            ctypes.c_int64(as_of),
            ctypes.c_void_p(values.ctypes.data),
            ctypes.c_void_p(found.ctypes.data),
        )
        return found
