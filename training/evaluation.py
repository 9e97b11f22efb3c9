"""Which learner is the right one, and is it good enough: gates on untouched rows.

The learner is chosen on the held-out margins of the training rows; the test rows judge
the one that was chosen, so the choice adds no luck to what they say of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.counted import counted
from scoring.bundle import Learner
from scoring.intervals import (
    MetricEstimate,
    PairedComparison,
    compare_log_loss,
    customer_blocks,
    measured,
)
from scoring.metrics import METRICS, auc, log_loss
from training.held_out import HeldOutMargin, calibrated
from training.lateness import lateness_feature
from training.rows import Rows

# observed over expected of later dates that is near enough to 1, either way: the model
# that serves has learnt from these dates, too, so less is asked than of one that is
# to replace another
LEVEL = 1.5
MANY_ROWS = 20_000  # above this fewer draws give the same interval width in less time


@dataclass(frozen=True)
class RequiredConfidence:
    """In how many of the draws a model must be better not to yield to a simpler one.

    Args:
        trees: against the logistic regression.
        other: of what is left, against the lateness rule.
    """

    trees: float
    other: float


MUCH = RequiredConfidence(trees=0.2, other=0.2)
# few positives: trees learn more that does not come again, while a logistic regression
# whose prior knows lateness is not to be lost to a test period of twenty positives
LITTLE = RequiredConfidence(trees=0.6, other=0.02)


@dataclass(frozen=True)
class Gate:
    """One requirement, whether it was met, and the numbers as a sentence."""

    name: str
    is_passed: bool
    text: str

    @property
    def is_comparison(self) -> bool:
        """Whether it only says which of two learners is kept, not that one is bad."""
        return "_not_worse_than_" in self.name


@dataclass(frozen=True)
class Evaluation:
    """What the test rows say.

    Args:
        learner: the one that is used.
        label, p: of the test rows, p by the learner that is used.
        metrics: of the learner that is used, with intervals.
        others: learner to metric to value, for the ones that are not.
        auc_not_past_due: among test rows with nothing overdue; None if unknown.
    """

    learner: Learner
    label: FloatArray
    p: FloatArray
    metrics: Mapping[str, MetricEstimate]
    others: Mapping[Learner, Mapping[str, float]]
    gates: tuple[Gate, ...]
    auc_not_past_due: float | None


def choose(
    candidates: Mapping[Learner, HeldOutMargin],
    rows: Rows,
    seed: int,
    doubt: RequiredConfidence = MUCH,
) -> tuple[Learner, tuple[Gate, ...]]:
    """The learner that predicts rows best that it had not seen, and how sure that is.

    Args:
        candidates: `lightgbm` and its simpler challengers, on the same folds.
        rows: those that they are margins of.
        seed: of the draws.
        doubt: how sure the more complex of two must be of being the better one.
    """
    judged = ~np.isnan(candidates["lightgbm"].margin)
    label = rows.label[judged]
    blocks = customer_blocks(rows.customer[judged])
    p = {
        learner: calibrated(rows, one.margin).probability(one.margin[judged])
        for learner, one in candidates.items()
    }
    chosen: Learner = "lightgbm"
    gates = []
    for challenger in ("linear", "rule"):
        if challenger not in p:
            continue
        paired = compare_log_loss(label, p[chosen], p[challenger], blocks, seed=seed)
        least = doubt.trees if challenger == "linear" else doubt.other
        gate = _not_worse(chosen, challenger, paired, least)
        gates.append(gate)
        if not gate.is_passed:
            chosen = challenger
    return chosen, tuple(gates)


def judge(
    chosen: Learner, p: Mapping[Learner, FloatArray], test: Rows, seed: int
) -> Evaluation:
    """What rows that no learner saw say of the chosen one.

    Args:
        chosen: the learner that was chosen without them.
        p: (n,) probabilities of the test rows by every learner.
        test: the rows.
        seed: of the draws.
    """
    blocks = customer_blocks(test.customer)
    n_draws = 200 if len(test) <= MANY_ROWS else 100
    metrics = measured(test.label, p[chosen], blocks, n_draws=n_draws, seed=seed)
    return Evaluation(
        learner=chosen,
        label=test.label,
        p=p[chosen],
        metrics=metrics,
        others={
            learner: plain_metrics(test.label, p[learner])
            for learner in p
            if learner != chosen
        },
        gates=(
            better_than_constant(chosen, test.label, p[chosen], blocks, seed),
            ranks(chosen, metrics["auc"]),
        ),
        auc_not_past_due=auc_not_past_due(test, p[chosen]),
    )


def done_better(judged: Evaluation) -> str | None:
    """What does better by log-loss than the model in use on untouched rows, if any.

    Beside its rivals, one rate for all rows: their own.
    """
    if not judged.metrics:
        return None
    own, rate = judged.metrics["log_loss"].value, judged.label.mean()
    constant = log_loss(judged.label, np.full(len(judged.label), rate))
    ways: dict[str, float] = {"one rate for all of them": constant}
    ways |= {str(name): each["log_loss"] for name, each in judged.others.items()}
    better = sorted((loss, way) for way, loss in ways.items() if loss < own)
    if not better:
        return None
    place = "the highest" if len(better) == len(ways) else "a higher"
    said = " and ".join(f"{loss:.5f} of {way}" for loss, way in better)
    return (
        f"on {counted(len(judged.label), 'row')} it did not see, {judged.learner} has"
        f" {place} log-loss: {own:.5f} against {said} (lower is better)"
    )


def remarks(metrics: Mapping[str, MetricEstimate]) -> list[str]:
    """What intervals say for sure against the probabilities, one sentence each."""
    said = []
    slope = metrics.get("calibration_slope")
    if slope is not None and not slope.low <= 1.0 <= slope.high:
        said.append(
            f"the calibration slope {slope.value:.2f} ({slope.low:.2f} to"
            f" {slope.high:.2f}) is surely not 1: {_of_slope(slope)}"
        )
    level = metrics.get("observed_over_expected")
    if level is not None and not level.low <= 1.0 <= level.high:
        course = "more" if level.value > 1.0 else "less"
        said.append(
            f"{course} happened than was expected, {level.value:.2f} times"
            f" ({level.low:.2f} to {level.high:.2f})"
        )
    return said


_FOR_DECISIONS = (
    "Thresholds in money rest on them, so a customer with a high one is acted upon"
)


def _of_slope(slope: MetricEstimate) -> str:
    """What a slope that is surely not 1 says of the probabilities."""
    if slope.low > 1.0:
        return (
            "probabilities are too timid: high ones are too low and low ones too high."
            f" {_FOR_DECISIONS} too late"
        )
    if slope.high < 0.0:
        return "it is below 0: those with high probabilities had it less often"
    if slope.low <= 0.0:
        return "it may be 0: high probabilities may say no more than low ones"
    return (
        "probabilities are too extreme: high ones are too high and low ones too low."
        f" {_FOR_DECISIONS} too early"
    )


def plain_metrics(label: FloatArray, p: FloatArray) -> dict[str, float]:
    return {name: metric(label, p) for name, metric in METRICS.items()}


def _not_worse(a: Learner, b: Learner, paired: PairedComparison, least: float) -> Gate:
    return Gate(
        name=f"{a}_not_worse_than_{b}",
        is_passed=paired.p_a_is_better >= least,
        text=(
            f"{a} predicts held-out folds of the training rows better than {b} in"
            f" {paired.p_a_is_better:.0%} of the random draws of their customers; it is"
            f" kept from {least:.0%} on. Log-loss minus that of {b}"
            f" {paired.difference:+.5f} (95 % interval {paired.low:+.5f} to"
            f" {paired.high:+.5f}; below 0 is better)"
        ),
    )


def better_than_constant(
    learner: Learner, label: FloatArray, p: FloatArray, blocks: IntArray, seed: int
) -> Gate:
    """Surely better: the lower end of the gain over always saying the rows' own rate.

    Luck alone would pass a plain comparison every third time.
    """
    constant = np.full(len(label), label.mean())
    gain = compare_log_loss(label, p, constant, blocks, seed=seed)
    is_passed = gain.high < 0.0
    return Gate(
        name="beats_constant",
        is_passed=is_passed,
        text=(
            f"{learner} is {'' if is_passed else 'not '}surely better than one rate for"
            f" all: log-loss minus that rate's {gain.difference:+.5f} (95 % interval"
            f" {gain.low:+.5f} to {gain.high:+.5f}; below 0 is better)"
        ),
    )


def ranks(learner: Learner, auc: MetricEstimate) -> Gate:
    """On noise this passes one time in forty."""
    return Gate(
        name="ranks_better_than_chance",
        is_passed=auc.low > 0.5,
        text=f"AUC of {learner} {auc.value:.3f} (from {auc.low:.3f}), by chance 0.5",
    )


def level_is_right(ratio: MetricEstimate, factor: float = LEVEL) -> Gate:
    """Of observed over expected: 1 is possible, or it is near enough to 1.

    Args:
        ratio: with its 95 % interval.
        factor: from its inverse to it is near enough.
    """
    return Gate(
        name="level_is_right",
        is_passed=ratio.low <= 1.0 <= ratio.high
        or 1.0 / factor <= ratio.value <= factor,
        text=(
            f"observed over expected {ratio.value:.3f} (95 % interval {ratio.low:.3f}"
            f" to {ratio.high:.3f}); it must include 1, or lie within {1 / factor:.2f}"
            f" to {factor:.2f}"
        ),
    )


def auc_not_past_due(rows: Rows, p: FloatArray) -> float | None:
    """AUC among customers with nothing overdue: the part a rule cannot do."""
    name = lateness_feature(rows)
    if name is None:
        return None
    calm: BoolArray = rows.column(name) == 0.0
    positives = rows.label[calm].sum()
    if positives == 0 or positives == calm.sum():
        return None
    return auc(rows.label[calm], p[calm])
