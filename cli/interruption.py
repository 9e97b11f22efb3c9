"""Ctrl-C: one line and an exit code of its own, whatever was under way."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cli.exits import STOPPED

# with which Typer ends what was interrupted: an abort, or without a word of its own
_OF_TYPER = (1, STOPPED)


@contextmanager
def ending_on_interruption() -> Iterator[None]:
    """A command that Ctrl-C ended exits with `STOPPED`.

    DuckDB makes a RuntimeError of it while it works, and Typer the exit code that says
    that something was found. A command that ends well after Ctrl-C, as a service does,
    keeps its code.
    """
    interrupted: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        interrupted.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    except SystemExit as ended:
        if not interrupted or ended.code not in _OF_TYPER:
            raise
        _stopped()
    except (KeyboardInterrupt, RuntimeError):
        if not interrupted:
            raise
        _stopped()
    finally:
        signal.signal(signal.SIGINT, before)


def _stopped() -> None:
    sys.stderr.write("forbear: stopped by Ctrl-C [stopped]\n")
    sys.exit(STOPPED)
