"""A backup taken under load holds one moment, and comes back whole, on either store."""

import asyncio
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

import pyarrow.parquet as pq
import pytest

from store.audit import audit
from store.backup import KEPT, back_up, restore
from store.chain import Tip, tip
from store.errors import BackupFileError, StoreFileError, StoreNotEmptyError
from store.events import ArrivedRow, EventBatch
from store.export import export
from store.keys import KeyStore
from store.opening import (
    open_database,
    open_decision_store,
    open_desk,
    open_event_store,
    open_key_store,
    open_outbox,
    upgrade,
)
from store.policy_versions import PolicyVersion, PolicyVersions
from store.schema import DECISIONS, EVENTS, Schema
from store.sqlite import SqliteDatabase
from store.upgrade import upgrade_file
from tests.store.memory_store import a_decision
from tests.store.postgres_server import MakeUrl

Place = tuple[Path, str | None]
SERVER = pytest.mark.slow


@pytest.fixture
def make_place(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str, str], Place]:
    def make(kind: str, name: str) -> Place:
        url = None
        if kind == "postgres":
            make_url: MakeUrl = request.getfixturevalue("postgres_url")
            url = make_url()
            upgrade(tmp_path / name, url)
        return tmp_path / name, url

    return make


@contextmanager
def load(place: Place) -> Iterator[list[str]]:
    """Decisions and events are recorded all the time; gives those acknowledged."""
    acknowledged: list[str] = []
    stop, has_begun = threading.Event(), threading.Event()

    async def record_on() -> None:
        decisions = open_decision_store(*place, announced={"remind": ["default"]})
        events = open_event_store(*place)
        number = 0
        while not stop.is_set():
            some = [a_decision(number + n, customer_id=f"c{n}") for n in range(3)]
            await asyncio.gather(*(decisions.record(one, {}) for one in some))
            row = ArrivedRow("c1", "invoices", number.to_bytes(16), "{}")
            await events.record(EventBatch(1, "k", None, b"1", "{}", rows=[row]))
            acknowledged.extend(one.decision_id for one in some)
            number += 3
            if number > 1_500:  # more than one page
                has_begun.set()
                await asyncio.sleep(0.001)
        decisions.close()
        events.close()

    thread = threading.Thread(target=lambda: asyncio.run(record_on()))
    thread.start()
    assert has_begun.wait(120)
    try:
        yield acknowledged
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("sqlite", "sqlite"),
        pytest.param("postgres", "postgres", marks=SERVER),
        pytest.param("sqlite", "postgres", marks=SERVER),
        pytest.param("postgres", "sqlite", marks=SERVER),
    ],
)
def test_a_backup_under_load_comes_back_whole(
    tmp_path: Path, make_place: Callable[[str, str], Place], source: str, target: str
) -> None:
    place, again = make_place(source, "source"), make_place(target, "target")
    keys = open_key_store(*place)
    key, text = keys.create("billing")
    keys.close()
    file = tmp_path / "backup.sqlite"
    with load(place) as acknowledged:
        before = list(acknowledged)
        audited = back_up(*place, file)
        n_after = len(acknowledged)
    assert audited.findings == []
    assert len(before) <= audited.n_decisions
    assert n_after > len(before)  # there was load
    assert file.stat().st_mode & 0o077 == 0
    assert [f.name for f in tmp_path.glob("*backup*")] == [file.name]
    head = restore(*again, file).tip
    assert head == audited.tip
    restored = open_decision_store(*again)
    assert all(restored.find(one).decision_id == one for one in before)
    asyncio.run(restored.record(a_decision(1_000_000), {}))  # and it goes on
    restored.close()
    with open_keys(again) as keys_again:
        assert keys_again.verify(text) == key
        keys_again.create("another")
    outbox = open_outbox(*again)  # what was to be told still is
    assert outbox.states()["default"].n_waiting == audited.n_decisions
    outbox.close()
    database, original = open_database(*again), open_database(*place)
    assert audit(database, head).findings == audit(original, head).findings == []
    assert tip(database).position == head.position + 1
    database.close()
    original.close()
    events = open_event_store(*again)
    assert events.last_sequence() >= len(before) // 3
    assert len(events.rows("c1", 10**9, 10**9)) == events.last_sequence()
    events.close()


@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgres", marks=SERVER)])
def test_a_restored_store_takes_another_policy(
    tmp_path: Path, make_place: Callable[[str, str], Place], target: str
) -> None:
    place, again = make_place("sqlite", "source"), make_place(target, "target")
    names = ["p@1", "p@2"]
    first, second = (PolicyVersion(n, n, n, "Ada", "Bo", "why", 1) for n in names)
    with closing(open_desk(*place)) as database, database.transaction():
        PolicyVersions(database).add(first, 0)
    back_up(*place, tmp_path / "backup.sqlite")
    restore(*again, tmp_path / "backup.sqlite")
    with closing(open_desk(*again)) as database:
        versions = PolicyVersions(database)
        with database.transaction():
            versions.add(second, versions.number())
        assert versions.listed(9) == [second, first]


# what a store begins anew: sessions, the counter of proofs, and what is derived
NOT_KEPT = {
    DECISIONS: {DECISIONS.version_table, "desk_sessions", "proofs", "sealing"},
    EVENTS: {EVENTS.version_table, "event_state"},
}


@pytest.mark.parametrize("schema", [DECISIONS, EVENTS], ids=lambda one: one.name)
def test_a_backup_has_every_table(tmp_path: Path, schema: Schema) -> None:
    upgrade_file(tmp_path / "all.sqlite", schema)
    with closing(SqliteDatabase(tmp_path / "all.sqlite")) as database:
        query = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        tables = {name for (name,) in database.rows(query)}
    assert tables - NOT_KEPT[schema] == set(KEPT[schema])


@contextmanager
def open_keys(place: Place) -> Iterator[KeyStore]:
    keys = open_key_store(*place)
    yield keys
    keys.close()


def test_a_backup_is_restored_into_an_empty_store_only(tmp_path: Path) -> None:
    home, file = tmp_path / "state", tmp_path / "backup.sqlite"
    keys = open_key_store(home)
    keys.create("billing")
    keys.close()
    back_up(home, None, file)
    with pytest.raises(StoreNotEmptyError):
        restore(home, None, file)
    with pytest.raises(BackupFileError, match="is there already"):
        back_up(home, None, file)
    restore(tmp_path / "other", None, file)


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    file.write_text("no backup")
    with pytest.raises(BackupFileError, match="is no backup"):
        restore(tmp_path / "state", None, file)
    file.unlink()
    upgrade_file(file, DECISIONS)
    with pytest.raises(BackupFileError, match="no tables of events"):
        restore(tmp_path / "state", None, file)


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(0.01, id="the first bytes"),
        pytest.param(0.5, id="half of it"),
        pytest.param(0.999, id="all but the end"),
    ],
)
def test_a_backup_that_was_cut_off_is_said_so_and_makes_nothing(
    tmp_path: Path, share: float
) -> None:
    home, file = tmp_path / "state", tmp_path / "backup.sqlite"
    store = open_decision_store(home)
    asyncio.run(store.record(a_decision(1), {}))
    store.close()
    back_up(home, None, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BackupFileError, match=r"backup\.sqlite is damaged"):
        restore(tmp_path / "again", None, file)
    assert not (tmp_path / "again").exists()


def test_a_store_that_cannot_be_read_is_not_the_fault_of_the_backup(
    tmp_path: Path,
) -> None:
    home = tmp_path / "state"
    store = open_decision_store(home)
    asyncio.run(store.record(a_decision(1), {}))
    store.close()
    kept = home / "decisions.sqlite"
    kept.write_bytes(kept.read_bytes()[:9_000])
    with pytest.raises(StoreFileError) as refused:
        back_up(home, None, tmp_path / "backup.sqlite")
    assert refused.value.file == kept
    assert not (tmp_path / "backup.sqlite").exists()


def test_a_backup_of_an_earlier_release_is_upgraded_on_its_way(tmp_path: Path) -> None:
    file = tmp_path / "backup.sqlite"
    upgrade_file(file, DECISIONS, "0001")
    upgrade_file(file, EVENTS)
    assert restore(tmp_path / "state", None, file).tip == Tip()


def test_an_export_that_cannot_be_written_names_its_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "Error writing bytes to file")

    monkeypatch.setattr("store.export.pq.ParquetWriter", no_room)
    open_decision_store(tmp_path).close()
    database, file = open_database(tmp_path), tmp_path / "june.parquet"
    with pytest.raises(OSError, match="No space left") as said:
        export(database, file, 0, 1)
    database.close()
    assert said.value.filename == str(file)
    assert not [one.name for one in tmp_path.iterdir() if "june" in one.name]


def test_decisions_are_exported_in_the_order_they_were_recorded(
    tmp_path: Path,
) -> None:
    store = open_decision_store(tmp_path)

    async def all_at_once() -> None:
        some = (a_decision(n, notices_due=("first",)) for n in range(1_100))
        await asyncio.gather(*(store.record(one, {}) for one in some))

    asyncio.run(all_at_once())
    store.close()
    database, file = open_database(tmp_path), tmp_path / "out.parquet"
    assert export(database, file, 1_050, 2_080) == 1_030
    database.close()
    table = pq.read_table(file)
    assert table["decision_id"].to_pylist() == [f"d{n}" for n in range(50, 1_080)]
    first = table.slice(0, 1).to_pylist()[0]
    assert first["answer"] == '{"decision_id":"d50"}'
    assert first["notices_due"] == ["first"]
    assert first["recorded_at"].timestamp() * 1_000_000 == pytest.approx(1_050)
    assert file.stat().st_mode & 0o077 == 0


def test_a_disk_without_room_is_said_so_and_nothing_is_left(tmp_path: Path) -> None:
    home, file = tmp_path / "state", tmp_path / "backups" / "backup.sqlite"
    store = open_decision_store(home)
    for number in range(20):
        one = a_decision(number, answer=b'{"noise":"%s"}' % token_hex(20_000).encode())
        asyncio.run(store.record(one, {}))
    store.close()
    file.parent.mkdir()
    with files_of_at_most(400_000), pytest.raises(BackupFileError) as refused:
        back_up(home, None, file)
    assert "give it more room" in str(refused.value)
    assert list(file.parent.iterdir()) == []
    assert back_up(home, None, file).n_decisions == 20


@contextmanager
def files_of_at_most(n_bytes: int) -> Iterator[None]:
    """As on a full disk: what is written beyond fails."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
