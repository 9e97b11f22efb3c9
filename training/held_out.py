"""What a learner says of rows it had not seen, and the map on log-odds that this gives.

Models of the folds learn from fewer rows than the one that serves, and their margins
lie further out: what brings those to the right level is too much for it. So the slope
of the map is that of the folds; its level is that at which the model that serves
expects, of the rows that the folds judged, as many positives as there were.

What judges before that is made by the same recipe, one fold earlier: the model of the
last fold, the slope of the folds before it, and the level of its own margins of the
rows that these judged. Nothing of what the last fold judges is known to it.
"""

from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray
from scoring.bundle import Learner
from scoring.calibration import LogOddsMap, fit_level, fit_log_odds_affine
from training.rows import Rows


@dataclass(frozen=True)
class HeldOutMargin:
    """What a learner says of rows it had not seen.

    Args:
        margin: (n,) raw log-odds; NaN where a row was in no fold.
        n_rounds: of the trees, at which these margins were read.
    """

    learner: Learner
    margin: FloatArray
    n_rounds: int | None = None

    def without(self, rows: BoolArray) -> "HeldOutMargin":
        """As if some rows had not been predicted."""
        return HeldOutMargin(
            self.learner, np.where(rows, np.nan, self.margin), self.n_rounds
        )


@dataclass(frozen=True, kw_only=True)
class LastFoldMargin(HeldOutMargin):
    """Margins held out, where the last fold judges.

    Args:
        last: (n,) the rows that it judges.
        own: (n,) raw log-odds by its model, of the rows that the folds before it judge,
            which it has learnt from where their labels were known. NaN elsewhere.
    """

    last: BoolArray
    own: FloatArray

    def probability(self, rows: Rows) -> FloatArray:
        """Of the last fold's rows, by what would have served before them.

        Args:
            rows: all of them; labels that judge are not looked at.
        """
        before = self.without(self.last).margin
        own = self.own[~np.isnan(before)]
        return map_at_level(rows, before, own).probability(self.margin[self.last])


def calibrated(rows: Rows, held_out: FloatArray) -> LogOddsMap:
    """The map of the held-out margins (n,), NaN where a row was in no fold."""
    is_judged = ~np.isnan(held_out)
    return fit_log_odds_affine(held_out[is_judged], rows.label[is_judged])


def map_at_level(rows: Rows, held_out: FloatArray, own: FloatArray) -> LogOddsMap:
    """The slope of the held-out margins, at the level of the model that serves.

    Args:
        rows: with their labels.
        held_out: (n,) by models of the folds; NaN where a row was in no fold.
        own: margins of the rows in a fold, in their order, by the model that serves.
    """
    slope = calibrated(rows, held_out).slope
    return fit_level(own, rows.label[~np.isnan(held_out)], slope)
