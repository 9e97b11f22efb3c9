"""Rows of one table that exist as of a moment."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from features.events import FOREVER

# known_at, superseded_at, event_at, then the table's columns
Row: TypeAlias = tuple[Any, ...]


def known(rows: Iterable[Row], as_of: int) -> list[Row]:
    """The rows that exist as of a moment."""
    return [row for row in rows if row[0] <= as_of < row[1]]


class KnownRows:
    """A table's rows as of a moment, remembered until one appears or ends."""

    __slots__ = ("_as_of", "_changes_at", "_rows", "known")

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._as_of: int | None = None
        self._changes_at: int | None = None  # the next time after `_as_of`
        self.known: list[Row] = []

    def move_to(self, as_of: int) -> bool:
        """Whether `known` had to be made anew."""
        if not self._rows or self._is_as_before(as_of):
            return False
        self.known = known(self._rows, as_of)
        self._as_of, self._changes_at = as_of, None
        return True

    def _is_as_before(self, as_of: int) -> bool:
        """Whether nothing changes from the last moment on to this one."""
        since = self._as_of
        if since is None or as_of < since:
            return False
        if self._changes_at is None:
            changes = (at for row in self._rows for at in row[:2] if at > since)
            self._changes_at = min(changes, default=FOREVER)
        return as_of < self._changes_at
