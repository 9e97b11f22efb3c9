"""LightGBM's own library, called without its Python package.

The package imports pandas, scikit-learn and SciPy's sparse matrices wherever they are
installed, 120 MB and seconds of start-up that scoring has no use for. What is called
here are functions of LightGBM's `c_api.h` that have not changed since version 3.
"""

import ctypes
import sys
import weakref
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from features.arrays import FloatArray

RAW, CONTRIBUTIONS = 1, 3  # kinds of prediction
_FLOAT64, _ROW_MAJOR, _ALL_TREES, _BY_GAIN = 1, 1, -1, 1
_FILES = {"win32": "lib_lightgbm.dll", "darwin": "lib_lightgbm.dylib"}
_DOUBLES = ctypes.POINTER(ctypes.c_double)


class LightGBMCallError(RuntimeError):
    """LightGBM refused a call; the message is its own."""

    code = "lightgbm_call"


@cache
def _library() -> ctypes.CDLL:
    """The library that the package brings; loaded once, whoever loads it first."""
    package = find_spec("lightgbm")
    places = package.submodule_search_locations if package is not None else None
    name = _FILES.get(sys.platform, "lib_lightgbm.so")
    for place in places or ():
        for folder in ("lib", "bin"):
            if (path := Path(place) / folder / name).is_file():
                return _typed(ctypes.CDLL(str(path)))
    import lightgbm.basic  # another way of installing it: let it find its library

    return _typed(lightgbm.basic._LIB)  # type: ignore[attr-defined]


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _checked(status: int) -> None:
    if status != 0:
        message: bytes = _library().LGBM_GetLastError()
        raise LightGBMCallError(message.decode(errors="replace"))


class Booster:
    """A model read from LightGBM's text.

    Raises:
        LightGBMCallError: it is no such text.
    """

    def __init__(self, text: str) -> None:
        library = _library()
        self._handle = ctypes.c_void_p()
        n_iterations, n_features = ctypes.c_int(), ctypes.c_int()
        _checked(
            library.LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(text.encode()),
                ctypes.byref(n_iterations),
                ctypes.byref(self._handle),
            )
        )
        weakref.finalize(self, library.LGBM_BoosterFree, self._handle)
        _checked(
            library.LGBM_BoosterGetNumFeature(self._handle, ctypes.byref(n_features))
        )
        self.n_features = n_features.value

    def predict(self, x: FloatArray, kind: int, n_threads: int) -> FloatArray:
        """(n,) margins or (n, F + 1) contributions of C-contiguous rows (n, F)."""
        n = len(x)
        shape = (n, self.n_features + 1) if kind == CONTRIBUTIONS else (n,)
        answer, n_written = np.empty(shape), ctypes.c_int64()
        if n == 0:
            return answer
        _checked(
            _library().LGBM_BoosterPredictForMat(
                self._handle,
                ctypes.c_void_p(x.ctypes.data),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(n),
                ctypes.c_int32(self.n_features),
                ctypes.c_int(_ROW_MAJOR),
                ctypes.c_int(kind),
                ctypes.c_int(0),
                ctypes.c_int(_ALL_TREES),
                ctypes.c_char_p(f"num_threads={n_threads}".encode()),
                ctypes.byref(n_written),
                answer.ctypes.data_as(_DOUBLES),
            )
        )
        return answer

    def gain(self) -> FloatArray:
        """(F,) log-loss each feature's splits took away in training."""
        answer = np.empty(self.n_features)
        _checked(
            _library().LGBM_BoosterFeatureImportance(
                self._handle,
                ctypes.c_int(_ALL_TREES),
                ctypes.c_int(_BY_GAIN),
                answer.ctypes.data_as(_DOUBLES),
            )
        )
        return answer


class RowCall:
    """The margin of one row by a prepared call with buffers of its own.

    LightGBM locks what is prepared, so every thread needs one.

    Raises:
        LightGBMCallError, AttributeError: this LightGBM has no such call.
    """

    def __init__(self, booster: Booster) -> None:
        self._booster, library = booster, _library()  # the handle reads its trees
        self._call = library.LGBM_BoosterPredictForMatSingleRowFast
        self._row, self._answer = np.empty(booster.n_features), np.empty(1)
        self._n_written, self._handle = ctypes.c_int64(), ctypes.c_void_p()
        _checked(
            library.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,
                ctypes.c_int(RAW),
                ctypes.c_int(0),
                ctypes.c_int(_ALL_TREES),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(booster.n_features),
                ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(self._handle),
            )
        )
        weakref.finalize(self, library.LGBM_FastConfigFree, self._handle)
        self._arguments = (
            self._handle,
            self._row.ctypes.data_as(ctypes.c_void_p),
            ctypes.byref(self._n_written),
            self._answer.ctypes.data_as(_DOUBLES),
        )

    def __call__(self, row: FloatArray) -> FloatArray:
        """(1,) the margin of `row` (F,)."""
        self._row[:] = row
        _checked(self._call(*self._arguments))
        return self._answer.copy()
