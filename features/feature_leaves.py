"""Leaves: the raw counts, sums, extremes and latest values that a feature is made from.

A *leaf* is a count, a sum, an extreme, a latest value, an account fact. Leaves are
float64; money and moments are whole numbers, unknown is NaN.
"""

from dataclasses import dataclass
from typing import Literal

from features.contract import TABLES
from features.feature import (
    AccountFact,
    Aggregate,
    CountryMismatch,
    Definition,
    Difference,
    LatestAttribute,
    Ratio,
    TimeSince,
    Trend,
)
from features.feature_rows import And, Present, Rows, Window


@dataclass(frozen=True, slots=True)
class RowsLeaf:
    """A raw number over rows. `spread` is n·Σx² − (Σx)², exact."""

    table: str
    how: Literal["count", "sum", "max", "min", "spread", "distinct"]
    column: str | None = None
    where: Rows | None = None
    window: Window | None = None

    @property
    def is_exact(self) -> bool:
        """Counted or summed in integers."""
        if self.how == "count" or self.column in (None, "event_at"):
            return True
        return LatestAttribute(self.table, str(self.column)).value_kind == "money"

    @property
    def is_always_present(self) -> bool:
        """Its column is required, so every row has it."""
        return self.column is not None and _is_required(self.table, self.column)

    @property
    def when_none(self) -> float:
        """Its value where no row counts: 0 of a count, else NaN."""
        return 0.0 if self.how in ("count", "sum", "distinct") else float("nan")


Leaf = RowsLeaf | LatestAttribute | AccountFact | CountryMismatch


def value_without_rows(leaf: Leaf, tables: frozenset[str]) -> float:
    """A leaf's value for a customer without rows, NaN where it is unknown.

    Args:
        leaf: what is asked for.
        tables: those that were looked at; what was not is unknown, not zero.
    """
    if isinstance(leaf, RowsLeaf) and leaf.table in tables:
        return leaf.when_none
    return float("nan")


def _is_required(table: str, column: str) -> bool:
    return column == "event_at" or TABLES[table].column(column).is_required


def _present(table: str, where: Rows | None, column: str) -> Rows | None:
    """Rows that pass and have a value."""
    if _is_required(table, column):
        return where
    return Present(column) if where is None else And(where, Present(column))


def leaves_of(definition: Definition) -> tuple[Leaf, ...]:
    """The leaves a definition is finished from, in the order `Plan` expects."""
    match definition:
        case Aggregate(table, "mean" | "std" as how, str(column), where, window):
            held = _present(table, where, column)
            n = RowsLeaf(table, "count", None, held, window)
            exact = RowsLeaf(
                table, "sum" if how == "mean" else "spread", column, where, window
            )
            return (exact, n)
        case Aggregate(table, how, column, where, window):
            return (RowsLeaf(table, how, column, where, window),)  # type: ignore[arg-type]
        case TimeSince(table, which, where, window):
            how = "max" if which == "last" else "min"
            return (RowsLeaf(table, how, "event_at", where, window),)
        case Ratio(over, under):
            return (*leaves_of(over), *leaves_of(under))
        case Difference(left, right):
            return (*leaves_of(left), *leaves_of(right))
        case Trend(recent, before):
            return (*leaves_of(recent), *leaves_of(before))
        case _:
            return (definition,)
