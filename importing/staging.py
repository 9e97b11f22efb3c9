"""What reading the files of any source ends with: the moment that they show.

Two tables that the SQL of every source may read: `export` (moment) and `asked` (kind:
what was looked at, also where there was none).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from importing.errors import NothingToImportError, UnreadableValueError
from importing.report import BadRow
from importing.source import StagedSource

END_OF_TIME = datetime(2200, 1, 1, tzinfo=UTC)  # the contract has no later moments


def staged(
    connection: Any,
    exported_at: datetime | None,
    latest: Iterable[str],
    looked_at: frozenset[str],
    bad_rows: Sequence[BadRow] = (),
) -> StagedSource:
    """What a source's `stage` returns, with tables `export` and `asked` made.

    Args:
        connection: with the source's objects read.
        exported_at: what somebody said; None: the latest moment in the files.
        latest: SQL expressions or scalar subqueries, seconds since 1970, null where
            there are none: what an export cannot be older than.
        looked_at: kinds of object that were asked for.
        bad_rows: what could not be read.

    Raises:
        NothingToImportError: no moment was said, and there is none.
        UnreadableValueError: the latest one lies after the year 2200.
    """
    at = (exported_at or _latest(connection, latest, bad_rows)).astimezone(UTC)
    connection.execute("CREATE TABLE export AS SELECT ?::TIMESTAMPTZ AS moment", [at])
    connection.execute(
        "CREATE TABLE asked AS SELECT unnest(?::VARCHAR[]) AS kind", [sorted(looked_at)]
    )
    return StagedSource(exported_at=at, looked_at=looked_at, bad_rows=tuple(bad_rows))


def _latest(
    connection: Any, latest: Iterable[str], bad_rows: Sequence[BadRow]
) -> datetime:
    values = ", ".join(f"({query})" for query in latest)
    (seconds,) = connection.execute(f"SELECT greatest({values})").fetchone()
    if seconds is None and bad_rows:
        first = bad_rows[0]
        raise NothingToImportError(
            f"no row of these files could be read; {first.file} row {first.row}, "
            f"{first.column}: {first.problem}"
        )
    if seconds is None:
        message = "no row in these files has a date: say --exported-at"
        raise NothingToImportError(message)
    if seconds >= END_OF_TIME.timestamp():
        raise UnreadableValueError(
            f"the latest moment in these files is {seconds:.0f} seconds after 1970, "
            "later than the year 2200 (are these milliseconds?)"
        )
    return datetime.fromtimestamp(seconds, UTC)
