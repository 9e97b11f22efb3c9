"""Invented exports of each system that `forbear import` reads, of any number of rows.

A book is the files and what they are measured against. For files that DuckDB reads it
is DuckDB, which reads them and writes the same rows as Parquet, nothing mapped, joined
or checked. It has no reader of banks' files: there it is the library that reads the
file once, and DuckDB that writes its rows as Parquet; where there is no library, DuckDB
that splits the lines.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Book:
    """What is imported.

    Attributes:
        files: the export.
        yardstick: called with a folder to write to.
        portfolio: one that the import joins; None: an empty one.
        entries: what the library reads of a bank's file; None: DuckDB reads the files.
    """

    files: Sequence[Path]
    yardstick: Callable[[Path], None]
    portfolio: Path | None = None
    entries: Callable[[], Iterable[object]] | None = None


def duckdb_copies(queries: Sequence[str]) -> Callable[[Path], None]:
    """A yardstick: DuckDB writes what each query reads as a Parquet file."""

    def run(out: Path) -> None:
        import duckdb

        connection = duckdb.connect()
        for n, query in enumerate(queries):
            connection.execute(f"COPY ({query}) TO '{out}/{n}.parquet'")

    return run
