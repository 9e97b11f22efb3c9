"""What holds for SQLite files alone."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from store.errors import NoDecisionsError, StoreUnavailableError
from store.opening import open_decision_reader, open_decision_store, open_key_store
from store.sqlite import (
    LAST_NOTICES,
    LAST_RECOMMENDED,
    SLOTS_OF_OTHERS,
    SLOTS_SINCE,
    SLOTS_TAKEN,
    connect,
)
from tests.store.memory_store import a_decision


def test_a_commit_is_flushed_to_the_disk(tmp_path: Path) -> None:
    db = connect(tmp_path / "some.sqlite")
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    db.close()


def test_a_reader_reads_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoDecisionsError):
        open_decision_reader(tmp_path)
    assert list(tmp_path.iterdir()) == []
    store = open_decision_store(tmp_path)
    asyncio.run(store.record(a_decision(1), {}))
    store.close()
    reader = open_decision_reader(tmp_path)
    assert reader.find("d1") == a_decision(1)
    reader.close()


def test_a_file_with_other_columns_is_refused_when_it_is_opened(
    tmp_path: Path,
) -> None:
    db = sqlite3.connect(tmp_path / "decisions.sqlite")
    db.execute("CREATE TABLE decisions (key_id, idempotency_key, customer_id, as_of)")
    db.close()
    with pytest.raises(StoreUnavailableError, match="no such column"):
        open_decision_store(tmp_path)


@pytest.mark.parametrize(
    ("query", "index", "sought"),
    [
        (LAST_RECOMMENDED, "decisions_customer", "as_of"),
        (LAST_NOTICES, "decisions_customer", "as_of"),
        (SLOTS_TAKEN, "budget_slots_taken", "as_of"),
        (SLOTS_OF_OTHERS, "COVERING INDEX budget_slots_taken", "as_of"),
        (SLOTS_SINCE, "INTEGER PRIMARY KEY", "rowid"),
    ],
)
def test_what_was_decided_before_is_found_by_an_index(
    tmp_path: Path, query: str, index: str, sought: str
) -> None:
    """A scan would hold up the event loop for longer with every decision."""
    open_decision_store(tmp_path).close()
    db = sqlite3.connect(tmp_path / "decisions.sqlite")
    values = [1] * query.count("?")
    plan = db.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
    db.close()
    step = next(step[3] for step in plan if "SEARCH" in step[3])
    assert index in step
    assert sought in step


def test_only_the_owner_may_read_keys_and_no_file_holds_a_secret(
    tmp_path: Path,
) -> None:
    keys = open_key_store(tmp_path)
    _, text = keys.create("billing")
    assert (tmp_path / "keys.sqlite").stat().st_mode & 0o077 == 0
    keys.close()
    secret = text.split("_")[2]
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()
        assert bytes.fromhex(secret) not in file.read_bytes()
