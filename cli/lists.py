"""Files that commands write: whole or not at all, lists in the form of their name."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from errno import EISDIR
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from cli.sole_writer import sole_writer

if TYPE_CHECKING:
    from advice.advised import AdvisedParts

DATABASE = "portfolio.duckdb"
FORMS = (".parquet", ".csv", ".xlsx")


def check_form(out: Path | None) -> None:
    """Refuse a name whose form is none of ours, before any work."""
    if out is not None and out.suffix.lower() not in FORMS:
        forms = ", ".join(FORMS)
        raise typer.BadParameter(f"--out {out}: the name must end in one of {forms}")


@contextmanager
def writing(out: Path | None) -> Iterator[Path]:
    """A place to write to that becomes `out` when the block ends well, else nothing.

    A place that cannot be written is refused before the work, not after it.

    Raises:
        RunInProgressError: if another run writes it.
    """
    if out is None:
        yield Path()
        return
    if out.is_dir():
        raise IsADirectoryError(EISDIR, "a folder, not a file to write", str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    with sole_writer(unfinished, unfinished.touch, out):
        try:
            yield unfinished
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        unfinished.replace(out)


@contextmanager
def parts_beside(out: Path | None) -> Iterator[Path]:
    """A folder for the parts of a run, gone once the block ends well.

    Beside a file to write, parts that are done stay when the run is interrupted, for
    the next one; the database they came from does not.

    Raises:
        RunInProgressError: if another run writes that file.
    """
    if out is None:
        with TemporaryDirectory(prefix="forbear-") as folder:
            yield Path(folder)
        return
    kept = out.with_name(f".{out.name}.parts")

    def make() -> None:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)

    with sole_writer(kept, make, out):
        is_done = False
        try:
            yield kept
            is_done = True
        finally:
            (kept / DATABASE).unlink(missing_ok=True)
            if is_done or not any(kept.glob("parts/*.parquet")):
                shutil.rmtree(kept)


def write_list(
    advised: "AdvisedParts", file: Path, form: str, zone: ZoneInfo, memory_mb: int = 500
) -> None:
    """Every number as Parquet, or the list of the day for people."""
    if form == ".parquet":
        _write_parquet(advised, file)
        return
    from advice.lists import COLUMNS, long_list, write_csv, write_workbook

    with TemporaryDirectory(prefix="forbear-") as folder:
        rows = long_list(advised, zone, Path(folder) / "sorted", memory_mb)
        if form == ".csv":
            write_csv([column.title for column in COLUMNS], rows, file)
        else:
            write_workbook(COLUMNS, list(rows), file, "list of the day")


def _write_parquet(advised: "AdvisedParts", file: Path) -> None:
    """Part by part."""
    import pyarrow.parquet as pq

    from advice.advice_table import SCHEMA

    schema = SCHEMA.with_metadata(advised.metadata)
    with pq.ParquetWriter(file, schema) as writer:
        for rows in advised.tables():
            writer.write_table(rows.replace_schema_metadata(advised.metadata))


def write_notices(advised: "AdvisedParts", file: Path, day: date) -> int:
    """The notices due as rows of `contacts`; returns how many there are."""
    from advice.lists import CONTACT_COLUMNS, notices_due, write_table

    n = 0

    def lines() -> Iterator[list[str]]:
        nonlocal n
        for rows in advised.tables():
            for row in notices_due(rows, day):
                n += 1
                yield list(row.values())

    write_table(CONTACT_COLUMNS, lines(), file)
    return n
