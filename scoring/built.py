"""Which kernels were compiled; apart from models, which load without accounts."""

from typing import Literal

from features.online import leaf_kernel
from features.reading import json_rows
from scoring import kernels

KernelName = Literal["contributions", "rows", "features"]


def built_kernels() -> tuple[KernelName, ...]:
    """What is computed in C here; the rest in Python and NumPy, with the same answers.

    `contributions` of models, `rows` of score requests from JSON to columns, and what
    `features` count and sum.
    """
    is_built: dict[KernelName, bool] = {
        "contributions": kernels.is_built(),
        "rows": json_rows.is_built(),
        "features": leaf_kernel.is_built(),
    }
    return tuple(name for name, is_there in is_built.items() if is_there)
