"""The rows of one table that exist as of a moment, read cell by cell."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from features.events import MISSING, Events


class KnownTable:
    """Known rows of one customer's table, in order of event_at, then known_at."""

    __slots__ = ("_columns", "_places", "as_of")

    def __init__(
        self, columns: Mapping[str, npt.NDArray[Any]], places: list[int], as_of: int
    ) -> None:
        self._columns, self._places, self.as_of = columns, places, as_of

    def rows(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """The named cells of each row; a missing cell is None."""
        if not self._places:
            return iter(())
        picked = [
            [_cell(value) for value in self._columns[name][self._places].tolist()]
            for name in names
        ]
        return zip(*picked, strict=True)

    def last(self, name: str) -> Any:  # noqa: ANN401 - any kind of cell
        """The cell of the latest row; None without rows."""
        if not self._places:
            return None
        return _cell(self._columns[name][self._places[-1]])

    def first_known_at(self) -> int | None:
        """When the first row became known."""
        if not self._places:
            return None
        return int(self._columns["known_at"][self._places].min())


def known_table(events: Events, table: str, as_of: int) -> KnownTable:
    """The rows of `table` that exist as of a moment."""
    columns = events.tables[table]
    places: list[int] = []
    if len(columns["known_at"]):
        exists = (columns["known_at"] <= as_of) & (as_of < columns["superseded_at"])
        places = np.flatnonzero(exists).tolist()
    return KnownTable(columns, places, as_of)


def _cell(value: Any) -> Any:  # noqa: ANN401 - any kind of cell
    """None for what the normal form calls missing."""
    if value is None or value == MISSING or value != value:
        return None
    return value
