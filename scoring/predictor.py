"""From a bundle and a feature matrix to probabilities and their contributions."""

import numpy as np

from features.arrays import FloatArray
from scoring.bundle import Bundle
from scoring.errors import MatrixShapeError
from scoring.trees import TreeModel


class Predictor:
    """Scores matrices whose columns are the bundle's features, in their order.

    A single row takes a fast path and gives the same bits as within many rows.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._names = tuple(bundle.feature_set.names)

    def margin(self, x: FloatArray) -> FloatArray:
        """(n,) raw log-odds of the rows of `x` (n, F); NaN is missing."""
        x = self._checked(x)
        model = self.bundle.model
        if isinstance(model, TreeModel):
            return model.margin(x)
        return model.margin(x, self._names)

    def log_odds(self, x: FloatArray) -> FloatArray:
        """(n,) calibrated log-odds."""
        return self.bundle.calibration.log_odds(self.margin(x))

    def probability(self, x: FloatArray) -> FloatArray:
        """(n,) calibrated P of the target within the bundle's horizon."""
        return self.bundle.calibration.probability(self.margin(x))

    def contributions(self, x: FloatArray) -> FloatArray:
        """(n, F + 1) exact parts of the calibrated log-odds; last the base value.

        Every row sums to `log_odds` (to 1e-6 and better).
        """
        x = self._checked(x)
        model, calibration = self.bundle.model, self.bundle.calibration
        if isinstance(model, TreeModel):
            parts = model.contributions(x)
        else:
            parts = model.contributions(x, self._names)
        parts = parts * calibration.slope
        parts[:, -1] += calibration.intercept
        return parts

    def _checked(self, x: FloatArray) -> FloatArray:
        if x.ndim != 2 or x.shape[1] != len(self._names):
            raise MatrixShapeError(x.shape, len(self._names))
        return np.ascontiguousarray(x, dtype=np.float64)
