"""Whether more customers would help: the same learner taught by some of the customers.

A sample of a portfolio is enough where twice as many customers predict the later dates
no better. So the learner that is used is taught by a quarter and a half of the sample,
chosen and calibrated by rolling origins of these alone (by folds of customers where
their outcomes are too few for that), and judged on the same later
dates as the one that learnt from all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import BoolArray, FloatArray
from scoring.bundle import Bundle
from scoring.intervals import (
    MetricEstimate,
    PairedComparison,
    compare_log_loss,
    customer_blocks,
    measured,
)
from training.customer_sample import CustomerSample, in_hash_order
from training.fitting import BoostedFolds, held_out
from training.folds import Fold
from training.held_out import LastFoldMargin
from training.rows import Rows
from training.split import folds_and_split
from training.trained_model import Progress, TrainedModel

SHARES = (0.25, 0.5)
LEAST_POSITIVES = 100  # that teach; of fewer a share is another kind of problem
N_DRAWS = 100


@dataclass(frozen=True)
class CurvePoint:
    """What so many customers teach, by the later dates.

    Args:
        n_customers: that teach.
        n_positives: rows of them that are positive.
        auc, log_loss: on the rows that judge, with 95 % intervals.
        less: log-loss minus that of all customers of the sample; None for these.
    """

    n_customers: int
    n_positives: int
    auc: MetricEstimate
    log_loss: MetricEstimate
    less: PairedComparison | None = None


@dataclass(frozen=True)
class LearningCurve:
    """Whom a model learnt from, and whether more of them would help.

    Args:
        sample: whom.
        points: the smallest first, the last one learnt from the whole sample; none
            where outcomes are too few.
    """

    sample: CustomerSample
    points: tuple[CurvePoint, ...] = ()

    @property
    def gain(self) -> PairedComparison | None:
        """Log-loss of half of the customers minus that of all."""
        return self.points[-2].less if len(self.points) > 1 else None

    @property
    def is_flat(self) -> bool:
        """Whether twice the customers are not surely better."""
        return self.gain is not None and self.gain.low <= 0.0

    def __str__(self) -> str:
        gain, n = self.gain, len(self.sample.customer_ids)
        everyone = f"learnt from all {n:,} customers"
        whom = everyone if self.sample.is_everyone else f"learnt from {self.sample}"
        if gain is None:
            return f"{whom}; too few outcomes to tell what more of them would teach"
        share = 100.0 / self.points[-1].log_loss.value
        way = "lower" if gain.difference < 0.0 else "higher"
        ends = f"{gain.low * share:+.1f} to {gain.high * share:+.1f} %"
        numbers = (
            f"{whom}; with half of them the log-loss of the rows that judge is {way}"
            f" by {abs(gain.difference) * share:.1f} % (95 % interval {ends})"
        )
        if self.is_flat:
            return f"{numbers}: it is not sure that more customers would help"
        return f"{numbers}: more customers would help"


def learning_curve(
    sample: CustomerSample,
    rows: Rows,
    learnt: TrainedModel,
    customer_ids: Sequence[str],
    starter: Bundle | None,
    seed: int,
    progress: Progress = lambda _: None,
) -> LearningCurve:
    """What a quarter and a half of the customers would have taught.

    Args:
        sample: whom was learnt from.
        rows: theirs.
        learnt: from them.
        customer_ids: by the number that rows give a customer.
        starter: of the target, as `learn` had it.
        seed: of folds, learners and draws.
        progress: called with one line of text per step.
    """
    parts = learnt.split
    n_taught = rows.label[parts.train].sum()
    is_split = parts.kind != "cross_fitted"
    if not is_split or n_taught < LEAST_POSITIVES:
        return LearningCurve(sample)
    order = {name: place for place, name in enumerate(in_hash_order(customer_ids))}
    place = np.array([order[name] for name in customer_ids])[rows.customer]
    judged, p_all = parts.test, learnt.judgement.p
    label, blocks = rows.label[judged], customer_blocks(rows.customer[judged])
    points = []
    for share in SHARES:
        first: BoolArray = place < share * len(customer_ids)
        progress(f"learning again from {share:.0%} of the customers")
        p = _taught_by(first, rows, learnt, starter, seed)
        less = compare_log_loss(label, p, p_all, blocks, seed=seed)
        points.append(_point(rows, first & parts.train, judged, p, seed, less))
    everyone = _point(rows, parts.train, judged, p_all, seed)
    return LearningCurve(sample, (*points, everyone))


def _taught_by(
    some: BoolArray, rows: Rows, learnt: TrainedModel, starter: Bundle | None, seed: int
) -> FloatArray:
    """(n,) probabilities of the rows that judge, by the learner taught by some."""
    parts = replace(learnt.split, train=learnt.split.train & some)
    everything = folds_and_split(rows, parts, seed)
    return _last_judged(rows, everything, learnt, starter, seed).probability(rows)


def _last_judged(
    rows: Rows,
    everything: Sequence[Fold],
    learnt: TrainedModel,
    starter: Bundle | None,
    seed: int,
) -> LastFoldMargin:
    learner = learnt.judgement.learner
    if learner != "lightgbm":
        return held_out(learner, rows, everything, starter)
    trees = BoostedFolds.of(rows, everything, seed, learnt.fitted.parameters)
    return trees.last_judged()


def _point(
    rows: Rows,
    taught: BoolArray,
    judged: BoolArray,
    p: FloatArray,
    seed: int,
    less: PairedComparison | None = None,
) -> CurvePoint:
    """How the learner does that was taught by these rows, on the rows that judge."""
    label, blocks = rows.label[judged], customer_blocks(rows.customer[judged])
    found = measured(label, p, blocks, n_draws=N_DRAWS, seed=seed)
    return CurvePoint(
        len(np.unique(rows.customer[taught])),
        int(rows.label[taught].sum()),
        found["auc"],
        found["log_loss"],
        less,
    )
