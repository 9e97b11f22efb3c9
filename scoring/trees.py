"""LightGBM from its own text: many rows in bulk, one row in microseconds.

A single row goes through the C API's single-row-fast call, about twice as fast as
`Booster.predict` and safe from its thread pool (which stalls for milliseconds when
another process keeps a core busy), with the same bits. Should a later LightGBM hide
that call, `Booster.predict` on one thread answers. Exact contributions come from
tables (`scoring.contribution_tables`), and from LightGBM where a model has none.
"""

import ctypes
import threading
import weakref
from functools import cached_property

import lightgbm
import lightgbm.basic
import numpy as np

from features.arrays import FloatArray
from scoring.contribution_tables import contribution_tables
from scoring.errors import BundleUnreadableError
from scoring.forest import UnsupportedModelError, read_forest
from scoring.kernels import Explained, Kernel, kernel_of

# values of LightGBM's c_api.h, fixed since version 2
_PREDICT_RAW, _FLOAT64 = 1, 1
_DOUBLES = ctypes.POINTER(ctypes.c_double)


class _RowCall:
    """A prepared single-row call with its own buffers: one per thread.

    LightGBM locks the handle, so a shared one would make threads wait.
    """

    def __init__(self, booster: lightgbm.Booster) -> None:
        self._booster = booster  # the handle reads its trees
        self._library = lightgbm.basic._LIB  # type: ignore[attr-defined]
        self._row = np.empty(booster.num_feature())
        self._answer = np.empty(1)
        self._n_written = ctypes.c_int64()
        self._handle = ctypes.c_void_p()
        status = self._library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle,
            ctypes.c_int(_PREDICT_RAW),
            ctypes.c_int(0),
            ctypes.c_int(-1),
            ctypes.c_int(_FLOAT64),
            ctypes.c_int32(len(self._row)),
            ctypes.c_char_p(b"num_threads=1"),
            ctypes.byref(self._handle),
        )
        if status != 0:
            raise RuntimeError("LightGBM refused the single-row call")
        weakref.finalize(self, self._library.LGBM_FastConfigFree, self._handle)
        self._arguments = (
            self._handle,
            self._row.ctypes.data_as(ctypes.c_void_p),
            ctypes.byref(self._n_written),
            self._answer.ctypes.data_as(_DOUBLES),
        )

    def __call__(self, row: FloatArray) -> FloatArray:
        self._row[:] = row
        call = self._library.LGBM_BoosterPredictForMatSingleRowFast
        if call(*self._arguments) != 0:
            raise RuntimeError("LightGBM could not score the row")
        return self._answer.copy()


class _Calls(threading.local):
    is_prepared = False
    of_this_thread: _RowCall | None = None


class TreeModel:
    """A LightGBM booster read from its text; `n_threads` is for many rows only."""

    learner = "lightgbm"

    def __init__(self, text: str, n_threads: int = 2) -> None:
        try:
            self._booster = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as error:
            raise BundleUnreadableError(f"model.txt: {error}; train again") from error
        self.text = text
        self.n_features = int(self._booster.num_feature())
        self.feature_names: tuple[str, ...] = tuple(self._booster.feature_name())
        self._n_threads = n_threads
        self._calls = _Calls()
        self._call_lock = threading.Lock()  # preparing a call touches the booster

    def margin(self, x: FloatArray) -> FloatArray:
        """(n,) raw log-odds."""
        if len(x) == 1 and (call := self._row_call()) is not None:
            return call(x[0])
        return self._bulk(x, raw_score=True)

    def explain(self, x: FloatArray) -> Explained:
        """Raw log-odds (n,), and their exact parts (n, F + 1), the last the base value.

        The margins have the bits of `margin`; a row's parts do not depend on others.
        """
        if self.kernel is not None:
            return self.kernel(x)
        return self.margin(x), self._bulk(x, pred_contrib=True)

    @cached_property
    def kernel(self) -> Kernel | None:
        """What explains rows, made when first asked for; None: LightGBM itself."""
        try:
            return kernel_of(contribution_tables(read_forest(self.text)))
        except UnsupportedModelError:
            return None

    def gain(self) -> FloatArray:
        """(F,) log-loss each feature's splits took away in training."""
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)

    def _bulk(self, x: FloatArray, **kind: bool) -> FloatArray:
        n_threads = self._n_threads if len(x) > 1 else 1
        answer = self._booster.predict(x, num_threads=n_threads, **kind)
        return np.asarray(answer, dtype=np.float64)

    def _row_call(self) -> "_RowCall | None":
        calls = self._calls
        if not calls.is_prepared:
            with self._call_lock:
                calls.of_this_thread = self._prepared()
            calls.is_prepared = True
        return calls.of_this_thread

    def _prepared(self) -> "_RowCall | None":
        try:
            return _RowCall(self._booster)
        except (AttributeError, RuntimeError):  # a LightGBM without this call
            return None
