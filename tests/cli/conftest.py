"""Runs commands as a person would: words in; exit code, stdout and stderr out."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.main import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORBEAR_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("FORBEAR_POLICY", raising=False)
    return tmp_path / "state"


@contextmanager
def _habits_kept() -> Iterator[None]:
    """A command has a process of its own; here the next test has its process."""
    threshold, interval, umask = (
        gc.get_threshold(),
        sys.getswitchinterval(),
        os.umask(0),
    )
    os.umask(umask)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
        sys.setswitchinterval(interval)
        os.umask(umask)


@pytest.fixture
def forbear(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Run]:
    # a slow machine says no more than a fast one
    monkeypatch.setattr("cli.output._TOLD_FROM_S", float("inf"))

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["forbear", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    with _habits_kept():
        yield run
