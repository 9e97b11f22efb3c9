"""From a bundle and a feature matrix to probabilities and their contributions."""

from typing import NamedTuple

import numpy as np

from features.arrays import FloatArray
from scoring.bundle import Bundle
from scoring.errors import MatrixShapeError
from scoring.trees import TreeModel

DECIMALS = 9  # of contributions, before they are summed, ordered or recorded


class Explanation(NamedTuple):
    """Rows scored, with the reasons.

    Args:
        probability: (n,) calibrated P of the target within the bundle's horizon.
        contributions: (n, F + 1) exact parts of the calibrated log-odds, to
            `DECIMALS`; the last is the base value. Every row sums to `log_odds` (to
            1e-6 and better).
    """

    probability: FloatArray
    contributions: FloatArray


class Predictor:
    """Scores matrices whose columns are the bundle's features, in their order.

    A single row takes a fast path and gives the same bits as within many rows. The
    tables of contributions are made here, not in the first request.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        if isinstance(bundle.model, TreeModel):
            bundle.model.kernel  # noqa: B018 - made and kept
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

    def probability_of_row(self, row: FloatArray) -> float:
        """`probability` of one row (F,), the same to the bit."""
        [margin] = self.margin(row[None]).tolist()
        return self.bundle.calibration.probability_of_one(margin)

    def explain(self, x: FloatArray) -> Explanation:
        """Probabilities with the exact parts of their log-odds, in one pass."""
        x = self._checked(x)
        model, calibration = self.bundle.model, self.bundle.calibration
        if isinstance(model, TreeModel):
            margin, parts = model.explain(x)
        else:
            margin = model.margin(x, self._names)
            parts = model.contributions(x, self._names)
        parts = parts * calibration.slope
        parts[:, -1] += calibration.intercept
        # what other machines or releases of LightGBM do in the last bits is not told
        return Explanation(
            calibration.probability(margin), np.round(parts, DECIMALS) + 0.0
        )

    def _checked(self, x: FloatArray) -> FloatArray:
        if x.ndim != 2 or x.shape[1] != len(self._names):
            raise MatrixShapeError(x.shape, len(self._names))
        return np.ascontiguousarray(x, dtype=np.float64)
