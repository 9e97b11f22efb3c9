"""LightGBM from its own text: many rows in bulk, one row in microseconds.

A single row goes through the C API's single-row-fast call, about twice as fast as
`Booster.predict` and safe from its thread pool (which stalls for milliseconds when
another process keeps a core busy). Same bits, same exact TreeSHAP contributions.
Should a later LightGBM hide that call, `Booster.predict` on one thread answers.
"""

import ctypes
import threading
import weakref

import lightgbm
import lightgbm.basic
import numpy as np

from features.arrays import FloatArray
from scoring.errors import BundleUnreadableError

# values of LightGBM's c_api.h, fixed since version 2
_PREDICT_RAW, _PREDICT_CONTRIBUTIONS, _FLOAT64 = 1, 3, 1
_DOUBLES = ctypes.POINTER(ctypes.c_double)


class _RowKernel:
    """A prepared single-row call with its own buffers: one per thread and kind.

    LightGBM locks the handle, so a shared one would make threads wait.
    """

    def __init__(self, booster: lightgbm.Booster, kind: int, width: int) -> None:
        self._booster = booster  # the handle reads its trees
        self._library = lightgbm.basic._LIB  # type: ignore[attr-defined]
        self._row = np.empty(booster.num_feature())
        self._answer = np.empty(width)
        self._n_written = ctypes.c_int64()
        self._handle = ctypes.c_void_p()
        status = self._library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle,
            ctypes.c_int(kind),
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


class _Kernels(threading.local):
    def __init__(self) -> None:  # called once in every thread
        self.of_this_thread: dict[int, _RowKernel | None] = {}


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
        self._kernels = _Kernels()
        self._kernel_lock = threading.Lock()  # preparing a call touches the booster

    def margin(self, x: FloatArray) -> FloatArray:
        """(n,) raw log-odds."""
        if len(x) == 1 and (kernel := self._kernel(_PREDICT_RAW)) is not None:
            return kernel(x[0])
        return self._bulk(x, raw_score=True)

    def contributions(self, x: FloatArray) -> FloatArray:
        """(n, F + 1) exact TreeSHAP on raw log-odds; last column the base value."""
        kernel = self._kernel(_PREDICT_CONTRIBUTIONS) if len(x) == 1 else None
        if kernel is not None:
            return kernel(x[0])[None, :]
        return self._bulk(x, pred_contrib=True)

    def gain(self) -> FloatArray:
        """(F,) log-loss each feature's splits took away in training."""
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)

    def _bulk(self, x: FloatArray, **kind: bool) -> FloatArray:
        n_threads = self._n_threads if len(x) > 1 else 1
        answer = self._booster.predict(x, num_threads=n_threads, **kind)
        return np.asarray(answer, dtype=np.float64)

    def _kernel(self, kind: int) -> _RowKernel | None:
        kernels = self._kernels.of_this_thread
        if kind not in kernels:
            with self._kernel_lock:
                kernels[kind] = self._prepared(kind)
        return kernels[kind]

    def _prepared(self, kind: int) -> _RowKernel | None:
        width = 1 if kind == _PREDICT_RAW else self.n_features + 1
        try:
            return _RowKernel(self._booster, kind, width)
        except (AttributeError, RuntimeError):  # a LightGBM without this call
            return None
