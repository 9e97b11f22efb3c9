"""How commands read a portfolio that may be larger than memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from features.reading.duck_settings import DuckSettings

_SMALL_BYTES = 16_000_000
_FORMATS = (".parquet", ".csv", ".xlsx")

Memory = Annotated[
    int,
    typer.Option(min=1_000, help="megabytes that all processes may use together"),
]


def is_large(portfolio: Path) -> bool:
    """Whether it is worth reading into a file that parts are taken from."""
    files = [file for file in portfolio.rglob("*") if file.is_file()]
    is_of_files = any(file.suffix in _FORMATS for file in files)
    return not is_of_files or sum(f.stat().st_size for f in files) > _SMALL_BYTES


@contextmanager
def tables_of(portfolio: Path, memory_mb: int) -> "Iterator[DuckSettings]":
    """Where the tables are kept while they are looked at: a large portfolio's on disk.

    Args:
        portfolio: the folder.
        memory_mb: that the command may use, of which the tables take a quarter.
    """
    from features.reading.duck_settings import DuckSettings

    if not is_large(portfolio):
        yield DuckSettings(memory_mb // 4)
        return
    with TemporaryDirectory(prefix="forbear-") as folder:
        yield DuckSettings(memory_mb // 4, Path(folder) / "portfolio.duckdb")
