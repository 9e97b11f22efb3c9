"""One run at a time writes a file: a second one is refused before its work."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class RunInProgressError(Exception):
    """Two runs would write one file, each into the other's half."""

    code = "run_in_progress"

    def __init__(self, out: Path) -> None:
        super().__init__(
            f"another run is writing {out} now: wait until it has ended, or name"
            " another file"
        )


@contextmanager
def sole_writer(place: Path, make: Callable[[], None], out: Path) -> Iterator[None]:
    """Nobody else works in `place` while the block lasts; a run that is killed lets go.

    Args:
        place: the file or folder where `out` is written until it is whole.
        make: makes it, and minds none that is there.
        out: what is written, for who is refused.

    Raises:
        RunInProgressError: if another run works there.
    """
    if sys.platform == "win32":  # it has no such lock
        make()
        yield
        return
    opened = _locked(place, make, out)
    try:
        yield
    finally:
        os.close(opened)


def _locked(place: Path, make: Callable[[], None], out: Path) -> int:
    """The open place, once it is ours and still where it was.

    A run that ends between the steps takes with it what this one opened.
    """
    import fcntl

    while True:
        make()
        try:
            opened = os.open(place, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(opened)
            raise RunInProgressError(out) from None
        except OSError:  # a network's file system that locks nothing
            return opened
        if _is_still(opened, place):
            return opened
        os.close(opened)


def _is_still(opened: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened), place.stat())
    except FileNotFoundError:
        return False
