"""For features of one customer: the columns of a table, cut to what is known."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from features.arrays import AnyArray, IntArray
from features.events import MISSING, Columns
from features.feature import LatestAttribute

NAN = float("nan")


class KnownColumns(Mapping[str, AnyArray]):
    """The columns of a table, narrowed to the rows known at a moment.

    Args:
        columns: of the table, in normal form.
        as_of: µs since 1970 UTC, of shape (), for NumPy compares it twice as fast.
    """

    __slots__ = ("_by_value", "_columns", "_narrow", "_take", "n")

    def __init__(self, columns: Columns, as_of: IntArray) -> None:
        self._columns = columns
        known = columns["known_at"] <= as_of
        known &= columns["superseded_at"] > as_of
        self.n = int(np.count_nonzero(known))
        self._take = None if self.n == known.size else known.nonzero()[0]
        self._narrow: dict[str, AnyArray] = {}
        self._by_value: dict[str, Mapping[Any, list[int]]] = {}

    def __getitem__(self, name: str) -> AnyArray:
        if self._take is None:
            return self._columns[name]
        column = self._narrow.get(name)
        if column is None:
            column = self._narrow[name] = self._columns[name][self._take]
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def by_value(self, name: str) -> Mapping[Any, list[int]]:
        """Of each value in a column the places where it stands, rising."""
        if name not in self._by_value:
            places = self._by_value[name] = defaultdict(list)
            for place, value in enumerate(self[name].tolist()):
                places[value].append(place)
        return self._by_value[name]


def latest(leaf: LatestAttribute, rows: KnownColumns) -> float | str | None:
    """The stored value of the latest row asked for, None when missing."""
    column = rows[leaf.column]
    missing = MISSING if column.dtype.kind == "i" else None
    for at in range(rows.n - 1 - leaf.back, -1, -1):  # mostly one look is enough
        value: float | str | None = column.item(at)
        if not (value == missing or value != value):  # NaN is not itself
            return value
        if leaf.where is None:
            return None
    return None
