"""Tables in the forms that databases and APIs write."""

import csv
import gzip
import json
from pathlib import Path

import duckdb
import pytest

from importing.errors import UnreadableFileError
from importing.table_files import stage_tables

TABLES = {
    "sales_invoice": {
        "name": "VARCHAR",
        "total": "DECIMAL(18, 4)",
        "is_pos": "BOOLEAN",
    },
    "invoice": {"name": "VARCHAR"},
}
ROWS = [
    {"name": "A", "total": 1.5, "is_pos": 0},
    {"name": "B", "total": 2, "is_pos": 1},
]
READ = [("A", 1.5, False), ("B", 2, True)]


def read(*files: Path) -> tuple[list[tuple[object, ...]], list[tuple[int | None, str]]]:
    with duckdb.connect() as connection:
        required = {"sales_invoice": ("name", "total")}
        _, bad = stage_tables(connection, files, TABLES, required)
        rows = connection.execute(
            "SELECT name, total::DOUBLE, is_pos FROM sales_invoice ORDER BY file, row"
        ).fetchall()
    return rows, [(b.row, b.column) for b in bad]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("Sales Invoice.json", json.dumps({"data": ROWS}), id="resource"),
        pytest.param("sales_invoice.json", json.dumps({"result": ROWS}), id="rpc"),
        pytest.param("sales-invoice.json", json.dumps(ROWS, indent=1), id="array"),
        pytest.param(
            "x_sales_invoice.ndjson", "\n".join(map(json.dumps, ROWS)), id="lines"
        ),
        pytest.param(
            "sales.invoice-2.jsonl",
            "\n".join(json.dumps({"data": [row]}) for row in ROWS),
            id="pages",
        ),
        pytest.param(
            "tabSales Invoice.csv", "name,total,is_pos\nA,1.5,0\nB,2,1\n", id="csv"
        ),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_each_form_gives_the_same_rows(
    tmp_path: Path, name: str, text: str, is_packed: bool
) -> None:
    file = tmp_path / (f"{name}.gz" if is_packed else name)
    content = text.encode()
    file.write_bytes(gzip.compress(content) if is_packed else content)
    assert read(file) == (READ, [])


def test_nothing_and_rows_of_other_tables_as_odoo_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "sales_invoice.json"
    rows = [{"name": [7, "Acme"], "total": 1, "is_pos": False}]
    rows.append({"name": False, "total": 2, "is_pos": False})
    file.write_text(json.dumps({"result": rows}), encoding="utf-8")
    assert read(file) == ([("7", 1, False)], [(2, "name")])


def test_a_cell_of_another_type_is_named(tmp_path: Path) -> None:
    file = tmp_path / "sales_invoice.json"
    rows = [*ROWS, {"name": "C", "total": "many"}, {"name": "D"}]
    file.write_text(json.dumps({"data": rows}), encoding="utf-8")
    assert read(file) == (READ, [(3, "total"), (4, "total")])


def test_lines_without_a_value_are_no_rows(tmp_path: Path) -> None:
    """A spreadsheet leaves them; what tells of nobody is nothing that was left out."""
    file = tmp_path / "sales_invoice.csv"
    file.write_text("name,total,is_pos,note\n,,,\nA,1.5,0,\n,,,x\nB,2,1,\n,,,\n,,,\n")
    assert read(file) == (READ, [(4, "name"), (4, "total")])


@pytest.mark.parametrize("text", ["[]", '{"data": []}'])
def test_an_answer_without_rows_is_a_table_without_rows(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "sales_invoice.json"
    file.write_text(text, encoding="utf-8")
    assert read(file) == ([], [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sales_invoice.json", "[{"),
        ("sales_invoice.ndjson", '{"name": "A", "total": 1}\n{"na'),
        ("sales_invoice.json", '[{"name": "A"}]'),
        ("sales_invoice.json", '{"exception": "PermissionError"}'),
        ("sales_order.json", "[]"),
        ("sales_invoice.zip", "PK"),
        ("sales_invoice.json", ""),
        ("sales_invoice.ndjson", ""),
    ],
    ids=[
        "cut off",
        "cut in a line",
        "without totals",
        "error",
        "another",
        "archive",
        "empty",
        "no lines",
    ],
)
def test_what_is_no_such_table_is_refused_by_name(
    tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=name):
        read(file)


def test_a_column_that_only_a_late_row_names_is_read(tmp_path: Path) -> None:
    rows = [{"name": "A", "total": 1}] * 1200 + [{"name": "B", "total": 2, "is_pos": 1}]
    file = tmp_path / "sales_invoice.json"
    file.write_text(json.dumps({"data": rows}), encoding="utf-8")
    assert read(file)[0][-1] == ("B", 2, True)


def test_many_answers_fit_into_little_memory(tmp_path: Path) -> None:
    """Each line is an answer of 2,000 rows; together they are more than the room."""
    n_answers, n_rows = 100, 2_000
    row = {"name": "A", "total": 1.5, "is_pos": 0, "remarks": "-" * 200}
    answer = json.dumps({"data": [row] * n_rows})
    file = tmp_path / "Sales Invoice.ndjson"
    file.write_text("\n".join([answer] * n_answers), "utf-8")
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '120MB'")
        connection.execute(f"SET temp_directory = '{tmp_path}'")
        stage_tables(connection, [file], TABLES, {})
        n, last = connection.execute(
            "SELECT count(*), max(row) FROM sales_invoice"
        ).fetchall()[0]

    assert n == last == n_answers * n_rows


def test_a_line_that_is_no_json_refuses_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sales_invoice.ndjson"
    file.write_text('{"name": "A", "total": 1}\n{"name": \n', "utf-8")
    with pytest.raises(UnreadableFileError, match=r"sales_invoice\.ndjson .*row 2"):
        read(file)


@pytest.mark.parametrize("quoted", ['"A, ""one"""', '"A\r\nB"'])
def test_a_quote_may_come_after_the_rows_that_show_how_a_file_is_written(
    tmp_path: Path, quoted: str
) -> None:
    file = tmp_path / "invoice.csv"
    early = "name,other\r\n" + "X,1\r\n" * 30_000  # DuckDB looks at the first 20,480
    file.write_text(f"{early}{quoted},2\r\n", newline="")
    with duckdb.connect() as connection:
        _, bad = stage_tables(connection, [file], TABLES, {})
        told = connection.execute("SELECT name FROM invoice WHERE name <> 'X'")
        assert [value for (value,) in told.fetchall()] == [
            next(csv.reader([quoted]))[0]
        ]
    assert bad == []
