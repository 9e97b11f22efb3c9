"""The logistic function: the same bits for one value and for many."""

import math

import numpy as np

from features.arrays import FloatArray


def expit(log_odds: FloatArray) -> FloatArray:
    """Probabilities 1 / (1 + exp(-x)) of log-odds, element by element.

    Many are SciPy's. A single one takes the same steps here, for a service scores row
    by row, and SciPy is a sixth of what it loads before its first answer.

    >>> expit(np.array([0.0]))
    array([0.5])
    """
    if log_odds.size == 1:
        return np.array(expit_of_one(log_odds.item())).reshape(log_odds.shape)
    from scipy.special import expit as of_many

    return np.asarray(of_many(log_odds), dtype=np.float64)


def expit_of_one(log_odds: float) -> float:
    """`expit` of a single number."""
    try:
        return 1.0 / (1.0 + math.exp(-log_odds))
    except OverflowError:  # exp is infinite
        return 0.0
