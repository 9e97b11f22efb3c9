"""What each monotone constraint costs: the same learner without that one.

A direction is set only where it is legitimate by rule; whether it is also free is
measured. One that costs needs a reason, or goes.
"""

from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray, IntArray
from scoring.metrics import auc
from training.audits.learner import folds_of, predicted, thinned_rows
from training.rows import Rows

_SEED = 0  # of folds and learners


@dataclass(frozen=True)
class MonotoneRow:
    """One constraint: the AUC with all constraints, and without this one.

    Args:
        feature: constrained; "all together" for all of them.
        direction: `increasing`, `decreasing`, or empty for all.
    """

    feature: str
    direction: str
    auc_with: float
    auc_without: float

    @property
    def cost(self) -> float:
        """AUC that the constraint takes; below 0 it helps."""
        return self.auc_without - self.auc_with


def monotone_ablation(rows: Rows) -> tuple[MonotoneRow, ...]:
    """A row for all constraints together, then one each; none without constraints.

    Args:
        rows: all mature ones; thinned where they are many.
    """
    signs = np.array(rows.feature_set.monotone, dtype=np.int64)
    if not signs.any() or rows.n_positives < 2:
        return ()
    small = thinned_rows(rows, _SEED)
    fold = folds_of(small, _SEED)

    def ranked(kept: IntArray) -> float:
        margin: FloatArray = predicted(small.x, small.label, fold, _SEED, kept)
        return auc(small.label, margin)

    with_all = ranked(signs)
    table = [MonotoneRow("all together", "", with_all, ranked(np.zeros_like(signs)))]
    for place in np.flatnonzero(signs).tolist():
        others = signs.copy()
        others[place] = 0
        feature = rows.feature_set.features[place]
        row = MonotoneRow(
            feature.name, feature.monotone or "", with_all, ranked(others)
        )
        table.append(row)
    return tuple(table)
