"""How far counts in bins have moved, with a threshold that knows how many there are.

The population stability index of two samples of one population is distributed like a
scaled chi-squared variable (Yurdakul 2018): a fixed threshold of 0.1 calls nearly half
of all samples of 100 drifted. The threshold here is a quantile for the two sizes, and
never below an effect worth a look.

What it cannot see: a change of behaviour behind unchanged numbers. For that, outcomes
are needed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from features.arrays import FloatArray
from scoring.reference import Sketch

SMALLEST_EFFECT = 0.02  # below this a shift is real at large n, and still harmless
CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True)
class Drift:
    """One column's shift between the population of training and that of now.

    Args:
        index: population stability index, 0 = same distribution.
        threshold: what chance alone seldom reaches.
        by_chance: what chance alone gives on average.
        moved: Wasserstein distance in units of the reference's 10 to 90 % range.
    """

    column: str
    index: float
    threshold: float
    by_chance: float
    n_before: int
    n_now: int
    unknown_before: float
    unknown_now: float
    moved: float | None = None

    @property
    def is_real(self) -> bool:
        """Whether chance alone would seldom do it, and it is worth a look."""
        return self.index > self.threshold

    @property
    def beyond_chance(self) -> float:
        """The index, less what chance alone gives on average; at least 0."""
        return max(self.index - self.by_chance, 0.0)


def drift(
    column: str, reference: Sketch, values: FloatArray, n_tests: int = 1
) -> Drift:
    """Compare a sample with a sketch; unknown values count as a bin of their own.

    Args:
        column: what the numbers are, for the report.
        reference: the older population.
        values: (n,) the newer one.
        n_tests: how many columns are compared at once. The threshold is so high that
            one of them all passes it by chance in 1 of 100 comparisons (Bonferroni).

    Raises:
        ValueError: if either is empty.

    >>> from scoring.reference import sketch_of
    >>> same = np.linspace(0, 1, 1000)
    >>> drift("p", sketch_of(same), same).index
    0.0
    """
    before, now = (
        np.array([*reference.counts, reference.n_unknown]),
        reference.count(values),
    )
    if before.sum() == 0 or now.sum() == 0:
        raise ValueError(f"{column}: both samples need rows")
    filled = before + now > 0
    # half a row in an empty bin keeps the logarithm finite
    old, new = ((c[filled] + 0.5) / (c[filled] + 0.5).sum() for c in (before, now))
    degrees = max(int(filled.sum()) - 1, 1)
    chance = (1.0 - CONFIDENCE) / n_tests
    scale = 1 / before.sum() + 1 / now.sum()
    noise = chdtri(degrees, chance) * scale
    return Drift(
        column=column,
        index=float(np.sum((new - old) * np.log(new / old))),
        threshold=max(float(noise), SMALLEST_EFFECT),
        by_chance=float(degrees * scale),
        n_before=reference.n,
        n_now=len(values),
        unknown_before=reference.unknown_share,
        unknown_now=float(now[-1] / now.sum()),
        moved=reference.moved(values),
    )
