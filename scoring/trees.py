"""LightGBM from its own text: many rows in bulk, one row in microseconds.

A single row goes its way through the trees in the kernel in C, where that was built and
the model is one that is explained. Else it goes through the C API's single-row-fast
call, about twice as fast as `Booster.predict` and safe from its thread pool (which
stalls for milliseconds when another process keeps a core busy); should a later LightGBM
hide that call, `Booster.predict` on one thread answers. The bits are the same. Exact
contributions come from tables (`scoring.contribution_tables`), and from LightGBM where
a model has none. LightGBM's own library reads the text when it is first asked.
"""

import re
import threading
from functools import cached_property

import numpy as np

from features.arrays import FloatArray
from scoring.booster import CONTRIBUTIONS, RAW, Booster, LightGBMCallError, RowCall
from scoring.errors import BundleUnreadableError
from scoring.forest import UnsupportedModelError, read_forest
from scoring.kernels import CKernel, Explained, Kernel, kernel_of

_N_FEATURES = re.compile(r"^max_feature_idx=(\d+)$", re.MULTILINE)


class _Calls(threading.local):
    is_prepared = False
    of_this_thread: RowCall | None = None


class TreeModel:
    """A LightGBM booster read from its text; `n_threads` is for many rows only.

    Raises:
        BundleUnreadableError: here, or when first used, where it is no such text.
    """

    learner = "lightgbm"

    def __init__(self, text: str, n_threads: int = 2) -> None:
        self.text = text
        stated = _N_FEATURES.search(text)
        self.n_features = (
            self._booster.n_features if stated is None else int(stated[1]) + 1
        )
        self._n_threads = n_threads
        self._calls = _Calls()
        self._call_lock = threading.Lock()  # preparing a call touches the booster
        self._in_c: CKernel | None = None  # where it was made and compiled

    def margin(self, x: FloatArray) -> FloatArray:
        """(n,) raw log-odds."""
        x = _in_rows(x)
        if len(x) == 1 and self._in_c is not None:
            return np.array([self._in_c.margin(x[0])])
        if len(x) == 1 and (call := self._row_call()) is not None:
            return call(x[0])
        return self._booster.predict(x, RAW, self._threads(x))

    def explain(self, x: FloatArray) -> Explained:
        """Raw log-odds (n,), and their exact parts (n, F + 1), the last the base value.

        The margins have the bits of `margin`; a row's parts do not depend on others.
        """
        x = _in_rows(x)
        if self.kernel is not None:
            return self.kernel(x)
        parts = self._booster.predict(x, CONTRIBUTIONS, self._threads(x))
        return self.margin(x), parts

    @cached_property
    def _booster(self) -> Booster:
        try:
            return Booster(self.text)
        except LightGBMCallError as error:
            raise BundleUnreadableError(f"model.txt: {error}; train again") from error

    @cached_property
    def kernel(self) -> Kernel | None:
        """What explains rows, made when first asked for; None: LightGBM itself."""
        try:
            kernel = kernel_of(read_forest(self.text))
        except UnsupportedModelError:
            return None
        except (LookupError, ValueError) as error:  # a cut text ends LightGBM's process
            raise BundleUnreadableError(
                f"model.txt: damaged ({error}); train again"
            ) from error
        if isinstance(kernel, CKernel):
            self._in_c = kernel
        return kernel

    def gain(self) -> FloatArray:
        """(F,) log-loss each feature's splits took away in training."""
        return self._booster.gain()

    def _threads(self, x: FloatArray) -> int:
        return self._n_threads if len(x) > 1 else 1

    def _row_call(self) -> "RowCall | None":
        calls = self._calls
        if not calls.is_prepared:
            with self._call_lock:
                calls.of_this_thread = self._prepared()
            calls.is_prepared = True
        return calls.of_this_thread

    def _prepared(self) -> "RowCall | None":
        try:
            return RowCall(self._booster)
        except (AttributeError, LightGBMCallError):  # a LightGBM without this call
            return None


def _in_rows(x: FloatArray) -> FloatArray:
    """Row after row in memory, as C code reads it; some columns of a matrix are not."""
    return np.ascontiguousarray(x, dtype=np.float64)
