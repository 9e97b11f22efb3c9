"""The known rows of one table of `Events`, cell by cell, without a class for rows."""

from collections.abc import Iterator
from itertools import compress
from typing import Any

from features.events import MISSING, Columns, Events


class KnownTable:
    """Known rows of one customer's table, in order of event_at, then known_at."""

    __slots__ = ("_columns", "_narrow", "as_of", "n")

    def __init__(self, columns: Columns, as_of: int) -> None:
        self._columns, self.as_of = columns, as_of
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


def known_table(events: Events, table: str, as_of: int) -> KnownTable:
    """The rows of `table` that exist as of a moment."""
    return KnownTable(events.tables[table], as_of)
