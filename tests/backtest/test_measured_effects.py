"""What a report says of effects that are measured or assumed."""

from types import SimpleNamespace
from typing import Any

import pytest

from backtest.report.outcome_sections import resting_on_assumptions


@pytest.mark.parametrize(
    ("by_action", "says"),
    [
        pytest.param({"remind": 0.0, "suspend": -5.0}, [], id="nothing is saved"),
        pytest.param({"review": 9.0}, ["All of it"], id="measured"),
        pytest.param({"review": 9.0, "suspend": 1.0}, ["10% of it"], id="in part"),
    ],
)
def test_nothing_is_called_measured_where_nothing_is_saved(
    by_action: dict[str, float], says: list[str]
) -> None:
    backtest: Any = SimpleNamespace(measured_on={"review": "237 reviews"})
    sentences = list(resting_on_assumptions(backtest, by_action))
    assert len(sentences) == len(says)
    assert all(a.startswith(b) for a, b in zip(sentences, says, strict=True))
