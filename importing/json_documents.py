"""JSON documents of a file, a few megabytes at a time.

A document may be a page of a list with many objects in it, and DuckDB works on 2,048
rows at once: what is read together is bounded by its size, not by the rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from importing.errors import UnreadableFileError
from importing.json_files import is_in_lines, opened, room_for
from importing.report import BadRow

MOST_BYTES_AT_ONCE = 1 << 21
Rows = list[tuple[int, bytes]]


def document_parts(connection: Any, file: Path) -> Iterator[list[BadRow]]:
    """Make table `documents` (file, row, data) of one part of the file after another.

    Args:
        connection: of DuckDB.
        file: newline-delimited objects, an array, or objects over several lines;
            compressed with gzip or not.

    Yields:
        The rows of the part that are no JSON objects; they are not in the table.

    Raises:
        UnreadableFileError: an array, or an object over several lines, that is no JSON.
    """
    parts = (
        _of_lines(connection, file) if is_in_lines(file) else _whole(connection, file)
    )
    for rows in parts:
        connection.execute(
            "CREATE OR REPLACE TABLE documents AS SELECT ? AS file, row, "
            "CASE WHEN json_valid(data) THEN data END::JSON AS data FROM "
            f"({rows})",
            [file.name],
        )
        broken = connection.execute(
            "DELETE FROM documents WHERE coalesce(json_type(data), '') <> 'OBJECT' "
            "RETURNING row"
        ).fetchall()
        yield [
            BadRow(file.name, row, "object", "no JSON object")
            for (row,) in sorted(broken)
        ]


def _of_lines(connection: Any, file: Path) -> Iterator[str]:
    for rows in _lines(file):
        numbers = pa.array((row for row, _ in rows), pa.int64())
        texts = pa.array(text.decode("utf-8", "replace") for _, text in rows)
        connection.register("lines", pa.table({"row": numbers, "data": texts}))
        yield "FROM lines"
        connection.unregister("lines")


def _lines(file: Path) -> Iterator[Rows]:
    """Lines that are not empty with their numbers, from 1."""
    rows: Rows = []
    size = 0
    with opened(file) as lines:
        for number, line in enumerate(lines, start=1):
            if text := line.strip(b"\xef\xbb\xbf \t\r\n"):
                rows.append((number, text))
                size += len(text)
            if size >= MOST_BYTES_AT_ONCE:
                yield rows
                rows, size = [], 0
    if rows:
        yield rows


def _whole(connection: Any, file: Path) -> Iterator[str]:
    try:
        connection.execute(
            "CREATE OR REPLACE TABLE read AS SELECT row_number() OVER () AS row, "
            "json AS data, strlen(json) AS bytes FROM read_json_objects(?, "
            f"maximum_object_size = {room_for(file)})",
            [str(file)],
        )
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        line = str(error).splitlines()[0].replace(str(file), file.name)
        raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error
    slices = connection.execute(
        "SELECT min(row), max(row) FROM (SELECT row, "
        f"sum(bytes) OVER (ORDER BY row) // {MOST_BYTES_AT_ONCE} AS slice FROM read) "
        "GROUP BY slice ORDER BY min(row)"
    ).fetchall()
    for first, last in slices:
        yield f"FROM read WHERE row BETWEEN {first} AND {last}"
    connection.execute("DROP TABLE read")
