"""What Kill Bill's API answers, into the tables that its database would have.

When a thing was made or changed only its audit log says, so the answers must have it
(`audit=FULL`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from importing.errors import UnreadableFileError
from importing.json_files import must_not_be_empty
from importing.killbill.api_columns import (
    ASKED,
    AUDITED,
    EVENT_TYPE,
    KINDS,
    ROWS,
    Rows,
)
from importing.killbill.columns import REQUIRED, TABLES
from importing.report import BadRow
from importing.table_files import take_cells

MOST_BYTES = 1 << 28  # of one answer


def stage_answers(
    connection: Any, files: Sequence[Path]
) -> tuple[frozenset[str], list[BadRow]]:
    """Add to the tables of Kill Bill's database what the API's answers say.

    Returns:
        The tables that were looked at, and the rows that were left out.

    Raises:
        UnreadableFileError: a file that is no answer, or without its audit log.
    """
    connection.execute(EVENT_TYPE)
    given: set[str] = set()
    bad: list[BadRow] = []
    for file in files:
        kinds = _entries(connection, file)
        for table, rows in ROWS.items():
            if rows.kind in kinds:
                given.add(table)
                bad.extend(_add(connection, file, table, rows))
        connection.execute("DROP TABLE entries")
    return frozenset(given), bad


def _entries(connection: Any, file: Path) -> set[str]:
    """Make `entries` (row, kind, data) of one file; gives the kinds looked at."""
    room = min(max(1 << 24, 2 * file.stat().st_size), MOST_BYTES)
    known = " ".join(
        f"WHEN json_exists(data, '$.{field}') THEN '{kind}'"
        for kind, field in KINDS.items()
    )
    must_not_be_empty(file)
    try:
        connection.execute(
            f"CREATE TEMP TABLE entries AS SELECT row, CASE {known} END AS kind, data "
            "FROM (SELECT row_number() OVER () AS row, json AS data FROM "
            f"read_json_objects(?, format = 'auto', maximum_object_size = {room}))",
            [str(file)],
        )
    except duckdb.Error as error:
        line = str(error).splitlines()[0].replace(str(file), file.name)
        raise UnreadableFileError(f"{file.name} cannot be read: {line}") from error
    kinds = dict(
        connection.execute(
            "SELECT kind, min(row) FROM entries GROUP BY kind"
        ).fetchall()
    )
    if None in kinds:
        raise UnreadableFileError(
            f"{file.name}, entry {kinds[None]}: none of {', '.join(KINDS)}"
        )
    _must_be_audited(connection, file)
    name = file.name.lower().replace("-", "_")
    return set(kinds) or {k for k, word in ASKED.items() if word.rstrip("s") in name}


def _must_be_audited(connection: Any, file: Path) -> None:
    audited = ", ".join(f"'{kind}'" for kind in AUDITED)
    (row,) = connection.execute(
        "SELECT min(row) FROM (SELECT row, data FROM entries "
        f"WHERE kind IN ({audited}) UNION ALL "
        "SELECT row, unnest(json_extract(data, '$.items[*]')) FROM entries "
        "WHERE kind = 'invoice') "
        "WHERE coalesce(json_array_length(data, '$.auditLogs'), 0) = 0"
    ).fetchone()
    if row is not None:
        raise UnreadableFileError(
            f"{file.name}, entry {row} has no auditLogs, or an item of it has none, so "
            "nothing says when it was made: ask again with audit=FULL"
        )


def _add(connection: Any, file: Path, table: str, rows: Rows) -> Iterator[BadRow]:
    source = (
        f"SELECT row, data, data AS outer_data FROM entries WHERE kind = '{rows.kind}'"
    )
    for name in rows.inner:
        source = (
            f"SELECT row, unnest(json_extract(data, '$.{name}[*]')) AS data, "
            f"data AS outer_data FROM ({source})"
        )
    cells = ", ".join(f'{cell} AS "{name}"' for name, cell in rows.cells.items())
    where = {
        "subscription_events": "user_type IS NOT NULL",
        "invoice_payments": "invoice_id IS NOT NULL",
    }.get(table, "true")
    connection.execute(
        f"CREATE TEMP TABLE cells AS FROM (SELECT row, {cells} FROM ({source})) "
        f"WHERE {where}"
    )
    try:
        yield from take_cells(
            connection, file, table, TABLES[table], REQUIRED.get(table, ())
        )
    finally:
        connection.execute("DROP TABLE cells")
