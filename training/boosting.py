"""The tree learner: LightGBM on plain log-loss, no weights and no resampling.

Weights and resampling wreck both the early stopping and the expected cost of the
decisions; library defaults collapse on rare events. The recipe scales with what
there is to learn from, which is the number of positives.
"""

import os
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from scoring.trees import TreeModel
from training.folds import Fold
from training.rows import Rows

MOST_ROUNDS = 1000
MOST_ROUNDS_PER_POSITIVE = 3
PATIENCE = 40  # rounds without a better log-loss
SMALL_ROWS = 12_000
FEW_POSITIVES = 100  # fewer bear only small trees
LEAST_FEATURES = 6  # a tree that sees fewer of few features learns little
# rows that bins are made of, some 200 to a bin; LightGBM copies them twice over
BIN_ROWS = 50_000
# what is rare in a sample of the rows may yet fill a leaf
OF_A_SAMPLE = {"feature_pre_filter": False}
MANY_ROWS = 100_000  # fewer do not repay the threads' waiting for each other


def recipe(rows: Rows, seed: int) -> dict[str, Any]:
    """LightGBM's parameters for this many rows and positives."""
    is_small = len(rows) < SMALL_ROWS or rows.n_positives < FEW_POSITIVES
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": 0.03 if is_small else 0.04,
        "num_leaves": 7 if is_small else 15,
        "max_depth": 8,  # exact reasons cost more the more features a leaf asks for
        "min_data_in_leaf": 60 if is_small else 100,
        "min_sum_hessian_in_leaf": 1.0,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": max(0.5, min(1.0, LEAST_FEATURES / rows.x.shape[1])),
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


class BinnedRows:
    """Rows in LightGBM's bins, which are made once for all folds.

    Args:
        known: (n,) the rows whose numbers say where the bins end: those that teach in
            the last fold, or as many of them as LightGBM would look at. What the last
            fold judges is not among them; rows that an earlier fold judges are.
    """

    def __init__(
        self, rows: Rows, parameters: Mapping[str, Any], known: BoolArray
    ) -> None:
        self.rows = rows
        is_sampled = int(known.sum()) > BIN_ROWS
        self.parameters = {**parameters, **(OF_A_SAMPLE if is_sampled else {})}
        bins = _dataset(rows[_enough_for_bins(known)], self.parameters).construct()
        self._all = lightgbm.Dataset(
            rows.x, rows.label, reference=bins, params=self.parameters
        )

    def under(self, parameters: Mapping[str, Any]) -> "BinnedRows":
        """The same bins, to be learnt from with other parameters."""
        other = copy(self)
        other.parameters = {**self.parameters, **parameters}
        return other

    def part(self, chosen: BoolArray) -> lightgbm.Dataset:
        """Some of the rows, in the same bins; no number is copied."""
        return self._all.subset(np.flatnonzero(chosen).tolist())


def _enough_for_bins(known: BoolArray) -> IntArray:
    """Places of the rows that make bins: all, or a sample, for they are copied."""
    places = np.flatnonzero(known)
    if len(places) <= BIN_ROWS:
        return places
    drawn = np.random.default_rng(0).choice(places, BIN_ROWS, replace=False)
    return np.sort(drawn)


def _dataset(rows: Rows, parameters: Mapping[str, Any]) -> lightgbm.Dataset:
    names = rows.feature_set.names
    sampled: dict[str, Any] = {}
    if len(rows) > BIN_ROWS:
        sampled = {"bin_construct_sample_cnt": BIN_ROWS, **OF_A_SAMPLE}
    return lightgbm.Dataset(
        rows.x,
        rows.label,
        feature_name=list(names),
        categorical_feature=[names.index(n) for n in rows.feature_set.categories],
        params={**parameters, **sampled},
    )


def fit_rounds(rows: Rows, parameters: Mapping[str, Any], n_rounds: int) -> TreeModel:
    booster = lightgbm.train(
        dict(parameters), _dataset(rows, parameters), num_boost_round=max(1, n_rounds)
    )
    return TreeModel(booster.model_to_string())


@dataclass(frozen=True)
class StoppedFit:
    """Trees fitted until a fold got no better.

    The booster keeps all its trees, also those after the best, and what it needs to
    grow more: how many are read is chosen by all folds together, never by this one.

    Args:
        rows: all of them. n_taught, n_judged: of the fold.
        losses: (rounds,) mean log-loss of the fold after each round.
    """

    booster: lightgbm.Booster
    rows: Rows
    n_taught: int
    n_judged: int
    losses: FloatArray

    def margin(self, n_rounds: int, chosen: BoolArray) -> FloatArray:
        """Of the chosen rows after `n_rounds`; missing trees are grown.

        Fewer where no leaf can be split any more: LightGBM then adds no tree.
        """
        while self.booster.current_iteration() < n_rounds:
            if self.booster.update():
                break
        margins = [
            self.booster.predict(some.x, raw_score=True, num_iteration=n_rounds)
            for some in self.rows.pieces(chosen)
        ]
        return np.concatenate(margins, dtype=np.float64)


def fit_stopped(binned: BinnedRows, fold: Fold) -> StoppedFit:
    """Boost until the log-loss on a fold has not fallen for `PATIENCE` rounds."""
    rows = binned.rows
    seen: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        binned.parameters,
        binned.part(fold.train),
        num_boost_round=most_rounds(int(rows.label[fold.train].sum())),
        valid_sets=[binned.part(fold.judged)],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(seen),
        ],
        # else what comes back is cut at the rounds that were best on the fold
        keep_training_booster=True,
    )
    losses = np.array(seen["valid_0"]["binary_logloss"])
    n_taught, n_judged = int(fold.train.sum()), int(fold.judged.sum())
    return StoppedFit(booster, rows, n_taught, n_judged, losses)


def most_rounds(n_positives: int) -> int:
    """A cap where positives are few: they bear only so many trees."""
    return min(MOST_ROUNDS, max(MOST_ROUNDS_PER_POSITIVE * n_positives, PATIENCE))


def best_rounds(fits: Sequence[StoppedFit]) -> int:
    """Rounds of least log-loss over all folds together."""
    return int(_losses(fits).argmin()) + 1


def least_log_loss(fits: Sequence[StoppedFit]) -> float:
    """Log-loss over all folds together at their best number of rounds."""
    return float(_losses(fits).min())


def _losses(fits: Sequence[StoppedFit]) -> FloatArray:
    """(rounds,) mean log-loss over all folds.

    Each counts by the rows that it predicts and by those that taught it, for who
    learnt from more is nearer to the model of all rows. A fold that stopped earlier
    counts with its last loss from there on.
    """
    length = max(len(one.losses) for one in fits)
    weights = np.array([float(one.n_judged) * one.n_taught for one in fits])
    held = [np.pad(f.losses, (0, length - len(f.losses)), mode="edge") for f in fits]
    return np.asarray(weights @ np.array(held) / weights.sum())
