"""How strongly one feature goes with a label, by itself and beside all others."""

import numpy as np

from features.arrays import FloatArray, IntArray
from scoring.metrics import auc

N_BINS = 10
N_STRATA = 20
PRIOR_ROWS = 20.0  # each bin's rate starts from this many rows of the overall one


def bins(value: FloatArray) -> IntArray:
    """(n,) bin of each value: 0 for missing, then rising tenths, or each value."""
    known = ~np.isnan(value)
    out = np.zeros(len(value), dtype=np.int64)
    distinct = np.unique(value[known])
    if len(distinct) > N_BINS:
        tenths = np.linspace(0.0, 1.0, N_BINS + 1)[1:-1]
        edges = np.unique(np.quantile(value[known], tenths))
        out[known] = 1 + np.searchsorted(edges, value[known], side="right")
    else:
        out[known] = 1 + np.searchsorted(distinct, value[known])
    return out


def rates(b: IntArray, y: FloatArray, fold: IntArray) -> FloatArray:
    """(n,) share of positives in each row's bin, counted among other customers."""
    rate = np.empty(len(y))
    n_bins = int(b.max()) + 1
    for k in np.unique(fold).tolist():
        others = fold != k
        n = np.bincount(b[others], minlength=n_bins) + PRIOR_ROWS
        hits = np.bincount(b[others], weights=y[others], minlength=n_bins)
        rate[~others] = ((hits + PRIOR_ROWS * y[others].mean()) / n)[b[~others]]
    return rate


def auc_beside(y: FloatArray, score: FloatArray, base: FloatArray) -> float:
    """AUC of a score among rows to which all other features give the same odds.

    Rows are compared within twentieths of `base`, each weighted by its positives.
    One half says that the score adds nothing to what the others know.
    """
    edges = np.quantile(base, np.linspace(0.0, 1.0, N_STRATA + 1)[1:-1])
    stratum = np.searchsorted(edges, base)
    total = weight = 0.0
    for k in range(N_STRATA):
        here = stratum == k
        n_positives = float(y[here].sum())
        if 0 < n_positives < here.sum():
            total += n_positives * auc(y[here], score[here])
            weight += n_positives
    return total / weight if weight else 0.5


def standard_error(value: float, n_positives: float, n_negatives: float) -> float:
    """Of an AUC over so many independent positives and negatives."""
    if min(n_positives, n_negatives) < 1:
        return 0.5
    a = max(value, 1.0 - value)
    both = a / (2.0 - a) - a * a
    others = 2.0 * a * a / (1.0 + a) - a * a
    spread = a * (1.0 - a) + (n_positives - 1) * both + (n_negatives - 1) * others
    return float(np.sqrt(max(spread, 0.0) / (n_positives * n_negatives)))
