"""What every writer of rows needs: the world, its people, the days and the draws."""

from dataclasses import dataclass

import numpy as np

from simulation.days import Days
from simulation.people import People
from simulation.state import SLOTS, State
from simulation.streams import Draws, Flags, Ints
from simulation.tables import (
    Coded,
    Column,
    Columns,
    Maybe,
    Numbered,
    PortfolioWriter,
)
from simulation.worlds import World


@dataclass
class Ledger:
    """Which payment was made in each of the last months, for chargebacks to name."""

    amount: Ints
    invoice_month: Ints

    @classmethod
    def empty(cls, customers: int) -> "Ledger":
        shape = (customers, SLOTS)
        return cls(np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64))


@dataclass(frozen=True)
class Scene:
    world: World
    people: People
    state: State  # after the month
    days: Days
    draws: Draws
    writer: PortfolioWriter
    ledger: Ledger
    usage_every: str

    def office(self, stream: str, day: Ints) -> Ints:
        """A moment in office hours of each customer's day."""
        return self.days.office_hours(day, self.draws.uniform(stream))

    def add(
        self,
        table: str,
        who: Flags,
        event_at: Ints,
        columns: Columns,
        known_at: Ints | None = None,
    ) -> None:
        """Write a row for everyone in `who`; arrays have one value per customer."""
        rows = np.flatnonzero(who)
        if not len(rows):
            return
        picked = {name: pick(column, rows) for name, column in columns.items()}
        known = None if known_at is None else known_at[rows]
        self.writer.add(table, rows, event_at[rows], picked, known)


@dataclass(frozen=True)
class Scenery:
    """What stays the same from month to month."""

    world: World
    people: People
    days: Days
    writer: PortfolioWriter
    usage_every: str
    ledger: Ledger

    def of(self, state: State, draws: Draws) -> Scene:
        return Scene(
            self.world,
            self.people,
            state,
            self.days,
            draws,
            self.writer,
            self.ledger,
            self.usage_every,
        )


def pick(column: Column, rows: Ints) -> Column:
    if isinstance(column, str):
        return column
    if isinstance(column, Coded):
        return Coded(column.codes[rows], column.pool)
    if isinstance(column, Maybe):
        return Maybe(column.values[rows], column.valid[rows])
    if isinstance(column, Numbered):
        valid = None if column.valid is None else column.valid[rows]
        numbers = tuple(number[rows] for number in column.numbers)
        return Numbered(column.prefix, numbers, column.widths, valid)
    return column[rows]


def named(prefix: str, *numbers: Ints | int, valid: Flags | None = None) -> Numbered:
    """An id from a customer's number and counters such as the month."""
    size = len(numbers[0]) if isinstance(numbers[0], np.ndarray) else 1
    arrays = tuple(
        n if isinstance(n, np.ndarray) else np.full(size, n, dtype=np.int64)
        for n in numbers
    )
    widths = (7, *(2 for _ in arrays[1:]))
    return Numbered(prefix, arrays, widths, valid)
