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
    MetricEstimate,
    auc_interval,
    compare_log_loss,
    count_interval,
    customer_blocks,
    measured,
)
from scoring.level import JEFFREYS, Level, LevelPrior, level_of
from scoring.metrics import log_loss
from training.errors import TooFewPositivesError
from training.evaluation import (
    Evaluation,
    Gate,
    auc_not_past_due,
    better_than_constant,
    plain_metrics,
    ranks,
)
from training.fitting import (
    PRIOR_RIDGE,
    BoostedFolds,
    FittedModel,
    predicted,
)
from training.folds import Fold, customer_folds
from training.held_out import calibrated
from training.lateness import fit_rule, late_rows
from training.leakage import alarms, gain_shares
from training.linear import Block, blocks_of, fit_linear
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
LOGISTIC_FROM = 2  # customers: beside a starter, that they can hardly lead astray
ALONE_FROM = 10  # fewer positives cannot say by themselves which differences are real
TREES_FROM = 100
N_FOLDS = 5
N_FIRST = 2  # folds after which trees that are behind are left out
# pseudo-rows that pull each difference from the starter to zero
RIDGES = (1000.0, 300.0, PRIOR_RIDGE)
SURE = 0.95  # share of the draws in which trees must be better to be used
LEVEL_FACTOR = 2.0  # the level must be known within this factor

Make = Callable[[Rows, BoolArray], AdditiveModel]  # and which of them teach


@dataclass(frozen=True)
class _Tried:
    """A learner, its probabilities of rows it did not see, and how to fit it on all."""

    learner: Learner
    p: FloatArray
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
    best = _best(rows, tried, seed)
    judgement = _judged(rows, best, tried, seed)
    progress(f"learning again from all rows with {best.learner}")
    final = best.fitted()
    calm = judgement.auc_not_past_due if target == "nonpayment" else None
    raised = alarms(rows, final.model, calm) if rows.n_positives >= ALONE_FROM else ()
    gains = gain_shares(final.model, rows)
    level = _level(rows, final, starter)
    return TrainedModel(parts, judgement, final, raised, gains, level=level)


def _level(rows: Rows, final: FittedModel, starter: Bundle | None) -> Level:
    """How often it happens, as surely as the rows and what was expected before say."""
    prior = JEFFREYS
    if starter is not None:
        before = scaled(starter).margin(rows.x, rows.feature_set.names)
        prior = LevelPrior.of_starter(float(expit(before).mean()))
    expected = float(final.probability(rows).mean())
    return level_of(expected, rows.label, rows.customer, prior)


def _best(rows: Rows, tried: Mapping[Learner, _Tried], seed: int) -> _Tried:
    """The least log-loss; trees must be better for sure: chance favours them.

    A starter alone is no rival of the mean that it is a third of: folds of so few
    positives choose between these two no better than chance.
    """
    aside = {"lightgbm", "starter"} if "linear" in tried else {"lightgbm"}
    plain = [one for one in tried.values() if one.learner not in aside]
    best = min(plain, key=lambda one: log_loss(rows.label, one.p))
    trees = tried.get("lightgbm")
    if trees is None:
        return best
    blocks = customer_blocks(rows.customer)
    paired = compare_log_loss(rows.label, trees.p, best.p, blocks, seed=seed)
    return trees if paired.p_a_is_better >= SURE else best


def n_positive_customers(rows: Rows) -> int:
    """Customers with a positive row; their rows tell one story."""
    return len(np.unique(rows.customer[rows.label == 1.0]))


def _tried(
    rows: Rows, seed: int, starter: Bundle | None, progress: Progress
) -> Iterator[_Tried]:
    """What is tried, simplest first; of equals the first is kept."""
    n_folds = min(N_FOLDS, n_positive_customers(rows))
    fold = None if n_folds < LOGISTIC_FROM else customer_folds(rows, n_folds, seed)
    everyone = np.ones(len(rows), dtype=np.bool_)

    def tried(learner: Learner, p: FloatArray, make: Make) -> _Tried:
        margin = np.log(p / (1.0 - p))
        return _Tried(
            learner,
            p,
            lambda: FittedModel(learner, make(rows, everyone), LogOddsMap(), margin),
        )

    def cross_fitted(learner: Learner, make: Make) -> _Tried:
        [p] = _out_of_fold(lambda *taught: [make(*taught)], rows, fold)
        return tried(learner, p, make)

    if starter is not None:
        yield cross_fitted("starter", partial(_prior, starter))
    if starter is None or rows.n_positives >= ALONE_FROM:
        yield cross_fitted("rule", _rule)
    if fold is None or (starter is None and rows.n_positives < ALONE_FROM):
        return
    progress("fitting linear")

    unseen = _out_of_fold(partial(_logistics, starter, RIDGES), rows, fold)
    p, ridge = min(
        zip(unseen, RIDGES, strict=True), key=lambda one: log_loss(rows.label, one[0])
    )
    yield tried("linear", p, lambda *taught: _logistics(starter, [ridge], *taught)[0])
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
    starter: Bundle | None, ridges: Sequence[float], rows: Rows, taught: BoolArray
) -> list[AdditiveModel]:
    """A logistic regression beside the prior per ridge.

    Beside a starter its mean with the starter and a plain one of stable features: what
    each of them takes for certain from so few positives, the other two do not.
    """
    some, first = logistic_rows(rows, taught), _prior(starter, rows, taught)
    blocks = blocks_of(some)
    beside = fits_beside(first, some, ridges, blocks)
    if starter is None:
        return beside
    plain = fit_linear(some, blocks=_telling(blocks, some))
    return [mean_of([first, one, plain], some) for one in beside]


def _telling(blocks: Sequence[Block], rows: Rows) -> Sequence[Block]:
    """The stable features; of fewer positives which ones is chance, so all of them."""
    return blocks if rows.n_positives < ALONE_FROM else stable_blocks(blocks, rows)


def _trees(
    rows: Rows, fold: IntArray, seed: int, rival: FloatArray, progress: Progress
) -> Iterator[_Tried]:
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
    yield _Tried("lightgbm", p, lambda: trees.fitted(unseen))


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


def _judged(
    rows: Rows, best: _Tried, tried: Mapping[Learner, _Tried], seed: int
) -> Evaluation:
    """By cross-fitted probabilities; of too few customers no metric is told."""
    metrics = few_metrics(rows, best.p, seed)
    others = {
        learner: plain_metrics(rows.label, one.p)
        for learner, one in tried.items()
        if learner != best.learner and metrics
    }
    gates = [_against(rows, best, one, seed) for one in tried.values() if one != best]
    if metrics:
        ratio = metrics["observed_over_expected"]
        gates = [
            better_than_constant(
                best.learner, rows.label, best.p, customer_blocks(rows.customer), seed
            ),
            ranks(best.learner, metrics["auc"]),
            _knows_level(n_positive_customers(rows), ratio),
            *gates,
        ]
    return Evaluation(
        learner=best.learner,
        label=rows.label,
        p=best.p,
        metrics=metrics,
        others=others,
        gates=tuple(gates),
        auc_not_past_due=auc_not_past_due(rows, best.p),
    )


def _against(rows: Rows, best: _Tried, other: _Tried, seed: int) -> Gate:
    blocks = customer_blocks(rows.customer)
    paired = compare_log_loss(rows.label, best.p, other.p, blocks, seed=seed)
    return Gate(
        name=f"{best.learner}_not_worse_than_{other.learner}",
        is_passed=paired.difference <= 0.0,
        text=(
            f"{best.learner} is better than {other.learner} in"
            f" {paired.p_a_is_better:.0%} of the draws: log-loss minus that of"
            f" {other.learner} {paired.difference:+.5f} (95 % interval"
            f" {paired.low:+.5f} to {paired.high:+.5f}; below 0 is better)"
        ),
    )


def _knows_level(n_customers: int, ratio: MetricEstimate) -> Gate:
    return Gate(
        name="level_is_known",
        is_passed=ratio.low >= 1 / LEVEL_FACTOR and ratio.high <= LEVEL_FACTOR,
        text=(
            f"observed over expected from {ratio.low:.2f} to {ratio.high:.2f} by"
            f" {n_customers} customers it happened to; within {1 / LEVEL_FACTOR:g} to"
            f" {LEVEL_FACTOR:g} is asked for"
        ),
    )


def few_metrics(rows: Rows, p: FloatArray, seed: int) -> dict[str, MetricEstimate]:
    """Metrics with intervals that are honest about few labels; none under two.

    The bootstrap draws only what it has seen, and a handful of positives is soon seen.
    So the interval of the AUC reaches at least as far as Newcombe's for so many
    positive and other customers, that of observed over expected as far as the exact
    one of a count.
    """
    n_bad = n_positive_customers(rows)
    if n_bad < 2:
        return {}
    blocks = customer_blocks(rows.customer)
    metrics = measured(rows.label, p, blocks, seed=seed)
    n_good = max(1, len(np.unique(rows.customer)) - n_bad)
    wide = {
        "auc": auc_interval(metrics["auc"].value, n_bad, n_good),
        "observed_over_expected": count_interval(
            metrics["observed_over_expected"].value, n_bad
        ),
    }
    for name, (low, high) in wide.items():
        seen = metrics[name]
        metrics[name] = MetricEstimate(
            seen.value, min(seen.low, low), max(seen.high, high)
        )
    return metrics
