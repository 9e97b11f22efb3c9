"""95 % intervals over customers: whole customers are drawn, never single days."""

from typing import NamedTuple

import numpy as np

from features.arrays import FloatArray

N_DRAWS = 1_000
_CHUNK = 50


class Interval(NamedTuple):
    value: float
    low: float
    high: float


def _drawn(columns: FloatArray) -> FloatArray:
    """(draws, columns) sums of rows (n, columns) drawn with replacement."""
    n = len(columns)
    random = np.random.default_rng(0)
    sums = [
        random.multinomial(n, np.full(n, 1.0 / n), size=_CHUNK) @ columns
        for _ in range(N_DRAWS // _CHUNK)
    ]
    return np.concatenate(sums)


def total_interval(per_customer: FloatArray) -> Interval:
    """A sum over customers.

    >>> total_interval(np.ones(50))
    Interval(value=50.0, low=50.0, high=50.0)
    """
    if not len(per_customer):
        return Interval(0.0, 0.0, 0.0)
    drawn = _drawn(per_customer[:, None])[:, 0]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(per_customer.sum()), float(low), float(high))


def ratio_interval(above: FloatArray, below: FloatArray) -> Interval:
    """A ratio of two sums over the same customers; NaN where nothing is below."""
    total = float(below.sum())
    if total <= 0.0:
        return Interval(np.nan, np.nan, np.nan)
    drawn = _drawn(np.column_stack([above, below]))
    usable = drawn[:, 1] > 0.0
    ratios = drawn[usable, 0] / drawn[usable, 1]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return Interval(float(above.sum()) / total, float(low), float(high))
