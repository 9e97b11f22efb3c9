"""A champion that cannot be asked keeps nobody from training a new model."""

from pathlib import Path
from typing import Any

import pytest

from features.portfolio import Portfolio
from scoring.bundle import Bundle
from scoring.errors import BundleUnreadableError, UnknownFeatureError
from scoring.starter import starter
from training.before import said_before
from training.rows import Rows
from training.train import TrainingResult
from training.training_data import gather


@pytest.fixture
def asked(
    flat_portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:  # noqa: ANN401
    """What a champion says of the portfolio's rows; it is loaded by a function."""
    gathered = gather(flat_portfolio, ("nonpayment",))
    rows: Rows = gathered.rows["nonpayment"]

    def ask(load: Any) -> Any:  # noqa: ANN401
        monkeypatch.setattr("training.before.champion_path", lambda *_: tmp_path)
        monkeypatch.setattr(Bundle, "load", load)
        names = gathered.customer_ids
        return said_before(flat_portfolio, tmp_path, "nonpayment", rows, names)

    return ask


@pytest.mark.parametrize("why", [BundleUnreadableError("x"), UnknownFeatureError("x")])
def test_a_champion_that_cannot_be_read_says_nothing(
    asked: Any,  # noqa: ANN401
    why: Exception,
) -> None:
    def load(_: Path) -> Bundle:
        raise why

    assert asked(load) is None


def test_the_starter_and_a_champion_that_learnt_all_dates_say_nothing(
    asked: Any,  # noqa: ANN401
    trained: TrainingResult,
) -> None:
    assert asked(lambda _: starter("nonpayment")) is None
    assert asked(lambda _: trained.bundle) is None
