"""The starter as prior: what a few outcomes are to add to.

A portfolio with few outcomes cannot tell what two hundred features mean. The starter
can, roughly; so its level is moved to the portfolio, and a logistic regression learns
only where the portfolio differs from it, each difference pulled to zero.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scoring.additive import AdditiveModel, CategoryTerm, NumberTerm, Term
from scoring.bundle import Bundle
from scoring.level import JEFFREYS, level_shift
from training.linear import (
    Block,
    blocks_of,
    design_of,
    signed_logistic,
    signs_of,
    terms_of,
)
from training.rows import Rows

SLOPE_RIDGE = 20.0  # pseudo-rows that hold the starter's own slope
LEVEL_RIDGE = 0.1  # the level is what few outcomes tell best


def can_be_prior(starter: Bundle, rows: Rows) -> bool:
    """Whether the rows have the features that the starter reads."""
    return set(starter.feature_set.names) <= set(rows.feature_set.names)


def moved_starter(starter: Bundle, rows: Rows) -> AdditiveModel:
    """The starter as an additive model whose level is moved to the rows."""
    return _at_level_of(rows, scaled(starter))


def scaled(starter: Bundle) -> AdditiveModel:
    """The starter with its calibration in its terms; the margin is the log-odds."""
    model, calibration = starter.model, starter.calibration
    if not isinstance(model, AdditiveModel):
        raise TypeError("a starter is additive")
    intercept = calibration.intercept + calibration.slope * model.intercept
    terms = tuple(_times(term, calibration.slope) for term in model.terms)
    return AdditiveModel("starter", intercept, terms)


def base_rate(rows: Rows) -> AdditiveModel:
    """One probability for all, drawn a little towards one half where rows are few."""
    rate = JEFFREYS.after(len(np.unique(rows.customer)), rows.rate).mean
    return AdditiveModel("rule", float(np.log(rate / (1.0 - rate))), ())


def _times(term: Term, factor: float) -> Term:
    missing, mean = term.when_missing * factor, term.mean * factor
    scaled_term: Term
    if isinstance(term, NumberTerm):
        scaled_term = replace(term, weight=term.weight * factor)
    elif isinstance(term, CategoryTerm):
        scaled_term = replace(term, weights=tuple(w * factor for w in term.weights))
    else:
        scaled_term = replace(term, values=tuple(v * factor for v in term.values))
    return replace(scaled_term, when_missing=missing, mean=mean)


def mean_of(models: Sequence[AdditiveModel], rows: Rows) -> AdditiveModel:
    """The additive model whose log-odds are the mean of those of others, at level.

    Where the models differ, the mean of their log-odds is less than the log-odds of
    their mean: each is at the level of the rows, and their mean expected a fifth less.
    """
    share = 1.0 / len(models)
    terms = tuple(_times(term, share) for model in models for term in model.terms)
    intercept = share * sum(model.intercept for model in models)
    return _at_level_of(rows, AdditiveModel("linear", intercept, terms))


def _at_level_of(rows: Rows, model: AdditiveModel) -> AdditiveModel:
    margin = model.margin(rows.x, rows.feature_set.names)
    shift = level_shift(margin, rows.label, rows.customer, rows.stands_for)
    return replace(model, intercept=model.intercept + shift)


def fit_beside(
    prior: AdditiveModel,
    rows: Rows,
    ridge: float,
    blocks: Sequence[Block] | None = None,
) -> AdditiveModel:
    """`fits_beside` with one ridge."""
    [model] = fits_beside(prior, rows, [ridge], blocks)
    return model


def fits_beside(
    prior: AdditiveModel,
    rows: Rows,
    ridges: Sequence[float],
    blocks: Sequence[Block] | None = None,
) -> list[AdditiveModel]:
    """Penalised logistic regressions whose prior is `prior`, one per ridge.

    Args:
        prior: an additive model, its level as the rows have it.
        rows: to learn from.
        ridges: pseudo-rows that pull each weight of the other features to zero;
            each search starts where the one before ended.
        blocks: of these rows or others of the portfolio, where they are made already.
    """
    margin = prior.margin(rows.x, rows.feature_set.names)
    middle = float(np.average(margin, weights=rows.stands_for))
    own = margin - middle
    blocks = blocks or blocks_of(rows)
    design = design_of(blocks, rows.x, n_before=2)
    design[:, 0], design[:, 1] = 1.0, own
    signs = signs_of(blocks, n_before=2)
    counts = 1.0 if rows.stands_for is None else rows.stands_for
    weights, models = np.zeros(design.shape[1]), []
    for ridge in ridges:
        penalty = np.full(design.shape[1], ridge)
        penalty[:2] = LEVEL_RIDGE, SLOPE_RIDGE
        weights = signed_logistic(
            design, rows.label, penalty, signs, margin, weights, counts
        )
        factor = 1.0 + float(weights[1])
        intercept = prior.intercept + float(weights[0])
        intercept += float(weights[1]) * (prior.intercept - middle)
        old = tuple(_times(term, factor) for term in prior.terms)
        new = terms_of(blocks, weights, design, 2, rows.stands_for)
        models.append(AdditiveModel("linear", intercept, (*old, *new)))
    return models
