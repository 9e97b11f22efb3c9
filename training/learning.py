"""One target, from rows to a judged model that then learns from everything."""

from collections.abc import Callable
from dataclasses import dataclass

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from features.labels import Target
from scoring.bundle import Learner
from training.alarms import Alarm, alarms, gain_shares
from training.fitting import Fitted, fit
from training.judging import Judgement, judge
from training.lateness import lateness_feature
from training.rows import Rows
from training.split import Split, split

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Learnt:
    """What was learnt about one target.

    Args:
        split: who taught and who judged.
        judgement: of the model fitted on the training part only.
        fitted: the same learner fitted on all mature rows; this one is used.
        gains: of `fitted`, largest first.
    """

    split: Split
    judgement: Judgement
    fitted: Fitted
    alarms: tuple[Alarm, ...]
    gains: dict[str, float]


def learn(
    target: Target, rows: Rows, seed: int, progress: Progress = lambda _: None
) -> Learnt:
    """Split, fit every learner, judge them, and refit the best on all rows.

    Raises:
        TrainingError: too few positives, or no better than a constant.
    """
    # matrices this small are not worth the linear algebra threads' waiting
    with threadpool_limits(1, "blas"):
        parts = split(rows, seed)
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
            fitted[learner] = fit(learner, train, seed)
        judgement = judge(fitted, test, seed)
        chosen = fitted[judgement.learner]
        # a fraud is not easier to see for being late, so calm customers prove nothing
        calm_auc = judgement.auc_not_past_due if target == "nonpayment" else None
        found = alarms(test, chosen.model, calm_auc)
        progress(f"learning again from all {len(rows):,} rows with {judgement.learner}")
        # a longer history carries proportionally more rounds
        n_rounds = chosen.n_rounds and round(chosen.n_rounds * len(rows) / len(train))
        final = fit(judgement.learner, rows, seed, n_rounds)
        return Learnt(parts, judgement, final, found, gain_shares(final.model, rows))
