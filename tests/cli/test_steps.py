"""What a pipe is told of a command that takes minutes."""

import shutil
from itertools import accumulate
from pathlib import Path

import pytest

from cli.output import progress, steps, waiting
from tests.cli.conftest import Run


def test_a_pipe_is_told_each_step_that_took_a_second_once_it_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _clock(monkeypatch, 41.6, 0.9, 3.0)
    with steps("train") as step:
        step("gathering labels and features")
        assert capsys.readouterr().err == ""
        step("nonpayment: splitting")
        step("nonpayment: fitting lightgbm")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "train: gathering labels and features (42 s)",
        "train: nonpayment: fitting lightgbm (3 s)",
    ]


def test_of_a_step_that_failed_it_is_not_said_that_it_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _clock(monkeypatch, 5.0)
    with pytest.raises(OSError, match="disk"):
        _fail_in_a_step()
    assert capsys.readouterr().err == ""


def test_who_gives_no_command_tells_a_pipe_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _clock(monkeypatch, 5.0)
    with steps() as step:
        step("100 decisions, 0 not identical")
    assert capsys.readouterr().err == ""


def test_waiting_and_a_bar_are_told_of_as_a_step_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _clock(monkeypatch, 2.0)
    with waiting("checking every row", "validate"):
        pass
    assert capsys.readouterr().err == "validate: checking every row (2 s)\n"
    _clock(monkeypatch, 3.0)
    with progress("scoring", "score") as tell:
        tell(1, 2)
    assert capsys.readouterr().err == "score: scoring (3 s)\n"


@pytest.mark.parametrize(
    ("command", "last"),
    [
        ("init", "looking at the files"),
        ("validate", "looking at what will be possible"),
        pytest.param(
            "score",
            "looking for an early warning of nonpayment",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_pipe_is_told_what_these_commands_did(
    forbear: Run,
    command: str,
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("cli.output._TOLD_FROM_S", 0.0)
    folder = tmp_path / "lumen"
    if command != "init":
        shutil.copytree("data/samples/lumen", folder)
    told = forbear(command, folder).err.splitlines()
    assert told[-1].startswith(f"{command}: {last} (")
    assert all(line.startswith(f"{command}: ") for line in told)


@pytest.mark.slow
def test_a_list_of_the_past_does_not_tell_what_came_later(
    forbear: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.output._TOLD_FROM_S", 0.0)
    ran = forbear("score", "data/samples/lumen", "--as-of", "2026-03-31")
    assert "early warning" not in ran.err
    assert "ALARM" not in ran.out


def _fail_in_a_step() -> None:
    with steps("train") as step:
        step("gathering labels and features")
        raise OSError("disk")


def _clock(monkeypatch: pytest.MonkeyPatch, *took_s: float) -> None:
    """A clock by which each step takes so long: it is read twice at each step."""
    ends = list(accumulate(took_s, initial=0.0))
    readings = iter([0.0] + [end for end in ends for _ in range(2)])
    monkeypatch.setattr("cli.output.monotonic", lambda: next(readings))
