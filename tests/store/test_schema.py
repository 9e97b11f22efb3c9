"""Tables of other releases are refused, and upgraded whole or not at all."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from store.decisions import DecisionReader
from store.errors import NewerSchemaError, OlderSchemaError, StoreUnavailableError
from store.events import EventStore
from store.keys import KeyStore
from store.opening import (
    open_decision_reader,
    open_decision_store,
    open_event_store,
    open_key_store,
    upgrade,
)
from store.schema import DECISIONS, EVENTS, Schema
from store.upgrade import scripts
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


def test_a_file_from_before_revisions_were_counted_is_upgraded(tmp_path: Path) -> None:
    open_decision_store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("DROP TABLE alembic_version")
        db.execute("DROP TABLE proofs")
    db.close()
    with pytest.raises(OlderSchemaError):
        open_decision_store(tmp_path)
    upgrade(tmp_path)
    upgrade(tmp_path)  # nothing is left to do
    store = open_decision_store(tmp_path)
    asyncio.run(store.record(a_decision(1), {}))
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
        with pytest.raises(OlderSchemaError, match="forbear db upgrade"):
            opened(tmp_path, url)
    upgrade(tmp_path, url)
    upgrade(tmp_path, url)
    for opened in (*OPENERS, open_event_store):
        opened(tmp_path, url).close()
