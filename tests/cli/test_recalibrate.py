"""`forbear recalibrate` makes a challenger of the champion's model."""

import re
from pathlib import Path

import pytest

from scoring.bundle import Bundle
from scoring.shelf import champion_id
from tests.cli.conftest import Run
from tests.serving.conftest import published
from tests.training.test_recalibration import NOW, ShiftedWorld, champion, world

__all__ = ["champion", "world"]  # fixtures


@pytest.fixture
def folder(world: ShiftedWorld, tmp_path: Path) -> Path:
    place = tmp_path / "shifted"
    world.write(place, NOW)
    return place


def test_without_a_champion_there_is_nothing_to_set_right(
    forbear: Run, folder: Path
) -> None:
    ran = forbear("recalibrate", folder, "--target", "nonpayment")
    assert ran.code == 2
    assert "`forbear train` makes one" in ran.err
    assert "[no_such_version]" in ran.err


@pytest.mark.slow  # registers at MLflow
def test_what_was_found_is_said_and_the_champion_stays(
    forbear: Run, folder: Path, champion: Bundle, home: Path
) -> None:
    before = published(champion, home)
    ran = forbear("recalibrate", folder, "--target", "nonpayment")
    assert ran.code == 0, ran.err
    ratios = re.findall(
        r"(before|recalibrated): observed over expected (\S+),", ran.out
    )
    assert [whose for whose, _ in ratios] == ["before", "recalibrated"]
    assert float(ratios[0][1]) > 1.5
    assert 0.9 < float(ratios[1][1]) < 1.1
    assert "waits as challenger (version 1): `forbear promote nonpayment`" in ran.out
    assert champion_id(home, "nonpayment") == before
