"""Opens the stores of a state folder: the one place that names an implementation."""

from pathlib import Path

from store.database import Database
from store.decisions import DecisionReader, DecisionStore
from store.errors import NoDecisionsError
from store.event_schema import EVENT_TABLES, EXPECTED_EVENTS
from store.events import EventReader, EventStore
from store.keys import KeyStore
from store.schema import EXPECTED, TABLES
from store.sql_decisions import SqlDecisionReader, SqlDecisionStore
from store.sql_events import SqlEventReader, SqlEventStore
from store.sql_keys import SqlKeyStore
from store.sqlite import SqliteDatabase, read_only

_FILE = "decisions.sqlite"
_EVENTS_FILE = "events.sqlite"
_SHORT_MS = 20  # what is asked inside an event loop does not wait for other writers


def open_decision_store(home: Path) -> DecisionStore:
    """Made where there is none. Raises StoreUnavailableError."""
    writing = _made(home)
    return SqlDecisionStore(SqliteDatabase(home / _FILE, _SHORT_MS), writing)


def open_decision_reader(home: Path) -> DecisionReader:
    """Raises NoDecisionsError if nothing was ever recorded there."""
    file = home / _FILE
    if not file.is_file():
        raise NoDecisionsError(file)
    return SqlDecisionReader(read_only(file))


def open_key_store(home: Path) -> KeyStore:
    """Made where there is none. Raises StoreUnavailableError."""
    return SqlKeyStore(_made(home))


def open_event_store(home: Path) -> EventStore:
    """Made where there is none. Raises StoreUnavailableError."""
    file = home / _EVENTS_FILE
    writing = SqliteDatabase(file)
    writing.script(EVENT_TABLES)
    # a file that an earlier form of the tables was made in is refused here
    writing.rows(EXPECTED_EVENTS)
    return SqlEventStore(SqliteDatabase(file, _SHORT_MS), writing)


def open_event_reader(home: Path) -> EventReader:
    """Raises StoreUnavailableError if no event was ever kept there."""
    return SqlEventReader(read_only(home / _EVENTS_FILE))


def _made(home: Path) -> Database:
    database = SqliteDatabase(home / _FILE)
    database.script(TABLES)
    # a file that an earlier form of the tables was made in is refused here
    database.rows(EXPECTED)
    with database.transaction():
        if not database.rows("SELECT proven_at FROM proofs"):
            database.insert("proofs", ("proven_at", "ballast"), [(0, b"")])
    return database
