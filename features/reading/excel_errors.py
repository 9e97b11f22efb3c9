"""Cells of an Excel sheet that hold an error, such as `#N/A` of a look-up that failed.

The reader of workbooks gives an empty text for them, so a sum that could not be
worked out would count as unknown. Here they are found in the sheet itself. They go on
with `ERROR_MARK` before them, which no cell of any column may hold: the row is rejected
and named, and no id is `#N/A`, which would make one customer of many.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring, iterparse
from zipfile import ZipFile

ERROR_MARK = "\0"
_BYTES_AT_ONCE = 1 << 20
_ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")
_LONGEST_ERROR = 20  # bytes of it, with room for blanks


def error_cells(file: Path, sheet: str) -> Iterator[tuple[int, int, str]]:
    """Row and column, both counted from 0, and marked text of each error in a sheet."""
    with ZipFile(file) as parts:
        name = _part_of(parts, sheet)
        if not _has_errors(parts, name):  # most have none, and parsing is slow
            return
        with parts.open(name) as stream:
            row = -1
            for _, element in iterparse(stream):  # noqa: S314 - as below
                if _is(element, "row"):
                    row = int(element.get("r", row + 2)) - 1
                    yield from ((row, *found) for found in _errors_of(element))
                    element.clear()


def _errors_of(row: Element) -> Iterator[tuple[int, str]]:
    column = -1
    for cell in row:
        column = _column(cell.get("r"), column + 1)
        if cell.get("t") == "e":
            values = (value.text for value in cell if _is(value, "v"))
            yield column, ERROR_MARK + (next(values, None) or "#ERROR")


def _column(place: str | None, otherwise: int) -> int:
    """The column of a place such as `AB12`, which a cell may leave out.

    >>> _column("A1", 5), _column("AB12", 5), _column(None, 5)
    (0, 27, 5)
    """
    number = 0
    for letter in (place or "").rstrip("0123456789").upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1 if number else otherwise


def _has_errors(parts: ZipFile, name: str) -> bool:
    before = b""
    with parts.open(name) as stream:
        while read := stream.read(_BYTES_AT_ONCE):
            if _ERROR.search(before + read):
                return True
            before = read[-_LONGEST_ERROR:]
    return False


def _part_of(parts: ZipFile, sheet: str) -> str:
    """The part of the workbook that holds a sheet."""
    # the analyst's own file; expat ends entities that grow
    book = fromstring(parts.read("xl/workbook.xml"))  # noqa: S314
    relation = next(
        next(value for key, value in element.items() if key.endswith("}id"))
        for element in book.iter()
        if _is(element, "sheet") and element.get("name") == sheet
    )
    relations = fromstring(parts.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    target = next(
        element.attrib["Target"]
        for element in relations
        if element.get("Id") == relation
    )
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _is(element: Element, name: str) -> bool:
    """Whether it has this name, in whichever of the format's two namespaces."""
    return element.tag.rpartition("}")[2] == name
