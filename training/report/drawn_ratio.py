"""A ratio of sums over rows, with an interval that draws whole customers."""

import numpy as np

from features.arrays import FloatArray, IntArray
from scoring.intervals import MetricEstimate

N_DRAWS = 400


def drawn_ratio(
    above: FloatArray, below: FloatArray, blocks: IntArray
) -> MetricEstimate:
    """Sum of `above` over sum of `below`; not a number where that is not above 0.

    Args:
        above: (n,) of each row.
        below: (n,) of each row.
        blocks: (n,) number of its customer, whose rows are drawn together.

    >>> drawn_ratio(np.ones(4), np.full(4, 2.0), np.arange(4))
    MetricEstimate(value=0.5, low=0.5, high=0.5)
    """
    sums = np.column_stack(
        [np.bincount(blocks, weights=column) for column in (above, below)]
    )
    rng = np.random.default_rng(0)
    n = len(sums)
    draws = np.array([sums[rng.integers(0, n, n)].sum(axis=0) for _ in range(N_DRAWS)])
    usable = draws[draws[:, 1] > 0.0]
    if len(usable) == 0 or below.sum() <= 0.0:
        return MetricEstimate(np.nan, np.nan, np.nan)
    low, high = np.quantile(usable[:, 0] / usable[:, 1], [0.025, 0.975])
    return MetricEstimate(float(above.sum() / below.sum()), float(low), float(high))
