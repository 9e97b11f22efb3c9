"""Whether one way to predict is behind another on the mean over several rows.

Rows of a mean are sets of customers (a table, or a world and a target), each with a
difference and a standard error. The mean's own standard error says how well it is known
for these rows; how much single rows differ says what other rows may bring.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray

N_LARGEST = 3  # rows that are named


@dataclass(frozen=True)
class MeanGap:
    """By how much one is better than another, by row and measure.

    Args:
        names: of the rows.
        gap: (rows, measures); NaN where a row lacks a measure.
        error: (rows, measures) standard errors of it.
    """

    names: tuple[str, ...]
    gap: FloatArray
    error: FloatArray

    @classmethod
    def of(cls, by_row: Mapping[str, tuple[FloatArray, FloatArray]]) -> "MeanGap":
        """Of the gap and its standard error by row."""
        gap, error = (np.array(part) for part in zip(*by_row.values(), strict=True))
        return cls(tuple(by_row), gap, error)

    @property
    def mean(self) -> FloatArray:
        """(measures,) over the rows that have it."""
        return _filled(np.ma.masked_invalid(self.gap).mean(axis=0))

    @property
    def mean_error(self) -> FloatArray:
        """(measures,) standard error of the mean of these rows: others' chance apart.

        >>> one = (np.array([0.2]), np.array([0.3])), (np.array([0.0]), np.array([0.4]))
        >>> MeanGap.of(dict(zip("ab", one))).mean_error
        array([0.25])
        """
        known = np.ma.masked_invalid(self.error)
        return _filled(np.ma.sqrt((known**2).sum(axis=0)) / known.count(axis=0))

    @property
    def between(self) -> FloatArray:
        """(measures,) standard error of the mean as one of other rows as well."""
        return between(self.gap)

    def told(self, k: int) -> str:
        """Of measure k: the mean, whether it is a tie, and the rows it comes from."""
        mean, error = self.mean[k], self.mean_error[k]
        verdict = "ahead" if mean > error else "behind" if mean < -error else "a tie"
        gap = self.gap[:, k]
        known = np.flatnonzero(~np.isnan(gap))
        largest = known[np.argsort(-np.abs(gap[known]))][:N_LARGEST]
        rows = ", ".join(f"{self.names[i]} {gap[i] / len(known):+.4f}" for i in largest)
        return (
            f"{mean:+.4f} ± {error:.4f}: {verdict} (± {self.between[k]:.4f} as rows"
            f" differ); of it {rows}"
        )


def between(gap: FloatArray) -> FloatArray:
    """Standard error of the mean over rows, by how much these differ.

    Args:
        gap: (rows, ...); NaN where a row lacks a measure.

    Returns:
        (...); NaN where fewer than two rows have it.

    >>> float(between(np.array([1.0, 3.0]))), float(between(np.array([1.0])))
    (1.0, nan)
    """
    known = np.ma.masked_invalid(gap)
    return _filled(known.std(axis=0, ddof=1) / np.ma.sqrt(known.count(axis=0)))


def _filled(values: np.ma.MaskedArray) -> FloatArray:
    """NaN where no row has the measure."""
    return np.asarray(np.ma.filled(values, np.nan), dtype=np.float64)
