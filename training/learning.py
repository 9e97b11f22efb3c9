"""One target, from rows to a judged model that then learns from everything."""

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.targets import Target
from scoring.bundle import Bundle, Learner
from training.errors import TooFewPositivesError
from training.evaluation import LITTLE, MUCH, judge
from training.few import ENOUGH, learn_few
from training.fitting import MANY_POSITIVES, fit
from training.lateness import lateness_feature
from training.leakage import alarms, gain_shares
from training.prior import can_be_prior
from training.rows import Rows
from training.split import Split, split
from training.trained_model import Progress, TrainedModel


def learn(
    target: Target,
    rows: Rows,
    seed: int,
    progress: Progress = lambda _: None,
    starter: Bundle | None = None,
) -> TrainedModel:
    """Split, fit every learner, judge them, and refit the best on all rows.

    Under 200 positives, or where they stand too close together to be split, what is
    learnt is what they bear: see `few`.

    Raises:
        TrainingError: not one positive, or many and no better than a constant.
    """
    # matrices this small are not worth the linear algebra threads' waiting
    with threadpool_limits(1, "blas"):
        if rows.n_positives < ENOUGH:
            return learn_few(target, rows, seed, starter, progress)
        try:
            parts = split(rows, seed)
        except TooFewPositivesError:
            return learn_few(target, rows, seed, starter, progress)
        return _learn_many(target, rows, seed, parts, progress, starter)


def _learn_many(
    target: Target,
    rows: Rows,
    seed: int,
    parts: Split,
    progress: Progress,
    starter: Bundle | None,
) -> TrainedModel:
    train, test = rows[parts.train], rows[parts.test]
    progress(
        f"{len(train):,} rows to learn from, {len(test):,} to judge by "
        f"(split by {parts.kind.replace('_', ' ')})"
    )
    learners: list[Learner] = ["lightgbm", "linear"]
    if lateness_feature(train) is not None:
        learners.append("rule")
    fitted = {}
    for learner in learners:
        progress(f"fitting {learner}")
        fitted[learner] = fit(learner, train, seed, starter=starter)
    has_prior = starter is not None and can_be_prior(starter, train)
    is_little = has_prior and train.n_positives < MANY_POSITIVES
    judgement = judge(fitted, test, seed, LITTLE if is_little else MUCH)
    chosen = fitted[judgement.learner]
    # a fraud is not easier to see for being late, so calm customers prove nothing
    calm_auc = judgement.auc_not_past_due if target == "nonpayment" else None
    raised = alarms(test, chosen.model, calm_auc)
    progress(f"learning again from all {len(rows):,} rows with {judgement.learner}")
    # a longer history carries proportionally more rounds
    n_rounds = chosen.n_rounds and round(chosen.n_rounds * len(rows) / len(train))
    final = fit(judgement.learner, rows, seed, n_rounds, starter)
    return TrainedModel(parts, judgement, final, raised, gain_shares(final.model, rows))
