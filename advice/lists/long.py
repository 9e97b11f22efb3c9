"""The list of the day of a portfolio that memory need not hold: sorted on disk."""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from advice.advised import AdvisedParts
from advice.lists.daily import Row, daily_row, has_work, order
from features.reading.duck import run
from features.reading.duck_settings import DuckSettings, connect

_ROWS_AT_ONCE = 2_000


def first_of_list(
    advised: AdvisedParts, zone: ZoneInfo, most: int
) -> tuple[int, list[Row]]:
    """How many rows have something to do, and the first of them."""
    n = 0

    def work() -> Iterator[dict[str, Any]]:
        nonlocal n
        for row in advised.rows():
            if has_work(row):
                n += 1
                yield row

    first = heapq.nsmallest(most, work(), key=order)
    return n, [daily_row(row, zone) for row in first]


def long_list(
    advised: AdvisedParts, zone: ZoneInfo, folder: Path, memory_mb: int
) -> Iterator[Row]:
    """The rows of `COLUMNS`, what is to do first, one after the other.

    By severity, by money overdue, and by what the action saves, which alone tells
    customers apart where nobody knows what is late. `action_in_run` is the action of
    the list, so budgets and the review queue are kept to.

    Args:
        advised: rows of advice.
        zone: moments are given in it, aware.
        folder: room for one file a part.
        memory_mb: megabytes before the sort spills.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    files = [
        _with_order(rows, folder / f"{place:06}.parquet")
        for place, rows in enumerate(advised.tables())
        if len(rows)
    ]
    if not files:
        return
    connection = connect(DuckSettings(memory_mb, threads=1))
    try:
        run(connection.con, "SET TimeZone = 'UTC'")
        named = ", ".join(
            f"'{str(file).replace(chr(39), chr(39) * 2)}'" for file in files
        )
        sql = f"FROM read_parquet([{named}]) ORDER BY {', '.join(_KEYS)}"
        batches = connection.con.sql(sql).to_arrow_reader(_ROWS_AT_ONCE)
        for batch in batches:
            for row in batch.to_pylist():
                yield daily_row(row, zone)
    finally:
        connection.disconnect()


_KEYS = tuple(f"forbear_key_{place}" for place in range(6))


def _with_order(rows: pa.Table, file: Path) -> Path:
    """The rows with what they are sorted by, in a file."""
    keys = [order(row) for row in rows.to_pylist()]
    for name, column in zip(_KEYS, zip(*keys, strict=True), strict=True):
        cells = [float(x) if not isinstance(x, str | bool) else x for x in column]
        rows = rows.append_column(name, pa.array(cells))
    pq.write_table(rows, file, compression="zstd")
    return file
