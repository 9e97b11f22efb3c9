"""Tables as files that offices open: CSV, and an Excel workbook.

Text that comes from customers never becomes a formula: in a workbook every text is
written as text, in a CSV for people an apostrophe goes before what a spreadsheet would
compute.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from advice.errors import TooManyRowsError
from advice.lists.daily import Column

# what spreadsheets take for the beginning of a formula, full-width forms included
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MOST_ROWS = 1_048_575  # of a sheet, below its header
_FORMATS = {
    "money": "#,##0.00",
    "share": "0.0%",
    "count": "#,##0",
    "moment": "yyyy-mm-dd hh:mm",
}


def as_text_cell(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute.

    >>> as_text_cell("=1+1"), as_text_cell("c-17")
    ("'=1+1", 'c-17')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def write_csv(titles: Sequence[str], rows: Iterable[Sequence[Any]], file: Path) -> None:
    """For people: moments as ISO 8601 with offset, UTF-8 with Excel's mark of it."""
    cells = ([_csv_cell(value) for value in row] for row in rows)
    _write(titles, cells, file, "utf-8-sig")


def csv_beside(parquet: Path) -> Path:
    """The rows of a Parquet file once more as CSV for people, beside it."""
    import pyarrow.parquet as pq

    file = parquet.with_suffix(".csv")
    with pq.ParquetFile(parquet) as source:
        rows = (
            tuple(row.values())
            for batch in source.iter_batches()
            for row in batch.to_pylist()
        )
        write_csv(source.schema_arrow.names, rows, file)
    return file


def write_table(
    titles: Sequence[str], rows: Iterable[Sequence[str]], file: Path
) -> None:
    """For a table of the portfolio: every text as it is, so that ids stay ids."""
    _write(titles, rows, file, "utf-8")


def _write(
    titles: Sequence[str], rows: Iterable[Sequence[Any]], file: Path, encoding: str
) -> None:
    with file.open("w", encoding=encoding, newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(titles)
        writer.writerows(rows)


def _csv_cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return as_text_cell(value) if isinstance(value, str) else value


def write_workbook(
    columns: Sequence[Column], rows: Sequence[Sequence[Any]], file: Path, name: str
) -> None:
    """One sheet with a header that stays, widths, formats and a filter.

    Moments lose their zone, for a sheet knows none: they are local ones.

    Raises:
        TooManyRowsError: if a sheet cannot hold them.
    """
    from xlsxwriter import Workbook

    if len(rows) > _MOST_ROWS:
        raise TooManyRowsError(len(rows), _MOST_ROWS)
    plain = {"strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(str(file), plain | {"constant_memory": True}) as book:
        sheet = book.add_worksheet(name)
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        formats = {
            kind: book.add_format({"num_format": form})
            for kind, form in _FORMATS.items()
        }
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.title, head)
        for line, row in enumerate(rows, start=1):
            for place, (column, value) in enumerate(zip(columns, row, strict=True)):
                _write_cell(sheet, (line, place), value, formats.get(column.kind))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)


def _write_cell(sheet: Any, at: tuple[int, int], value: Any, form: Any) -> None:  # noqa: ANN401  untyped
    if value is None or value == "":
        return
    if isinstance(value, datetime):
        # a day's last microsecond would be rounded up into the day after
        minute = value.replace(tzinfo=None, second=0, microsecond=0)
        sheet.write_datetime(*at, minute, form)
    elif isinstance(value, str):
        sheet.write_string(*at, value)
    else:
        sheet.write_number(*at, value, form)
