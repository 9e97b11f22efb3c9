"""A portfolio folder: `portfolio.yaml`, and each table as Parquet, CSV or Excel.

A table is one file (`invoices.parquet`, `invoices.csv`, `invoices.xlsx`), a folder of
files of one format, partitioned or not (`invoices/year=2026/part-0.parquet`), or a
sheet of the workbook `portfolio.xlsx`.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from features.contract import TABLES
from features.errors import (
    MixedFormatsError,
    PortfolioNotFoundError,
    UnreadableTableError,
)
from features.reading.csv_file import csv_parts
from features.reading.excel_file import WORKBOOK, excel_parts, sheets
from features.reading.sources import PART_ROWS, Part

FORMATS = (".parquet", ".csv", ".xlsx")
_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class FolderSource:
    """The tables of a portfolio folder.

    Raises:
        PortfolioNotFoundError: if there is no such folder.
        MixedFormatsError: if a table is there in more than one form.
    """

    empty_is_none = False

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise PortfolioNotFoundError(f"no portfolio folder {folder}")
        workbook = folder / WORKBOOK
        self._sheets = sheets(workbook) if workbook.is_file() else {}
        self._files = {
            table: files
            for table in TABLES
            if (files := _files(folder, table, in_workbook=table in self._sheets))
        }
        self._folder = folder
        self.tables = frozenset(self._files)
        self.warnings = (
            *_unread(folder, self.tables),
            *_unread_sheets(self._sheets),
        )

    def parts(self, table: str) -> Iterator[Part]:
        """One table's rows, file by file."""
        for file in self._files[table]:
            where = file.relative_to(self._folder).as_posix()
            partitions = _partitions(file.relative_to(self._folder))
            read = _READERS[file.suffix]
            try:
                for part in read(file, where, table):
                    yield _with_partitions(part, partitions)
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                if isinstance(error, UnicodeDecodeError) or "invalid UTF8" in str(
                    error
                ):
                    raise UnreadableTableError(
                        f"{where} is not in UTF-8: save it as UTF-8 (in Excel: file "
                        "type `CSV UTF-8`, or as .xlsx)"
                    ) from error
                raise UnreadableTableError(
                    f"{where} cannot be read as {file.suffix[1:]}: {error}"
                ) from error


def _files(folder: Path, table: str, *, in_workbook: bool) -> list[Path]:
    """The files of a table, in order of their names; [] when it is absent."""
    forms: dict[str, list[Path]] = {}
    if in_workbook:
        forms[f"a sheet of {WORKBOOK}"] = [folder / WORKBOOK]
    for suffix in FORMATS:
        file = folder / f"{table}{suffix}"
        if file.is_file():
            forms[file.name] = [file]
        if within := _within(folder / table, suffix):
            forms[f"{table}/*{suffix}"] = within
    if len(forms) > 1:
        raise MixedFormatsError(
            f"table {table} is there as {' and as '.join(forms)}; keep one of them"
        )
    return next(iter(forms.values()), [])


def _within(folder: Path, suffix: str) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob(f"*{suffix}")
        if file.is_file()
        and not any(
            part.startswith((".", "_")) for part in file.relative_to(folder).parts
        )
    )


def _unread(folder: Path, tables: Collection[str]) -> Iterator[str]:
    """What looks like a table and is none: a typing error, or another format."""
    for path in sorted(folder.iterdir()):
        name = path.name.split(".")[0].lower()
        if name in TABLES and name not in tables:
            forms = ", ".join(f"{name}{suffix}" for suffix in FORMATS)
            yield f"{path.name} was not read: write one of {forms}"
        elif path.name == WORKBOOK:
            continue
        elif path.suffix in FORMATS and path.stem not in TABLES:
            text = f"{path.name} is no table of the contract and was ignored"
            yield text + _hint(name)
        elif path.is_dir() and path.name not in TABLES and (hint := _hint(name)):
            yield f"folder {path.name} was not read{hint}"


def _unread_sheets(sheets: Mapping[str, str]) -> Iterator[str]:
    for name in sheets:
        if name not in TABLES:
            text = f"{WORKBOOK}: sheet {name!r} is no table of the contract"
            yield f"{text} and was ignored{_hint(name.casefold())}"


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name, TABLES, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _partitions(path: Path) -> Mapping[str, str | None]:
    """`key=value` folders of a partitioned table are columns of text."""
    pairs = (part.split("=", 1) for part in path.parts[1:-1] if "=" in part)
    return {
        unquote(key): None if value == _NO_PARTITION else unquote(value)
        for key, value in pairs
    }


def _with_partitions(part: Part, partitions: Mapping[str, str | None]) -> Part:
    rows = part.rows
    for name, value in partitions.items():
        if name not in rows.column_names:
            column = pa.repeat(pa.scalar(value, pa.string()), len(rows))
            rows = rows.append_column(name, column)
    return Part(part.where, part.first_row, rows, part.malformed)


def _parquet(file: Path, where: str, table: str) -> Iterator[Part]:  # noqa: ARG001
    with pq.ParquetFile(file) as parquet:
        first_row = 1
        for batch in parquet.iter_batches(PART_ROWS):
            yield Part(where, first_row, pa.Table.from_batches([batch]))
            first_row += len(batch)
        if first_row == 1:
            yield Part(where, 1, parquet.schema_arrow.empty_table())


_READERS = {".parquet": _parquet, ".csv": csv_parts, ".xlsx": excel_parts}
