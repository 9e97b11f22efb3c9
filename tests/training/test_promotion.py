"""A challenger becomes champion, and a serving machine pulls it."""

from pathlib import Path

import pytest

from features.portfolio import Portfolio
from scoring.shelf import champion_id
from training.errors import NoSuchVersionError
from training.promotion import promote, pull
from training.tracking import Tracker
from training.train import TrainingResult, train

pytestmark = pytest.mark.slow  # trains twice


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def first_and_second(
    flat_portfolio: Portfolio, home: Path
) -> tuple[TrainingResult, TrainingResult]:
    [first] = train(flat_portfolio, home=home, seed=0)
    [second] = train(flat_portfolio, home=home, seed=1)
    return first, second


def test_a_challenger_serves_only_once_promoted_and_back_again(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path
) -> None:
    first, second = first_and_second
    assert first.bundle is not None
    assert second.bundle is not None
    assert first.bundle.bundle_id != second.bundle.bundle_id
    assert champion_id(home, "nonpayment") == first.bundle.bundle_id
    promotion = promote("nonpayment", Tracker(home))
    assert (promotion.version, promotion.before) == ("2", first.bundle.bundle_id)
    assert promotion.is_change
    assert champion_id(home, "nonpayment") == second.bundle.bundle_id
    back = promote("nonpayment", Tracker(home), "1")
    assert back.bundle.files == first.bundle.files
    assert champion_id(home, "nonpayment") == first.bundle.bundle_id


def test_a_machine_that_only_serves_pulls_the_champion(
    first_and_second: tuple[TrainingResult, TrainingResult], home: Path, tmp_path: Path
) -> None:
    promote("nonpayment", Tracker(home), "1")
    first, _ = first_and_second
    assert first.bundle is not None
    pulled = pull("nonpayment", Tracker(tmp_path, Tracker(home).uri))
    assert pulled.before is None
    assert champion_id(tmp_path, "nonpayment") == first.bundle.bundle_id


@pytest.mark.parametrize("version", ["99", None], ids=["no such version", "no name"])
def test_what_the_registry_does_not_have_is_refused(
    first_and_second: tuple[TrainingResult, TrainingResult],
    home: Path,
    version: str | None,
) -> None:
    target = "nonpayment" if version else "fraud"
    with pytest.raises(NoSuchVersionError):
        promote(target, Tracker(home), version)  # type: ignore[arg-type]
