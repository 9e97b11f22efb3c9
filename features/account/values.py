"""The rows of one table that exist as of a moment, read cell by cell."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from features.events import MISSING, Columns, Events


class KnownTable:
    """Known rows of one customer's table, in order of event_at, then known_at."""

    __slots__ = ("_columns", "_narrow", "as_of", "n")

    def __init__(self, columns: Columns, as_of: int) -> None:
        self._columns, self.as_of = columns, as_of
        self._narrow: npt.NDArray[np.bool_] | None = None  # every row is known
        self.n = len(columns["known_at"])
        if self.n:
            exists = columns["known_at"] <= as_of
            exists &= columns["superseded_at"] > as_of
            n_known = int(np.count_nonzero(exists))
            if n_known < self.n:
                self._narrow, self.n = exists, n_known

    def rows(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """The named cells of each row; a missing cell is None."""
        if not self.n:
            return iter(())
        picked = [[_cell(value) for value in self._column(name)] for name in names]
        return zip(*picked, strict=True)

    def last(self, name: str) -> Any:  # noqa: ANN401 - any kind of cell
        """The cell of the latest row; None without rows."""
        return _cell(self._column(name)[-1]) if self.n else None

    def first_known_at(self) -> int | None:
        """When the first row became known."""
        return min(self._column("known_at"), default=None)

    def _column(self, name: str) -> list[Any]:
        column = self._columns[name]
        cells: list[Any] = (
            column.tolist() if self._narrow is None else column[self._narrow].tolist()
        )
        return cells


def known_table(events: Events, table: str, as_of: int) -> KnownTable:
    """The rows of `table` that exist as of a moment."""
    return KnownTable(events.tables[table], as_of)


def _cell(value: Any) -> Any:  # noqa: ANN401 - any kind of cell
    """None for what the normal form calls missing."""
    if value is None or value == MISSING or value != value:
        return None
    return value
