"""Why stops wait is said in words, with what an analyst can do."""

from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.arrays import FloatArray
from features.moments import DAY_US
from training.evaluation import Gate
from training.held_back import WaitReason, held_back

N, N_DATES = 300, 3
BUNDLE: Any = SimpleNamespace(
    horizon_days=90, settings=SimpleNamespace(zone=ZoneInfo("UTC"))
)


def said(
    *failed: str, observed: float = 0.1, n_positives: int = 500, kind: str = "time"
) -> WaitReason | None:
    """Of a model that expects 5 % of three dates, of which such a share came."""
    label: FloatArray = np.zeros(N)
    label[: round(observed * N)] = 1.0
    is_test = np.ones(N, dtype=np.bool_)
    passed = Gate("ranks_better_than_chance", is_passed=True, text="")
    gates = (passed, *(Gate(name, is_passed=False, text="") for name in failed))
    learnt: Any = SimpleNamespace(
        is_proven=not failed,
        split=SimpleNamespace(kind=kind, test=is_test),
        judgement=SimpleNamespace(gates=gates, label=label, p=np.full(N, 0.05)),
    )
    as_of = (20_000 + 30 * (np.arange(N) % N_DATES)) * DAY_US
    rows: Any = SimpleNamespace(as_of=as_of, n_positives=n_positives)
    return held_back(BUNDLE, learnt, rows)


def test_nothing_is_said_where_stops_do_not_wait() -> None:
    assert said() is None


def test_a_step_is_told_in_all_and_by_date_with_what_to_look_at() -> None:
    told = said("level_is_right")
    assert told is not None
    assert "it happened to 30 where what was learnt before expected 15.0" in told.why
    assert told.why.count("2024-") == N_DATES
    assert "2024-10-04: 2.00" in told.why
    assert "payment terms" in told.why
    assert "forbear labels audit" in told.to_do
    assert "90 days and more" in told.to_do


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        pytest.param("beats_constant", "one rate for everybody", id="no better"),
        pytest.param("ranks_better_than_chance", "did not surely put", id="no order"),
        pytest.param("level_is_known", "half to twice", id="level unknown"),
        pytest.param("other", "nothing can judge it", id="no outcome"),
    ],
)
def test_few_outcomes_are_no_step(failed: str, words: str) -> None:
    told = said(failed, n_positives=40, kind="cross_fitted")
    assert told is not None
    assert words in told.why
    assert "payment terms" not in told.why
    assert "as outcomes mature" in told.to_do


def test_a_model_of_many_outcomes_that_ranks_nobody_is_no_step_either() -> None:
    told = said("ranks_better_than_chance", n_positives=500)
    assert told is not None
    assert "did not surely put" in told.why
    assert "If the change stays" not in told.to_do
    assert "forbear validate" in told.to_do
