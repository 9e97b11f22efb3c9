"""Bootstrap by customer: one customer's rows are drawn together or not at all."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chdtri, ndtri

from features.arrays import FloatArray, IntArray
from scoring.early_warning import TOLERATED
from scoring.metrics import METRICS, log_losses
from scoring.resampled import ResampledMetrics

TAIL = 0.025  # on either side of an interval of 95 %


@dataclass(frozen=True, slots=True)
class MetricEstimate:
    """A metric with the percentile interval of its bootstrap."""

    value: float
    low: float
    high: float

    @property
    def is_surely_off(self) -> bool:
        """Of what is 1 where it is right: whether it is not even near, for sure.

        >>> MetricEstimate(1.4, 1.26, 1.5).is_surely_off
        True
        >>> MetricEstimate(1.4, 1.25, 1.5).is_surely_off
        False
        """
        return self.low > TOLERATED[1] or self.high < TOLERATED[0]


def customer_blocks(customer_ids: npt.ArrayLike) -> IntArray:
    """(n,) number of each row's customer, 0 to the number of customers - 1."""
    _, blocks = np.unique(np.asarray(customer_ids), return_inverse=True)
    return np.asarray(blocks, dtype=np.int64)


def measured(
    label: FloatArray,
    p: FloatArray,
    blocks: IntArray,
    *,
    n_draws: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict[str, MetricEstimate]:
    """Every metric with its interval over `n_draws` resamples of the customers."""
    rng = np.random.default_rng(seed)
    n_blocks = int(blocks.max()) + 1
    resampled = ResampledMetrics(label, p, blocks)
    draws: list[dict[str, float]] = []
    while len(draws) < n_draws:
        drawn = rng.multinomial(n_blocks, np.full(n_blocks, 1.0 / n_blocks))
        counts = drawn.astype(np.float64)
        if resampled.has_both_labels(counts):  # no metric ranks one class
            draws.append(resampled.draw(counts))
    tail = (1.0 - confidence) / 2.0
    return {
        name: _around(metric(label, p), *_interval([one[name] for one in draws], tail))
        for name, metric in METRICS.items()
    }


def _around(value: float, low: float, high: float) -> MetricEstimate:
    """An interval that holds its value.

    Draws of customers lie farther from a perfect calibration than the rows they are
    drawn from, so of few outcomes all of them may lie beyond a small distance.
    """
    return MetricEstimate(value, min(low, value), max(high, value))


def _interval(draws: list[float], tail: float) -> tuple[float, float]:
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return float(low), float(high)


def auc_interval(auc: float, n_positive: int, n_negative: int) -> tuple[float, float]:
    """Newcombe's fifth interval (95 %) of an AUC: honest for a handful of positives.

    Newcombe (2006), Statistics in Medicine 25, 559-573, method 5: the AUCs whose own
    Hanley-McNeil standard error, with both numbers set to their mean, reaches the one
    that was seen.

    >>> tuple(round(float(v), 2) for v in auc_interval(0.9, 5, 200))
    (0.66, 0.97)
    >>> auc_interval(0.5, 400, 400)[0] > 0.45
    True
    """
    z = float(ndtri(1.0 - TAIL))
    extra = (n_positive + n_negative) / 2.0 - 1.0

    def beyond(true: float) -> float:
        """Above 0 where the AUC seen lies outside what `true` would show."""
        spread = 1.0 + extra * ((1.0 - true) / (2.0 - true) + true / (1.0 + true))
        variance = true * (1.0 - true) * spread / (n_positive * n_negative)
        return (auc - true) ** 2 - z * z * variance

    near = 1e-9  # at the AUC itself, and at 0 and 1, the difference is nothing
    low = 0.0 if auc <= near else float(brentq(beyond, 0.0, auc - near))
    high = 1.0 if auc >= 1.0 - near else float(brentq(beyond, auc + near, 1.0))
    return low, high


def count_interval(ratio: float, count: float) -> tuple[float, float]:
    """The exact (Garwood) 95 % interval of a count, as that of a ratio to a number.

    >>> tuple(round(float(v), 2) for v in count_interval(1.0, 10))
    (0.48, 1.84)
    """
    low = 0.0 if count == 0 else float(chdtri(2 * count, 1.0 - TAIL)) / 2.0
    high = float(chdtri(2 * (count + 1), TAIL)) / 2.0
    return ratio * low / max(count, 1), ratio * high / max(count, 1)


def observed_over_expected_interval(
    label: FloatArray, p: FloatArray, blocks: IntArray
) -> tuple[float, float]:
    """The 95 % interval of observed over expected, its expected count given.

    A customer has a row for each date within a horizon of the event, so one event
    counts in several rows. They weigh as so many independent ones: the square of their
    sum over the sum of squares by customer (Kish, 1965), and that count has its exact
    interval.

    Args:
        label: (n,) what came, 0 or 1.
        p: (n,) its probability.
        blocks: (n,) number of each row's customer.

    >>> ten = np.ones(10)
    >>> one_row_each = observed_over_expected_interval(ten, ten, np.arange(10))
    >>> two_rows_each = observed_over_expected_interval(ten, ten, np.arange(10) // 2)
    >>> [round(value, 2) for value in (*one_row_each, *two_rows_each)]
    [0.48, 1.84, 0.32, 2.33]
    """
    expected = float(p.sum())
    by_customer = np.bincount(blocks, weights=label)
    observed = float(by_customer.sum())
    if observed == 0.0:
        rows_each = len(label) / len(np.unique(blocks))
        return count_interval(rows_each / expected, 0)
    effective = observed**2 / float(np.sum(by_customer**2))
    return count_interval(observed / expected, effective)


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Mean of A minus mean of B over the same rows; where less is better, below 0 A is.

    `p_a_is_better` is the share of the draws with a difference below 0.
    """

    difference: float
    low: float
    high: float
    p_a_is_better: float


def compare_log_loss(
    label: FloatArray,
    p_a: FloatArray,
    p_b: FloatArray,
    blocks: IntArray,
    *,
    n_draws: int = 1000,
    seed: int = 0,
) -> PairedComparison:
    """Paired bootstrap over customers of the difference in log-loss."""
    a, b = log_losses(label, p_a), log_losses(label, p_b)
    return compare_means(a, b, blocks, n_draws=n_draws, seed=seed)


def compare_means(
    a: FloatArray,
    b: FloatArray,
    blocks: IntArray,
    *,
    n_draws: int = 1000,
    seed: int = 0,
) -> PairedComparison:
    """Paired bootstrap over customers of the difference of two means over rows (n,).

    >>> compare_means(np.zeros(9), np.ones(9), np.arange(9)).p_a_is_better
    1.0
    """
    difference = a - b
    _, block = np.unique(blocks, return_inverse=True)
    sums = np.bincount(block, weights=difference)
    sizes = np.bincount(block).astype(np.float64)
    n_blocks = len(sums)
    rng = np.random.default_rng(seed)
    draws = np.empty(n_draws)
    for i in range(n_draws):
        counts = np.bincount(rng.integers(0, n_blocks, n_blocks), minlength=n_blocks)
        draws[i] = (counts @ sums) / (counts @ sizes)
    low, high = _interval(list(draws), TAIL)
    return PairedComparison(
        float(difference.mean()), low, high, float(np.mean(draws < 0.0))
    )
