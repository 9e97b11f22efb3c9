"""What `forbear train` says of what was measured, and of a later period."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cli.train import _range_later, _show_metrics
from scoring.intervals import MetricEstimate


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
