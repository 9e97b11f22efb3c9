"""How often it happened of late: the level that a model of few outcomes serves at.

How bad a portfolio is changes sooner than who of it is worse than others, most of all
of fraud, which comes in waves. So few outcomes of all dates say who, and those of the
latest dates how many, as far as they are enough to say it (ADR 19).
"""

from dataclasses import replace

import numpy as np

from features.arrays import BoolArray
from scoring.level import level_shift
from training.fitting import FittedModel, predicted
from training.rows import Rows


def of_latest_dates(rows: Rows, least: int) -> BoolArray:
    """(n,) whether a row is of the latest half of the dates.

    Args:
        rows: of all dates.
        least: positives that must be among them; with fewer, more dates count.
    """
    dates = np.unique(rows.as_of)
    late = np.ones(len(rows), dtype=np.bool_)
    for first in dates[len(dates) // 2 :: -1]:
        late = rows.as_of >= first
        if rows.label[late].sum() >= least:
            break
    return late


def at_latest_level(fitted: FittedModel, rows: Rows, late: BoolArray) -> FittedModel:
    """The model at the level of the late rows; its level of all rows is the prior.

    Args:
        fitted: at the level of all rows, which is kept where all of them are late.
        rows: that it learnt from.
        late: (n,) which of them say how often it happens.
    """
    if late.all():
        return fitted
    before = fitted.calibration
    shift = level_shift(
        before.log_odds(predicted(fitted.model, rows, late)),
        rows.label[late],
        rows.customer[late],
    )
    moved = replace(before, intercept=before.intercept + shift)
    return replace(fitted, calibration=moved)
