"""Files that `forbear score` writes: whole or not at all, in the form of their name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

if TYPE_CHECKING:
    import pyarrow as pa

FORMS = (".parquet", ".csv", ".xlsx")


def check_form(out: Path) -> None:
    """Refuse a name whose form is none of ours, before any work."""
    if out.suffix.lower() not in FORMS:
        forms = ", ".join(FORMS)
        raise typer.BadParameter(f"--out {out}: the name must end in one of {forms}")


@contextmanager
def writing(out: Path | None) -> Iterator[Path]:
    """A place to write to that becomes `out` when the block ends well, else nothing.

    A place that cannot be written is refused before the work, not after it.
    """
    if out is None:
        yield Path()
        return
    if out.is_dir():
        raise IsADirectoryError(EISDIR, "a folder, not a file to write", str(out))
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    unfinished.touch()
    try:
        yield unfinished
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def write_list(advised: "pa.Table", file: Path, form: str, zone: ZoneInfo) -> None:
    """Every number as Parquet, or the list of the day for people."""
    if form == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(advised, file)
        return
    from advice.lists import COLUMNS, daily_list, write_csv, write_workbook

    rows = daily_list(advised, zone)
    if form == ".csv":
        write_csv([column.title for column in COLUMNS], rows, file)
    else:
        write_workbook(COLUMNS, rows, file, "list of the day")


def write_notices(advised: "pa.Table", file: Path, day: date) -> int:
    """The notices due as rows of `contacts`; returns how many there are."""
    from advice.lists import CONTACT_COLUMNS, notices_due, write_table

    rows = notices_due(advised, day)
    write_table(CONTACT_COLUMNS, [list(row.values()) for row in rows], file)
    return len(rows)
