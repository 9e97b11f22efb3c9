"""The counts, sums and extremes of one table, found in one customer's rows.

Rows are sorted by event_at, so every window is a pair of positions: counts and
sums of all windows come from one cumulative sum, extremes from one running extreme.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.feature_leaves import RowsLeaf
from features.feature_numbers import Floats, Ints
from features.feature_rows import Mask, Present, Rows
from features.online_rows import KnownRows

EVER_US = 2**62  # further back than any row
Stem = tuple[Rows | None, str]  # a filter and the column it is applied to


Placed = Sequence[tuple[int, RowsLeaf]]


class TableReader:
    """Finds the row leaves of one table and writes them to their places."""

    def __init__(self, leaves: Placed) -> None:
        bounds = {0, EVER_US}
        for _, leaf in leaves:
            bounds |= set(_bounds(leaf))
        self._offsets = np.array(sorted(bounds), dtype=np.int64)
        self._position = {offset: i for i, offset in enumerate(sorted(bounds))}
        self._sums = _Sums(self, [p for p in leaves if _is_summed(p[1])])
        rest = [p for p in leaves if not _is_summed(p[1])]
        stems = [*_by_stem(rest, "max"), *_by_stem(rest, "min")]
        self._extremes = [_Extreme(self, stem, placed) for stem, placed in stems]
        self._distinct = [
            _Distinct(self, stem, placed) for stem, placed in _by_stem(rest, "distinct")
        ]
        self._plain = [
            (to, leaf, *self.window(leaf))
            for to, leaf in rest
            if leaf.how in ("sum", "spread")
        ]

    def window(self, leaf: RowsLeaf) -> tuple[int, int]:
        """Where the start and the end of a leaf's window stand among the offsets."""
        start, end = _bounds(leaf)
        return self._position[start], self._position[end]

    def read(self, rows: KnownRows, as_of: int, raw: Floats) -> None:
        """Write every leaf of this table into `raw`; `rows` holds at least one row."""
        event_at = rows["event_at"]
        # the first row younger than each offset
        at = event_at.searchsorted(as_of - self._offsets, side="right")
        self._sums.read(rows, at, raw)
        starts = at.tolist()
        for extreme in self._extremes:
            extreme.read(rows, starts, raw)
        for distinct in self._distinct:
            distinct.read(rows, starts, raw)
        for to, leaf, start, end in self._plain:
            raw[to] = _plain(leaf, rows, slice(starts[start], starts[end]))


class _Sums:
    """Counts and sums of money: one cumulative sum of exact integers."""

    def __init__(self, reader: TableReader, leaves: Placed) -> None:
        stems = list(dict.fromkeys((x.where, x.column) for _, x in leaves))
        windows = [reader.window(leaf) for _, leaf in leaves]
        self._stems = stems
        self._to = np.array([to for to, _ in leaves], dtype=np.int64)
        self._row = np.array(
            [stems.index((x.where, x.column)) for _, x in leaves], dtype=np.int64
        )
        self._start = np.array([start for start, _ in windows], dtype=np.int64)
        self._end = np.array([end for _, end in windows], dtype=np.int64)

    def read(self, rows: KnownRows, at: Ints, raw: Floats) -> None:
        if not self._stems:
            return
        total = np.zeros((len(self._stems), rows.n + 1), dtype=np.int64)
        for k, (where, column) in enumerate(self._stems):
            if column is None:
                total[k, 1:] = True if where is None else rows.mask(where)
                continue
            np.copyto(total[k, 1:], rows[column], where=_held(rows, where, column))
        np.cumsum(total, axis=1, out=total)
        raw[self._to] = (
            total[self._row, at[self._end]] - total[self._row, at[self._start]]
        )


class _Extreme:
    """Running maximum (or minimum) from the youngest row back, for several windows."""

    def __init__(self, reader: TableReader, stem: Stem, leaves: Placed) -> None:
        self._where, self._column = stem
        self._is_max = leaves[0][1].how == "max"
        self._places = [(to, reader.window(leaf)[0]) for to, leaf in leaves]

    def read(self, rows: KnownRows, starts: list[int], raw: Floats) -> None:
        if self._column == "event_at":
            self._read_moment(rows, starts, raw)
            return
        at = np.flatnonzero(_held(rows, self._where, self._column))
        if not at.size:
            return
        values = rows[self._column][at][::-1]
        running = np.maximum if self._is_max else np.minimum
        extreme = running.accumulate(values)
        for to, start in self._places:
            n_inside = at.size - int(at.searchsorted(starts[start]))
            if n_inside:
                raw[to] = extreme[n_inside - 1]

    def _read_moment(self, rows: KnownRows, starts: list[int], raw: Floats) -> None:
        if self._where is None:
            youngest, oldest = rows.n - 1, 0
        else:
            at = np.flatnonzero(rows.mask(self._where))
            if not at.size:
                return
            youngest, oldest = int(at[-1]), int(at[0])
        event_at = rows["event_at"]
        for to, start in self._places:
            if youngest >= starts[start]:
                raw[to] = event_at[youngest if self._is_max else oldest]


class _Distinct:
    """Distinct values by the position where each was last seen."""

    def __init__(self, reader: TableReader, stem: Stem, leaves: Placed) -> None:
        self._where, self._column = stem
        self._places = [(to, reader.window(leaf)[0]) for to, leaf in leaves]

    def read(self, rows: KnownRows, starts: list[int], raw: Floats) -> None:
        values: list[Any] = rows[self._column].tolist()
        if self._where is None:
            last_seen = dict(zip(values, range(len(values)), strict=True))
        else:
            at = np.flatnonzero(rows.mask(self._where)).tolist()
            last_seen = {values[i]: i for i in at}
        last_seen.pop(None, None)
        seen = last_seen.values()
        for to, start in self._places:
            first = starts[start]
            raw[to] = sum(i >= first for i in seen) if first else len(last_seen)


def _held(rows: KnownRows, where: Rows | None, column: str) -> Mask:
    """Rows that pass and have a value."""
    present = rows.mask(Present(column))
    return present if where is None else present & rows.mask(where)


def _plain(leaf: RowsLeaf, rows: KnownRows, window: slice) -> float:
    """Sums of plain numbers, and the exact spread of money, straight from the rows."""
    column = leaf.column or ""
    held = _held(rows, leaf.where, column)
    values = rows[column][window][held[window]]
    if leaf.how == "sum":
        return float(values.sum())
    if not values.size:
        return float("nan")
    exact = values.tolist()
    return float(len(exact) * sum(x * x for x in exact) - sum(exact) ** 2)


def _bounds(leaf: RowsLeaf) -> tuple[int, int]:
    if leaf.window is None:
        return EVER_US, 0
    return leaf.window.start_us, leaf.window.end_us


def _is_summed(leaf: RowsLeaf) -> bool:
    return leaf.how == "count" or (leaf.how == "sum" and leaf.is_exact)


def _by_stem(leaves: Placed, how: str) -> list[tuple[Stem, list[tuple[int, RowsLeaf]]]]:
    stems: dict[Stem, list[tuple[int, RowsLeaf]]] = {}
    for to, leaf in leaves:
        if leaf.how == how:
            stems.setdefault((leaf.where, leaf.column or ""), []).append((to, leaf))
    return list(stems.items())
