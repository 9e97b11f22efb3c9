"""Ctrl-C ends a command with a code of its own, whatever library it meets."""

import os
import signal
import sys
import threading
from collections.abc import Callable

import duckdb
import pytest

from cli.exits import STOPPED
from cli.interruption import ending_on_interruption


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def plain() -> None:
    interrupt()
    threading.Event().wait(5.0)


def in_duckdb() -> None:
    """Which makes a RuntimeError of it."""
    timer = threading.Timer(0.3, interrupt)
    timer.start()
    rows = duckdb.sql("SELECT count(*) FROM range(100_000_000_000)")
    assert rows is not None
    rows.fetchall()


def as_typer_ends() -> None:
    try:
        plain()
    except KeyboardInterrupt:
        sys.exit(1)


def as_typer_ends_without_a_word() -> None:
    try:
        plain()
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def as_a_service_ends() -> None:
    try:
        plain()
    except KeyboardInterrupt:
        sys.exit(0)


@pytest.mark.parametrize(
    "work", [plain, in_duckdb, as_typer_ends, as_typer_ends_without_a_word]
)
def test_what_was_interrupted_says_so(
    work: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as ended, ending_on_interruption():
        work()
    assert ended.value.code == STOPPED
    assert capsys.readouterr().err == "forbear: stopped by Ctrl-C [stopped]\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_service_that_ends_well_after_it_keeps_its_code() -> None:
    with pytest.raises(SystemExit) as ended, ending_on_interruption():
        as_a_service_ends()
    assert ended.value.code == 0


def test_what_fails_by_itself_is_no_interruption() -> None:
    with pytest.raises(RuntimeError, match="a bug"), ending_on_interruption():
        raise RuntimeError("a bug")
