"""The tree learner: LightGBM on plain log-loss, no weights and no resampling.

Weights and resampling wreck both the early stopping and the expected cost of the
decisions; library defaults collapse on rare events. The recipe scales with what
there is to learn from, which is the number of positives.
"""

import os
from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np

from features.arrays import FloatArray
from scoring.trees import TreeModel
from training.rows import Rows

MOST_ROUNDS = 2000
PATIENCE = 60  # rounds without a better log-loss
SMALL_ROWS, LARGE_ROWS = 12_000, 50_000
RARE_RATE = 0.005
LEAST_FEATURES = 6  # a tree that sees fewer of few features learns little
MANY_ROWS = 100_000  # fewer do not repay the threads' waiting for each other


def recipe(rows: Rows, seed: int) -> dict[str, Any]:
    """LightGBM's parameters for this many rows and positives."""
    is_small = len(rows) < SMALL_ROWS or rows.n_positives < 300
    is_rare = rows.rate < RARE_RATE
    leaves = 7 if is_small else 12 if len(rows) < LARGE_ROWS else 15
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": 0.03,
        "num_leaves": leaves,
        "min_data_in_leaf": 100 if is_rare else 60,
        "min_sum_hessian_in_leaf": 1.0,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": max(0.4, min(1.0, LEAST_FEATURES / rows.x.shape[1])),
        "lambda_l2": 20.0,
        "path_smooth": 10.0,
        "max_cat_to_onehot": 8,
        "cat_smooth": 20.0,
        "monotone_constraints": list(rows.feature_set.monotone),
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": _n_threads(rows),
        "verbosity": -1,
    }


def _n_threads(rows: Rows) -> int:
    return 1 if len(rows) < MANY_ROWS else min(8, os.cpu_count() or 1)


def _dataset(rows: Rows, parameters: Mapping[str, Any]) -> lightgbm.Dataset:
    names = rows.feature_set.names
    categories = [names.index(name) for name in rows.feature_set.categories]
    return lightgbm.Dataset(
        rows.x,
        rows.label,
        feature_name=list(names),
        categorical_feature=categories,
        params=dict(parameters),
        free_raw_data=False,
    )


def fit_rounds(rows: Rows, parameters: Mapping[str, Any], n_rounds: int) -> TreeModel:
    booster = lightgbm.train(
        dict(parameters), _dataset(rows, parameters), num_boost_round=max(1, n_rounds)
    )
    return TreeModel(booster.model_to_string())


def fit_stopped(
    rows: Rows, judge: Rows, parameters: Mapping[str, Any]
) -> tuple[int, FloatArray]:
    """Rounds of least log-loss on `judge`, and the margins there at that point."""
    train = _dataset(rows, parameters)
    valid = lightgbm.Dataset(judge.x, judge.label, reference=train)
    booster = lightgbm.train(
        dict(parameters),
        train,
        num_boost_round=MOST_ROUNDS,
        valid_sets=[valid],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    n_rounds = max(1, int(booster.best_iteration))
    margin = booster.predict(judge.x, raw_score=True, num_iteration=n_rounds)
    return n_rounds, np.asarray(margin, dtype=np.float64)
