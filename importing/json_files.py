"""JSON as APIs and command lines write it, into one table of typed columns.

A file is newline-delimited objects, an array, or pages of a list (`{"object": "list",
"data": [...]}`), of the objects themselves or of events that carry them; compressed
with gzip or not. DuckDB reads it, so that memory does not grow with the file.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.report import BadRow

Columns = Mapping[str, str]
"""DuckDB types by name. VARCHAR takes text, or an object as its JSON text."""

MOST_BYTES_OF_A_LINE = 1 << 24
MOST_BYTES = 1 << 28  # of one page or array; what is larger belongs into lines
OBJECTS = "objects"


def stage_json(
    connection: Any,
    files: Sequence[Path],
    columns: Columns,
) -> list[BadRow]:
    """Make table `objects`: `file`, `row` (from 1), `seen_at`, `url`, and the columns.

    `seen_at` is when an event carried the object's state, null for plain objects.
    `url` is what a list was asked from, on a row of its own without `object`.

    Args:
        connection: of DuckDB.
        files: to read, in any order.
        columns: of every object; `id`, `object` and `created` (seconds) among them.

    Raises:
        UnreadableFileError: a file that is no JSON.
    """
    types = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    connection.execute(
        f"CREATE TABLE {OBJECTS} (file VARCHAR, row BIGINT, seen_at TIMESTAMPTZ, "
        f"url VARCHAR, data JSON, {types})"
    )
    bad: list[BadRow] = []
    for file in files:
        _read(connection, file, columns)
        bad.extend(_without_object(connection, file))
    _unwrap(connection, columns)
    return bad


def _read(connection: Any, file: Path, columns: Columns) -> None:
    fields = {**columns, "url": "VARCHAR", "data": "JSON"}
    struct = ", ".join(f"'{name}': '{type_}'" for name, type_ in fields.items())
    names = ", ".join(f'"{name}"' for name in columns)
    is_in_lines = _is_in_lines(file)
    # DuckDB sets aside a buffer of this size for each thread
    limit = MOST_BYTES_OF_A_LINE if is_in_lines else _room_for(file)
    try:
        connection.execute(
            f"INSERT INTO {OBJECTS} SELECT ?, row_number() OVER (), NULL, url, data, "
            f"{names} FROM read_json(?, columns = {{{struct}}}, "
            f"format = '{'newline_delimited' if is_in_lines else 'auto'}', "
            f"ignore_errors = {str(is_in_lines).lower()}, "
            f"maximum_object_size = {limit})",
            [file.name, str(file)],
        )
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        line = str(error).splitlines()[0].replace(str(file), file.name)
        raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error


def _is_in_lines(file: Path) -> bool:
    """Whether each line is an object: then bad lines are left out, one by one.

    An array, or a page that is printed over several lines, is read whole or not.
    """
    with _opened(file) as lines:
        try:
            return isinstance(json.loads(lines.readline(MOST_BYTES_OF_A_LINE)), dict)
        except ValueError:
            return False


def _opened(file: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def _room_for(file: Path) -> int:
    packed = 20 if file.suffix == ".gz" else 2
    return min(max(MOST_BYTES_OF_A_LINE, packed * file.stat().st_size), MOST_BYTES)


def _without_object(connection: Any, file: Path) -> Iterator[BadRow]:
    rows = connection.execute(
        f"DELETE FROM {OBJECTS} WHERE file = ? AND object IS NULL AND data IS NULL "
        "RETURNING row",
        [file.name],
    ).fetchall()
    for (row,) in sorted(rows):
        yield BadRow(file.name, row, "object", "no JSON object that names its kind")


def _unwrap(connection: Any, columns: Columns) -> None:
    """Lists become their entries, events the object that they carry."""
    fields = (f'"{name}": {_as_json(type_)}' for name, type_ in columns.items())
    struct = "{" + ", ".join(fields) + "}"
    names = ", ".join(f'"{name}"' for name in columns)
    entries = ", ".join(f'entry."{name}"' for name in columns)
    connection.execute(
        f"CREATE TEMP TABLE entries AS SELECT file, "
        "row_number() OVER (PARTITION BY file ORDER BY row, place) AS row, entry, "
        f"data FROM (SELECT file, row, unnest(json_extract(data, '$[*]')) AS data, "
        f"generate_subscripts(json_extract(data, '$[*]'), 1) AS place FROM {OBJECTS} "
        f"WHERE object = 'list'), "
        f"LATERAL (SELECT json_transform(data, '{struct}') AS entry)"
    )
    connection.execute(
        f"INSERT INTO {OBJECTS} (file, row, data, {names}) SELECT file, row, "
        f"json_extract(data, '$.data') AS data, {entries} FROM entries"
    )
    connection.execute("DROP TABLE entries")
    connection.execute(
        f"INSERT INTO {OBJECTS} (file, row, seen_at, {names}) "
        f"SELECT file, row, to_timestamp(created), {entries} FROM (SELECT file, row, "
        f"created, json_transform(json_extract(data, '$.object'), '{struct}') AS entry "
        f"FROM {OBJECTS} WHERE object = 'event')"
    )
    connection.execute(f"DELETE FROM {OBJECTS} WHERE object = 'event'")
    connection.execute(
        f"UPDATE {OBJECTS} SET object = NULL, data = NULL WHERE object = 'list'"
    )


def _as_json(type_: str) -> str:
    """A DuckDB type as the structure that `json_transform` takes.

    >>> _as_json("STRUCT(a BIGINT, b STRUCT(c VARCHAR)[])")
    '{"a": "BIGINT", "b": [{"c": "VARCHAR"}]}'
    """
    if type_.endswith("[]"):
        return f"[{_as_json(type_[:-2])}]"
    if not type_.startswith("STRUCT("):
        return f'"{type_}"'
    fields = _split(type_[len("STRUCT(") : -1])
    inner = (field.strip().split(" ", 1) for field in fields)
    return (
        "{"
        + ", ".join(f'"{name.strip(chr(34))}": {_as_json(t)}' for name, t in inner)
        + "}"
    )


def _split(fields: str) -> Iterator[str]:
    """The fields of a STRUCT, split at its own commas."""
    depth, start = 0, 0
    for place, letter in enumerate(fields):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            yield fields[start:place]
            start = place + 1
    yield fields[start:]


def moment(seconds: float) -> datetime:
    """A moment from seconds since 1970, UTC."""
    return datetime.fromtimestamp(seconds, UTC)
