"""One target, from rows to a judged model that then learns from everything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.targets import Target
from scoring.bundle import Bundle, Learner
from training.errors import OneKindOfLabelError, TooFewPositivesError
from training.evaluation import (
    LITTLE,
    MUCH,
    Evaluation,
    Gate,
    choose,
    judge,
    level_is_right,
)
from training.few import ENOUGH, learn_few
from training.fitting import (
    BoostedFolds,
    fit_additive,
    fit_trees,
    held_out,
)
from training.folds import Fold
from training.held_out import LastFoldMargin
from training.lateness import lateness_feature
from training.leakage import alarms, gain_shares
from training.logistic_rows import MANY_POSITIVES
from training.prior import can_be_prior
from training.rows import Rows
from training.split import Split, folds_and_split, split
from training.trained_model import Progress, TrainedModel

SIMPLER: Mapping[Learner, tuple[Learner, ...]] = {
    "lightgbm": ("linear", "rule"),
    "linear": ("rule",),
    "rule": (),
}

RecipeSearch = Callable[
    [Target, Rows, Sequence[Fold], int, Progress], Mapping[str, Any]
]


def learn(
    target: Target,
    rows: Rows,
    seed: int,
    progress: Progress = lambda _: None,
    starter: Bundle | None = None,
    search: RecipeSearch | None = None,
) -> TrainedModel:
    """Split, choose a learner on rolling origins, judge it, and refit it on all rows.

    Under 200 positives, or where they stand too close together to be split, what is
    learnt is what they bear: see `few`. So it is where no learner beats the constant
    for sure on the test rows; what failed is then among the gates.

    Args:
        target: whose labels.
        rows: all mature ones.
        seed: of splits, folds and learners.
        progress: called with one line of text per step.
        starter: of the target; None to go without.
        search: for the parameters of the trees; the usual ones without. Where there is
            no later period to judge by, it is not asked.

    Raises:
        TrainingError: not one positive, or nothing else.
    """
    if 0 < len(rows) == rows.n_positives:
        raise OneKindOfLabelError(target, len(rows))
    # matrices this small are not worth the linear algebra threads' waiting
    with threadpool_limits(1, "blas"):
        if rows.n_positives < ENOUGH:
            return learn_few(target, rows, seed, starter, progress)
        try:
            parts = split(rows, seed)
        except TooFewPositivesError:
            return learn_few(target, rows, seed, starter, progress)
        return _learn_many(target, rows, seed, parts, progress, starter, search)


def _learn_many(
    target: Target,
    rows: Rows,
    seed: int,
    parts: Split,
    progress: Progress,
    starter: Bundle | None,
    search: RecipeSearch | None,
) -> TrainedModel:
    """Judged by a later period; where a gate fails, what serves is simpler."""
    progress(
        f"{parts.train.sum():,} rows to learn from, {parts.test.sum():,} to judge by "
        f"(split by {parts.kind.replace('_', ' ')})"
    )
    everything = folds_and_split(rows, parts, seed)
    unseen: dict[Learner, LastFoldMargin] = {}
    parameters = search and search(target, rows, everything, seed, progress)
    progress("fitting lightgbm")
    trees = BoostedFolds.of(rows, everything, seed, parameters)
    unseen["lightgbm"] = trees.last_judged()
    for learner in _challengers(rows):
        progress(f"fitting {learner}")
        unseen[learner] = held_out(learner, rows, everything, starter)
    best, compared = _chosen(unseen, rows, parts, seed, starter)
    judgement = _surely_good(best, unseen, rows, parts, seed)
    if not all(gate.is_passed for gate in judgement.gates):
        failed = (*judgement.gates, *compared)
        return _learn_less(target, rows, seed, failed, progress, starter)
    # no other learner would know the level of later dates better: what it stands on
    # waits for a person
    level = level_is_right(judgement.metrics["observed_over_expected"])
    judgement = replace(judgement, gates=(*judgement.gates, level, *compared))
    learner = judgement.learner
    progress(f"learning again from all {len(rows):,} rows with {learner}")
    if learner == "lightgbm":
        # the test rows are one more block that no model had seen, and the latest one
        last, recipe = trees.held_out(), trees.binned.parameters
        del trees  # the bins of all folds are as large as the rows
        final = fit_trees(last, rows, recipe)
    else:
        del trees
        final = fit_additive(unseen[learner], rows, starter)
    # a fraud is not easier to see for being late, so calm customers prove nothing
    calm_auc = judgement.auc_not_past_due if target == "nonpayment" else None
    raised = alarms(rows[parts.test], final.model, calm_auc)
    return TrainedModel(parts, judgement, final, raised, gain_shares(final.model, rows))


def _challengers(rows: Rows) -> list[Learner]:
    return ["linear"] if lateness_feature(rows) is None else ["linear", "rule"]


def _chosen(
    unseen: Mapping[Learner, LastFoldMargin],
    rows: Rows,
    parts: Split,
    seed: int,
    starter: Bundle | None,
) -> tuple[Learner, tuple[Gate, ...]]:
    """The learner that is best on the folds of the training rows."""
    has_prior = starter is not None and can_be_prior(starter, rows)
    is_little = has_prior and rows.label[parts.train].sum() < MANY_POSITIVES
    before = {learner: one.without(parts.test) for learner, one in unseen.items()}
    return choose(before, rows, seed, LITTLE if is_little else MUCH)


def _surely_good(
    best: Learner,
    unseen: Mapping[Learner, LastFoldMargin],
    rows: Rows,
    parts: Split,
    seed: int,
) -> Evaluation:
    """The judgement of the best learner, or of the next simpler one that is."""
    p = {learner: one.probability(rows) for learner, one in unseen.items()}
    test = rows[parts.test]
    judgement = judge(best, p, test, seed)
    for learner in SIMPLER[best]:
        if learner in p and not all(gate.is_passed for gate in judgement.gates):
            judgement = judge(learner, p, test, seed)
    return judgement


def _learn_less(
    target: Target,
    rows: Rows,
    seed: int,
    failed: tuple[Gate, ...],
    progress: Progress,
    starter: Bundle | None,
) -> TrainedModel:
    """What serves where no learner is surely better than the constant."""
    progress("no learner is surely better than the constant: the simplest that serves")
    learnt = learn_few(target, rows, seed, starter, progress)
    names = {gate.name for gate in failed}
    gates = (*failed, *(g for g in learnt.judgement.gates if g.name not in names))
    return replace(learnt, judgement=replace(learnt.judgement, gates=gates))
