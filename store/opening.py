"""Opens stores: the one place that names an implementation.

With the URL of a PostgreSQL everything is kept there; without one, in SQLite files of
the state folder, made where there are none. Everything here raises
StoreUnavailableError where the store cannot be used, OlderSchemaError or
NewerSchemaError where another release made it, FirstSchemaError where 0.1.0 did, and
MissingSchemaError where a database has no tables yet.
"""

from pathlib import Path

from store.access_log import AccessLog, FileAccessLog, SqlAccessLog
from store.acts import Acts
from store.announcing import NOBODY, Announced
from store.database import Database
from store.decisions import DecisionReader, DecisionStore
from store.errors import (
    DecisionsGoneError,
    DecisionStoreError,
    NoDecisionsError,
)
from store.events import EventReader, EventStore
from store.keys import KeyStore
from store.letters import Letters
from store.monitoring import Monitoring, standing_clock
from store.outbox import Outbox
from store.places import DECISIONS_FILE, EVENTS_FILE, is_recorded
from store.policies import Policies
from store.policy_versions import PolicyVersion, PolicyVersions
from store.provider_alerts import ProviderAlerts
from store.replies import Replies
from store.requests import Requests
from store.schema import DECISIONS, EVENTS, Schema
from store.shadows import Shadows
from store.sql_decision_reader import SqlDecisionReader
from store.sql_decisions import SqlDecisionStore
from store.sql_events import SqlEventReader, SqlEventStore
from store.sql_keys import SqlKeyStore
from store.sqlite import SqliteDatabase, read_only

# events come in large batches: in a file of their own they hold up no decision
_FILES = {DECISIONS: DECISIONS_FILE, EVENTS: EVENTS_FILE}
# acts, letters and what people decide at the desk write into one another's tables
_LOCK_OF_PEOPLE = "acts and letters"
# what is asked inside an event loop does not wait long for others
_FILE_WAIT_MS, _SERVER_WAIT_MS = 20, 2_000


def open_decision_store(
    home: Path, url: str | None = None, announced: Announced = NOBODY
) -> DecisionStore:
    """Decisions to record and to look up; `announced`: who is told of which."""
    writing = open_database(home, url)
    return SqlDecisionStore(_reading(DECISIONS, home, url), writing, announced)


def open_decision_reader(home: Path, url: str | None = None) -> DecisionReader:
    """Raises NoDecisionsError if nothing was ever recorded there."""
    require_recorded(home, url)
    return SqlDecisionReader(_looking_up(DECISIONS, home, url))


def open_recorded(home: Path, url: str | None = None) -> Database:
    """Decisions and keys where there are any, for commands about them.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    require_recorded(home, url)
    return open_database(home, url)


def require_recorded(home: Path, url: str | None = None) -> None:
    """Another state folder must not look like one where all is well.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    if not is_recorded(home, url):
        raise NoDecisionsError(home / DECISIONS_FILE)


def open_key_store(home: Path, url: str | None = None) -> KeyStore:
    """API keys."""
    return SqlKeyStore(open_database(home, url))


def open_outbox(home: Path, url: str | None = None) -> Outbox:
    """Messages to deliver."""
    if url is None:
        return Outbox(open_database(home))
    return Outbox(_checked(DECISIONS, _server(url, "outbox")))


def open_acts(home: Path, url: str | None = None) -> Acts:
    """What is to be done at the provider.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    return Acts(_beside_decisions(home, url, _LOCK_OF_PEOPLE))


def open_letters(home: Path, url: str | None = None) -> Letters:
    """Letters to customers.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    return Letters(_beside_decisions(home, url, _LOCK_OF_PEOPLE))


def open_replies(home: Path, url: str | None = None) -> Replies:
    """What customers replied.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    return Replies(_beside_decisions(home, url, _LOCK_OF_PEOPLE))


def open_policies(home: Path, url: str | None = None) -> Policies:
    """Policies that were in force.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    return Policies(_beside_decisions(home, url, "policies"))


def open_policy_versions(home: Path, url: str | None = None) -> PolicyVersions:
    """Which policy is in force, for whoever asks again and again."""
    return PolicyVersions(_checked(DECISIONS, _reading(DECISIONS, home, url)))


def published_policy(home: Path, url: str | None = None) -> PolicyVersion | None:
    """The policy in force; None where none was published. Nothing is made."""
    if not is_recorded(home, url):
        return None
    versions = PolicyVersions(_looking_up(DECISIONS, home, url))
    try:
        return versions.latest()
    finally:
        versions.close()


def open_provider_alerts(home: Path, url: str | None = None) -> ProviderAlerts:
    """What was read of a provider's alerts.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    return ProviderAlerts(_beside_decisions(home, url, _LOCK_OF_PEOPLE))


def open_requests(home: Path, url: str | None = None) -> Requests:
    """How far service requests are.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    database = _beside_decisions(home, url, _LOCK_OF_PEOPLE)
    return Requests(database, Acts(database))


def _beside_decisions(home: Path, url: str | None, lock: str) -> Database:
    require_recorded(home, url)
    if url is None:
        return open_database(home)
    return _checked(DECISIONS, _server(url, lock))


def open_monitoring(home: Path, url: str | None = None) -> Monitoring:
    """Runs of monitoring and their alarms."""
    return Monitoring(open_database(home, url))


def open_shadows(home: Path, url: str | None = None) -> Shadows:
    """What challengers would have decided.

    Raises:
        NoDecisionsError: nothing was ever recorded there.
    """
    return Shadows(_beside_decisions(home, url, "shadows"))


def standing_alarm(home: Path, url: str | None = None) -> str | None:
    """The clock of monitoring that stops automation; nothing is made."""
    if not is_recorded(home, url):
        return None
    database = _looking_up(DECISIONS, home, url)
    try:
        return standing_clock(database)
    finally:
        database.close()


def open_desk(home: Path, url: str | None = None) -> Database:
    """What the desk reads and writes; asked in threads, one at a time."""
    if url is None:
        return open_database(home)
    return _checked(DECISIONS, _server(url, _LOCK_OF_PEOPLE))


def open_desk_reader(home: Path, url: str | None = None) -> Database:
    """What pages look up from the event loop, that must not wait long."""
    return _checked(DECISIONS, _reading(DECISIONS, home, url))


def open_access_log(home: Path, url: str | None = None) -> AccessLog:
    """Who read what: of all replicas on a PostgreSQL, else of this state folder."""
    if url is None:
        return FileAccessLog(home)
    return SqlAccessLog(_server(url, "access log", _SERVER_WAIT_MS))


def open_event_store(home: Path, url: str | None = None) -> EventStore:
    """Events to record and to look up."""
    writing = open_database(home, url, EVENTS)
    return SqlEventStore(_reading(EVENTS, home, url), writing)


def has_events(home: Path, url: str | None = None) -> bool:
    """Whether events were ever kept there; nothing is made."""
    return url is not None or (home / _FILES[EVENTS]).is_file()


def open_event_reader(home: Path, url: str | None = None) -> EventReader:
    """Raises StoreUnavailableError if no event was ever kept there."""
    return SqlEventReader(_looking_up(EVENTS, home, url))


def open_database(
    home: Path, url: str | None = None, schema: Schema = DECISIONS
) -> Database:
    """A connection to tables of this release; a file is made where there is none.

    Raises:
        DecisionsGoneError: events were kept there, and the decisions' file is gone.
    """
    if url is not None:
        return _checked(schema, _server(url, schema.name))
    if schema is DECISIONS:
        _refuse_a_gap(home)
    database = SqliteDatabase(home / _FILES[schema])
    if schema.is_absent(database):
        database.close()
        upgrade(home, schemas=(schema,))
        database = SqliteDatabase(home / _FILES[schema])
    return _checked(schema, database)


def _refuse_a_gap(home: Path) -> None:
    """Decisions and keys are made first: events alone mean that a file was lost."""
    decisions, events = home / _FILES[DECISIONS], home / _FILES[EVENTS]
    is_there = decisions.is_file() and decisions.stat().st_size > 0
    if not is_there and events.is_file():
        raise DecisionsGoneError(home, decisions.name, events.name)


def upgrade(
    home: Path,
    url: str | None = None,
    schemas: tuple[Schema, ...] = (DECISIONS, EVENTS),
) -> None:
    """Bring the tables to this release's form, wholly or not at all."""
    from store.upgrade import upgrade_file, upgrade_server

    if url is None and DECISIONS in schemas:
        _refuse_a_gap(home)
    for schema in schemas:
        if url is None:
            upgrade_file(home / _FILES[schema], schema)
        else:
            upgrade_server(url, schema)


def _reading(schema: Schema, home: Path, url: str | None) -> Database:
    """For questions from the event loop."""
    if url is None:
        return SqliteDatabase(home / _FILES[schema], _FILE_WAIT_MS)
    return _server(url, schema.name, _SERVER_WAIT_MS)


def _looking_up(schema: Schema, home: Path, url: str | None) -> Database:
    """For commands that change nothing."""
    if url is None:
        return _checked(schema, read_only(home / _FILES[schema]))
    return _checked(schema, _server(url, schema.name))


def _checked(schema: Schema, database: Database) -> Database:
    try:
        schema.check(database)
    except DecisionStoreError:
        database.close()
        raise
    return database


def _server(url: str, lock: str, wait_ms: int = 10_000) -> Database:
    from store.postgres import PostgresDatabase

    return PostgresDatabase(url, lock, wait_ms)
