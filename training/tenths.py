"""Calibration by tenth of the rows that judge a model, with how sure each rate is."""

from typing import NamedTuple

import numpy as np

from features.arrays import FloatArray, IntArray
from scoring.intervals import MetricEstimate, observed_over_expected_interval
from scoring.metrics import equal_count_parts

N_TENTHS = 10


class CalibrationBin(NamedTuple):
    """Rows of about the same probability.

    Args:
        n: how many, of which `n_positives` happened.
        mean_p: mean probability, 0 to 1.
        rate: share that happened, with a 95 % interval in which a customer who has a
            row for several dates counts once.
    """

    n: int
    n_positives: int
    mean_p: float
    rate: MetricEstimate


def tenths(
    label: FloatArray, p: FloatArray, customer: IntArray
) -> list[CalibrationBin]:
    """Rows in order of p, cut into ten parts of about equal count.

    Args:
        label: (n,) 0 or 1.
        p: (n,) its probability.
        customer: (n,) number of each row's customer.

    >>> label, p, dates = np.array([0.0, 1.0] * 10), np.linspace(0.1, 0.9, 20), 2
    >>> tenths(label, p, np.arange(20) // dates)[0].rate.value
    0.5
    """
    return [
        _bin(label[part], p[part], customer[part])
        for part in equal_count_parts(p, N_TENTHS)
    ]


def _bin(label: FloatArray, p: FloatArray, customer: IntArray) -> CalibrationBin:
    blocks = np.unique(customer, return_inverse=True)[1]
    # of an expected count of one a row, observed over expected is the rate
    low, high = observed_over_expected_interval(label, np.ones(len(label)), blocks)
    rate = MetricEstimate(float(label.mean()), low, min(high, 1.0))
    return CalibrationBin(len(label), int(label.sum()), float(p.mean()), rate)
