"""Lists of which a page is not among the files: what it told is unknown, not nothing.

APIs answer page by page, and say on each whether another follows. A loop that ended
too early, or an error that was answered in the middle, leaves a list with a gap: who
paid on the missing page seems to owe.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from importing.report import LOOK_AT, Note

_MAKE = (
    "CREATE TABLE IF NOT EXISTS page "
    "(list VARCHAR, file VARCHAR, number VARCHAR, next VARCHAR)"
)
# no page is the last one, or one that has a number names another that is not there
_GAPS = """
SELECT p.list, min(p.file) FILTER (WHERE p.next IS NOT NULL) AS file FROM page AS p
LEFT JOIN page AS n ON n.list = p.list AND n.number = p.next
GROUP BY p.list HAVING count(p.next) = count(*)
    OR bool_or(p.number IS NOT NULL AND p.next IS NOT NULL AND n.list IS NULL)
ORDER BY p.list
"""


def keep_pages(
    connection: Any, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> None:
    """Remember pages of lists.

    Args:
        connection: of DuckDB.
        query: SQL that gives (list, file, number, next): the kind of object that the
            list is of; the page's number, null where pages have none; what says that
            another page follows, null on the last one.
        parameters: of that SQL.
    """
    connection.execute(_MAKE)
    connection.execute(
        f"INSERT INTO page SELECT list, file, number, next FROM ({query})", parameters
    )


def lists_with_gaps(connection: Any) -> frozenset[str]:
    """Kinds of object whose list lacks a page: they were not looked at in whole."""
    return frozenset(kind for kind, _ in _gaps(connection))


def pages_missing(connection: Any) -> list[Note]:
    """What to say of lists that lack a page."""
    gaps = _gaps(connection)
    if not gaps:
        return []
    lists = ", ".join(f"{kind} after {file}" for kind, file in gaps)
    return [
        Note(
            LOOK_AT,
            len(gaps),
            f"lists of which a page is missing ({lists}): the one before says that "
            "another follows; who paid on it seems to owe, so its table does not count "
            "as looked at: export the list to its end, and import its pages together",
        )
    ]


def _gaps(connection: Any) -> list[tuple[str, str]]:
    connection.execute(_MAKE)
    rows: list[tuple[str, str]] = connection.execute(_GAPS).fetchall()
    return rows
