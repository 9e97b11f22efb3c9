"""Outcomes that are not all known yet, against what was expected of them by now.

A date whose outcomes have not matured says something already: of all outcomes of such
dates a share is known at its age, so Σ p times that share should have been seen. A
model that nothing warns of until its labels mature learns of a wave half a year late.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from features.arrays import FloatArray

LEAST_SHARE = 0.1  # known by now; of younger dates little can be said
CONFIDENCE = 0.99  # of one date; several dates are looked at
TOLERATED = (0.8, 1.25)  # times what was expected: within it nothing is asked for


@dataclass(frozen=True, slots=True)
class YoungOutcomes:
    """One date, as far as its outcomes are known.

    Args:
        as_of: µs since 1970 UTC.
        n: customers.
        observed: to how many of them it happened, for all that is known now.
        expected: how many that should be by now.
        low, high: 99 % interval of the true ratio of the two.
    """

    as_of: int
    n: int
    observed: int
    expected: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        return self.observed / self.expected

    @property
    def is_alarm(self) -> bool:
        """Whether the whole interval lies outside of what is tolerated."""
        return self.low > TOLERATED[1] or self.high < TOLERATED[0]


def share_known(delay: FloatArray, age: float) -> float:
    """Share of outcomes that are known when their date is `age` old.

    Args:
        delay: (n,) from a date to when its outcome became known, of all outcomes of
            dates that have matured; any unit.
        age: in the same unit.

    >>> share_known(np.array([10.0, 30.0, 50.0, 90.0]), 50.0)
    0.75
    """
    return float(np.mean(delay <= age)) if len(delay) else 0.0


def young_outcomes(
    as_of: int, p: FloatArray, observed: int, share: float, n_learnt: int
) -> YoungOutcomes:
    """What a date shows so far, with an exact interval.

    Two Poisson counts are compared, given their sum (Przyborowski and Wilenski, 1940;
    Clopper and Pearson, 1934): what is seen here, and the customers whose outcomes set
    the level of `p`. A level learnt from few is itself uncertain; learnt from very
    many, the interval is Garwood's of one count.

    Args:
        as_of: the date, µs since 1970 UTC.
        p: (n,) probabilities of its customers.
        observed: to how many of them it is known to have happened.
        share: of such outcomes that is known by now, above 0.
        n_learnt: customers with an outcome that the level was learnt from, 1 or more.

    >>> one = young_outcomes(0, np.full(500, 0.04), 25, 0.5, 10**9)
    >>> one.ratio, round(one.low, 2), round(one.high, 2)
    (2.5, 1.4, 4.1)
    >>> young_outcomes(0, np.full(500, 0.04), 25, 0.5, 20).is_alarm
    False
    """
    expected = share * float(p.sum())
    tail = (1.0 - CONFIDENCE) / 2.0
    low = _odds(observed, n_learnt + 1, tail) if observed else 0.0
    high = _odds(observed + 1, n_learnt, 1.0 - tail)
    scale = n_learnt / expected
    return YoungOutcomes(as_of, len(p), observed, expected, scale * low, scale * high)


def _odds(a: int, b: int, quantile: float) -> float:
    """A quantile of a beta distribution, as odds."""
    share = float(betaincinv(a, b, quantile))
    return share / (1.0 - share)
