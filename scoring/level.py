"""How often it happens in a portfolio of few outcomes, and how surely that is known.

A starter knows who is worse than others and not how bad a portfolio is: what it expects
is a prior, which what the portfolio shows so far moves.
"""

from dataclasses import dataclass
from math import floor, log10
from typing import NamedTuple

import numpy as np

from features.arrays import FloatArray, IntArray
from scoring.logistic import expit

# The starter's own level counts as much as half an outcome (Jeffreys), and as so many
# customers: fewer without what is rare would take it to next to nothing, and with more
# a starter that is far off would not be moved by the first outcomes (ADR 19).
PRIOR_OUTCOMES, LEAST_CUSTOMERS, MOST_CUSTOMERS = 0.5, 50.0, 150.0
_FURTHEST = 8.0  # log-odds by which a portfolio may move the level
_CERTAIN = 1e-12  # a probability nearer to 0 or 1 has no log-odds to move


class LevelPrior(NamedTuple):
    """How likely each level is, as a Beta distribution.

    As if so many customers had been seen with the outcome, and so many without.
    """

    with_it: float
    without: float

    @classmethod
    def of_starter(cls, expected: float) -> "LevelPrior":
        """The prior of a starter that expects so much of the rows, in [0, 1]."""
        as_many_as = max(PRIOR_OUTCOMES / expected, LEAST_CUSTOMERS)
        n_customers = min(as_many_as, MOST_CUSTOMERS)
        return cls(n_customers * expected, n_customers * (1.0 - expected))

    @property
    def mean(self) -> float:
        """The level in [0, 1] that it expects."""
        return self.with_it / (self.with_it + self.without)

    def after(self, n_customers: float, seen: float) -> "LevelPrior":
        """With so many customers more, of whose rows the share `seen` has it."""
        return LevelPrior(
            self.with_it + n_customers * seen,
            self.without + n_customers * (1.0 - seen),
        )


# where no starter says what to expect
JEFFREYS = LevelPrior(PRIOR_OUTCOMES, PRIOR_OUTCOMES)


@dataclass(frozen=True, slots=True)
class Level:
    """The share of customers to whom it happens within the horizon.

    Args:
        rate: what the model expects on average of the rows that tell the level, in
            (0, 1).
        low, high: its 95 % interval.
    """

    rate: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{_percent(self.rate)} of the customers (95 % interval"
            f" {_percent(self.low)} to {_percent(self.high)})"
        )

    def moved(self, p: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Probabilities (n,) in [0, 1] at the low and the high end of the interval.

        >>> low, high = Level(0.01, 0.0, 0.02).moved(np.array([0.01, 0.1]))
        >>> low.tolist(), high.round(3).tolist()
        ([0.0, 0.0], [0.02, 0.183])
        """
        from scipy.special import expit, logit  # dear to import, and rarely needed

        at = logit(np.clip(p, _CERTAIN, 1.0 - _CERTAIN)) - logit(self.rate)
        return expit(at + logit(self.low)), expit(at + logit(self.high))


def _percent(share: float) -> str:
    """With two digits after the point, and at least one that is not zero.

    >>> _percent(0.0), _percent(0.0123), _percent(0.00004)
    ('0.00%', '1.23%', '0.004%')
    """
    digits = 2 if share == 0.0 else max(2, -floor(log10(100.0 * share)))
    return f"{share:.{digits}%}"


def level_of(
    expected: float, label: FloatArray, customer: IntArray, prior: LevelPrior
) -> Level:
    """The level of a model, as surely as few outcomes tell it.

    From the credible interval of the prior moved to the rows, or as far as the exact
    interval of what was seen reaches, if that is farther: with no outcome among n
    customers 3.7 / n. A customer's rows count as one customer in both.

    Args:
        expected: mean probability of the rows by the model, in (0, 1).
        label: (n,) of 0 and 1, n > 0.
        customer: (n,) number of each row's customer.
        prior: of the level, before these rows.

    >>> nobody = np.zeros(400)
    >>> print(level_of(0.001, nobody, np.arange(400), LevelPrior.of_starter(0.01)))
    0.10% of the customers (95 % interval 0.00% to 0.92%)
    """
    from scipy.special import betaincinv  # dear to import, and rarely needed

    from scoring.intervals import TAIL, observed_over_expected_interval

    belief = prior.after(len(np.unique(customer)), float(label.mean()))
    believed = (float(betaincinv(*belief, tail)) for tail in (TAIL, 1.0 - TAIL))
    every_row = np.ones(len(label))  # expected of each one: the ratio is the rate
    exact = observed_over_expected_interval(label, every_row, customer)
    ends = (expected, *believed, *exact)
    return Level(expected, min(ends), min(max(ends), 1.0))


def level_shift(
    log_odds: FloatArray,
    label: FloatArray,
    customer: IntArray,
    stands_for: FloatArray | None = None,
) -> float:
    """By how much the level moves to what a portfolio shows so far, in log-odds.

    A Beta prior on the portfolio's rate: its mean is what the starter expects of these
    very rows, its weight that of half an outcome, of 50 customers at least and 150 at
    most. The shift makes the mean probability of the rows the posterior mean. A
    customer's rows count as one customer, for they tell the same story many times.
    Without rows the shift is 0.

    Args:
        log_odds: (n,) of the starter for labelled rows.
        label: (n,) of 0 and 1.
        customer: (n,) number of each row's customer.
        stands_for: (n,) how many rows each one counts as; one without.

    >>> rows = np.full(400, -2.0)
    >>> level_shift(rows, np.zeros(400), np.arange(400)) < -1.0
    True
    >>> level_shift(rows[:0], rows[:0], np.arange(0))
    0.0
    """
    if len(label) == 0:
        return 0.0
    _, one_of, n_rows = np.unique(customer, return_inverse=True, return_counts=True)
    counts = np.ones(len(label)) if stands_for is None else stands_for
    n_customers = float((counts / n_rows[one_of]).sum())
    expected = float(np.average(expit(log_odds), weights=stands_for))
    seen = float(np.average(label, weights=stands_for))
    rate = LevelPrior.of_starter(expected).after(n_customers, seen).mean

    def excess(shift: float) -> float:
        """How far the mean probability, moved by `shift`, lies above the rate."""
        mean = np.average(expit(log_odds + shift), weights=stands_for)
        return float(mean) - rate

    if excess(-_FURTHEST) >= 0.0:
        return -_FURTHEST
    if excess(_FURTHEST) <= 0.0:
        return _FURTHEST
    from scipy.optimize import brentq  # dear to import, and rarely needed

    return float(brentq(excess, -_FURTHEST, _FURTHEST, xtol=1e-9))
