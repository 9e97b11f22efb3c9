"""The counts, sums and extremes of one table, found in one customer's rows.

Rows are sorted by event_at, so every window is a pair of positions: counts and
sums of all windows come from one cumulative sum, extremes from one running extreme.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np

from features.feature_leaves import RowsLeaf
from features.feature_numbers import Floats, Ints
from features.feature_rows import And, Present, Rows
from features.online.filters import Filters, Masks
from features.online.rows import NAN, KnownRows

EVER_US = 2**62  # further back than any row
EVERY_ROW = -1  # instead of a filter's line
Placed = Sequence[tuple[int, RowsLeaf]]
Stem = tuple[int, str]  # a filter's line and the column it is applied to


class TableReader:
    """Finds the row leaves of one table and writes them to their places."""

    def __init__(self, leaves: Placed) -> None:
        bounds = {0, EVER_US}.union(*(_bounds(leaf) for _, leaf in leaves))
        self._offsets = np.array(sorted(bounds), dtype=np.int64)
        self._position = {offset: i for i, offset in enumerate(sorted(bounds))}
        held = {leaf: _held(leaf) for _, leaf in leaves}
        self._filters = Filters(rows for rows in held.values() if rows is not None)
        self._held = held
        summed = [placed for placed in leaves if _is_summed(placed[1])]
        self._sums = _Sums(self, summed) if summed else None
        rest = [placed for placed in leaves if not _is_summed(placed[1])]
        self._others: list[_Extreme | _Moment | _Distinct | _Plain] = []
        for how in ("max", "min"):
            for stem, places in self._by_stem(rest, how).items():
                reader = _Moment if stem[1] == "event_at" else _Extreme
                self._others.append(reader(stem, places, is_max=how == "max"))
        for stem, places in self._by_stem(rest, "distinct").items():
            self._others.append(_Distinct(stem, places))
        for to, leaf in rest:
            if leaf.how in ("sum", "spread"):
                stem = (self.line(leaf), leaf.column or "")
                self._others.append(_Plain(stem, to, leaf.how, self.window(leaf)))

    def window(self, leaf: RowsLeaf) -> tuple[int, int]:
        """Where the start and the end of a leaf's window stand among the offsets."""
        start, end = _bounds(leaf)
        return self._position[start], self._position[end]

    def line(self, leaf: RowsLeaf) -> int:
        """Line of the filter that a leaf's rows pass."""
        held = self._held[leaf]
        return EVERY_ROW if held is None else self._filters.line(held)

    def _by_stem(self, leaves: Placed, how: str) -> dict[Stem, list[tuple[int, int]]]:
        stems: dict[Stem, list[tuple[int, int]]] = {}
        for to, leaf in leaves:
            if leaf.how == how:
                stem = (self.line(leaf), leaf.column or "")
                stems.setdefault(stem, []).append((to, self.window(leaf)[0]))
        return stems

    def read(self, rows: KnownRows, as_of: int, raw: Floats) -> None:
        """Write every leaf of this table into `raw`; `rows` holds at least one row."""
        masks = self._filters.masks(rows, rows.n)
        # of each offset the first row that is younger
        at = rows["event_at"].searchsorted(as_of - self._offsets, side="right")
        if self._sums is not None:
            self._sums.read(rows, masks, at, raw)
        starts = at.tolist()
        for other in self._others:
            other.read(rows, masks, starts, raw)


class _Sums:
    """Counts and sums of money: one cumulative sum of exact integers."""

    def __init__(self, reader: TableReader, leaves: Placed) -> None:
        stems = list(dict.fromkeys((reader.line(x), x.column) for _, x in leaves))
        stems.sort(key=lambda stem: stem[1] is not None)  # counts first
        windows = [reader.window(leaf) for _, leaf in leaves]
        rows = [stems.index((reader.line(x), x.column)) for _, x in leaves]
        self._n = len(stems)
        self._counted = np.array([x for x, column in stems if not column], np.intp)
        self._all = [k for k, stem in enumerate(stems) if stem == (EVERY_ROW, None)]
        self._money = [(k, *stem) for k, stem in enumerate(stems) if stem[1]]
        self._to = np.array([to for to, _ in leaves], dtype=np.intp)
        self._row = np.array(rows, dtype=np.intp)
        self._start = np.array([start for start, _ in windows], dtype=np.intp)
        self._end = np.array([end for _, end in windows], dtype=np.intp)

    def read(self, rows: KnownRows, masks: Masks, at: Ints, raw: Floats) -> None:
        """Write counts and sums of all windows into `raw`, by differences of sums."""
        total = np.zeros((self._n, rows.n + 1), dtype=np.int64)
        if self._counted.size and len(masks):
            total[: self._counted.size, 1:] = masks[self._counted]
        for k in self._all:
            total[k, 1:] = 1
        for k, line, column in self._money:
            amounts = rows[str(column)]
            if line == EVERY_ROW:
                total[k, 1:] = amounts
            else:
                np.multiply(amounts, masks[line], out=total[k, 1:])
        total.cumsum(axis=1, out=total)
        ends, starts = at[self._end], at[self._start]
        raw[self._to] = total[self._row, ends] - total[self._row, starts]


def _rows_at(masks: Masks, line: int, n: int) -> Ints:
    if line == EVERY_ROW:
        return np.arange(n)
    at: Ints = masks[line].nonzero()[0]
    return at


class _Extreme:
    """Running maximum (or minimum) from the youngest row back, for several windows."""

    def __init__(
        self, stem: Stem, places: list[tuple[int, int]], *, is_max: bool
    ) -> None:
        self._line, self._column = stem
        self._running = np.maximum if is_max else np.minimum
        self._places = places

    def read(
        self, rows: KnownRows, masks: Masks, starts: list[int], raw: Floats
    ) -> None:
        """Write the extreme of each window into `raw`."""
        at = _rows_at(masks, self._line, rows.n)
        if not at.size:
            return
        extreme = self._running.accumulate(rows[self._column][at][::-1])
        for to, start in self._places:
            n_inside = at.size - int(at.searchsorted(starts[start]))
            if n_inside:
                raw[to] = extreme[n_inside - 1]


class _Moment:
    """When the last (or the first) row that passes happened."""

    def __init__(
        self, stem: Stem, places: list[tuple[int, int]], *, is_max: bool
    ) -> None:
        self._line = stem[0]
        self._end = -1 if is_max else 0
        self._places = places

    def read(
        self, rows: KnownRows, masks: Masks, starts: list[int], raw: Floats
    ) -> None:
        """Write the moment of the first or last row of each window into `raw`."""
        at = _rows_at(masks, self._line, rows.n)
        if not at.size:
            return
        found = int(at[self._end])
        for to, start in self._places:
            if found >= starts[start]:
                raw[to] = rows["event_at"][found]


class _Distinct:
    """Distinct values by the position where each was last seen."""

    def __init__(self, stem: Stem, places: list[tuple[int, int]]) -> None:
        self._line, self._column = stem
        self._places = places

    def read(
        self, rows: KnownRows, masks: Masks, starts: list[int], raw: Floats
    ) -> None:
        """Write how many different values each window holds into `raw`."""
        values: list[Any] = rows[self._column].tolist()
        if self._line == EVERY_ROW:
            last_seen = dict(zip(values, range(len(values)), strict=True))
        else:
            at = masks[self._line].nonzero()[0].tolist()
            last_seen = {values[i]: i for i in at}
        last_seen.pop(None, None)
        seen = sorted(last_seen.values())
        for to, start in self._places:
            raw[to] = len(seen) - bisect_left(seen, starts[start])


class _Plain:
    """Sums of plain numbers, and the exact spread of money, straight from the rows."""

    def __init__(self, stem: Stem, to: int, how: str, window: tuple[int, int]) -> None:
        self._line, self._column = stem
        self._to, self._how = to, how
        self._start, self._end = window

    def read(
        self, rows: KnownRows, masks: Masks, starts: list[int], raw: Floats
    ) -> None:
        """Write one window's value into `raw`, row by row."""
        window = slice(starts[self._start], starts[self._end])
        values = rows[self._column][window]
        if self._line != EVERY_ROW:
            values = values[masks[self._line, window]]
        if self._how == "sum":
            raw[self._to] = values.sum()
        elif values.size:
            exact = values.tolist()
            squares = sum(x * x for x in exact)
            raw[self._to] = float(len(exact) * squares - sum(exact) ** 2)
        else:
            raw[self._to] = NAN


def _held(leaf: RowsLeaf) -> Rows | None:
    """The filter of a leaf, and where its column may lack a value, that too."""
    if leaf.column is None or leaf.how == "distinct" or leaf.is_always_present:
        return leaf.where
    present = Present(leaf.column)
    return present if leaf.where is None else And(leaf.where, present)


def _bounds(leaf: RowsLeaf) -> tuple[int, int]:
    if leaf.window is None:
        return EVER_US, 0
    return leaf.window.start_us, leaf.window.end_us


def _is_summed(leaf: RowsLeaf) -> bool:
    return leaf.how == "count" or (leaf.how == "sum" and leaf.is_exact)
