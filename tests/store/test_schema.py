"""Tables of other releases are refused, and upgraded whole or not at all."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.audit import audit
from store.database import Database
from store.decisions import DecisionReader
from store.errors import (
    FirstSchemaError,
    MissingSchemaError,
    NewerSchemaError,
    OlderSchemaError,
    StoreUnavailableError,
)
from store.events import EventStore
from store.keys import KeyStore
from store.opening import (
    open_database,
    open_decision_reader,
    open_decision_store,
    open_event_store,
    open_key_store,
    upgrade,
)
from store.postgres import PostgresDatabase
from store.schema import DECISIONS, EVENTS, Schema
from store.sqlite import SqliteDatabase
from store.upgrade import scripts, upgrade_file, upgrade_server
from tests.store.memory_store import a_decision
from tests.store.postgres_server import MakeUrl

FILE = "decisions.sqlite"
Opener = Callable[..., DecisionReader | KeyStore | EventStore]
OPENERS: list[Opener] = [open_decision_store, open_decision_reader, open_key_store]


@pytest.mark.parametrize("schema", [DECISIONS, EVENTS])
def test_the_release_works_with_the_last_revision(schema: Schema) -> None:
    assert scripts(schema).get_current_head() == schema.revision


@pytest.mark.parametrize("opened", OPENERS)
@pytest.mark.parametrize(
    ("revision", "refusal", "advice"),
    [
        ("0000", OlderSchemaError, "forbear db upgrade"),
        ("9999", NewerSchemaError, "install that release"),
    ],
)
def test_tables_of_another_release_are_refused(
    tmp_path: Path,
    opened: Opener,
    revision: str,
    refusal: type[Exception],
    advice: str,
) -> None:
    open_decision_store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    db.close()
    with pytest.raises(refusal, match=advice):
        opened(tmp_path)


def test_tables_of_the_first_release_are_named_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as db:  # as 0.1.0 made them
        db.execute(
            "CREATE TABLE decisions (decision_id TEXT PRIMARY KEY, recorded_at INTEGER"
            " NOT NULL, as_of INTEGER NOT NULL, request BLOB NOT NULL, answer BLOB NOT"
            " NULL, versions TEXT NOT NULL, book TEXT NOT NULL, policy_hash TEXT NOT"
            " NULL, key_id TEXT NOT NULL, idempotency_key TEXT, request_sha256 BLOB NOT"
            " NULL) STRICT"
        )
    db.close()
    asked: list[Callable[..., object]] = [*OPENERS, upgrade]
    for ask in asked:
        with pytest.raises(FirstSchemaError, match=r"0\.1\.0.*another FORBEAR_HOME"):
            ask(tmp_path)


OLD = """
INSERT INTO decisions VALUES (?, ?, ?, ?, 'remind', '["first"]', 'en', ?, ?,
    '{"forbear":"0.1.0"}', '{}', 'p1', 'k1', ?, ?)
"""


def in_the_first_form(home: Path, url: str | None) -> Database:
    """A store as it was before decisions were sealed, with 1,203 of them."""
    if url is None:
        upgrade_file(home / FILE, DECISIONS, "0001")
        database: Database = SqliteDatabase(home / FILE)
    else:
        upgrade_server(url, DECISIONS, "0001")
        database = PostgresDatabase(url, "test")
    with database.transaction():
        for number in range(1_203):
            answer = {"decision_id": f"d{number}", "retain_until": "2029-07-04"}
            body = b"{}", json.dumps(answer).encode()
            key = f"i{number}" if number % 2 else None
            said = f"d{number}", 2_000 - number, number, f"c{number % 7}"
            database.run(OLD, *said, *body, key, b"hash")
    return database


@pytest.mark.parametrize(
    "where", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)]
)
def test_decisions_of_the_first_form_are_sealed_and_chained(
    tmp_path: Path, where: str, request: pytest.FixtureRequest
) -> None:
    url = None
    if where == "postgres":
        make_url: MakeUrl = request.getfixturevalue("postgres_url")
        url = make_url()
    in_the_first_form(tmp_path, url).close()
    with pytest.raises(OlderSchemaError):
        open_decision_store(tmp_path, url)
    upgrade(tmp_path, url)
    store = open_decision_store(tmp_path, url)
    found = store.find("d3")
    assert (found.customer_id, found.notices_due, found.language) == (
        "c3",
        ("first",),
        "en",
    )
    assert found.answer == b'{"decision_id": "d3", "retain_until": "2029-07-04"}'
    kept_until = datetime(2029, 7, 5, 12, tzinfo=UTC)
    assert found.retain_until == kept_until.timestamp() * 1_000_000
    assert store.find_answered("k1", "i3") == found
    asyncio.run(store.record(a_decision(9_999), {}))
    store.close()
    database = open_database(tmp_path, url)
    audited = audit(database)
    database.close()
    assert (audited.n_decisions, audited.findings) == (1_204, [])


def test_a_file_from_before_revisions_were_counted_is_upgraded(tmp_path: Path) -> None:
    """One that lacks what came later in the first form, too."""
    database = in_the_first_form(tmp_path, None)
    for table in ("alembic_version", "proofs", "keys"):
        database.run(f"DROP TABLE {table}")
    database.close()
    with pytest.raises(OlderSchemaError):
        open_decision_store(tmp_path)
    upgrade(tmp_path)
    upgrade(tmp_path)  # nothing is left to do
    store = open_decision_store(tmp_path)
    assert store.find("d5").customer_id == "c5"
    asyncio.run(store.prove_writable())
    store.close()


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / FILE)
    # the last statement of the revision finds no such column
    db.execute("CREATE TABLE proofs (other TEXT)")
    db.close()
    with pytest.raises(StoreUnavailableError, match="cannot be upgraded"):
        upgrade(tmp_path)
    db = sqlite3.connect(tmp_path / FILE)
    assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("proofs",)]
    db.close()


@pytest.mark.slow
def test_a_server_without_tables_asks_for_them(
    tmp_path: Path, postgres_url: MakeUrl
) -> None:
    url = postgres_url()
    for opened in (*OPENERS, open_event_store):
        with pytest.raises(MissingSchemaError, match="there are no tables of"):
            opened(tmp_path, url)
    upgrade(tmp_path, url)
    upgrade(tmp_path, url)
    for opened in (*OPENERS, open_event_store):
        opened(tmp_path, url).close()
