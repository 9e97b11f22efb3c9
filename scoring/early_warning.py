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
# With the tolerance an alarm by chance came in 1.4 to 3.1 % of simulated portfolios
# that had learnt from 20 outcomes, and in fewer than 1.4 % of those with 200: the share
# known by now is estimated too, and the interval does not know it.
CONFIDENCE = 0.95
TOLERATED = (0.8, 1.25)  # of a ratio or a slope that is near enough to 1, either way
# A ratio beyond is one of counts near none; so intervals stay finite, and the search
# for the smallest change that can be seen ends.
MOST_TIMES = 50.0


@dataclass(frozen=True, slots=True)
class Expectation:
    """How many outcomes should be known by now, beside those that are.

    Args:
        expected: by now.
        ratio: observed over expected. low, high: interval of the true one, of 95 %
            where no other confidence is asked for.
    """

    expected: float
    ratio: float
    low: float
    high: float

    @property
    def is_alarm(self) -> bool:
        """Whether the whole interval lies outside of what is tolerated."""
        return self.low > TOLERATED[1] or self.high < TOLERATED[0]


@dataclass(frozen=True, slots=True)
class YoungOutcomes:
    """One date, or several a horizon apart, as far as outcomes are known.

    Args:
        as_of: the first date, µs since 1970 UTC.
        n_dates: how many.
        observed: to how many customers it happened, for all that is known now.
        by_model: what the model expects of these customers.
        as_before: what the rate of matured dates would give. A wave that the model
            sees coming in its features is one all the same.
        n_left_out: frauds known by now of customers who joined after the last of these
            dates, and so stand at none of them; None where that is not counted.
    """

    as_of: int
    n_dates: int
    observed: int
    by_model: Expectation
    as_before: Expectation
    n_left_out: int | None = None

    @property
    def is_alarm(self) -> bool:
        """Whether either comparison rings."""
        return self.by_model.is_alarm or self.as_before.is_alarm


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


def expectation(
    observed: int, expected: float, n_learnt: int, confidence: float = CONFIDENCE
) -> Expectation:
    """An interval of observed over expected, exact but for the share known by now.

    That share is estimated, and taken here as if it were certain.
    Two Poisson counts are compared, given their sum (Przyborowski and Wilenski, 1940;
    Clopper and Pearson, 1934): what is seen here, and the customers whose outcomes set
    the level of what is expected. A level learnt from few is itself uncertain; learnt
    from very many, the interval is Garwood's of one count.

    Args:
        observed: outcomes known by now.
        expected: how many should be, above 0.
        n_learnt: customers with an outcome that the level was learnt from, 1 or more.
        confidence: of the interval.

    >>> one = expectation(25, 10.0, 10**9)
    >>> one.ratio, round(one.low, 2), round(one.high, 2)
    (2.5, 1.62, 3.69)
    >>> expectation(25, 10.0, 10).is_alarm
    False
    """
    tail = (1.0 - confidence) / 2.0
    low = _odds(observed, n_learnt + 1, tail) if observed else 0.0
    high = _odds(observed + 1, n_learnt, 1.0 - tail)
    scale = n_learnt / expected
    return Expectation(expected, observed / expected, scale * low, scale * high)


def _odds(a: int, b: int, quantile: float) -> float:
    """A quantile of a beta distribution, as odds."""
    share = float(betaincinv(a, b, quantile))
    return share / (1.0 - share)
