"""Which rows pass the filters of a table, as rising places among its known rows.

Rows are looked up by the values of text columns. Filters made of others are worked
out from places already found, each once.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TypeAlias

from features.feature_rows import And, Equals, In, Not, Rows
from features.online.rows import KnownColumns

EVERY_ROW = 0  # the line of no filter
Places: TypeAlias = Sequence[int]
# finds the places of a filter, given those of all filters before it
Step: TypeAlias = Callable[[KnownColumns, Sequence[Places]], Places]


class Filters:
    """The filters of a table, parts included, each with its line."""

    def __init__(self, filters: Iterable[Rows]) -> None:
        self._lines: dict[Rows, int] = {}
        self._steps: list[Step] = []
        for rows in filters:
            self._add(rows)

    def line(self, rows: Rows | None) -> int:
        """The line of `passing` that belongs to a filter."""
        return EVERY_ROW if rows is None else self._lines[rows]

    def passing(self, rows: KnownColumns) -> list[Places]:
        """The places of each line."""
        places: list[Places] = [range(rows.n)]
        for step in self._steps:
            places.append(step(rows, places))
        return places

    def _add(self, rows: Rows) -> int:
        """The line of a filter; the parts it is made of stand before it."""
        if rows not in self._lines:
            step = self._step(rows)
            self._steps.append(step)
            self._lines[rows] = len(self._steps)
        return self._lines[rows]

    def _step(self, filter_: Rows) -> Step:
        match filter_:
            case Equals(column, str(value)):
                return lambda rows, _: rows.by_value(column).get(value, ())
            case In(column, values):
                return lambda rows, _: _any_of(values, rows, column)
            case Not(row):
                line = self._add(row)
                return lambda rows, places: _without(places[line], rows.n)
            case And(first, second):
                one, other = self._add(first), self._add(second)
                return lambda rows, places: _both(places[one], places[other], rows.n)
            case _:
                return lambda rows, _: filter_.mask(rows).nonzero()[0].tolist()


def _any_of(values: Iterable[str], rows: KnownColumns, column: str) -> Places:
    places = rows.by_value(column)
    return sorted(chain.from_iterable(places.get(value, ()) for value in values))


def _without(places: Places, n: int) -> Places:
    if not places:
        return range(n)
    others = set(places)
    return [place for place in range(n) if place not in others]


def _both(places: Places, others: Places, n: int) -> Places:
    if not places or len(others) == n:
        return places
    held = set(others)
    return [place for place in places if place in held]
