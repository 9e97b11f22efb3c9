"""JSON documents of a file, a few megabytes at a time.

A document may be a page of a list with many objects in it, and DuckDB works on 2,048
rows at once: what is read together is bounded by its size, not by the rows.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.json_files import is_in_lines, must_not_be_empty, opened, room_for
from importing.report import BadRow

MOST_BYTES_AT_ONCE = 1 << 22
Part = tuple[str, list[Any]]  # SQL of rows and texts, and what it takes
BLANK = BOM_UTF8 + b" \t\r\n"


def document_parts(connection: Any, file: Path) -> Iterator[list[BadRow]]:
    """Make table `documents` (file, row, data) of one part of the file after another.

    Args:
        connection: of DuckDB.
        file: newline-delimited objects, an array, or objects over several lines;
            compressed with gzip or not.

    Yields:
        The rows of the part that are no JSON objects; they are not in the table.

    Raises:
        UnreadableFileError: an array, or an object over several lines, that is no JSON;
            or nothing at all.
    """
    must_not_be_empty(file)
    parts = _of_lines(file) if is_in_lines(file) else _whole(connection, file)
    for rows, values in parts:
        connection.execute(
            "CREATE OR REPLACE TABLE documents AS SELECT ? AS file, row, CASE WHEN "
            "starts_with(text, '{') THEN TRY_CAST(text AS JSON) END AS data "
            f"FROM ({rows})",
            [file.name, *values],
        )
        broken = connection.execute(
            "DELETE FROM documents WHERE data IS NULL RETURNING row"
        ).fetchall()
        yield [
            BadRow(file.name, row, "object", "no JSON object")
            for (row,) in sorted(broken)
        ]


def _of_lines(file: Path) -> Iterator[Part]:
    """Lines that are not empty with their numbers, from 1."""
    n_before = 0
    with opened(file) as stream:
        while lines := stream.readlines(MOST_BYTES_AT_ONCE):
            texts = (line.strip(BLANK).decode("utf-8", "replace") for line in lines)
            rows = [(n, text) for n, text in enumerate(texts, n_before + 1) if text]
            n_before += len(lines)
            if rows:
                numbers, filled = zip(*rows, strict=True)
                yield "SELECT unnest(?) AS row, unnest(?) AS text", [numbers, filled]


def _whole(connection: Any, file: Path) -> Iterator[Part]:
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
        yield (
            "SELECT row, data AS text FROM read WHERE row BETWEEN ? AND ?",
            [first, last],
        )
    connection.execute("DROP TABLE read")
