"""One connection to a database, as the stores use it.

Queries are written once, in the SQL that SQLite and PostgreSQL share, with `?` where a
value goes. An implementation translates what differs, and a driver's errors into ours.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Database(Protocol):
    """Every method raises StoreUnavailableError where the database cannot be used."""

    def rows(self, query: str, *values: object) -> list[Any]:
        """All rows of a query."""
        ...

    def run(self, statement: str, *values: object) -> int:
        """How many rows a statement changed."""
        ...

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        keep_earlier: bool = False,
    ) -> None:
        """Add rows; with `keep_earlier` one whose key is taken is left out."""
        ...

    def has_table(self, name: str) -> bool: ...

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns, in order."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """The block reads one moment, whatever is committed meanwhile."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All that the block does, durable when it ends, or nothing.

        One at a time, over all processes that share the database: what the block reads
        still holds when it is committed.
        """
        ...

    def overwrite_deleted(self) -> None:
        """Leave nothing of deleted rows in files that this process can reach."""
        ...

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        ...
