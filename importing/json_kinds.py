"""JSON objects of several kinds, each kind into a table of typed columns of its own.

For APIs that wrap what they answer (pages, events): the source says in SQL what is
inside a document. DuckDB reads the files, so that memory does not grow with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importing.errors import NothingToImportError, UnreadableFileError
from importing.json_documents import document_parts
from importing.pages import keep_pages, lists_with_gaps
from importing.report import BadRow
from importing.table_files import is_table
from importing.told_twice import look_for_told_twice
from importing.unread import keep_unread

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
MOST_BYTES_OF_AN_ERROR = 1 << 12  # what is longer is a page, and not looked through
PARTS_AT_ONCE = 8  # whose text is held before it becomes columns


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
    pages: str,
    system: str,
) -> list[BadRow]:
    """Make a table for each kind: `file`, `row` (from 1), `seen_at`, and its columns.

    `seen_at` is when an event told the object's state, null for plain objects. Also
    makes `kind_count` (kind, event, n): what the files hold, of every kind; `event` is
    the type of the event, and n is 0 for a list that was asked for and is empty.

    Args:
        connection: of DuckDB.
        files: to read, in any order.
        kinds: what is read, by the name of its table.
        unwrap: SQL over `documents` (file, row, data) that gives `entries` (file, row,
            kind, event, seen_at, data); data is null for an empty list.
        pages: SQL over `documents` that gives what `keep_pages` takes.
        system: its name for people.

    Raises:
        UnreadableFileError: a file that is no JSON, such as a table.
        NothingToImportError: nothing of these kinds is in the files.
    """
    connection.execute(
        "CREATE TABLE entries (file VARCHAR, row BIGINT, kind VARCHAR, event VARCHAR, "
        "seen_at TIMESTAMPTZ, data JSON)"
    )
    connection.execute(
        "CREATE TABLE kind_count AS SELECT kind, event, count(data) AS n FROM entries "
        "GROUP BY ALL"
    )
    for name, kind in kinds.items():
        connection.execute(f'CREATE TABLE "{name}" AS {_typed(name, kind)}')
    bad: list[BadRow] = []
    parts = _entries(connection, files, unwrap, system)
    for n_parts, broken in enumerate(parts, 1):
        keep_pages(connection, pages)
        bad.extend(broken)
        for row in broken:
            keep_unread(connection, None, "SELECT ?, ?, NULL", [row.file, row.row])
        if n_parts % PARTS_AT_ONCE == 0:
            _take_entries(connection, kinds)
    _take_entries(connection, kinds)
    known = connection.execute("SELECT DISTINCT kind FROM kind_count").fetchall()
    if not {kind for (kind,) in known} & kinds.keys():
        raise NothingToImportError(
            f"no object of {system} in these files; known: {', '.join(sorted(kinds))}"
        )
    for name in kinds:
        bad.extend(_without_faults(connection, name))
    connection.execute("DROP TABLE documents")
    connection.execute("DROP TABLE entries")
    return bad


def _entries(
    connection: Any, files: Sequence[Path], unwrap: str, system: str
) -> Iterator[list[BadRow]]:
    """Add to `entries` what is inside one part of the files after another."""
    for file in files:
        if is_table(file):
            raise UnreadableFileError(
                f"{file.name} is a table: {system} is read as JSON"
            )
        n_before = 0
        for broken in document_parts(connection, file):
            connection.execute(
                f"INSERT INTO entries SELECT file, row + ?, kind, event, seen_at, data "
                f"FROM ({unwrap})",
                [n_before],
            )
            (last,) = connection.execute(
                "SELECT max(row) FROM entries WHERE file = ?", [file.name]
            ).fetchone()
            n_before = last or n_before
            yield [*broken, *_without_objects(connection, system)]


def _without_objects(connection: Any, system: str) -> list[BadRow]:
    """What an API answers where it refuses: words and numbers alone, or an `error`."""
    rows = connection.execute(
        "SELECT file, row FROM documents WHERE CASE WHEN strlen(data::VARCHAR) < "
        f"{MOST_BYTES_OF_AN_ERROR} THEN NOT list_has_any(json_keys(data), "
        "['id', 'lago_id', 'object']) AND (list_contains(json_keys(data), 'error') OR "
        "NOT list_has_any(json_type(data, '$.*'), ['OBJECT', 'ARRAY'])) END "
        "ORDER BY row"
    ).fetchall()
    problem = f"no object of {system}, perhaps an error in place of a page"
    return [BadRow(file, row, "object", problem) for file, row in rows]


def _take_entries(connection: Any, kinds: Mapping[str, Kind]) -> None:
    """What is in `entries` goes into the table of its kind, so that no text stays."""
    connection.execute(
        "INSERT INTO kind_count SELECT kind, event, count(data) FROM entries "
        "GROUP BY ALL"
    )
    for name, kind in kinds.items():
        connection.execute(f'INSERT INTO "{name}" {_typed(name, kind)}')
    connection.execute("DELETE FROM entries")


def keep_last_updated(connection: Any, kinds: Mapping[str, Kind], key: str) -> None:
    """Of an object that lists tell twice keep what was updated last.

    Pages overlap, and an object may have changed between two of them. What no moment
    tells apart is counted in `told_twice`, and the last of it kept.
    """
    for name, kind in kinds.items():
        if key not in kind.columns:
            continue
        if "updated_at" in kind.columns:
            connection.execute(
                f'DELETE FROM "{name}" AS t USING (SELECT "{key}" AS key, '
                f'max(updated_at) AS last FROM "{name}" WHERE event IS NULL '
                "GROUP BY ALL HAVING count(*) > 1) AS l "
                f'WHERE t."{key}" = l.key AND t.event IS NULL AND t.updated_at < l.last'
            )
        look_for_told_twice(
            connection, name, key, where="event IS NULL", keep_last=True
        )


def kinds_asked(connection: Any, kinds: Mapping[str, Kind]) -> frozenset[str]:
    """Kinds that lists and answers gave whole; what only events tell is not."""
    rows = connection.execute(
        "SELECT DISTINCT kind FROM kind_count WHERE event IS NULL"
    ).fetchall()
    asked = frozenset(kind for (kind,) in rows) & kinds.keys()
    return asked - lists_with_gaps(connection)


def currencies_in(connection: Any, kind: str, column: str) -> tuple[str, ...]:
    """The currencies that a kind's column names, the most frequent first."""
    rows = connection.execute(
        f"SELECT {column} FROM {kind} WHERE {column} IS NOT NULL "
        f"GROUP BY {column} ORDER BY count(*) DESC, {column}"
    ).fetchall()
    return tuple(currency for (currency,) in rows)


def _typed(name: str, kind: Kind) -> str:
    """SQL: the columns of one kind, and in `fault` the first that does not fit."""
    paths, cells, faults = [], [], ["WHEN false THEN ''"]
    for place, (column, spec) in enumerate(kind.columns.items(), start=1):
        cell, _, path = spec.partition(" ")
        paths.append(f"'{path or f'$.{column}'}'")
        text = f"cells[{place}]"
        cells.append(f'{CELLS[cell].format(text=text)} AS "{column}"')
        if column in kind.required:
            faults.append(f"WHEN \"{column}\" IS NULL THEN '{column}'")
        elif cell != "text":
            unread = f'{text} IS NOT NULL AND "{column}" IS NULL'
            faults.append(f"WHEN {unread} THEN '{column}'")
    names = ", ".join(f'"{column}"' for column in kind.columns)
    return (
        f"SELECT file, row, seen_at, event, {names}, "
        f"CASE {' '.join(faults)} END AS fault FROM ("
        f"SELECT file, row, seen_at, event, cells, {', '.join(cells)} FROM ("
        "SELECT file, row, seen_at, event, json_extract_string(data, "
        f"[{', '.join(paths)}]) AS cells FROM entries "
        f"WHERE kind = '{name}' AND data IS NOT NULL))"
    )


def _without_faults(connection: Any, name: str) -> list[BadRow]:
    """What does not fit the columns of a kind is left out, named."""
    keep_unread(
        connection,
        name,
        f'SELECT file, row, to_json(t) FROM "{name}" AS t WHERE fault IS NOT NULL',
    )
    rows = connection.execute(
        f'DELETE FROM "{name}" WHERE fault IS NOT NULL RETURNING file, row, fault'
    ).fetchall()
    connection.execute(f'ALTER TABLE "{name}" DROP COLUMN fault')
    return [
        BadRow(file, row, f"{name}.{column}", "missing, or not of the documented type")
        for file, row, column in sorted(rows)
    ]
