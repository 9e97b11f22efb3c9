"""The names of a file's columns and its first rows, as text, whatever its format."""

import csv
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from features.contract import TableSpec
from features.reading.excel_file import head_of_sheet, sheets
from features.reading.file_tree import LocalFolder
from features.reading.folder import FORMATS, partitions, seen

_SAMPLE = 20_000  # rows looked at: few amounts have thousands
_LONGEST = 1 << 20  # characters looked at
_SEPARATORS = ",;\t|"

Sample = tuple[Sequence[str], Sequence[Sequence[str]]]


def sample_of(file: Path, sheet: str, spec: TableSpec) -> Sample:
    """The header and the first rows; nothing where the file cannot be read so."""
    if file.suffix.lower() == ".csv":
        return _of_csv(file)
    if file.suffix.lower() == ".parquet":
        return _of_parquet(file)
    return _of_sheet(file, sheet, spec)


def first_part(folder: Path) -> Path | None:
    """A file of a table that is a folder; None where there is none."""
    below = seen(LocalFolder(folder.parent).below(folder.name))
    parts = (folder.parent / path for path in below if path.endswith(FORMATS))
    return next(parts, None)


def sample_of_part(folder: Path, part: Path, spec: TableSpec) -> Sample:
    """A part of a table, with what the names of its folders say (`key=value`)."""
    names, rows = sample_of(part, "", spec)
    said = partitions(PurePosixPath(part.relative_to(folder.parent).as_posix()))
    more = {name: value or "" for name, value in said.items() if name not in names}
    return [*names, *more], [[*row, *more.values()] for row in rows]


def _of_sheet(file: Path, sheet: str, spec: TableSpec) -> Sample:
    """Of a workbook's sheet; of a table's own file the one it is read from."""
    names = sheets(file)
    of_table = names.get(spec.name) or next(iter(names.values()))
    header, *sample = head_of_sheet(file, sheet or of_table, _SAMPLE) or [[]]
    return header, sample


def _of_csv(file: Path) -> Sample:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            head = lines.read(_LONGEST)
        first = head.lstrip("\r\n").partition("\n")[0]
        separator = max(_SEPARATORS, key=first.count)
        rows = csv.reader(head.lstrip("\r\n").splitlines(True), delimiter=separator)
        names, *sample = list(islice(rows, _SAMPLE + 1))
    except (UnicodeDecodeError, csv.Error, ValueError):
        return [], []
    return names, sample


def _of_parquet(file: Path) -> Sample:
    try:
        with pq.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            found = next(parquet.iter_batches(_SAMPLE), None)
            columns = [] if found is None else [c.to_pylist() for c in found.columns]
    except (pa.ArrowException, OSError, ValueError):
        return [], []
    return names, [list(map(_as_text, row)) for row in zip(*columns, strict=True)]


def _as_text(cell: object) -> str:
    """As text that is read in one way: no number looks as if it had thousands."""
    match cell:
        case None:
            return ""
        case bool():
            return str(cell).lower()
        case float() | Decimal():
            return f"{cell:.6f}"
        case datetime():
            return cell.isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
    return str(cell)
