"""Which form of the tables this release works with, and which one is there."""

from dataclasses import dataclass
from pathlib import Path

from store.database import Database
from store.errors import (
    FirstSchemaError,
    MissingSchemaError,
    NewerSchemaError,
    OlderSchemaError,
)


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables that belong together, in a file or a database.

    Args:
        name: of the folder under `migrations/` with its revisions.
        revision: the last of them.
        version_table: says which revision is there.
        oldest_table: was there before revisions were counted.
    """

    name: str
    revision: str
    version_table: str
    oldest_table: str

    @property
    def folder(self) -> Path:
        return Path(__file__).parent / "migrations" / self.name

    def is_absent(self, database: Database) -> bool:
        """Whether none of its tables is there."""
        return not any(map(database.has_table, (self.version_table, self.oldest_table)))

    def check(self, database: Database) -> None:
        """Raises an error that says what to do where the form is another."""
        self.refuse_the_first(database)
        if self.is_absent(database):
            raise MissingSchemaError(self.name)
        revision = "none"
        if database.has_table(self.version_table):
            query = f"SELECT version_num FROM {self.version_table}"  # noqa: S608 - literals
            revision = next((str(row[0]) for row in database.rows(query)), revision)
        if revision == "none" or revision < self.revision:
            raise OlderSchemaError(self.name, revision)
        if revision > self.revision:
            raise NewerSchemaError(self.name, revision)

    def refuse_the_first(self, database: Database) -> None:
        """Raises FirstSchemaError: a column `book` is of 0.1.0 and of nothing else."""
        if database.has_table(self.version_table):
            return
        oldest = self.oldest_table
        if database.has_table(oldest) and "book" in database.columns(oldest):
            raise FirstSchemaError(self.name)


DECISIONS = Schema("decisions", "0018", "alembic_version", "decisions")
EVENTS = Schema("events", "0002", "event_alembic_version", "event_rows")
