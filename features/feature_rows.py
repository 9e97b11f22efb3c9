"""The filters and time windows of a feature's definition: which rows it counts.

A filter compiles to both worlds: `over` an Ibis table and `mask` of NumPy
columns. A missing value satisfies no filter but `Not`, in both alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import AnyArray, BoolArray
from features.events import MISSING
from features.moments import DAY_US

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

Columns = Mapping[str, AnyArray]


@dataclass(frozen=True, slots=True)
class Window:
    """Rows with `days + before` > age in days >= `before`.

    A row's age is as_of − event_at, so a row exactly `days` old is outside.
    """

    days: int
    before: int = 0

    def __post_init__(self) -> None:
        if self.days < 1 or self.before < 0:
            raise ValueError(f"a window has at least one day, not {self}")

    @property
    def start_us(self) -> int:
        """Age from which a row is too old."""
        return (self.days + self.before) * DAY_US

    @property
    def end_us(self) -> int:
        """Youngest age inside."""
        return self.before * DAY_US


@dataclass(frozen=True, slots=True)
class Equals:
    """`column` is `value` (text, a choice or a boolean)."""

    column: str
    value: str | bool

    def over(self, table: "Table") -> "BooleanValue":
        """As an expression over a table; a missing cell is not equal."""
        return (table[self.column] == self.value).fill_null(False)

    def mask(self, columns: Columns) -> BoolArray:
        """As a mask over one customer's columns."""
        equal: BoolArray = columns[self.column] == self.value
        return equal


@dataclass(frozen=True, slots=True)
class In:
    """`column` is one of `values`."""

    column: str
    values: tuple[str, ...]

    def over(self, table: "Table") -> "BooleanValue":
        """As an expression over a table; a missing cell is none of them."""
        return table[self.column].isin(self.values).fill_null(False)


@dataclass(frozen=True, slots=True)
class Above:
    """`column` is more than `limit`, in the column's own stored unit."""

    column: str
    limit: int

    def over(self, table: "Table") -> "BooleanValue":
        """As an expression over a table; a missing cell is not above."""
        return (table[self.column] > self.limit).fill_null(False)

    def mask(self, columns: Columns) -> BoolArray:
        """As a mask over one customer's columns."""
        above: BoolArray = columns[self.column] > self.limit
        return above


@dataclass(frozen=True, slots=True)
class Present:
    """`column` is not missing."""

    column: str

    def over(self, table: "Table") -> "BooleanValue":
        """As an expression over a table."""
        return table[self.column].notnull()

    def mask(self, columns: Columns) -> BoolArray:
        """As a mask over one customer's columns, by each type's missing value."""
        column = columns[self.column]
        present: BoolArray
        if column.dtype == np.int64:
            present = column != MISSING
        elif column.dtype == np.float64:
            present = ~np.isnan(column)
        else:
            present = column != None  # noqa: E711 - of each element
        return present


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever `row` does not accept, missing values included."""

    row: "Rows"

    def over(self, table: "Table") -> "BooleanValue":
        """As an expression over a table."""
        return ~self.row.over(table)


@dataclass(frozen=True, slots=True)
class And:
    first: "Rows"
    second: "Rows"

    def over(self, table: "Table") -> "BooleanValue":
        """As an expression over a table."""
        return self.first.over(table) & self.second.over(table)


Rows = Equals | In | Above | Present | Not | And


def columns_of(rows: Rows | None) -> frozenset[str]:
    """Names of the columns a filter reads."""
    if rows is None:
        return frozenset()
    if isinstance(rows, Not):
        return columns_of(rows.row)
    if isinstance(rows, And):
        return columns_of(rows.first) | columns_of(rows.second)
    return frozenset({rows.column})
