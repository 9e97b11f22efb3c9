"""How good are probabilities: ranking, calibration, and how sure we are of it.

Every metric takes `label` (n,) of 0 and 1 and `p` (n,), calibrated P in [0, 1],
and gives one number. Ties of `p` share their rank.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.special import expit, logit

from features.arrays import FloatArray, IntArray
from scoring.calibration import newton_logistic
from scoring.errors import OneClassError

Metric = Callable[[FloatArray, FloatArray], float]

CLIP = 1e-12  # no probability of exactly 0 or 1 makes a log-loss infinite
N_BINS = 20
LINE_RIDGE = np.full(2, 1e-6)


def auc(label: FloatArray, p: FloatArray) -> float:
    """Chance that a positive stands above a negative; ties count half.

    >>> auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    _, group, size = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2.0)[group]
    n_positives = label.sum()
    n_negatives = len(label) - n_positives
    if n_positives == 0 or n_negatives == 0:
        raise OneClassError("AUC needs both labels")
    surplus = rank[label == 1.0].sum() - n_positives * (n_positives + 1) / 2.0
    return float(surplus / (n_positives * n_negatives))


def positives_by_score(
    label: FloatArray, p: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Rows and positives at or above each distinct score, highest first."""
    order = np.argsort(-p, kind="stable")
    last = np.append(np.diff(p[order]) != 0.0, True)
    n_above = (np.flatnonzero(last) + 1).astype(np.float64)
    return n_above, np.cumsum(label[order])[last]


def roc_curve(label: FloatArray, p: FloatArray) -> tuple[FloatArray, FloatArray]:
    """False and true positive rates at every distinct score, from (0, 0) on."""
    n_above, n_hits = positives_by_score(label, p)
    n_positives = label.sum()
    false = (n_above - n_hits) / (len(label) - n_positives)
    return np.append(0.0, false), np.append(0.0, n_hits / n_positives)


def average_precision(label: FloatArray, p: FloatArray) -> float:
    """Area under precision and recall, as the step-wise sum (PR-AUC)."""
    n_above, n_hits = positives_by_score(label, p)
    gained = np.diff(n_hits, prepend=0.0)
    return float(np.sum(gained * n_hits / n_above) / label.sum())


def kolmogorov_smirnov(label: FloatArray, p: FloatArray) -> float:
    """Largest gap between the two cumulative score distributions."""
    false, true = roc_curve(label, p)
    return float(np.max(np.abs(true - false)))


def log_losses(label: FloatArray, p: FloatArray) -> FloatArray:
    """Log-loss of every row, in nats."""
    p = np.clip(p, CLIP, 1.0 - CLIP)
    losses: FloatArray = -np.where(label == 1.0, np.log(p), np.log1p(-p))
    return losses


def log_loss(label: FloatArray, p: FloatArray) -> float:
    """Mean negative log-likelihood in nats; shapes (n,), p clipped off 0 and 1."""
    return float(log_losses(label, p).mean())


def brier(label: FloatArray, p: FloatArray) -> float:
    """Mean squared error of the probabilities, in [0, 1] (Brier, 1950)."""
    return float(np.mean((p - label) ** 2))


def observed_over_expected(label: FloatArray, p: FloatArray) -> float:
    """Events that happened per event expected; 1 is right on average."""
    return float(label.sum() / p.sum())


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A logistic regression of what happened on functions of p, with its ridge."""

    design: FloatArray
    ridge: FloatArray
    centre: FloatArray
    weights: FloatArray


def _recalibrated(
    label: FloatArray, design: FloatArray, ridge: FloatArray
) -> Recalibration:
    """Fitted, and drawn towards "p is right": no intercept, slope 1, no bends."""
    centre = np.zeros(design.shape[1])
    centre[1] = 1.0
    weights = newton_logistic(design, label, ridge, centre)
    return Recalibration(design, ridge, centre, weights)


def recalibrated_by_line(label: FloatArray, p: FloatArray) -> Recalibration:
    """Intercept and slope on the log-odds of p (Cox, 1958)."""
    z = logit(np.clip(p, CLIP, 1.0 - CLIP))
    return _recalibrated(label, np.column_stack([np.ones_like(z), z]), LINE_RIDGE)


def recalibrated_by_spline(label: FloatArray, p: FloatArray) -> Recalibration:
    """A linear spline of the log-odds with knots at the quintiles."""
    z = logit(np.clip(p, CLIP, 1.0 - CLIP))
    knots = np.unique(np.quantile(z, [0.2, 0.4, 0.6, 0.8]))
    columns = [np.ones_like(z), z, *(np.maximum(z - k, 0.0) for k in knots)]
    design = np.column_stack(columns)
    ridge = np.full(design.shape[1], 1.0)
    ridge[0] = 1e-6
    return _recalibrated(label, design, ridge)


def calibration_line(label: FloatArray, p: FloatArray) -> tuple[float, float]:
    """Intercept and slope of the logistic recalibration; (0, 1) is perfect."""
    intercept, slope = recalibrated_by_line(label, p).weights
    return float(intercept), float(slope)


def calibration_intercept(label: FloatArray, p: FloatArray) -> float:
    """Intercept of the logistic recalibration, fitted with its slope; 0 is right."""
    return calibration_line(label, p)[0]


def calibration_slope(label: FloatArray, p: FloatArray) -> float:
    """Its slope (Cox, 1958); 1 is right, below 1 is overconfident."""
    return calibration_line(label, p)[1]


def integrated_calibration_index(label: FloatArray, p: FloatArray) -> float:
    """Mean |p − smoothed rate at p| (Austin and Steyerberg, 2019).

    The smoother is a logistic regression on a linear spline of the log-odds with
    knots at the quintiles: flexible enough to bend, too stiff to follow noise.
    """
    fit = recalibrated_by_spline(label, p)
    return float(np.mean(np.abs(p - expit(fit.design @ fit.weights))))


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal-count bins of the score, lowest first; one entry per bin."""

    n: FloatArray
    mean_p: FloatArray
    rate: FloatArray
    n_positives: FloatArray


def equal_count_parts(p: FloatArray, n_parts: int) -> list[IntArray]:
    """Numbers of the rows in order of p, cut into parts of about equal count."""
    order = np.argsort(p, kind="stable")
    return [part for part in np.array_split(order, n_parts) if len(part)]


def equal_count_bins(label: FloatArray, p: FloatArray, n_bins: int = N_BINS) -> Bins:
    """Rows in order of p, cut into `n_bins` bins of about equal count."""
    parts = equal_count_parts(p, n_bins)
    return Bins(
        n=np.array([float(len(part)) for part in parts]),
        mean_p=np.array([p[part].mean() for part in parts]),
        rate=np.array([label[part].mean() for part in parts]),
        n_positives=np.array([label[part].sum() for part in parts]),
    )


def expected_calibration_error(label: FloatArray, p: FloatArray) -> float:
    """Mean |rate − mean p| over 20 equal-count bins; biased upwards when n is small."""
    bins = equal_count_bins(label, p)
    return float(np.average(np.abs(bins.rate - bins.mean_p), weights=bins.n))


def spiegelhalter_z(label: FloatArray, p: FloatArray) -> float:
    """Standard normal when p is calibrated (Spiegelhalter, 1986)."""
    weight = 1.0 - 2.0 * p
    spread = np.sqrt(np.sum(weight**2 * p * (1.0 - p)))
    return float(np.sum((label - p) * weight) / spread) if spread > 0.0 else 0.0


# without the expected calibration error, which resampling inflates
METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "auc": auc,
        "pr_auc": average_precision,
        "log_loss": log_loss,
        "brier": brier,
        "ks": kolmogorov_smirnov,
        "observed_over_expected": observed_over_expected,
        "calibration_intercept": calibration_intercept,
        "calibration_slope": calibration_slope,
        "ici": integrated_calibration_index,
        "spiegelhalter_z": spiegelhalter_z,
    }
)
