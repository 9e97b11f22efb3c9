"""JSON objects of several kinds, each kind into a table of typed columns of its own.

For APIs that wrap what they answer (pages, events): the source says in SQL what is
inside a document. DuckDB reads the files, so that memory does not grow with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import NothingToImportError, UnreadableFileError
from importing.json_files import is_in_lines, room_for
from importing.report import BadRow

CELLS = {  # how the text of a cell becomes a value; null where it cannot
    "text": "{text}",
    "whole": "CASE WHEN regexp_full_match({text}, '-?[0-9]+') "
    "THEN TRY_CAST({text} AS BIGINT) END",
    "number": "TRY_CAST({text} AS DOUBLE)",
    "flag": "TRY_CAST({text} AS BOOLEAN)",
    "list": "TRY_CAST({text} AS VARCHAR[])",
    "day": "TRY_CAST({text} AS DATE)",
    "moment": "CASE WHEN regexp_matches({text}, '(Z|[+-]\\d\\d:?\\d\\d)$') "
    "THEN TRY_CAST({text} AS TIMESTAMPTZ) END",
    "seconds": "TRY(to_timestamp(CASE WHEN regexp_full_match({text}, '-?[0-9]+') "
    "THEN TRY_CAST({text} AS BIGINT) END))",
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object.

    Attributes:
        columns: by name, one of `CELLS`, and after a space where the cell lies in the
            object unless it is named so there: `{"country": "text $.address.country"}`.
        required: columns that no object of this kind can do without.
    """

    columns: Mapping[str, str]
    required: tuple[str, ...]


def stage_kinds(
    connection: Any,
    files: Sequence[Path],
    kinds: Mapping[str, Kind],
    unwrap: str,
    system: str,
) -> list[BadRow]:
    """Make a table for each kind: `file`, `row` (from 1), `seen_at`, and its columns.

    `seen_at` is when an event told the object's state, null for plain objects. Also
    makes `found` (kind, event, n): what the files hold, of every kind; `event` is the
    type of the event, and n is 0 for a list that was asked for and is empty.

    Args:
        connection: of DuckDB.
        files: to read, in any order.
        kinds: what is read, by the name of its table.
        unwrap: SQL over `documents` (file, row, data) that gives `entries` (file, row,
            kind, event, seen_at, data); data is null for an empty list.
        system: its name for people.

    Raises:
        UnreadableFileError: a file that is no JSON.
        NothingToImportError: nothing of these kinds is in the files.
    """
    connection.execute("CREATE TABLE documents (file VARCHAR, row BIGINT, data JSON)")
    bad: list[BadRow] = []
    for file in files:
        bad.extend(_read(connection, file))
    connection.execute(f"CREATE TABLE entries AS {unwrap}")
    connection.execute("DROP TABLE documents")
    connection.execute(
        "CREATE TABLE found AS SELECT kind, event, count(data) AS n FROM entries "
        "GROUP BY ALL"
    )
    known = connection.execute("SELECT DISTINCT kind FROM found").fetchall()
    if not {kind for (kind,) in known} & kinds.keys():
        raise NothingToImportError(
            f"no object of {system} in these files; known: {', '.join(sorted(kinds))}"
        )
    for name, kind in kinds.items():
        bad.extend(_typed(connection, name, kind))
    connection.execute("DROP TABLE entries")
    return bad


def kinds_asked(connection: Any, kinds: Mapping[str, Kind]) -> frozenset[str]:
    """Kinds that lists and answers gave; what only events tell is not whole."""
    rows = connection.execute(
        "SELECT DISTINCT kind FROM found WHERE event IS NULL"
    ).fetchall()
    return frozenset(kind for (kind,) in rows) & kinds.keys()


def currencies_in(connection: Any, kind: str, column: str) -> tuple[str, ...]:
    """The currencies that a kind's column names, the most frequent first."""
    rows = connection.execute(
        f"SELECT {column} FROM {kind} WHERE {column} IS NOT NULL "
        f"GROUP BY {column} ORDER BY count(*) DESC, {column}"
    ).fetchall()
    return tuple(currency for (currency,) in rows)


def _read(connection: Any, file: Path) -> list[BadRow]:
    lines = is_in_lines(file)
    form = "newline_delimited" if lines else "auto"
    how = f"format = '{form}', maximum_object_size = {room_for(file)}"
    try:
        connection.execute(_insert(how), [file.name, str(file)])
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        if not lines:
            line = str(error).splitlines()[0].replace(str(file), file.name)
            raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error
        connection.execute(
            _insert(f"{how}, ignore_errors = true"), [file.name, str(file)]
        )
    broken = connection.execute(
        "DELETE FROM documents WHERE file = ? AND coalesce(json_type(data), '') NOT IN "
        "('OBJECT', 'ARRAY') RETURNING row",
        [file.name],
    ).fetchall()
    return [
        BadRow(file.name, row, "object", "no JSON object") for (row,) in sorted(broken)
    ]


def _insert(how: str) -> str:
    return (
        "INSERT INTO documents SELECT ?, row_number() OVER (), json "
        f"FROM read_json_objects(?, {how})"
    )


def _typed(connection: Any, name: str, kind: Kind) -> list[BadRow]:
    """Make the table of one kind; what does not fit its columns is left out, named."""
    paths, cells, faults = [], [], []
    for place, (column, spec) in enumerate(kind.columns.items(), start=1):
        cell, _, path = spec.partition(" ")
        paths.append(f"'{path or f'$.{column}'}'")
        value = CELLS[cell].format(text=f"cells[{place}]")
        cells.append(f'{value} AS "{column}"')
        missing = f"cells[{place}] IS NULL OR " if column in kind.required else ""
        is_there = f"cells[{place}] IS NOT NULL AND "
        faults.append(f"WHEN {missing}({is_there}({value}) IS NULL) THEN '{column}'")
    connection.execute(
        f'CREATE TABLE "{name}" AS SELECT file, row, seen_at, event, '
        f"{', '.join(cells)}, CASE {' '.join(faults)} END AS fault FROM ("
        "SELECT file, row, seen_at, event, json_extract_string(data, "
        f"[{', '.join(paths)}]) AS cells FROM entries "
        "WHERE kind = ? AND data IS NOT NULL)",
        [name],
    )
    rows = connection.execute(
        f'DELETE FROM "{name}" WHERE fault IS NOT NULL RETURNING file, row, fault'
    ).fetchall()
    connection.execute(f'ALTER TABLE "{name}" DROP COLUMN fault')
    return [
        BadRow(file, row, f"{name}.{column}", "missing, or not of the documented type")
        for file, row, column in sorted(rows)
    ]
