"""The known rows of `Events`, cell by cell, without a class for rows."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from typing import Any, TypeVar

import numpy as np

from features.events import FOREVER, MISSING, Columns, Events

T = TypeVar("T")


class KnownTable:
    """Known rows of one customer's table, in order of event_at, then known_at."""

    __slots__ = ("_cells", "_columns", "_narrow", "n")

    def __init__(self, columns: Columns, as_of: int) -> None:
        self._columns = columns
        self._cells: dict[str, list[Any]] = {}
        self._narrow: list[bool] | None = None  # every row is known
        self.n = len(columns["known_at"])
        if self.n:
            spans = columns["known_at"].tolist(), columns["superseded_at"].tolist()
            exists = [start <= as_of < end for start, end in zip(*spans, strict=True)]
            n_known = exists.count(True)
            if n_known < self.n:
                self._narrow, self.n = exists, n_known

    def rows(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """The named cells of each row; a missing cell is None."""
        if not self.n:
            return iter(())
        return zip(*[self._column(name) for name in names], strict=True)

    def last(self, name: str) -> Any:  # noqa: ANN401 - any kind of cell
        """The cell of the latest row; None without rows."""
        return self._column(name)[-1] if self.n else None

    def first_known_at(self) -> int | None:
        """When the first row became known."""
        return min(self._column("known_at"), default=None)

    def _column(self, name: str) -> list[Any]:
        """The cells of a column; None for what the normal form calls missing."""
        if name not in self._cells:
            self._cells[name] = self._read(name)
        return self._cells[name]

    def _read(self, name: str) -> list[Any]:
        column = self._columns[name]
        kind = column.dtype.kind
        cells: list[Any] = column.tolist()
        if self._narrow is not None:
            cells = list(compress(cells, self._narrow))
        if kind == "i" and MISSING in cells:
            return [None if cell == MISSING else cell for cell in cells]
        if kind == "f":
            return [None if cell != cell else cell for cell in cells]
        return cells


class KnownTables:
    """The known rows of one customer; a table is kept until one of its rows changes.

    Not for two threads at once.
    """

    __slots__ = ("_as_of", "_made", "_moments", "_read", "_tables", "events")

    def __init__(self, events: Events) -> None:
        self.events = events
        self._as_of: int | None = None
        self._moments: dict[str, list[int]] = {}  # at which rows of a table change
        self._tables: dict[str, KnownTable] = {}
        self._read: set[str] = set()  # names of tables, by what is being made
        self._made: dict[Callable[[KnownTables], Any], tuple[Any, frozenset[str]]] = {}

    def move_to(self, as_of: int) -> None:
        """What is known at another moment (µs since 1970 UTC)."""
        before, self._as_of = self._as_of, as_of
        if before is None:  # most customers are looked at once
            return
        changed = {x for x in self._tables if self._is_changed(x, before, as_of)}
        for name in changed:
            del self._tables[name]
        for make, (_, names) in tuple(self._made.items()):
            if not changed.isdisjoint(names):
                del self._made[make]

    def __getitem__(self, name: str) -> KnownTable:
        self._read.add(name)
        if name not in self._tables:
            assert self._as_of is not None  # noqa: S101 - it was moved somewhere
            self._tables[name] = KnownTable(self.events.tables[name], self._as_of)
        return self._tables[name]

    def made(self, make: Callable[["KnownTables"], T]) -> T:
        """What a function makes of the known rows, whatever the moment; made once."""
        if make not in self._made:
            outer, self._read = self._read, set()
            self._made[make] = make(self), frozenset(self._read)
            self._read = outer
        made, names = self._made[make]
        self._read |= names
        value: T = made
        return value

    def _is_changed(self, name: str, before: int, as_of: int) -> bool:
        """Whether a row of a table appears or ends between two moments."""
        if name not in self._moments:
            columns = self.events.tables[name]
            spans = columns["known_at"], columns["superseded_at"]
            self._moments[name] = np.unique(np.concatenate(spans)).tolist()
        moments = self._moments[name]
        return bisect_right(moments, before) != bisect_right(moments, as_of)


def unchanged(tables: Iterable[Columns], as_of: int) -> tuple[int, int]:
    """From when until before when the same rows are known as at a moment."""
    names = ("known_at", "superseded_at")
    moments = np.concatenate([columns[name] for columns in tables for name in names])
    is_past = moments <= as_of
    since = moments.max(where=is_past, initial=-FOREVER)
    return int(since), int(moments.min(where=~is_past, initial=FOREVER))
