"""Counts, sums and extremes (leaves) of one table for one customer, with NumPy.

Rows are sorted by event_at, so those in a window are neighbours, also among the rows
that pass a filter. Their number is the distance of two edges, a sum the difference of
two running sums; anything else looks at the values between two edges.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from features.arrays import IntArray
from features.feature_leaves import RowsLeaf
from features.feature_rows import And, Present, Rows
from features.online.filters import EVERY_ROW, Filters, Places
from features.online.rows import NAN, KnownColumns

EVER_US = 2**62  # further back than any row
Values: TypeAlias = Sequence[Any]


class PlacedLeaf(NamedTuple):
    """A leaf, where its number goes, and which edges its window has."""

    to: int
    leaf: RowsLeaf
    start: int
    end: int


class TableReader:
    """Finds the row leaves of one table and writes them to their places."""

    def __init__(self, leaves: Sequence[tuple[int, RowsLeaf]]) -> None:
        held = {leaf: held_by(leaf) for _, leaf in leaves}
        self._filters = Filters(rows for rows in held.values() if rows is not None)
        oldest_first = sorted({age for _, x in leaves for age in ages_of(x)})[::-1]
        self._ages = np.array(oldest_first, dtype=np.int64)
        self._edges: dict[tuple[int, int], int] = {}  # (line, age) by number
        stems: dict[tuple[int, str | None], list[PlacedLeaf]] = {}
        for to, leaf in leaves:
            line = self._filters.line(held[leaf])
            window = (self._edge(line, oldest_first.index(a)) for a in ages_of(leaf))
            placed = PlacedLeaf(to, leaf, *window)
            stems.setdefault((line, leaf.column), []).append(placed)
        self._counts = [
            (x.to, x.start, x.end)
            for (_, column), leaves_of_column in stems.items()
            if column is None
            for x in leaves_of_column
        ]
        self._moments = [
            (x.to, line, x.start, x.leaf.how == "max")
            for (line, column), leaves_of_column in stems.items()
            if column == "event_at"
            for x in leaves_of_column
        ]
        self._columns = [
            _Column(line, column, leaves_of_column)
            for (line, column), leaves_of_column in stems.items()
            if column not in (None, "event_at")
        ]

    def _edge(self, line: int, age: int) -> int:
        return self._edges.setdefault((line, age), len(self._edges))

    def passing(self, rows: KnownColumns) -> list[Places]:
        """The places of the rows that pass each filter."""
        return self._filters.passing(rows)

    def firsts(self, rows: KnownColumns, as_of: IntArray) -> list[int]:
        """Of each age the place of the first row that is younger."""
        event_at, since = rows["event_at"], as_of - self._ages
        places: list[int] = event_at.searchsorted(since, side="right").tolist()
        return places

    def read(self, found: "FoundRows", firsts: list[int], raw: list[float]) -> None:
        """Write every leaf of this table into `raw`; there is at least one row."""
        event_at, passing = found.rows["event_at"], found.passing
        edges = [bisect_left(passing[line], firsts[age]) for line, age in self._edges]
        for to, start, end in self._counts:
            raw[to] = edges[end] - edges[start]
        for to, line, start, is_last in self._moments:
            places = passing[line]
            if edges[start] < len(places):
                raw[to] = event_at.item(places[-1 if is_last else edges[start]])
        for column in self._columns:
            column.read(found, edges, raw)


class FoundRows:
    """The known rows of a table, and what does not depend on the moment's windows."""

    __slots__ = ("_reader", "passing", "rows", "values")

    def __init__(self, reader: TableReader, rows: KnownColumns) -> None:
        self._reader, self.rows = reader, rows
        self.passing = reader.passing(rows)
        self.values: dict[_Column, _Values] = {}  # as far back as they were looked at

    def firsts(self, as_of: IntArray) -> list[int]:
        """Where the windows of a moment begin and end; all else follows from it."""
        return self._reader.firsts(self.rows, as_of)

    def read(self, firsts: list[int], raw: list[float]) -> None:
        """Write every leaf of the table into `raw`."""
        self._reader.read(self, firsts, raw)


class _Values(NamedTuple):
    """Of a column, from the `first` row that passes: values and their sums so far."""

    first: int
    values: Values
    so_far: Sequence[int]


class _Column:
    """What is counted and summed of one column of the rows that pass one filter."""

    def __init__(self, line: int, column: str, wanted: Sequence[PlacedLeaf]) -> None:
        self._line, self._column = line, column
        # edges are numbered as they come up, ages from the oldest: find the oldest
        oldest = max(wanted, key=lambda x: ages_of(x.leaf)[0])
        self._oldest = oldest.start
        self._sums = [(x.to, x.start, x.end) for x in wanted if _is_exact_sum(x.leaf)]
        self._others = [
            (x.to, x.start, x.end, _FIND[x.leaf.how])
            for x in wanted
            if not _is_exact_sum(x.leaf)
        ]

    def read(self, found: FoundRows, edges: list[int], raw: list[float]) -> None:
        """Write the sums of all windows into their places of `raw`."""
        oldest = edges[self._oldest]
        kept = found.values.get(self)
        if kept is None or kept.first > oldest:
            kept = found.values[self] = self._values(found, oldest)
        first, values, so_far = kept
        for to, start, end in self._sums:
            raw[to] = so_far[edges[end] - first] - so_far[edges[start] - first]
        for to, start, end, find in self._others:
            raw[to] = find(values[edges[start] - first : edges[end] - first])

    def _values(self, found: FoundRows, first: int) -> _Values:
        """Looks at no value older than is asked for."""
        column = found.rows[self._column]
        if self._line == EVERY_ROW:
            values = column[first:].tolist()
        else:
            places = found.passing[self._line]
            values = [column.item(place) for place in places[first:]]
        so_far = list(accumulate(values, initial=0)) if self._sums else ()
        return _Values(first, values, so_far)


def held_by(leaf: RowsLeaf) -> Rows | None:
    """The filter of a leaf, and where its column may lack a value, that too."""
    if leaf.column is None or leaf.how == "distinct" or leaf.is_always_present:
        return leaf.where
    present = Present(leaf.column)
    return present if leaf.where is None else And(leaf.where, present)


def ages_of(leaf: RowsLeaf) -> tuple[int, int]:
    """From which age to which a leaf looks at rows."""
    if leaf.window is None:
        return EVER_US, 0
    return leaf.window.start_us, leaf.window.end_us


def _is_exact_sum(leaf: RowsLeaf) -> bool:
    return leaf.how == "sum" and leaf.is_exact


def _distinct(values: Values) -> float:
    return len({*values} - {None})


def _sum(values: Values) -> float:
    """Of plain numbers, in the order in which arrays are added up."""
    return float(np.array(values, dtype=np.float64).sum())


def _spread(values: Values) -> float:
    total = sum(values)
    return len(values) * sum(x * x for x in values) - total * total if values else NAN


_FIND: dict[str, Callable[[Values], float]] = {
    "max": lambda values: max(values, default=NAN),
    "min": lambda values: min(values, default=NAN),
    "distinct": _distinct,
    "sum": _sum,
    "spread": _spread,
}
