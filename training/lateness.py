"""The simplest model: one rate per bracket of lateness, never falling; a yardstick.

Where payment history exists such a rule gets most of a model's ranking, so it is
always reported beside the model, and takes its place where the model adds nothing.
"""

import numpy as np
from sklearn.isotonic import IsotonicRegression

from features.arrays import FloatArray
from scoring.additive import AdditiveModel, StepTerm
from training.rows import Rows

LATENESS = ("account_days_overdue", "ageing_days_past_due")  # the first there is
EDGES = (1.0, 15.0, 31.0, 61.0, 91.0)  # days at which a bracket begins
PRIOR_ROWS = 20.0  # each bracket starts from this many rows of the overall rate


def fit_rule(rows: Rows) -> AdditiveModel | None:
    """None where lateness is unknown (a portfolio without money owed)."""
    name = lateness_feature(rows)
    if name is None:
        return None
    days = rows.column(name)
    bracket = np.searchsorted(EDGES, days, side="right")
    is_known = ~np.isnan(days)
    n = np.bincount(bracket[is_known], minlength=len(EDGES) + 1) + PRIOR_ROWS
    hits = np.bincount(
        bracket[is_known], weights=rows.label[is_known], minlength=len(EDGES) + 1
    )
    rate = (hits + PRIOR_ROWS * rows.rate) / n
    order = np.arange(len(n))
    rising = IsotonicRegression().fit(order, rate, n).predict(order)
    overall = _log_odds(np.array([rows.rate]))[0]
    values = _log_odds(np.asarray(rising)) - overall
    missing_rate = rows.label[~is_known].sum() + PRIOR_ROWS * rows.rate
    missing_rate /= (~is_known).sum() + PRIOR_ROWS
    when_missing = float(_log_odds(np.array([missing_rate]))[0] - overall)
    mean = float(np.where(is_known, values[bracket], when_missing).mean())
    term = StepTerm(name, EDGES, tuple(map(float, values)), when_missing, mean)
    return AdditiveModel("rule", float(overall), (term,))


def late_rows(rows: Rows) -> Rows:
    """The rows with nothing but what says how late a customer is: all a rule reads."""
    return rows.only([name for name in LATENESS if name in rows.feature_set.names])


def lateness_feature(rows: Rows) -> str | None:
    """The feature that says how late a customer is; None when nothing does."""
    for name in LATENESS:
        if name in rows.feature_set.names and not np.isnan(rows.column(name)).all():
            return name
    return None


def _log_odds(rate: FloatArray) -> FloatArray:
    rate = np.clip(rate, 1e-4, 1.0 - 1e-4)
    odds: FloatArray = np.log(rate / (1.0 - rate))
    return odds
