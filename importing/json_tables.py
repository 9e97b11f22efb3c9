"""Rows of one table as an API writes them, as JSON, into a table of text cells.

A file is newline-delimited objects, an array, or one or more answers that carry the
rows as `data`, `result` or `message`. Two ways of writing are Odoo's: `false` for
nothing, and `[id, "name"]` for a row of another table, of which the id is kept.
"""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ANSWERS = (
    "data",
    "result",
    "message",
)  # Frappe's resources, JSON-RPC, Frappe's methods
FORMS = (".json", ".ndjson", ".jsonl")
ROOM, MOST_ROOM = 1 << 24, 1 << 28  # bytes of one object; an answer is one object


def read_cells(
    connection: Any, file: Path, form: str, columns: Mapping[str, str]
) -> None:
    """Make the temporary table `cells`: `row` (from 1) and the columns, as text.

    Columns that no row names are left out.

    Raises:
        duckdb.Error: a file that is no JSON.
    """
    room = min(max(ROOM, 2 * _size(file)), MOST_ROOM)
    # lines need a buffer of a line only, and many of them fit into memory
    how = "newline_delimited" if form != ".json" else "auto"
    connection.execute(
        "CREATE TEMP TABLE answers AS SELECT row_number() OVER () AS answer, json "
        f"FROM read_json_objects(?, format = '{how}', maximum_object_size = {room})",
        [str(file)],
    )
    rows = " ".join(
        f"WHEN json_type(json, '$.{name}') = 'ARRAY' "
        f"THEN json_extract(json, '$.{name}[*]')"
        for name in ANSWERS
    )
    connection.execute(
        "CREATE TEMP TABLE objects AS SELECT row_number() OVER () AS row, json FROM ("
        f"SELECT unnest(CASE {rows} ELSE [json] END) AS json FROM answers)"
    )
    named = {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT unnest(json_keys(json)) FROM objects"
        ).fetchall()
    }
    is_empty = not connection.execute("SELECT 1 FROM objects LIMIT 1").fetchone()
    cells = "".join(
        f', {_cell(name, type_)} AS "{name}"'
        for name, type_ in columns.items()
        if is_empty or name in named
    )
    connection.execute(f"CREATE TEMP TABLE cells AS SELECT row{cells} FROM objects")
    connection.execute("DROP TABLE objects")
    connection.execute("DROP TABLE answers")


def _cell(name: str, type_: str) -> str:
    path = f"'$.\"{name}\"'"
    if type_ == "BOOLEAN":
        return f"json_extract_string(json, {path})"
    return (
        f"CASE json_type(json, {path}) WHEN 'BOOLEAN' THEN NULL "
        f"WHEN 'ARRAY' THEN json_extract_string(json, '$.\"{name}\"[0]') "
        f"ELSE nullif(json_extract_string(json, {path}), '') END"
    )


def _size(file: Path) -> int:
    """Bytes of the file, unpacked."""
    if file.suffix.lower() != ".gz":
        return file.stat().st_size
    with gzip.open(file) as packed:
        return sum(len(block) for block in iter(lambda: packed.read(1 << 20), b""))
