"""A small quick learner for audits: it says whether something can be predicted.

Never the model that serves: few rounds, no tuning, so that an audit costs seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.folds import customer_folds
from training.rows import Rows

N_FOLDS = 3
MOST_ROWS = 15_000  # more make an audit slower, not surer
N_ROUNDS = 30
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.15,
    "num_leaves": 12,
    "min_data_in_leaf": 30,
    "lambda_l2": 5.0,
    "feature_fraction": 0.4,
    "max_bin": 31,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def thinned(rows: Rows, seed: int, most: int = MOST_ROWS) -> Rows:
    """Some customers with all their rows; those who turn bad go first.

    Rates are no longer those of the portfolio; ranks and odds ratios are.
    """
    if len(rows) <= most:
        return rows
    n_customers = int(rows.customer.max()) + 1
    is_bad = np.zeros(n_customers, dtype=np.bool_)
    is_bad[rows.customer[rows.label == 1.0]] = True
    n_rows = np.bincount(rows.customer, minlength=n_customers)
    draw = np.random.default_rng([seed, 1]).random(n_customers)
    chosen = np.zeros(n_customers, dtype=np.bool_)
    for group in (is_bad, ~is_bad):
        members = np.flatnonzero(group)
        members = members[np.argsort(draw[members], kind="stable")]
        share = most // 2 if group is is_bad else most - int(n_rows[chosen].sum())
        chosen[members[np.cumsum(n_rows[members]) <= share]] = True
    return rows[chosen[rows.customer]]


def thinned_rows(rows: Rows, seed: int) -> Rows:
    """Positive rows, half of all that are kept at the most, and any of the others."""
    if len(rows) <= MOST_ROWS:
        return rows
    rng = np.random.default_rng([seed, 3])
    positive, negative = (np.flatnonzero(rows.label == y) for y in (1.0, 0.0))
    kept = rng.permutation(positive)[: MOST_ROWS // 2]
    others = rng.permutation(negative)[: MOST_ROWS - len(kept)]
    return rows[np.sort(np.concatenate([kept, others]))]


def folds_of(rows: Rows, seed: int = 0) -> IntArray:
    """(n,) fold of each row; a customer's rows share theirs."""
    return customer_folds(rows, N_FOLDS, seed)


class BinnedColumns:
    """Columns in LightGBM's bins, which are made once for all small models of them.

    Args:
        x: (n, F). The bins know all rows, also those that a fold predicts; where they
            end says nothing of a label.
    """

    def __init__(self, x: FloatArray) -> None:
        self.x = x
        self._all = lightgbm.Dataset(x, params=PARAMETERS).construct()

    def predicted(
        self,
        y: FloatArray,
        fold: IntArray,
        seed: int = 0,
        *,
        among: BoolArray | None = None,
        without: Sequence[int] = (),
    ) -> FloatArray:
        """Log-odds of each row by a model that did not see its customer.

        Args:
            y: (n,) of 0 and 1.
            fold: (n,) of each row.
            seed: of the models.
            among: (n,) the only rows that are looked at; all by default.
            without: columns that no tree may ask for.

        Returns:
            (n,), or as many as there are `among` them; 0 where nothing could be learnt.
        """
        usable = [c for c in range(self.x.shape[1]) if c not in set(without)]
        chosen = np.ones(len(y), dtype=np.bool_) if among is None else among
        if not usable:  # LightGBM takes an empty list for no constraint
            return np.zeros(int(chosen.sum()))
        parameters = {**PARAMETERS, "seed": seed, "interaction_constraints": [usable]}

        def data(taught: BoolArray) -> lightgbm.Dataset:
            part = self._all.subset(np.flatnonzero(taught).tolist())
            return part.construct().set_label(y[taught])

        return _predicted(self.x, y, fold, chosen, parameters, data)


def predicted(
    x: FloatArray,
    y: FloatArray,
    fold: IntArray,
    seed: int = 0,
    monotone: IntArray | None = None,
) -> FloatArray:
    """(n,) log-odds of each row by a model that did not see its customer."""
    parameters = {**PARAMETERS, "seed": seed}
    if monotone is not None:
        parameters["monotone_constraints"] = monotone.tolist()

    def data(taught: BoolArray) -> lightgbm.Dataset:
        return lightgbm.Dataset(x[taught], y[taught], params=parameters)

    everyone = np.ones(len(y), dtype=np.bool_)
    return _predicted(x, y, fold, everyone, parameters, data)


def _predicted(
    x: FloatArray,
    y: FloatArray,
    fold: IntArray,
    chosen: BoolArray,
    parameters: Mapping[str, Any],
    data: Callable[[BoolArray], lightgbm.Dataset],
) -> FloatArray:
    """Log-odds of the chosen rows; `data` makes a dataset of the rows that teach."""
    margin = np.zeros(len(y))
    for k in np.unique(fold[chosen]).tolist():
        taught: BoolArray = chosen & (fold != k)
        judged: BoolArray = chosen & (fold == k)
        if 0 < y[taught].sum() < taught.sum():
            booster = lightgbm.train(dict(parameters), data(taught), N_ROUNDS)
            margin[judged] = booster.predict(x[judged], raw_score=True)
    return margin[chosen]
