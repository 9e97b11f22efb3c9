"""Calibration: a two-parameter map on log-odds, stored as two numbers.

Where a map is fitted matters more than how: on predictions of rows that the model had
not seen (`training.fitting`). Two numbers cannot overfit and keep contributions
additive.
"""

from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray
from scoring.errors import OneClassError
from scoring.logistic import expit, expit_of_one

MIN_SLOPE = 0.05  # a map never turns the order of the model around
ENOUGH = 1e-6  # whole steps square the distance: the next one would be 1e-12
WIDE = 20  # columns from which half the digits of the curvature are twice as fast
BLOCK = 8_192  # rows at a time
NEAR = 1e-3  # steps as short as that are whole: the end is near


@dataclass(frozen=True, slots=True)
class LogOddsMap:
    """Calibrated log-odds = intercept + slope · margin.

    >>> LogOddsMap(intercept=0.0, slope=1.0).probability(np.array([0.0]))
    array([0.5])
    """

    intercept: float = 0.0
    slope: float = 1.0

    def log_odds(self, margin: FloatArray) -> FloatArray:
        """Calibrated log-odds of raw ones, shape (n,)."""
        return self.intercept + self.slope * margin

    def probability(self, margin: FloatArray) -> FloatArray:
        """Calibrated probability in [0, 1], shape (n,)."""
        return expit(self.log_odds(margin))

    def probability_of_one(self, margin: float) -> float:
        """`probability` of a single margin, the same to the bit."""
        return expit_of_one(self.intercept + self.slope * margin)


def newton_logistic(
    design: FloatArray,
    label: FloatArray,
    ridge: FloatArray,
    centre: FloatArray,
    offset: FloatArray | float = 0.0,
    start: FloatArray | None = None,
    stands_for: FloatArray | float = 1.0,
) -> FloatArray:
    """Weights of a logistic regression with a ridge towards `centre`.

    Args:
        design: (n, k), the column of ones included.
        label: (n,) of 0 and 1.
        ridge: (k,) penalties on half the squared distance to `centre`.
        centre: (k,) where the ridge pulls to.
        offset: fixed log-odds added to each row.
        start: (k,) where the search begins; `centre` when absent.
        stands_for: (n,) how many rows each one counts as.
    """

    def loss(margin: FloatArray, weights: FloatArray) -> float:
        """Negative log-likelihood of the margins, and the ridge on the weights."""
        far = weights - centre
        likelihood = np.logaddexp(0.0, margin) - label * margin
        return float((stands_for * likelihood).sum() + 0.5 * ridge @ far**2)

    weights = np.array(centre if start is None else start, dtype=np.float64)
    margin = design @ weights + offset
    for _ in range(100):
        p = expit(margin)
        gradient = design.T @ (stands_for * (p - label))
        gradient += ridge * (weights - centre)
        curvature = _curvature(design, stands_for * p * (1.0 - p))
        curvature += np.diag(ridge + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        ahead = design @ step  # the design is large: it is gone through but once
        # far from the end a whole step may overshoot, and the next one back as well
        before = loss(margin, weights)
        while np.max(np.abs(step)) > NEAR and (
            loss(margin - ahead, weights - step) > before - gradient @ step / 4.0
        ):
            step, ahead = step / 2.0, ahead / 2.0
        weights, margin = weights - step, margin - ahead
        if float(np.max(np.abs(step))) < ENOUGH:
            break
    return weights


def _curvature(design: FloatArray, weight: FloatArray) -> FloatArray:
    """(k, k) designᵀ · diag(weight) · design, by blocks: the rows are never copied."""
    n, k = design.shape
    curvature = np.zeros((k, k))
    # where it is wide the gradient is exact, so the end is the same
    block = np.empty((min(n, BLOCK), k), np.float32 if k > WIDE else np.float64)
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        root = block[: len(weight[rows])]
        np.multiply(
            design[rows], np.sqrt(weight[rows])[:, None], out=root, casting="same_kind"
        )
        curvature += root.T @ root  # of one array with itself: half the work
    return curvature


def fit_log_odds_affine(margin: FloatArray, label: FloatArray) -> LogOddsMap:
    """The map of largest likelihood, its slope pulled to 1 by one pseudo-row.

    Args:
        margin: (n,) raw log-odds of rows the model was not trained on.
        label: (n,) of 0 and 1.

    Raises:
        OneClassError: if all labels are equal: no odds can be learnt from them.
    """
    if len(np.unique(label)) < 2:
        raise OneClassError(
            "calibration needs rows of both outcomes; more dates bring them"
        )
    design = np.column_stack([np.ones_like(margin), margin])
    penalty = np.array([0.0, 1.0])
    intercept, slope = newton_logistic(design, label, penalty, np.array([0.0, 1.0]))
    if slope < MIN_SLOPE:
        return fit_level(margin, label, MIN_SLOPE)
    return LogOddsMap(float(intercept), float(slope))


def fit_level(margin: FloatArray, label: FloatArray, slope: float) -> LogOddsMap:
    """The map of this slope that expects as many positives as there are.

    Args:
        margin: (n,) raw log-odds.
        label: (n,) of 0 and 1, not all alike.
        slope: above 0.
    """
    ones, free = np.ones((len(margin), 1)), np.zeros(1)
    [intercept] = newton_logistic(ones, label, free, free, slope * margin)
    return LogOddsMap(float(intercept), slope)
