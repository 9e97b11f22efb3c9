"""Learning from few outcomes: the best of a starter, a logistic regression and trees.

Nothing is refused for scarcity. From the starter with its level moved (or, where it
does not serve, the base rate by lateness), over logistic regressions beside it, to
trees: whichever predicts best the customers it did not see. Under 200 positives there
is no later period to set aside: every row is predicted once by a model that never saw
its customer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import expit

from features.arrays import BoolArray, FloatArray, IntArray
from features.targets import Target
from scoring.additive import AdditiveModel
from scoring.bundle import Bundle, Learner
from scoring.calibration import LogOddsMap
from scoring.intervals import (
    compare_log_loss,
    customer_blocks,
)
from scoring.level import JEFFREYS, Level, LevelPrior, level_of
from scoring.metrics import log_loss
from training.errors import TooFewPositivesError
from training.fitting import (
    PRIOR_RIDGE,
    BoostedFolds,
    FittedModel,
    predicted,
)
from training.folds import Fold, customer_folds
from training.held_out import calibrated
from training.judged_few import HeldOutProbability, judged_few, n_positive_customers
from training.lateness import fit_rule, late_rows
from training.latest_level import at_latest_level, of_latest_dates
from training.leakage import alarms, gain_shares
from training.linear import blocks_of, fit_linear
from training.logistic_rows import logistic_rows
from training.prior import (
    base_rate,
    can_be_prior,
    fits_beside,
    mean_of,
    moved_starter,
    scaled,
)
from training.rows import Rows
from training.split import Split
from training.stable_features import stable_blocks
from training.trained_model import Progress, TrainedModel

ENOUGH = 200  # positives from which a later period is set aside to judge by
LOGISTIC_FROM = 2  # bad customers: beside a starter they can hardly lead astray
ALONE_FROM = 10  # fewer positives cannot say by themselves which differences are real
TREES_FROM = 100
N_FOLDS = 5
N_FIRST = 2  # folds after which trees that are behind are left out
# pseudo-rows that pull each difference from the starter to zero
RIDGES = (1000.0, 300.0, PRIOR_RIDGE)
SURE = 0.95  # share of the draws in which trees must be better to be used

Make = Callable[[Rows, BoolArray], AdditiveModel]  # and which of them teach


@dataclass(frozen=True)
class TriedFit(HeldOutProbability):
    """A learner, its probabilities of rows it did not see, and how to fit it on all."""

    fitted: Callable[[], FittedModel]


def learn_few(
    target: Target,
    rows: Rows,
    seed: int,
    starter: Bundle | None,
    progress: Progress = lambda _: None,
) -> TrainedModel:
    """Learn from fewer than 200 positives.

    Args:
        target: whose labels.
        rows: all mature ones.
        seed: of the folds and of LightGBM.
        starter: the starter of the target; None to go without.
        progress: called with one line of text per step.

    Raises:
        TooFewPositivesError: not one positive, and no starter to put in order.
    """
    if starter is not None and not can_be_prior(starter, rows):
        starter = None
    if rows.n_positives == 0 and starter is None:
        raise TooFewPositivesError(
            f"no positive label of {target} among {len(rows):,}: there is nothing to"
            " learn from yet"
        )
    everyone = np.ones(len(rows), dtype=np.bool_)
    parts = Split("cross_fitted", everyone, everyone)
    progress(
        f"{rows.n_positives:,} of {len(rows):,} rows are positive: every row is"
        " predicted by a model that did not see its customer"
    )
    tried = {one.learner: one for one in _tried(rows, seed, starter, progress)}
    best = best_of(rows, tried, seed)
    judgement = judged_few(rows, best, tried, seed)
    progress(f"learning again from all rows with {best.learner}")
    late = of_latest_dates(rows, ALONE_FROM)
    final = at_latest_level(best.fitted(), rows, late)
    calm = judgement.auc_not_past_due if target == "nonpayment" else None
    raised = alarms(rows, final.model, calm) if rows.n_positives >= ALONE_FROM else ()
    gains = gain_shares(final.model, rows)
    is_told = rows.n_positives >= ENOUGH  # by metrics
    level = None if is_told else _level(rows[late], final, starter)
    return TrainedModel(parts, judgement, final, raised, gains, level=level)


def _level(rows: Rows, final: FittedModel, starter: Bundle | None) -> Level:
    """How often it happens, as surely as the rows and what was expected before say."""
    prior = JEFFREYS
    if starter is not None:
        before = scaled(starter).margin(rows.x, rows.feature_set.names)
        prior = LevelPrior.of_starter(float(expit(before).mean()))
    expected = float(final.probability(rows).mean())
    return level_of(expected, rows.label, rows.customer, prior)


def best_of(rows: Rows, tried: Mapping[Learner, TriedFit], seed: int) -> TriedFit:
    """The least log-loss; trees must be better for sure: chance favours them.

    Where a starter alone has the least, the mean that it is a third of serves: folds of
    so few positives choose between these two no better than chance.
    """
    plain = [one for one in tried.values() if one.learner != "lightgbm"]
    best = min(plain, key=lambda one: log_loss(rows.label, one.p))
    if best.learner == "starter":
        best = tried.get("linear", best)
    trees = tried.get("lightgbm")
    if trees is None:
        return best
    blocks = customer_blocks(rows.customer)
    paired = compare_log_loss(rows.label, trees.p, best.p, blocks, seed=seed)
    return trees if paired.p_a_is_better >= SURE else best


def _tried(
    rows: Rows, seed: int, starter: Bundle | None, progress: Progress
) -> Iterator[TriedFit]:
    """What is tried, simplest first; of equals the first is kept."""
    n_bad, can_tell = n_positive_customers(rows), rows.n_positives >= ALONE_FROM
    n_folds = min(N_FOLDS, n_bad)
    fold = None if n_bad < LOGISTIC_FROM else customer_folds(rows, n_folds, seed)
    everyone = np.ones(len(rows), dtype=np.bool_)

    def tried(learner: Learner, p: FloatArray, make: Make) -> TriedFit:
        margin = np.log(p / (1.0 - p))
        return TriedFit(
            learner,
            p,
            lambda: FittedModel(learner, make(rows, everyone), LogOddsMap(), margin),
        )

    def cross_fitted(learner: Learner, make: Make) -> TriedFit:
        [p] = _out_of_fold(lambda *taught: [make(*taught)], rows, fold)
        return tried(learner, p, make)

    if starter is not None:
        yield cross_fitted("starter", partial(_prior, starter))
    if starter is None or can_tell:
        yield cross_fitted("rule", _rule)
    if fold is None or (starter is None and not can_tell):
        return
    progress("fitting linear")

    logistics = partial(_logistics, starter, can_tell)
    unseen = _out_of_fold(partial(logistics, RIDGES), rows, fold)
    p, ridge = min(
        zip(unseen, RIDGES, strict=True), key=lambda one: log_loss(rows.label, one[0])
    )
    yield tried("linear", p, lambda *taught: logistics([ridge], *taught)[0])
    if rows.n_positives >= TREES_FROM:
        progress("fitting lightgbm")
        yield from _trees(rows, fold, seed, p, progress)


def _prior(starter: Bundle | None, rows: Rows, taught: BoolArray) -> AdditiveModel:
    """The starter at the level of the rows that teach, or one rate for all."""
    if starter is None:
        return base_rate(late_rows(rows)[taught])
    return moved_starter(starter, logistic_rows(rows, taught))


def _rule(rows: Rows, taught: BoolArray) -> AdditiveModel:
    late = late_rows(rows)[taught]
    return fit_rule(late) or base_rate(late)


def _logistics(
    starter: Bundle | None,
    can_tell: bool,
    ridges: Sequence[float],
    rows: Rows,
    taught: BoolArray,
) -> list[AdditiveModel]:
    """A logistic regression beside the prior per ridge.

    Beside a starter its mean with the starter and a plain one of stable features: what
    each of them takes for certain from so few positives, the other two do not. Where
    all positives, of folds or not, are too few to tell which are stable, of all.
    """
    some, first = logistic_rows(rows, taught), _prior(starter, rows, taught)
    blocks = blocks_of(some)
    beside = fits_beside(first, some, ridges, blocks)
    if starter is None:
        return beside
    plain = fit_linear(some, stable_blocks(blocks, some) if can_tell else blocks)
    return [mean_of([first, one, plain], some) for one in beside]


def _trees(
    rows: Rows, fold: IntArray, seed: int, rival: FloatArray, progress: Progress
) -> Iterator[TriedFit]:
    """Trees, unless they are behind a rival (n,) on the first folds.

    They replace it only where they are better for sure; behind on two folds of five,
    they will not be, and the other three are not worth their fits.
    """
    parts = [Fold(fold != k, fold == k) for k in range(int(fold.max()) + 1)]
    trees = BoostedFolds.of(rows, parts[:N_FIRST], seed)
    first = trees.held_out().margin
    judged = ~np.isnan(first)
    label = rows.label[judged]
    if log_loss(label, expit(first[judged])) > log_loss(label, rival[judged]):
        progress(f"lightgbm is behind on {N_FIRST} of {len(parts)} folds: left out")
        return
    trees = trees.extended(parts[N_FIRST:])
    unseen = trees.held_out()
    p = calibrated(rows, unseen.margin).probability(unseen.margin)
    yield TriedFit("lightgbm", p, lambda: trees.fitted(unseen))


def _out_of_fold(
    make: Callable[[Rows, BoolArray], Sequence[AdditiveModel]],
    rows: Rows,
    fold: IntArray | None,
) -> list[FloatArray]:
    """(n,) of each model made, by ones that did not see the customer.

    By ones of all rows where there are no folds.
    """
    everyone = np.ones(len(rows), dtype=np.bool_)
    parts = (
        [Fold(everyone, everyone)]
        if fold is None
        else [Fold(fold != k, fold == k) for k in range(int(fold.max()) + 1)]
    )
    of_fold = [
        [expit(predicted(m, rows, part.judged)) for m in make(rows, part.train)]
        for part in parts
    ]
    p = [np.empty(len(rows)) for _ in of_fold[0]]
    for part, values in zip(parts, of_fold, strict=True):
        for one, some in zip(p, values, strict=True):
            one[part.judged] = some
    return p
