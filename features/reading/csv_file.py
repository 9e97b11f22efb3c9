"""A CSV file as offices make them: any of four separators, BOM, CRLF, quoted lines."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from features.errors import UnreadableTableError
from features.reading.sources import Part

SEPARATORS = ",;\t|"
# below the header; unlike in a spreadsheet, lines without a value are not counted
_FIRST_ROW = 2
_BLOCK_BYTES = 32 << 20
_LONGEST_HEADER = 1 << 20  # characters


@dataclass(frozen=True, slots=True)
class Header:
    names: tuple[str, ...]
    separator: str
    is_all: bool  # no row follows


def csv_parts(file: Path, where: str, table: str) -> Iterator[Part]:  # noqa: ARG001
    """All cells as text; an empty cell is a missing one.

    Raises:
        UnreadableTableError: if the first line names no columns.
    """
    malformed: list[str] = []

    def skip(row: pacsv.InvalidRow) -> str:
        """Keep a line that cannot be cut into cells, to report it."""
        malformed.append(row.text)
        return "skip"

    head = header(file)
    schema = pa.schema([(name, pa.string()) for name in head.names])
    if head.is_all:
        yield Part(where, _FIRST_ROW, schema.empty_table())
        return
    reader = pacsv.open_csv(
        file,
        pacsv.ReadOptions(block_size=_BLOCK_BYTES),
        pacsv.ParseOptions(
            delimiter=head.separator, newlines_in_values=True, invalid_row_handler=skip
        ),
        pacsv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True
        ),
    )
    first_row = _FIRST_ROW
    with reader as batches:
        for batch in batches:
            rows = _with_a_value(pa.Table.from_batches([batch]))
            yield Part(where, first_row, rows)
            first_row += len(rows)
    if first_row == _FIRST_ROW or malformed:
        yield Part(where, first_row, schema.empty_table(), tuple(malformed))


def _with_a_value(rows: pa.Table) -> pa.Table:
    """Without lines of separators alone, as spreadsheets leave below their rows."""
    if not all(column.null_count for column in rows.columns):
        return rows
    return rows.filter(reduce(pc.or_, map(pc.is_valid, rows.columns)))


def header(file: Path) -> Header:
    """The first line that is not blank; its commonest separator is the file's."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        head = lines.read(_LONGEST_HEADER).lstrip("\r\n")
    separator = max(SEPARATORS, key=_first_line(head).count)
    lines_of_head = head.splitlines(keepends=True)
    rows = csv.reader(lines_of_head, delimiter=separator)
    try:
        names = tuple(next(rows))
    except (StopIteration, csv.Error) as error:
        raise UnreadableTableError(
            f"{file.name}: the first line must name the columns"
        ) from error
    rest = lines_of_head[rows.line_num :]
    return Header(names, separator, is_all=not "".join(rest).strip("\r\n"))


def _first_line(head: str) -> str:
    """Up to the first end of a line outside quotes, without what is quoted."""
    outside = head.split('"')[::2]
    line = ""
    for piece in outside:
        start, *rest = piece.splitlines()[:2] or [""]
        line += start
        if rest or piece.endswith(("\n", "\r")):
            break
    return line
