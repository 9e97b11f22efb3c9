"""Probabilities as people count them: so many of a hundred, or of a thousand."""

from typing import NamedTuple

BASES = (100, 1_000, 10_000)


class Frequency(NamedTuple):
    """`n` of `base` customers."""

    n: int
    base: int


def frequency(p: float, base: int) -> Frequency:
    """A probability in [0, 1] as a count, half-up.

    >>> frequency(0.345, 100)
    Frequency(n=35, base=100)
    """
    return Frequency(int(p * base + 0.5), base)


def fitting_base(*probabilities: float) -> int:
    """The smallest base that shows no probability as zero and no two as the same.

    A probability of exactly 0 may show as zero.

    >>> fitting_base(0.35, 0.363), fitting_base(0.36, 0.363), fitting_base(0.004)
    (100, 1000, 1000)
    """
    distinct = set(probabilities)
    for base in BASES:
        counts = {frequency(p, base).n for p in distinct}
        if len(counts) == len(distinct) and (0 not in counts or 0.0 in distinct):
            return base
    return BASES[-1]
