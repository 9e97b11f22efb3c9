"""What a pipe is told of a command that takes minutes."""

from itertools import accumulate

import pytest

from cli.output import steps


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


def _fail_in_a_step() -> None:
    with steps("train") as step:
        step("gathering labels and features")
        raise OSError("disk")


def _clock(monkeypatch: pytest.MonkeyPatch, *took_s: float) -> None:
    """A clock by which each step takes so long: it is read twice at each step."""
    ends = list(accumulate(took_s, initial=0.0))
    readings = iter([0.0] + [end for end in ends for _ in range(2)])
    monkeypatch.setattr("cli.output.monotonic", lambda: next(readings))
