"""A change of the policy takes the place of the file that the service watches."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex

from decisions.errors import PolicyFileError
from decisions.policy_file.load import load_policy
from serving.errors import ProblemError
from store.database import Database
from store.policy_changes import PolicyChange, PolicyChanges

if sys.platform != "win32":
    import fcntl


def put_in_place(
    database: Database, change: PolicyChange, file: Path, by: str, at: int, reason: str
) -> None:
    """Publish a change: the file is replaced and that it was is kept, or neither.

    What counts is the file itself and not what this process has in force, for another
    one may have published meanwhile. Where the process ends between the two, the change
    stays submitted beside a file that was replaced already.

    Args:
        database: where changes are kept.
        change: that somebody else submitted.
        file: the policy in force.
        by: who publishes it.
        at: microseconds since 1970 UTC.
        reason: of whoever publishes it.

    Raises:
        ProblemError: another policy is in the file, somebody decided already, or the
            file cannot be replaced.
    """
    try:
        with _turn(file.parent):
            require_base(change, _hash(file))
            beside = _written_beside(file, change.text)
            try:
                is_new = PolicyChanges(database).decide(
                    change.change_id,
                    "published",
                    by,
                    at,
                    reason,
                    partial(os.replace, beside, file),
                )
            finally:
                with suppress(FileNotFoundError):
                    beside.unlink()
    except OSError as error:
        detail = (
            f"{file.name}: {error.strerror}; its folder must be writable and the file"
            " no mount of its own (mount the folder). The change still waits"
        )
        raise ProblemError("policy_not_written", detail) from error
    require_undecided(is_new=is_new)


def require_base(change: PolicyChange, policy_hash: str | None) -> None:
    """Raises ProblemError where a change is of another policy than this one."""
    if change.base_hash != policy_hash:
        detail = "another policy is in force since; try the change again on that one"
        raise ProblemError("invalid_request", detail)


def require_undecided(*, is_new: bool) -> None:
    """Raises ProblemError where nobody submitted it, or somebody decided already."""
    if not is_new:
        detail = "the page of the change says who decided about it, and when"
        raise ProblemError("change_is_over", detail)


def _hash(file: Path) -> str | None:
    """Of the policy in a file; None where it holds none."""
    try:
        return load_policy(file).hash
    except PolicyFileError:
        return None


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One process of this machine after the other, whatever store they share."""
    if sys.platform == "win32":
        yield
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)  # which ends the lock


def _written_beside(file: Path, text: str) -> Path:
    """A whole new file in the same folder, on disk, that can take the other's place."""
    beside = file.with_name(f".{file.name}.{token_hex(8)}")
    with beside.open("x", encoding="utf-8", newline="\n") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    beside.chmod(file.stat().st_mode)
    return beside
