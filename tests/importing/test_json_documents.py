"""Reading JSON a part at a time: nothing is lost, and rows keep their numbers."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from importing import SOURCES, ImportSettings, import_files, json_documents
from importing.errors import UnreadableFileError
from importing.json_documents import document_parts
from tests.importing.chargebee_objects import customer, invoice, page

OBJECTS = [{"id": n} for n in range(1, 6)]


def read(file: Path) -> tuple[list[tuple[int, int]], list[int | None], int]:
    """Rows with their objects, rows that are none, and in how many parts."""
    connection = duckdb.connect()
    rows: list[tuple[int, int]] = []
    broken: list[int | None] = []
    n_parts = 0
    for bad in document_parts(connection, file):
        n_parts += 1
        broken += [row.row for row in bad]
        rows += connection.execute(
            "SELECT row, json_extract(data, '$.id')::INT FROM documents ORDER BY row"
        ).fetchall()
    return rows, broken, n_parts


@pytest.mark.parametrize("form", ["lines", "array", "over lines", "packed"])
def test_a_file_is_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(json_documents, "MOST_BYTES_AT_ONCE", 16)
    lines = "\n".join(json.dumps(o) for o in OBJECTS)
    text = {
        "array": json.dumps(OBJECTS),
        "over lines": "\n".join(json.dumps(o, indent=1) for o in OBJECTS),
    }.get(form, lines)
    file = tmp_path / ("x.json.gz" if form == "packed" else "x.json")
    raw = text.encode()
    file.write_bytes(gzip.compress(raw) if form == "packed" else raw)
    rows, broken, n_parts = read(file)

    assert rows == [(n, n) for n in range(1, 6)]
    assert broken == []
    assert n_parts > 1


def test_a_broken_line_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(b'\xef\xbb\xbf{"id": 1}\n\n{"id": \n[1]\n{"id": 5}\n')
    rows, broken, _ = read(file)

    assert rows == [(1, 1), (5, 5)]
    assert broken == [3, 4]


def test_a_broken_array_is_refused_whole(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('[{"id": 1}, {"id": ', "utf-8")

    with pytest.raises(UnreadableFileError, match=r"x\.json cannot be read"):
        read(file)


def test_rows_of_pages_are_numbered_through_the_parts_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fifth resource of the file is the wrong one, two pages on."""
    monkeypatch.setattr(json_documents, "MOST_BYTES_AT_ONCE", 16)
    wrong = invoice("inv_1", "2026-03-01", 100) | {"total": "much"}
    pages = [
        page(customer("a"), customer("b")),
        page(customer("c"), customer("d"), wrong),
    ]
    file = tmp_path / "x.json"
    file.write_text("".join(json.dumps(p) + "\n" for p in pages), "utf-8")
    settings = ImportSettings(currency="EUR")
    report = import_files(SOURCES["chargebee"], [file], tmp_path / "shop", settings)

    assert [(b.row, b.column) for b in report.bad_rows] == [(5, "invoice.total")]
