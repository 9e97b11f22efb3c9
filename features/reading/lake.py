"""Tables of a lake: `source: delta:PLACE` or `source: iceberg:CATALOG/NAMESPACE`.

Their own libraries say which rows stand; the files beside those are of rows that were
deleted or replaced. Every table is read as it was when the portfolio was opened.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from features.contract import TABLES
from features.errors import LakeError, PortfolioNotFoundError
from features.reading.lake_place import LakeTable, lake_of
from features.reading.names import ignored_column
from features.reading.sources import PART_ROWS, Part


class LakeSource:
    """Tables of the contract's names in a lake.

    Args:
        tables: by name.
        wanted: by table, the columns to read; the others are named in a warning.
    """

    empty_is_none = False

    def __init__(
        self, tables: Mapping[str, LakeTable], wanted: Mapping[str, Collection[str]]
    ) -> None:
        self._tables = tables
        self._wanted = wanted
        self.tables = frozenset(tables)
        self.warnings = tuple(
            ignored_column(table, name, wanted[table])
            for table, rows in tables.items()
            for name in rows.columns
            if name not in wanted[table]
        )

    def parts(self, table: str) -> Iterator[Part]:
        """One table's rows, in parts of a size that fits."""
        rows = self._tables[table]
        read = [name for name in rows.columns if name in self._wanted[table]]
        first_row = 1
        for part in _gathered(rows.batches(read or rows.columns[:1])):
            yield Part(table, first_row, part)
            first_row += len(part)


def open_lake(url: str, stated: str, folder: Path) -> dict[str, LakeTable]:
    """The tables of the contract that lie in a lake.

    Args:
        url: `delta:PLACE` or `iceberg:CATALOG/NAMESPACE`, with options after a `?`.
        stated: the same as it is told to people, without secrets.
        folder: of portfolio.yaml; a relative place lies there.

    Raises:
        LakeError: if the lake or one of its tables cannot be read.
        PortfolioNotFoundError: if none of its tables is of the contract.
    """
    lake = lake_of(url, stated, folder)
    try:
        if lake.kind == "delta":
            from features.reading.delta_tables import delta_tables as opened
        else:
            from features.reading.iceberg_tables import iceberg_tables as opened
    except ImportError as error:
        raise LakeError(
            "lake_unusable",
            f"source {stated}: {error.name} is not installed; install the extra `lake`"
            ' in the folder of this project: pip install ".[lake]"',
        ) from None
    tables = opened(lake, TABLES)
    if not tables:
        raise PortfolioNotFoundError(
            f"source {stated}: no table of the contract lies there"
        )
    return tables


def _gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Small batches together, up to the rows of a part; large ones cut."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        for start in range(0, max(len(batch), 1), PART_ROWS):
            piece = batch.slice(start, PART_ROWS)
            if sum(map(len, held)) + len(piece) > PART_ROWS:
                yield pa.Table.from_batches(held)
                held = []
            held.append(piece)
    yield pa.Table.from_batches(held)
