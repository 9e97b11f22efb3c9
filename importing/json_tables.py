"""Rows of one table as an API writes them, as JSON, into a table of text cells.

A file is newline-delimited objects, an array, or one or more answers that carry the
rows as `data`, `result` or `message`. Two ways of writing are Odoo's: `false` for
nothing, and `[id, "name"]` for a row of another table, of which the id is kept.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from importing.errors import UnreadableFileError
from importing.json_documents import document_parts

ANSWERS = (
    "data",
    "result",
    "message",
)  # Frappe's resources, JSON-RPC, Frappe's methods
FORMS = (".json", ".ndjson", ".jsonl")


def read_cells(connection: Any, file: Path, columns: Mapping[str, str]) -> None:
    """Make the temporary table `cells`: `row` (from 1) and the columns, as text.

    Columns that no row names are left out.

    Raises:
        UnreadableFileError: a file that is no JSON.
    """
    texts = "".join(f', "{name}" VARCHAR' for name in columns)
    connection.execute(f"CREATE TEMP TABLE cells (row BIGINT{texts})")
    named: set[str] = set()
    n_before = 0
    for broken in document_parts(connection, file):
        for row in broken:
            raise UnreadableFileError(
                f"{file.name} cannot be read: row {row.row} is {row.problem}"
            )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE objects AS {_OBJECTS}")
        if missing := columns.keys() - named:
            keys = connection.execute("SELECT DISTINCT json_keys(json) FROM objects")
            named |= {name for (names,) in keys.fetchall() for name in names} & missing
        (n_added,) = connection.execute(
            f"INSERT INTO cells SELECT ? + row_number() OVER (){_cells(columns)} FROM ("
            f"SELECT json_extract(json, {_paths(columns)}) AS fields, "
            f"json_extract_string(json, {_paths(columns)}) AS text FROM objects)",
            [n_before],
        ).fetchone()
        n_before += n_added
    if n_before:
        for name in columns.keys() - named:
            connection.execute(f'ALTER TABLE cells DROP COLUMN "{name}"')
    connection.execute("DROP TABLE IF EXISTS objects")
    connection.execute("DROP TABLE IF EXISTS documents")


_CARRIED = " ".join(
    f"WHEN json_type(data, '$.{name}') = 'ARRAY' THEN json_extract(data, '$.{name}[*]')"
    for name in ANSWERS
)
_OBJECTS = f"SELECT unnest(CASE {_CARRIED} ELSE [data] END) AS json FROM documents"


def _paths(columns: Mapping[str, str]) -> str:
    return "[" + ", ".join(f"'$.\"{name}\"'" for name in columns) + "]"


def _cells(columns: Mapping[str, str]) -> str:
    return "".join(
        f', {_cell(place, type_)} AS "{name}"'
        for place, (name, type_) in enumerate(columns.items(), 1)
    )


def _cell(place: int, type_: str) -> str:
    if type_ == "BOOLEAN":
        return f"text[{place}]"
    return (
        f"CASE left(fields[{place}]::VARCHAR, 1) WHEN 't' THEN NULL WHEN 'f' THEN NULL "
        f"WHEN '[' THEN json_extract_string(fields[{place}], '$[0]') "
        f"ELSE nullif(text[{place}], '') END"
    )
