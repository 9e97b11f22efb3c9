"""Where the rows of a portfolio come from: memory, a folder, or a database.

Every source gives rows as found, in parts, and may be asked again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from features.contract import TABLES
from features.reading.spelling import Spelling

PART_ROWS = 500_000  # rows held as found at a time


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table as found.

    `first_row` counts within `where`, from 1; where people see the header as a row,
    in CSV and in a sheet, it is row 1 and the first below it row 2.
    """

    where: str
    first_row: int
    rows: pa.Table
    malformed: tuple[str, ...] = ()  # lines that could not be cut into cells
    # by column, where cells are not spelt as the contract spells them
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    numbers: Sequence[int] = ()  # of each row, where rows between them were blank

    def number_of(self, place: int) -> int:
        """The number under which people find the row at a place, from 0."""
        return self.numbers[place] if self.numbers else self.first_row + place


class Source(Protocol):
    """Gives the rows of a portfolio's tables."""

    @property
    def tables(self) -> frozenset[str]:
        """Names of the tables there are."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about the source itself."""

    @property
    def empty_is_none(self) -> bool:
        """Whether a table without rows always says "none", as in a request."""

    def parts(self, table: str) -> Iterator[Part]:
        """One table's rows, part by part."""


class MemorySource:
    """Tables given as Arrow tables."""

    warnings: tuple[str, ...] = ()
    empty_is_none = True

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self._tables = tables
        self.tables = frozenset(tables) & TABLES.keys()

    def parts(self, table: str) -> Iterator[Part]:
        """One table's rows, in parts of a size that fits."""
        return in_parts(table, self._tables[table])


def in_parts(where: str, rows: pa.Table, numbers: Sequence[int] = ()) -> Iterator[Part]:
    """Cut a table into parts; an empty one is one part, so its columns are seen."""
    for start in range(0, max(len(rows), 1), PART_ROWS):
        # a table without columns would be sliced to as many rows as asked for
        n = min(PART_ROWS, len(rows) - start)
        part = rows.slice(start, n)
        yield Part(where, start + 1, part, numbers=numbers[start : start + n])
