"""The tables of a folder, here or in a bucket, each as Parquet, CSV or Excel.

A table is one file (`invoices.parquet`, `invoices.csv`, `invoices.xlsx`), a folder of
files of one format, partitioned or not (`invoices/year=2026/part-0.parquet`), or a
sheet of the workbook `portfolio.xlsx`.
"""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from features.contract import TABLES
from features.errors import MixedFormatsError, UnreadableTableError
from features.reading.csv_file import csv_parts
from features.reading.excel_file import WORKBOOK, excel_parts, sheets
from features.reading.file_tree import FileTree
from features.reading.sources import PART_ROWS, Part

FORMATS = (".parquet", ".csv", ".xlsx")
_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"


class FolderSource:
    """The tables of a portfolio folder.

    `lake_tables` names those whose folder is a table of a lake, with the lake's
    format: files lie there whose rows were deleted or replaced. `left_out` names by
    table the files of its folder that are of no format read here.

    Raises:
        MixedFormatsError: if a table is there in more than one form.
    """

    empty_is_none = False

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        files, folders = tree.names()
        self._sheets = {}
        if WORKBOOK in files:
            with tree.on_disk(WORKBOOK) as workbook:
                self._sheets = sheets(workbook)
        below = {table: tree.below(table) for table in TABLES if table in folders}
        self._files = {
            table: found
            for table in TABLES
            if (found := self._files_of(table, files, seen(below.get(table, []))))
        }
        within = {table: below[table] for table in below if table in self._files}
        self.lake_tables = _lake_tables(within)
        self.left_out = {
            table: left
            for table, paths in within.items()
            if (left := [path for path in seen(paths) if not path.endswith(FORMATS)])
        }
        self.tables = frozenset(self._files)
        self.warnings = (
            *_unread(files, folders, self._files),
            *_unread_sheets(self._sheets),
        )

    def _files_of(
        self, table: str, files: Collection[str], below: Collection[str]
    ) -> list[str]:
        """The files of a table, in order of their names; [] when it is absent."""
        forms: dict[str, list[str]] = {}
        if table in self._sheets:
            forms[f"a sheet of {WORKBOOK}"] = [WORKBOOK]
        for suffix in FORMATS:
            if f"{table}{suffix}" in files:
                forms[f"{table}{suffix}"] = [f"{table}{suffix}"]
            if within := [path for path in below if path.endswith(suffix)]:
                forms[f"{table}/*{suffix}"] = within
        if len(forms) > 1:
            raise MixedFormatsError(
                f"table {table} is there as {' and as '.join(forms)}; keep one of them"
            )
        return next(iter(forms.values()), [])

    def parts(self, table: str) -> Iterator[Part]:
        """One table's rows, file by file."""
        for where in self._files[table]:
            path = PurePosixPath(where)
            said = partitions(path)
            try:
                for part in self._read(path, table):
                    yield _with_partitions(part, said)
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                if isinstance(error, UnicodeDecodeError) or "invalid UTF8" in str(
                    error
                ):
                    raise UnreadableTableError(
                        f"{where} is not in UTF-8: save it as UTF-8 (in Excel: file "
                        "type `CSV UTF-8`, or as .xlsx)"
                    ) from error
                raise UnreadableTableError(
                    f"{where} cannot be read as {path.suffix[1:]}: {error}"
                ) from error

    def _read(self, path: PurePosixPath, table: str) -> Iterator[Part]:
        where = str(path)
        if path.suffix == ".parquet":
            yield from self._parquet(where)
            return
        read = csv_parts if path.suffix == ".csv" else excel_parts
        with self._tree.on_disk(where) as file:
            yield from read(file, where, table)

    def _parquet(self, where: str) -> Iterator[Part]:
        with (
            self._tree.opened(where) as file,
            pq.ParquetFile(file) as parquet,
        ):
            first_row = 1
            for batch in parquet.iter_batches(PART_ROWS):
                yield Part(where, first_row, pa.Table.from_batches([batch]))
                first_row += len(batch)
            if first_row == 1:
                yield Part(where, 1, parquet.schema_arrow.empty_table())


def _lake_tables(below: Mapping[str, Collection[str]]) -> dict[str, str]:
    """By table, the format of the lake whose files lie in its folder."""
    found = {}
    for table, files in below.items():
        paths = [PurePosixPath(path).parts for path in files]
        if any("_delta_log" in parts for parts in paths):
            found[table] = "Delta"
        elif any(
            "metadata" in parts and parts[-1].endswith(".metadata.json")
            for parts in paths
        ):
            found[table] = "Iceberg"
    return found


def seen(paths: Collection[str]) -> list[str]:
    """In the order of their names, without what tools leave (`_SUCCESS`, `.crc`)."""
    return [
        str(path)
        for path in sorted(map(PurePosixPath, paths))
        if not any(part.startswith((".", "_")) for part in path.parts[1:])
    ]


def _unread(
    files: Collection[str],
    folders: Collection[str],
    tables: Mapping[str, list[str]],
) -> Iterator[str]:
    """What looks like a table and is none: a typing error, or another format."""
    for path in map(PurePosixPath, sorted({*files, *folders})):
        name = path.name.split(".")[0].lower()
        if name in TABLES and name not in tables:
            forms = ", ".join(f"{name}{suffix}" for suffix in FORMATS)
            yield f"{path.name} was not read: write one of {forms}"
        elif name in TABLES and path.name in files and path.suffix not in FORMATS:
            yield f"{path.name} was not read beside {tables[name][0]}"
        elif path.name == WORKBOOK:
            continue
        elif path.suffix in FORMATS and path.stem not in TABLES:
            text = f"{path.name} is no table of the contract and was ignored"
            yield text + _hint(name)
        elif path.name in folders and path.name not in TABLES and (hint := _hint(name)):
            yield f"folder {path.name} was not read{hint}"


def _unread_sheets(sheets: Mapping[str, str]) -> Iterator[str]:
    for name in sheets:
        if name not in TABLES:
            text = f"{WORKBOOK}: sheet {name!r} is no table of the contract"
            yield f"{text} and was ignored{_hint(name.casefold())}"


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name, TABLES, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def partitions(path: PurePosixPath) -> Mapping[str, str | None]:
    """`key=value` folders of a partitioned table are columns of text."""
    pairs = (part.split("=", 1) for part in path.parts[1:-1] if "=" in part)
    return {
        unquote(key): None if value == _NO_PARTITION else unquote(value)
        for key, value in pairs
    }


def _with_partitions(part: Part, said: Mapping[str, str | None]) -> Part:
    rows = part.rows
    for name, value in said.items():
        if name not in rows.column_names:
            column = pa.repeat(pa.scalar(value, pa.string()), len(rows))
            rows = rows.append_column(name, column)
    return replace(part, rows=rows)
