"""One learner fitted and calibrated on the same rows by cross-fitting.

Every row is predicted once by a model that never saw its customer. Those
predictions choose the number of rounds and the calibration: a map of all rows,
drawn towards the map of the latest matured window as that holds more positives.
The model itself then learns from all rows.
"""

from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray, IntArray
from scoring.additive import AdditiveModel
from scoring.bundle import Bundle, Learner
from scoring.calibration import LogOddsMap, fit_log_odds_affine
from scoring.trees import TreeModel
from training.boosting import fit_rounds, fit_stopped, recipe
from training.lateness import fit_rule
from training.linear import fit_linear
from training.prior import can_be_prior, fit_beside, moved_starter
from training.rows import Rows
from training.split import customer_folds, latest_window

N_FOLDS, FEW_FOLDS = 5, 3
MANY_ROWS = 20_000  # from here three folds choose as well as five
MANY_POSITIVES = 1_000  # from here the portfolio needs no prior
PRIOR_RIDGE = 300.0  # pseudo-rows that pull each difference from the starter to zero
MIN_WINDOW_POSITIVES = 20  # fewer say nothing about the latest level

Model = TreeModel | AdditiveModel


@dataclass(frozen=True)
class FittedModel:
    """A model with its map; `out_of_fold` are the margins that chose the map."""

    learner: Learner
    model: Model
    calibration: LogOddsMap
    out_of_fold: FloatArray
    n_rounds: int | None = None

    def probability(self, rows: Rows) -> FloatArray:
        return self.calibration.probability(margin(self.model, rows))


def margin(model: Model, rows: Rows) -> FloatArray:
    if isinstance(model, TreeModel):
        return model.margin(rows.x)
    return model.margin(rows.x, rows.feature_set.names)


def fit(
    learner: Learner,
    rows: Rows,
    seed: int,
    n_rounds: int | None = None,
    starter: Bundle | None = None,
) -> FittedModel:
    """Fit and calibrate `learner` on `rows`.

    Args:
        learner: `lightgbm`, `linear` or `rule` (which needs a known lateness).
        rows: all that may be learnt from; both labels present.
        seed: of the folds and of LightGBM.
        n_rounds: of the trees; None to find them by early stopping in every fold.
        starter: the prior of `linear` while positives are few; None to go without.
    """
    n_folds = N_FOLDS if len(rows) < MANY_ROWS else FEW_FOLDS
    fold = customer_folds(rows, n_folds, seed)
    if learner == "lightgbm":
        model, out_of_fold, n_rounds = _fit_trees(rows, fold, seed, n_rounds)
    else:
        model = _fit_additive(learner, rows, starter)
        out_of_fold = np.empty(len(rows))
        for k in range(n_folds):
            part = _fit_additive(learner, rows[fold != k], starter)
            out_of_fold[fold == k] = margin(part, rows[fold == k])
    calibration = _calibration(rows, out_of_fold)
    return FittedModel(learner, model, calibration, out_of_fold, n_rounds)


def _fit_additive(learner: Learner, rows: Rows, starter: Bundle | None) -> Model:
    if learner == "linear":
        is_few = rows.n_positives < MANY_POSITIVES
        if starter is not None and is_few and can_be_prior(starter, rows):
            return fit_beside(moved_starter(starter, rows), rows, PRIOR_RIDGE)
        return fit_linear(rows)
    rule = fit_rule(rows)
    if rule is None:
        raise ValueError("no lateness is known: there is no rule to fit")
    return rule


def _fit_trees(
    rows: Rows, fold: IntArray, seed: int, n_rounds: int | None
) -> tuple[Model, FloatArray, int]:
    parameters = recipe(rows, seed)
    out_of_fold = np.empty(len(rows))
    fits = []
    for k in range(int(fold.max()) + 1):
        judged = fold == k
        share = 1.0 - float(judged.mean())  # more rows carry that much more rounds
        if n_rounds is None:
            n, margins = fit_stopped(rows[~judged], rows[judged], parameters)
            fits.append(n / share)
        else:
            part = fit_rounds(rows[~judged], parameters, round(n_rounds * share))
            margins = part.margin(rows.x[judged])
        out_of_fold[judged] = margins
    n_all = n_rounds or max(1, round(float(np.mean(fits))))
    return fit_rounds(rows, parameters, n_all), out_of_fold, n_all


def _calibration(rows: Rows, out_of_fold: FloatArray) -> LogOddsMap:
    overall = fit_log_odds_affine(out_of_fold, rows.label)
    window = latest_window(rows)
    n_positives = int(rows.label[window].sum())
    if window.all() or n_positives < MIN_WINDOW_POSITIVES:
        return overall
    latest = fit_log_odds_affine(out_of_fold[window], rows.label[window])
    return latest.blended(overall, n_positives)
