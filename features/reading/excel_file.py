"""A sheet of an Excel workbook as a table's rows.

Excel knows no time zones and stores a date as a time at midnight. Here a column in
which no cell has a clock time holds plain dates; otherwise all its moments are clock
times, and are an error unless `columns:` says in which `timezone` they were written.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from features.contract import TABLES
from features.errors import UnreadableTableError
from features.reading.excel_errors import error_cells
from features.reading.sources import Part, in_parts

WORKBOOK = "portfolio.xlsx"  # a sheet per table

Cells: TypeAlias = Sequence[Any]


def sheets(file: Path) -> dict[str, str]:
    """The sheets of a workbook by the table each is for, or by its own name."""
    with _open(file) as workbook:
        return {_table_of(name): name for name in workbook.sheet_names}


def excel_parts(file: Path, where: str, table: str) -> Iterator[Part]:
    """The sheet named as the table, or else the only one.

    Raises:
        UnreadableTableError: if it cannot be told which sheet, or none names columns.
    """
    with _open(file) as workbook:
        names = workbook.sheet_names
        mine = [name for name in names if _table_of(name) == table]
        if len(mine or names) != 1:
            raise UnreadableTableError(f"{where}: name one sheet {table}")
        name = (mine or names)[0]
        rows = enumerate(_rows(workbook, file, name), start=1)
        filled = [(number, row) for number, row in rows if any(map(_is_filled, row))]
    if not filled:
        raise UnreadableTableError(f"{where}: the first row must name the columns")
    (_, header), *body = filled
    columns = {
        place: str(_as_text(name)).strip()
        for place, name in enumerate(header)
        if _is_filled(name)
    }
    read = [_column([row[place] for _, row in body]) for place in columns]
    table_found = pa.Table.from_arrays(read, list(columns.values()))
    numbers = [number for number, _ in body]
    yield from in_parts(f"{where} (sheet {name})", table_found, numbers)


def head_of_sheet(file: Path, sheet: str, n_rows: int) -> list[list[str]]:
    """The header and so many rows below it; what is no text is left empty.

    Raises:
        UnreadableTableError: if the sheet cannot be read.
    """
    with _open(file) as workbook:
        rows = _rows(workbook, file, sheet)
    filled = [row for row in rows if any(map(_is_filled, row))][: n_rows + 1]
    header, body = filled[:1], filled[1:]
    return [
        *([str(_as_text(name) or "").strip() for name in row] for row in header),
        *([cell if isinstance(cell, str) else "" for cell in row] for row in body),
    ]


def _rows(workbook: CalamineWorkbook, file: Path, sheet: str) -> list[list[Any]]:
    """All cells from A1 on, errors as marked texts."""
    try:
        rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except CalamineError as error:
        raise UnreadableTableError(
            f"{file.name}, sheet {sheet}, cannot be read: {error}; mend the formulas "
            "whose cells show an error, or save the values alone"
        ) from error
    for row, column, text in error_cells(file, sheet):
        rows += [[] for _ in range(row + 1 - len(rows))]
        rows[row] += [""] * (column + 1 - len(rows[row]))
        rows[row][column] = text
    return rows


def _open(file: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(file)
    except CalamineError as error:
        raise UnreadableTableError(
            f"{file.name} cannot be read as Excel: {error}"
        ) from error


def _table_of(sheet: str) -> str:
    name = sheet.strip().casefold()
    return name if name in TABLES else sheet


def _is_filled(cell: object) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _column(cells: Cells) -> pa.Array:
    """One type where all cells have it, else texts that read the same anywhere."""
    cells = [cell if _is_filled(cell) else None for cell in cells]
    if any(isinstance(cell, dt.datetime) for cell in cells):
        cells = [_midnight(cell) for cell in cells]
    types = {type(cell) for cell in cells if cell is not None}
    if types == {float} and all(cell is None or _is_whole(cell) for cell in cells):
        return pa.array([None if cell is None else int(cell) for cell in cells])
    if types <= {int, float}:
        return pa.array(cells, pa.float64() if types else pa.null())
    if len(types) == 1 and types <= {str, bool, dt.date, dt.datetime}:
        return pa.array(cells)
    return pa.array([_as_text(cell) for cell in cells], pa.string())


def _is_whole(number: float) -> bool:
    """Whether it is a whole number that a float holds exactly."""
    return number.is_integer() and abs(number) <= 2**53


def _midnight(cell: object) -> object:
    if isinstance(cell, dt.date) and not isinstance(cell, dt.datetime):
        return dt.datetime.combine(cell, dt.time())
    return cell


def _as_text(cell: object) -> str | None:
    """Digits without a decimal sign: `columns:` may say that texts have commas."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else _with_exponent(cell)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return None if cell is None else str(cell)


def _with_exponent(number: float) -> str:
    """The shortest digits of a number as a whole number and a power of ten.

    >>> _with_exponent(-1234.5), float("-12345e-1")
    ('-12345e-1', -1234.5)
    """
    mantissa, _, power = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    return f"{whole}{fraction}e{int(power or 0) - len(fraction)}"
