"""What `forbear train` says of what was measured, and of a later period."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cli.train import (
    _range_later,
    _show_held_back,
    _show_level,
    _show_metrics,
    _show_missing,
)
from scoring.early_warning import YoungOutcomes, expectation
from scoring.intervals import MetricEstimate
from scoring.level import Level
from scoring.shelf import make_champion
from training.held_back import WaitReason


def test_an_interval_that_says_nothing_is_not_shown_as_one() -> None:
    wide, narrow = MetricEstimate(0.9, 0.11, 1.0), MetricEstimate(0.9, 0.8, 0.95)
    assert _range_later("auc", wide) == "cannot be told"
    assert _range_later("auc", narrow) == "0.8 – 0.95"


def test_without_a_measure_there_is_no_empty_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    learnt: Any = SimpleNamespace(
        judgement=SimpleNamespace(label=np.zeros(8), metrics={}),
        fitted=SimpleNamespace(learner="starter"),
        split=SimpleNamespace(kind="cross_fitted"),
    )
    _show_metrics("fraud-1", learnt, {})
    assert capsys.readouterr().out == (
        "fraud-1: starter, judged on 8 rows it did not see (cross fitted), of which"
        " 0.00% happened: to fewer than two customers, so no measure can be told\n"
    )


def test_a_level_that_few_outcomes_tell_is_said_with_its_interval(
    capsys: pytest.CaptureFixture[str],
) -> None:
    learnt: Any = SimpleNamespace(level=Level(0.001, 0.0, 0.0092))
    bundle: Any = SimpleNamespace(target="fraud", horizon_days=90)
    _show_level(learnt, bundle)
    _show_level(SimpleNamespace(level=None), bundle)  # type: ignore[arg-type]
    assert capsys.readouterr().out == (
        "level: fraud within 90 days is expected of 0.10% of the customers (95 %"
        " interval 0.00% to 0.92%)\n"
    )


def test_the_last_lines_say_why_stops_wait_and_what_can_be_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A step in how people pay: of mature dates, and of those that are not yet."""
    far = expectation(60, 20.0, 200)
    young = YoungOutcomes(0, 1, 60, far, far)
    result: Any = SimpleNamespace(
        target="nonpayment",
        young=(young,),
        held_back=WaitReason("twice as many came", "look since when"),
    )
    _show_held_back(result)
    *_, rings, waits, why, to_do = capsys.readouterr().out.splitlines()
    assert rings.startswith("nonpayment: dates that are not mature yet ring")
    assert "payment terms" in rings
    assert "forbear monitor" in rings
    assert "every stop that rests on it waits for a person" in waits
    assert (why, to_do) == (
        "why: twice as many came",
        "what you can do: look since when",
    )


def test_nothing_is_said_where_no_stop_waits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result: Any = SimpleNamespace(target="fraud", young=(), held_back=None)
    _show_held_back(result)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("fraud", "note: no model of non-payment"),
        ("nonpayment", "note: no model of"),
    ],
)
def test_one_model_alone_says_what_stands_in_for_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, said: str
) -> None:
    """Such as where the other waits as challenger, for a leak is suspected."""
    make_champion(tmp_path, target, f"{target}-20260630-00000000")
    _show_missing(tmp_path)
    assert capsys.readouterr().out.startswith(said)


def test_nothing_stands_in_where_both_targets_are_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without any model the starters serve for both."""
    _show_missing(tmp_path)
    for target in ("fraud", "nonpayment"):
        make_champion(tmp_path, target, f"{target}-20260630-00000000")
    _show_missing(tmp_path)
    assert capsys.readouterr().out == ""
