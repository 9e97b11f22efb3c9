"""The metrics of many resamples of the same rows, without drawing a row.

A resample by customer gives each customer a count, and with it each of its rows. What
all resamples share is done once: rows in order of p, sums by customer, the fit that a
recalibration starts from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from features.arrays import BoolArray, FloatArray, IntArray
from scoring.metrics import (
    Recalibration,
    log_losses,
    recalibrated_by_line,
    recalibrated_by_spline,
)


@dataclass(frozen=True)
class _NewtonStep:
    """One step from the fit of all rows towards that of a resample.

    The rest of the way is of the order 1/n, while resamples differ by 1/√n (the
    k-step bootstrap of Davidson and MacKinnon, 1999); and where few positives are
    drawn, a full fit runs away.
    """

    fitted: FloatArray
    pull: FloatArray
    penalty: FloatArray
    slopes: FloatArray  # (blocks, k) by customer
    curvatures: FloatArray  # (blocks, k, k)

    @classmethod
    def of(
        cls, fit: Recalibration, label: FloatArray, blocks: IntArray
    ) -> "_NewtonStep":
        """Sums of a fit by block, from which each resample takes its step."""
        q = expit(fit.design @ fit.weights)
        k = fit.design.shape[1]
        slopes = _by_block(fit.design * (q - label)[:, None], blocks)
        spread = fit.design * (q * (1.0 - q))[:, None]
        pairs = [spread * fit.design[:, j][:, None] for j in range(k)]
        curvatures = np.stack([_by_block(pair, blocks) for pair in pairs], axis=2)
        pull = fit.ridge * (fit.weights - fit.centre)
        return cls(fit.weights, pull, np.diag(fit.ridge + 1e-9), slopes, curvatures)

    def weights(self, counts: FloatArray) -> FloatArray:
        """(k,) of the resample."""
        gradient = counts @ self.slopes + self.pull
        curvature = np.tensordot(counts, self.curvatures, axes=1) + self.penalty
        return np.asarray(self.fitted - np.linalg.solve(curvature, gradient))


def _by_block(values: FloatArray, blocks: IntArray) -> FloatArray:
    """(blocks, k) sums of the rows (n, k)."""
    columns = [np.bincount(blocks, weights=column) for column in values.T]
    return np.column_stack(columns)


class ResampledMetrics:
    """What `metrics` would give for each resample of some rows.

    Args:
        label, p: (n,) as for a metric. blocks: (n,) number of each row's customer.
    """

    def __init__(self, label: FloatArray, p: FloatArray, blocks: IntArray) -> None:
        order = np.argsort(-p, kind="stable")
        self._label, self._p, self._block = label[order], p[order], blocks[order]
        self._is_last: BoolArray = np.append(np.diff(self._p) != 0.0, True)
        weight = 1.0 - 2.0 * p
        columns = (
            np.ones_like(p),
            label,
            p,
            log_losses(label, p),
            (p - label) ** 2,
            (label - p) * weight,
            weight**2 * p * (1.0 - p),
        )
        self._sums = _by_block(np.column_stack(columns), blocks)
        line = recalibrated_by_line(self._label, self._p)
        self._line = _NewtonStep.of(line, self._label, self._block)
        spline = recalibrated_by_spline(self._label, self._p)
        self._spline = _NewtonStep.of(spline, self._label, self._block)
        self._bends = spline.design

    def has_both_labels(self, counts: FloatArray) -> bool:
        """Whether a resample has rows with and without the outcome."""
        n, positives = counts @ self._sums[:, :2]
        return bool(0.0 < positives < n)

    def draw(self, counts: FloatArray) -> dict[str, float]:
        """Every metric of the resample with so many (blocks,) of each customer."""
        n, positives, expected, losses, squares, z, spread = counts @ self._sums
        intercept, slope = self._line.weights(counts)
        drawn = counts[self._block]
        smooth = expit(self._bends @ self._spline.weights(counts))
        return {
            **self._ranks(drawn, n, positives),
            "log_loss": losses / n,
            "brier": squares / n,
            "observed_over_expected": positives / expected,
            "calibration_intercept": float(intercept),
            "calibration_slope": float(slope),
            "ici": float(drawn @ np.abs(self._p - smooth)) / n,
            "spiegelhalter_z": z / np.sqrt(spread) if spread > 0.0 else 0.0,
        }

    def _ranks(
        self, drawn: FloatArray, n: float, positives: float
    ) -> Mapping[str, float]:
        above = np.cumsum(drawn)[self._is_last]
        hits = np.cumsum(drawn * self._label)[self._is_last]
        gained = np.diff(hits, prepend=0.0)
        missed = np.diff(above - hits, prepend=0.0)
        negatives = n - positives
        gap = np.abs(hits / positives - (above - hits) / negatives)
        in_order = float(missed @ (hits - gained / 2.0))
        precision = hits / np.maximum(above, 1.0)
        return {
            "auc": in_order / (positives * negatives),
            "pr_auc": float(gained @ precision) / positives,
            "ks": float(gap.max()),
        }
