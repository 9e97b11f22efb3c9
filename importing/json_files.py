"""JSON as APIs and command lines write it, into one table of typed columns.

A file is newline-delimited objects, an array, or pages of a list (`{"object": "list",
"data": [...]}`), of the objects themselves or of events that carry them; compressed
with gzip or not. DuckDB reads it, so that memory does not grow with the file.
"""

import gzip
import json
import shutil
from codecs import BOM_UTF8
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.report import BadRow
from importing.unread import keep_unread

Columns = Mapping[str, str]
"""DuckDB types by name. VARCHAR takes text, or an object as its JSON text."""

MOST_BYTES_OF_A_LINE = 1 << 24
MOST_BYTES = 1 << 28  # of one page or array; what is larger belongs into lines
OBJECTS = "objects"


def stage_json(
    connection: Any,
    files: Sequence[Path],
    columns: Columns,
    kinds: Collection[str],
) -> list[BadRow]:
    """Make table `objects`: `file`, `row` (from 1), `seen_at`, `url`, and the columns.

    `seen_at` is when an event carried the object's state, null for plain objects.
    `url` is what a list was asked from, on a row of its own without `object`, and
    `has_more` whether another page follows it.

    Args:
        connection: of DuckDB.
        files: to read, in any order.
        columns: of every object; `id`, `object` and `created` (seconds) among them.
        kinds: of object that matter; in others a field may have another type.

    Raises:
        UnreadableFileError: a file that is no JSON.
    """
    types = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
    connection.execute(
        f"CREATE TABLE {OBJECTS} (file VARCHAR, row BIGINT, seen_at TIMESTAMPTZ, "
        f"url VARCHAR, has_more BOOLEAN, data JSON, {types})"
    )
    bad: list[BadRow] = []
    fault = _fault(columns, kinds)
    for file in files:
        must_not_be_empty(file)
        bad.extend(_read(connection, file, columns, fault))
        bad.extend(_without_object(connection, file))
        # else DuckDB keeps a part of each new column of a STRUCT in memory for good
        connection.execute("CHECKPOINT")
    bad.extend(_unwrap(connection, columns, fault))
    return bad


def _fault(columns: Columns, kinds: Collection[str]) -> str:
    """SQL over a JSON object `data`: the first column of another type, else null.

    DuckDB leaves such a cell empty where it may ignore errors, and rounds 1.5 to a
    whole number: neither may happen to money in silence.
    """
    fitting = {"BIGINT": "'UBIGINT', 'BIGINT'", "BOOLEAN": "'BOOLEAN'"}
    fitting["DOUBLE"] = fitting["BIGINT"] + ", 'DOUBLE'"
    cases = []
    for name, type_ in columns.items():
        if type_ == "VARCHAR":
            continue
        inner = "'ARRAY'" if type_.endswith("[]") else "'OBJECT'"
        fits = fitting.get(type_, inner)
        type_here = f"json_type(data, '$.\"{name}\"')"
        is_number = "false"
        if type_ in ("BIGINT", "DOUBLE"):  # text that is a number counts as one
            text = f"json_extract_string(data, '$.\"{name}\"')"
            is_number = (
                f"{type_here} = 'VARCHAR' AND TRY_CAST({text} AS {type_}) IS NOT NULL"
            )
        cases.append(
            f"WHEN {type_here} NOT IN ({fits}, 'NULL') AND NOT ({is_number}) "
            f"THEN '{name}'"
        )
    named = ", ".join(f"'{kind}'" for kind in sorted(kinds))
    return (
        f"CASE WHEN json_extract_string(data, '$.object') NOT IN ({named}) THEN NULL "
        f"{' '.join(cases)} END"
    )


def _read(
    connection: Any, file: Path, columns: Columns, fault: str
) -> Iterator[BadRow]:
    lines = is_in_lines(file)
    # DuckDB sets aside a buffer of this size for each thread
    room = MOST_BYTES_OF_A_LINE if lines else room_for(file)
    form = "newline_delimited" if lines else "auto"
    how = f"format = '{form}', maximum_object_size = {room}"
    try:
        connection.execute(_insert(columns, how), [file.name, str(file)])
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        if not lines:
            line = str(error).splitlines()[0].replace(str(file), file.name)
            raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error
        how = f"{how}, ignore_errors = true"
        connection.execute(_insert(columns, how), [file.name, str(file)])
        rows = (
            f"(SELECT row_number() OVER () AS row, {fault} AS fault, data FROM "
            f"(SELECT json AS data FROM read_json_objects(?, {how})))"
        )
        faults = connection.execute(
            f"SELECT row, fault FROM {rows} WHERE fault IS NOT NULL", [str(file)]
        ).fetchall()
        unread = f"SELECT ?, row, data FROM {rows} WHERE fault IS NOT NULL"
        keep_unread(connection, OBJECTS, unread, [file.name, str(file)])
        yield from _left_out(connection, file.name, faults)


def _insert(columns: Columns, how: str) -> str:
    fields = {**columns, "url": "VARCHAR", "has_more": "BOOLEAN", "data": "JSON"}
    struct = ", ".join(f"'{name}': '{type_}'" for name, type_ in fields.items())
    names = ", ".join(f'"{name}"' for name in columns)
    return (
        f"INSERT INTO {OBJECTS} "
        f"SELECT ?, row_number() OVER (), NULL, url, has_more, data, {names} "
        f"FROM read_json(?, columns = {{{struct}}}, {how})"
    )


def _left_out(
    connection: Any, file: str, faults: Sequence[tuple[int, str]]
) -> Iterator[BadRow]:
    for row, column in faults:
        connection.execute(
            f"DELETE FROM {OBJECTS} WHERE file = ? AND row = ?", [file, row]
        )
        yield BadRow(file, row, column, "of another type than the API documents")


def is_in_lines(file: Path) -> bool:
    """Whether each line is an object: then bad lines are left out, one by one.

    An array, or a page that is printed over several lines, is read whole or not.
    """
    with opened(file) as lines:
        try:
            return isinstance(json.loads(lines.readline(MOST_BYTES_OF_A_LINE)), dict)
        except (ValueError, RecursionError):
            return False


def without_mark(file: Path, folder: Path) -> Path:
    """The file; one that begins with a byte order mark as a copy without it.

    DuckDB reads a CSV file that begins with one, and refuses JSON that does.
    """
    with opened(file) as content:
        if content.read(len(BOM_UTF8)) != BOM_UTF8:
            return file
        copy = folder / file.name.removesuffix(".gz")
        with copy.open("wb") as target:
            shutil.copyfileobj(content, target)
    return copy


def must_not_be_empty(file: Path) -> None:
    """Refuse a blank file: where there is nothing, an API answers a list.

    Raises:
        UnreadableFileError: the file is empty.
    """
    with opened(file) as content:
        if not any(part.strip() for part in iter(lambda: content.read(1 << 16), b"")):
            raise UnreadableFileError(
                f"{file.name} is empty, without even a list in it: export it anew, "
                "leave it out, or write [] into it if there is none"
            )


def opened(file: Path) -> gzip.GzipFile | BufferedReader:
    """The bytes of a file, unpacked where its name ends with `.gz`."""
    return gzip.open(file) if file.suffix == ".gz" else file.open("rb")


def room_for(file: Path) -> int:
    """Bytes that DuckDB may need for one object of the file: packed, it is larger."""
    packed = 20 if file.suffix == ".gz" else 2
    return min(max(MOST_BYTES_OF_A_LINE, packed * file.stat().st_size), MOST_BYTES)


def _without_object(connection: Any, file: Path) -> Iterator[BadRow]:
    rows = connection.execute(
        f"DELETE FROM {OBJECTS} WHERE file = ? AND object IS NULL AND data IS NULL "
        "RETURNING row",
        [file.name],
    ).fetchall()
    for (row,) in sorted(rows):
        keep_unread(connection, OBJECTS, "SELECT ?, ?, NULL", [file.name, row])
        yield BadRow(file.name, row, "object", "no JSON object that names its kind")


def _unwrap(connection: Any, columns: Columns, fault: str) -> Iterator[BadRow]:
    """Lists become their entries, events the object that they carry."""
    connection.execute(
        "CREATE TEMP TABLE entries AS SELECT file, "
        "row_number() OVER (PARTITION BY file ORDER BY row, place) AS row, "
        "NULL::TIMESTAMPTZ AS seen_at, data "
        "FROM (SELECT file, row, unnest(json_extract(data, '$[*]')) AS data, "
        "generate_subscripts(json_extract(data, '$[*]'), 1) AS place "
        f"FROM {OBJECTS} WHERE object = 'list')"
    )
    connection.execute(
        "INSERT INTO entries SELECT file, row, to_timestamp(created), "
        f"json_extract(data, '$.object') FROM {OBJECTS} WHERE object = 'event'"
    )
    connection.execute(
        "UPDATE entries SET seen_at = to_timestamp(json_extract(data, '$.created')::"
        "BIGINT), data = json_extract(data, '$.data.object') "
        "WHERE json_extract_string(data, '$.object') = 'event'"
    )
    connection.execute(f"DELETE FROM {OBJECTS} WHERE object = 'event'")
    connection.execute(
        f"UPDATE {OBJECTS} SET object = NULL, data = NULL WHERE object = 'list'"
    )
    add_objects(connection, columns, f"FROM entries WHERE {fault} IS NULL")
    faults = connection.execute(
        f"SELECT file, row, {fault} FROM entries WHERE {fault} IS NOT NULL"
    ).fetchall()
    keep_unread(
        connection,
        OBJECTS,
        f"SELECT file, row, data FROM entries WHERE {fault} IS NOT NULL",
    )
    connection.execute("DROP TABLE entries")
    for file, row, column in faults:
        yield BadRow(file, row, column, "of another type than the API documents")


def add_objects(connection: Any, columns: Columns, query: str) -> None:
    """Add to `objects` what a query gives as (file, row, seen_at, data: JSON)."""
    fields = (f'"{name}": {_as_json(type_)}' for name, type_ in columns.items())
    struct = "{" + ", ".join(fields) + "}"
    names = ", ".join(f'"{name}"' for name in columns)
    entries = ", ".join(f'entry."{name}"' for name in columns)
    connection.execute(
        f"INSERT INTO {OBJECTS} (file, row, seen_at, {names}) "
        f"SELECT file, row, seen_at, {entries} FROM (SELECT file, row, seen_at, "
        f"json_transform(data, '{struct}') AS entry FROM ({query}))"
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
