"""Where the rows of a portfolio come from: memory, a folder, or a database.

Every source gives rows as found, in parts, and may be asked again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from features.contract import TABLES
from features.reading.spelling import Spelling

PART_ROWS = 500_000  # rows held as found at a time


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a table as found; `first_row` counts from 1 within `where`."""

    where: str
    first_row: int
    rows: pa.Table
    malformed: tuple[str, ...] = ()  # lines that could not be cut into cells
    # by column, where cells are not spelt as the contract spells them
    spellings: Mapping[str, Spelling] = field(default_factory=dict)


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


def in_parts(where: str, rows: pa.Table) -> Iterator[Part]:
    """Cut a table into parts; an empty one is one part, so its columns are seen."""
    for start in range(0, max(len(rows), 1), PART_ROWS):
        # a table without columns would be sliced to as many rows as asked for
        n = min(PART_ROWS, len(rows) - start)
        yield Part(where, start + 1, rows.slice(start, n))
