"""One learner fitted on rows, and calibrated on predictions of rows it had not seen.

Every fold of `folds` is predicted by a model of the rows before it. These predictions,
the held-out margins, choose the number of trees, the learner and the calibration: one
map of all of them (up to half of the dates), for one month's level does not last.
The model itself then learns from all rows, and the map is moved to its level
(`training.held_out`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from features.arrays import BoolArray, FloatArray
from scoring.additive import AdditiveModel
from scoring.bundle import Bundle, Learner
from scoring.calibration import LogOddsMap
from scoring.trees import TreeModel
from training.boosting import (
    BinnedRows,
    StoppedFit,
    best_rounds,
    fit_rounds,
    fit_stopped,
    recipe,
)
from training.folds import Fold, folds, judged_before_last
from training.held_out import HeldOutMargin, LastFoldMargin, map_at_level
from training.lateness import fit_rule, late_rows
from training.linear import Block, blocks_of, fit_linear
from training.logistic_rows import MANY_POSITIVES, logistic_rows
from training.prior import can_be_prior, fit_beside, moved_starter
from training.rows import Rows

PRIOR_RIDGE = 50.0  # pseudo-rows that pull each difference from the starter to zero

Model = TreeModel | AdditiveModel


@dataclass(frozen=True)
class FittedModel:
    """A model with its map, and the held-out margins that chose the map."""

    learner: Learner
    model: Model
    calibration: LogOddsMap
    held_out: FloatArray
    n_rounds: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)  # of LightGBM

    def probability(self, rows: Rows) -> FloatArray:
        return self.calibration.probability(margin(self.model, rows))


def margin(model: Model, rows: Rows) -> FloatArray:
    if isinstance(model, TreeModel):
        return model.margin(rows.x)
    return model.margin(rows.x, rows.feature_set.names)


def predicted(model: Model, rows: Rows, chosen: BoolArray) -> FloatArray:
    """Margins of some of the rows; few at a time are copied."""
    return np.concatenate([margin(model, some) for some in rows.pieces(chosen)])


def fit(
    learner: Learner, rows: Rows, seed: int, starter: Bundle | None = None
) -> FittedModel:
    """Fit and calibrate `learner` on `rows`.

    Args:
        learner: `lightgbm`, `linear` or `rule` (which needs a known lateness).
        rows: all that may be learnt from; both labels present.
        seed: of the folds and of LightGBM.
        starter: the prior of `linear` while positives are few; None to go without.
    """
    parts = folds(rows, seed)
    if learner == "lightgbm":
        trees = BoostedFolds.of(rows, parts, seed)
        return trees.fitted(trees.held_out())
    return fit_additive(held_out(learner, rows, parts, starter), rows, starter)


def held_out(
    learner: Learner,
    rows: Rows,
    parts: Sequence[Fold],
    starter: Bundle | None = None,
) -> LastFoldMargin:
    """Predict the judged rows of each fold by an additive model of its others."""
    margins = np.full(len(rows), np.nan)
    blocks = None
    if learner == "linear":  # made once for all folds, as the bins of trees are
        blocks = blocks_of(logistic_rows(rows, parts[-1].train))
    for part in parts:
        model = _fit_additive(learner, rows, part.train, starter, blocks)
        margins[part.judged] = predicted(model, rows, part.judged)
    own, before = np.full(len(rows), np.nan), judged_before_last(parts)
    own[before] = predicted(model, rows, before)
    return LastFoldMargin(learner, margins, last=parts[-1].judged, own=own)


@dataclass(frozen=True)
class BoostedFolds:
    """Trees fitted on each fold until they got no better there."""

    binned: BinnedRows
    parts: Sequence[Fold]
    fits: Sequence[StoppedFit]

    @classmethod
    def of(
        cls,
        rows: Rows,
        parts: Sequence[Fold],
        seed: int,
        parameters: Mapping[str, Any] | None = None,
    ) -> "BoostedFolds":
        """With the usual `recipe` where no `parameters` are given."""
        binned = BinnedRows(rows, parameters or recipe(rows, seed), parts[-1].train)
        return cls(binned, parts, [fit_stopped(binned, part) for part in parts])

    def extended(self, parts: Sequence[Fold]) -> "BoostedFolds":
        """These folds and more."""
        fits = [*self.fits, *(fit_stopped(self.binned, part) for part in parts)]
        return BoostedFolds(self.binned, [*self.parts, *parts], fits)

    def held_out(self) -> HeldOutMargin:
        """Margins of all folds after the rounds that they choose."""
        n_rounds = best_rounds(self.fits)
        return HeldOutMargin("lightgbm", self._margins(n_rounds), n_rounds)

    def last_judged(self) -> LastFoldMargin:
        """The same where the last fold judges: it chooses nothing."""
        n_rounds = best_rounds(self.fits[:-1])
        margins = self._margins(n_rounds)
        own, before = np.full(len(margins), np.nan), judged_before_last(self.parts)
        own[before] = self.fits[-1].margin(n_rounds, before)
        last = self.parts[-1].judged
        return LastFoldMargin("lightgbm", margins, n_rounds, last=last, own=own)

    def _margins(self, n_rounds: int) -> FloatArray:
        """(n,) of the rows that folds judge after so many rounds; else NaN."""
        margins = np.full(len(self.parts[0].judged), np.nan)
        for part, one in zip(self.parts, self.fits, strict=True):
            margins[part.judged] = one.margin(n_rounds, part.judged)
        return margins

    def fitted(self, unseen: HeldOutMargin) -> FittedModel:
        """The trees of all rows, calibrated on the held-out margins."""
        return fit_trees(unseen, self.binned.rows, self.binned.parameters)


def fit_trees(
    unseen: HeldOutMargin, rows: Rows, parameters: Mapping[str, Any]
) -> FittedModel:
    """The trees of all rows, calibrated on the held-out margins.

    It needs nothing of the folds, so their bins may be gone by then.
    """
    model = fit_rounds(rows, parameters, unseen.n_rounds or 1)
    calibration = _at_level(model, rows, unseen.margin)
    margins, n_rounds = unseen.margin, unseen.n_rounds
    return FittedModel("lightgbm", model, calibration, margins, n_rounds, parameters)


def fit_additive(
    unseen: HeldOutMargin, rows: Rows, starter: Bundle | None = None
) -> FittedModel:
    """The linear model or the rule of all rows, calibrated on the held-out margins."""
    everyone = np.ones(len(rows), dtype=np.bool_)
    model = _fit_additive(unseen.learner, rows, everyone, starter)
    calibration = _at_level(model, rows, unseen.margin)
    return FittedModel(unseen.learner, model, calibration, unseen.margin)


def _at_level(model: Model, rows: Rows, held_out: FloatArray) -> LogOddsMap:
    """The map of the model of all rows."""
    return map_at_level(rows, held_out, predicted(model, rows, ~np.isnan(held_out)))


def _fit_additive(
    learner: Learner,
    rows: Rows,
    taught: BoolArray,
    starter: Bundle | None,
    blocks: Sequence[Block] | None = None,
) -> Model:
    """Of the rows that teach; no more of them are copied than it needs."""
    if learner == "linear":
        enough = logistic_rows(rows, taught)
        if starter is not None and _has_prior(rows, taught, starter):
            prior = moved_starter(starter, enough)
            return fit_beside(prior, enough, PRIOR_RIDGE, blocks)
        return fit_linear(enough, blocks)
    rule = fit_rule(late_rows(rows)[taught])
    if rule is None:
        raise ValueError("no lateness is known: there is no rule to fit")
    return rule


def _has_prior(rows: Rows, taught: BoolArray, starter: Bundle | None) -> bool:
    """Whether positives are so few that the logistic is learnt beside the starter."""
    is_few = rows.label[taught].sum() < MANY_POSITIVES
    return starter is not None and is_few and can_be_prior(starter, rows)
