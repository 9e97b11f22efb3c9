"""How a probability is shown: points and a band. Neither decides anything."""

from math import inf, log2

POINTS_PER_DOUBLING = 50.0  # odds twice as bad cost this many points
POINTS_AT_EVENS = 600.0  # points of P = 0.5
BANDS = (("A", 900.0), ("B", 800.0), ("C", 700.0), ("D", 600.0), ("E", -inf))
_SMALLEST = 1e-9


def points(probability: float) -> int:
    """600 − 50/ln 2 · logit p, rounded: 100 points less are fourfold odds of loss.

    >>> points(0.5), points(0.2), points(0.015)
    (600, 700, 902)
    """
    p = min(max(probability, _SMALLEST), 1.0 - _SMALLEST)
    return round(POINTS_AT_EVENS - POINTS_PER_DOUBLING * (log2(p) - log2(1.0 - p)))


def band(probability: float) -> str:
    """A (least risk, 900 points and more) to E (below 600: more likely than not).

    >>> [band(p) for p in (0.01, 0.05, 0.15, 0.4, 0.6)]
    ['A', 'B', 'C', 'D', 'E']
    """
    shown = points(probability)
    return next(name for name, least in BANDS if shown >= least)
