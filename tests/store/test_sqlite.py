"""What holds for SQLite files alone."""

import asyncio
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.decisions import Decision, DecisionStore
from store.errors import (
    NoDecisionsError,
    StoreReplacedError,
    StoreUnavailableError,
)
from store.opening import open_decision_reader, open_decision_store, open_key_store
from store.removal import DUE_NEXT
from store.sql_decision_reader import KNOWN_BEFORE, LAST_NOTICES, SLOTS_TAKEN
from store.sql_decisions import SLOTS_OF_OTHERS
from store.sqlite import SqliteDatabase
from tests.store.memory_store import a_decision

FILE = "decisions.sqlite"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    store = open_decision_store(tmp_path)
    record(store, 1)
    yield store
    store.close()


def record(store: DecisionStore, number: int, **changes: object) -> Decision:
    return asyncio.run(store.record(a_decision(number, **changes), {}))


def test_a_commit_is_flushed_to_the_disk(tmp_path: Path) -> None:
    db = SqliteDatabase(tmp_path / "some.sqlite")
    assert db.rows("PRAGMA journal_mode") == [("wal",)]
    assert db.rows("PRAGMA synchronous") == [(2,)]  # FULL
    db.close()


def test_a_reader_reads_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoDecisionsError):
        open_decision_reader(tmp_path)
    assert list(tmp_path.iterdir()) == []
    store = open_decision_store(tmp_path)
    record(store, 1)
    store.close()
    reader = open_decision_reader(tmp_path)
    assert reader.find("d1") == a_decision(1)
    reader.close()


@pytest.mark.parametrize(
    ("query", "index", "sought"),
    [
        (KNOWN_BEFORE, "INTEGER PRIMARY KEY", "rowid"),
        (KNOWN_BEFORE, "decisions_customer", "as_of"),
        (LAST_NOTICES, "decisions_customer", "as_of"),
        (SLOTS_TAKEN, "budget_slots_taken", "as_of"),
        (SLOTS_OF_OTHERS, "COVERING INDEX budget_slots_taken", "as_of"),
        (DUE_NEXT, "decisions_retained", "retain_until"),
    ],
)
def test_what_was_decided_before_is_found_by_an_index(
    tmp_path: Path, query: str, index: str, sought: str
) -> None:
    """A scan would hold up the event loop for longer with every decision."""
    open_decision_store(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE)
    values = [1] * query.count("?")
    plan = db.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
    db.close()
    steps = [step[3] for step in plan if "SEARCH" in step[3]]
    assert any(index in step and sought in step for step in steps)


def test_only_the_owner_may_read_what_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "state"
    store = open_decision_store(home)
    record(store, 1)
    assert home.stat().st_mode & 0o077 == 0
    names = {file.name for file in home.iterdir()}
    assert names == {FILE, f"{FILE}-wal", f"{FILE}-shm"}
    assert not [f for f in home.iterdir() if f.stat().st_mode & 0o077]
    store.close()


def test_a_file_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    open_decision_store(tmp_path).close()
    (tmp_path / FILE).chmod(0o644)
    open_decision_store(tmp_path).close()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_no_file_holds_a_secret(tmp_path: Path) -> None:
    keys = open_key_store(tmp_path)
    _, text = keys.create("billing")
    secret = text.split("_")[2]
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()
        assert bytes.fromhex(secret) not in file.read_bytes()
    keys.close()


def delete(file: Path) -> None:
    file.unlink()


def replace(file: Path) -> None:
    """By a copy of itself, as a restore under a running service does."""
    copy = file.with_name("copy")
    shutil.copy(file, copy)
    copy.replace(file)


def cut(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(4096)


def overwrite(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        pytest.param(delete, FILE, id="deleted"),
        pytest.param(delete, f"{FILE}-wal", id="its log deleted"),
        pytest.param(delete, f"{FILE}-shm", id="its index deleted"),
        pytest.param(replace, FILE, id="replaced"),
        pytest.param(replace, f"{FILE}-wal", id="its log replaced"),
        pytest.param(cut, FILE, id="cut"),
        pytest.param(overwrite, FILE, id="emptied"),
    ],
)
def test_nothing_is_recorded_where_nobody_would_find_it(
    tmp_path: Path, store: DecisionStore, harm: Callable[[Path], None], name: str
) -> None:
    checkpointed = sqlite3.connect(tmp_path / FILE)
    checkpointed.execute("PRAGMA wal_checkpoint")
    checkpointed.close()
    record(store, 2)
    harm(tmp_path / name)
    with pytest.raises(StoreReplacedError, match=name):
        record(store, 3)
    with pytest.raises(StoreReplacedError, match=name):
        asyncio.run(store.prove_writable())


def test_a_commit_is_not_acknowledged_if_the_file_goes_meanwhile(
    tmp_path: Path, store: DecisionStore
) -> None:
    writing = SqliteDatabase(tmp_path / FILE)

    def write_while_it_goes() -> None:
        with writing.transaction():
            writing.run("UPDATE proofs SET proven_at = 1")
            (tmp_path / FILE).unlink()

    with pytest.raises(StoreReplacedError):
        write_while_it_goes()
    writing.close()


def test_the_same_file_put_back_is_written_again(
    tmp_path: Path, store: DecisionStore
) -> None:
    (tmp_path / FILE).rename(tmp_path / "aside")
    with pytest.raises(StoreReplacedError):
        record(store, 2)
    (tmp_path / "aside").rename(tmp_path / FILE)
    record(store, 3)
    reader = open_decision_reader(tmp_path)
    assert reader.find("d1") == a_decision(1)
    assert reader.find("d3") == a_decision(3)
    reader.close()


def test_a_document_whose_commit_failed_comes_with_the_next(
    tmp_path: Path, store: DecisionStore
) -> None:
    def recorded(number: int) -> Decision:
        return asyncio.run(store.record(a_decision(number), {"p2": "name: new"}))

    with full_disk(4_096), pytest.raises(StoreUnavailableError):
        recorded(2)
    recorded(3)
    reader = open_decision_reader(tmp_path)
    assert reader.document("p2") == "name: new"
    reader.close()


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process may grow beyond `room` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing_and_is_said(
    tmp_path: Path, store: DecisionStore
) -> None:
    """In the middle of a batch's pages, then there is room again."""
    large = {"request": b"x" * 60_000}
    acknowledged = ["d1"]
    with full_disk(room=(tmp_path / f"{FILE}-wal").stat().st_size + 150_000):
        for number in range(2, 9):
            try:
                record(store, number, **large)
            except StoreUnavailableError:
                continue
            acknowledged.append(f"d{number}")
        with pytest.raises(StoreUnavailableError, match="SQLITE_"):
            asyncio.run(store.prove_writable())
    assert 1 < len(acknowledged) < 8
    record(store, 9, **large)
    store.close()
    reader = open_decision_reader(tmp_path)
    assert [reader.find(one).decision_id for one in acknowledged] == acknowledged
    assert reader.find("d9").request == large["request"]
    reader.close()


def test_a_read_only_file_is_said_and_nothing_recorded(
    tmp_path: Path, store: DecisionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made_read_only(statement: str) -> None:
        # a file system that was mounted read-only again answers like this
        store._writing.run(statement)  # type: ignore[attr-defined]

    made_read_only("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailableError, match="SQLITE_READONLY"):
        record(store, 2)
    with pytest.raises(StoreUnavailableError, match="SQLITE_READONLY"):
        asyncio.run(store.prove_writable())
    made_read_only("PRAGMA query_only = OFF")
    record(store, 2)


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    store = open_decision_store(tmp_path)
    for number in range(200):
        record(store, number)
    store.close()
    content = bytearray((tmp_path / FILE).read_bytes())
    content[4096:] = b"\x07" * (len(content) - 4096)
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreUnavailableError, match="SQLITE_CORRUPT"):
        open_decision_store(tmp_path)


def test_a_proof_writes_no_decision_and_is_shared(
    tmp_path: Path, store: DecisionStore
) -> None:
    db = SqliteDatabase(tmp_path / FILE)
    changes = "PRAGMA data_version"  # rises with every commit of another connection
    before = db.rows(changes)[0][0]

    async def asked_often() -> None:
        await asyncio.gather(*(store.prove_writable() for _ in range(50)))
        await store.prove_writable()

    asyncio.run(asked_often())
    assert db.rows(changes)[0][0] == before + 1
    assert db.rows("SELECT count(*) FROM decisions") == [(1,)]
    assert db.rows("SELECT proven_at FROM proofs")[0][0] > 0
    db.close()
