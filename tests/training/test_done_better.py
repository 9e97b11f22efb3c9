"""What does better than the model in use is said, with the numbers."""

from dataclasses import replace

import numpy as np
import pytest

from scoring.intervals import MetricEstimate
from scoring.metrics import log_loss
from training.evaluation import Evaluation, done_better

LABEL = np.array([0.0, 0.0, 0.0, 1.0])
RATE = log_loss(LABEL, np.full(4, 0.25))


def judged(own: float, **others: float) -> Evaluation:
    """A model with a log-loss beside rivals with theirs."""
    return Evaluation(
        learner="lightgbm",
        label=LABEL,
        p=np.full(4, 0.25),
        metrics={"log_loss": MetricEstimate(own, own, own)},
        others={name: {"log_loss": loss} for name, loss in others.items()},  # type: ignore[misc]
        gates=(),
        auc_not_past_due=None,
    )


@pytest.mark.parametrize(
    ("evaluation", "place", "named"),
    [
        pytest.param(
            judged(RATE + 0.2, linear=RATE + 0.1, rule=RATE + 0.05),
            "the highest",
            ["one rate", "rule", "linear"],
            id="all do better, the best first",
        ),
        pytest.param(
            judged(RATE - 0.1, linear=RATE - 0.2, rule=RATE + 0.1),
            "a higher",
            ["linear"],
            id="one does",
        ),
    ],
)
def test_what_does_better_is_named_with_its_log_loss(
    evaluation: Evaluation, place: str, named: list[str]
) -> None:
    told = done_better(evaluation) or ""
    assert f"lightgbm has {place} log-loss" in told
    assert [told.index(name) for name in named] == sorted(map(told.index, named))
    assert told.count(" of ") == len(named) + ("one rate for all of them" in told)
    assert f"{evaluation.metrics['log_loss'].value:.5f} against" in told


def test_nothing_is_said_where_the_model_is_first_or_nothing_was_measured() -> None:
    first = judged(RATE - 0.1, linear=RATE)
    assert done_better(first) is None
    assert done_better(replace(first, metrics={})) is None
