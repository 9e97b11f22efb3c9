"""How good a model of few outcomes is: by rows whose customers it did not see."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray
from scoring.bundle import Learner
from scoring.intervals import (
    MetricEstimate,
    auc_interval,
    compare_log_loss,
    count_interval,
    customer_blocks,
    measured,
)
from training.evaluation import (
    Evaluation,
    Gate,
    auc_not_past_due,
    better_than_constant,
    plain_metrics,
    ranks,
)
from training.rows import Rows

LEVEL_FACTOR = 2.0  # the level must be known within this factor


@dataclass(frozen=True)
class HeldOutProbability:
    """A learner, and its probabilities (n,) of rows whose customers it did not see."""

    learner: Learner
    p: FloatArray


def n_positive_customers(rows: Rows) -> int:
    """Customers with a positive row; their rows tell one story."""
    return len(np.unique(rows.customer[rows.label == 1.0]))


def judged_few(
    rows: Rows,
    best: HeldOutProbability,
    tried: Mapping[Learner, HeldOutProbability],
    seed: int,
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


def _against(
    rows: Rows, best: HeldOutProbability, other: HeldOutProbability, seed: int
) -> Gate:
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
