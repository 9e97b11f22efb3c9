"""Drift of scores between two scored portfolios, with a threshold that knows n.

The population stability index of two samples of one population is distributed
like a scaled chi-squared variable (Yurdakul 2018): a fixed threshold of 0.1 calls
nearly half of all samples of 100 drifted. The threshold here is the 99 % quantile
for the two sample sizes, and never below an effect worth a look.

What it cannot see: a change of behaviour behind unchanged scores. For that,
outcomes are needed.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import chi2

from features.arrays import FloatArray

N_BINS = 10
SMALLEST_EFFECT = 0.02  # below this a shift is real at large n, and still harmless
CONFIDENCE = 0.99


@dataclass(frozen=True, slots=True)
class Drift:
    """One column's shift between a reference and a current sample."""

    column: str
    index: float  # population stability index, 0 = same distribution
    threshold: float  # alarm above
    n_reference: int
    n_current: int
    mean_reference: float
    mean_current: float

    @property
    def is_alarm(self) -> bool:
        return self.index > self.threshold


def population_stability(
    column: str, reference: FloatArray, current: FloatArray, n_bins: int = N_BINS
) -> Drift:
    """Compare two samples of one number; missing values count as a bin of their own.

    Args:
        column: what the numbers are, for the report.
        reference: shape (n,), the older sample; its quantiles make the bins.
        current: shape (m,), the newer sample.
        n_bins: equal-count bins of the reference.

    Raises:
        ValueError: if a sample is empty.

    >>> same = np.linspace(0, 1, 1000)
    >>> population_stability("p", same, same).index
    0.0
    """
    if len(reference) == 0 or len(current) == 0:
        raise ValueError(f"{column}: both samples need rows")
    edges = _bin_edges(reference, n_bins)
    counts = [_counts(sample, edges) for sample in (reference, current)]
    filled = counts[0] + counts[1] > 0
    # half a row in an empty bin keeps the logarithm finite
    old, new = ((c[filled] + 0.5) / (c[filled] + 0.5).sum() for c in counts)
    degrees = max(int(filled.sum()) - 1, 1)
    noise = chi2.ppf(CONFIDENCE, degrees) * (1 / len(reference) + 1 / len(current))
    return Drift(
        column=column,
        index=float(np.sum((new - old) * np.log(new / old))),
        threshold=max(float(noise), SMALLEST_EFFECT),
        n_reference=len(reference),
        n_current=len(current),
        mean_reference=_mean(reference),
        mean_current=_mean(current),
    )


def _bin_edges(reference: FloatArray, n_bins: int) -> FloatArray:
    """Inner quantiles of the values present, each once."""
    present = reference[~np.isnan(reference)]
    if len(present) == 0:
        return np.empty(0)
    return np.unique(np.quantile(present, np.linspace(0, 1, n_bins + 1)[1:-1]))


def _counts(sample: FloatArray, edges: FloatArray) -> FloatArray:
    """Rows per bin; the last bin holds the missing values."""
    missing = np.isnan(sample)
    bins = np.searchsorted(edges, sample[~missing], side="right")
    counts = np.bincount(bins, minlength=len(edges) + 1)
    return np.append(counts, missing.sum()).astype(float)


def _mean(sample: FloatArray) -> float:
    present = sample[~np.isnan(sample)]
    return float(present.mean()) if len(present) else float("nan")


def score_drift(reference: pa.Table, current: pa.Table) -> list[Drift]:
    """Drift of every numeric column that two scored portfolios share.

    Args:
        reference: an older output of `forbear score`.
        current: a newer one.
    """
    shared = [
        field.name
        for field in reference.schema
        if field.name in current.column_names and _is_number(field.type)
    ]
    return [
        population_stability(name, _numbers(reference, name), _numbers(current, name))
        for name in shared
    ]


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _numbers(table: pa.Table, name: str) -> FloatArray:
    column = table[name].cast(pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
