"""Rows that could not be read, kept as they are: whose they are may still be seen."""

from collections.abc import Sequence
from typing import Any

MAKE_UNREAD = """
CREATE TABLE IF NOT EXISTS unread (kind VARCHAR, file VARCHAR, row BIGINT, data JSON);
CREATE TABLE IF NOT EXISTS
    strange (kind VARCHAR, id VARCHAR, file VARCHAR, row BIGINT, data JSON);
"""


def keep_unread(
    connection: Any, kind: str | None, rows: str, parameters: Sequence[Any] = ()
) -> None:
    """Add rows to table `unread` (kind, file, row, data).

    Args:
        connection: of DuckDB.
        kind: what they would be: the source's name of the table or object; None:
            nobody can say.
        rows: SQL that gives (file, row, data), data as JSON.
        parameters: of that SQL.
    """
    connection.execute(MAKE_UNREAD)
    connection.execute(
        f"INSERT INTO unread SELECT ?, * FROM ({rows})", [kind, *parameters]
    )
