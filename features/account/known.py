"""Rows of one table that exist as of a moment."""

from collections.abc import Iterable
from typing import Any, TypeAlias

# known_at, superseded_at, event_at, then the table's columns
Row: TypeAlias = tuple[Any, ...]


def known(rows: Iterable[Row], as_of: int) -> list[Row]:
    """The rows that exist as of a moment."""
    return [row for row in rows if row[0] <= as_of < row[1]]


class KnownRows:
    """A table's rows as of a moment, remembered until one appears or ends."""

    __slots__ = ("_as_of", "_rows", "known")

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._as_of: int | None = None
        self.known: list[Row] = []

    def move_to(self, as_of: int) -> bool:
        """Whether `known` had to be made anew."""
        if not self._rows or (
            self._as_of is not None
            and as_of >= self._as_of
            and not self._changes_in(self._as_of, as_of)
        ):
            return False
        self.known = known(self._rows, as_of)
        self._as_of = as_of
        return True

    def _changes_in(self, since: int, as_of: int) -> bool:
        for row in self._rows:
            if since < row[0] <= as_of or since < row[1] <= as_of:
                return True
        return False
