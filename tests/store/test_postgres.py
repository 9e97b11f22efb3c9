"""What holds for PostgreSQL alone."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from store.audit import audit
from store.decisions import DecisionStore
from store.errors import StoreUnavailableError
from store.opening import open_decision_store, upgrade
from store.postgres import PostgresDatabase
from tests.store.memory_store import a_decision
from tests.store.postgres_server import MakeUrl

pytestmark = pytest.mark.slow


@pytest.fixture
def url(tmp_path: Path, postgres_url: MakeUrl) -> str:
    url = postgres_url()
    upgrade(tmp_path, url)
    return url


@pytest.fixture
def store(tmp_path: Path, url: str) -> Iterator[DecisionStore]:
    store = open_decision_store(tmp_path, url)
    yield store
    store.close()


def end_connections(url: str) -> None:
    """As a restart or a failover of the server does."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'forbear'"
        )


def test_a_commit_waits_for_the_disk_even_where_the_server_does_not(
    tmp_path: Path, url: str
) -> None:
    lazy = url.replace("options=-c%20", "options=-c%20synchronous_commit%3Doff%20-c%20")
    with psycopg.connect(lazy) as db:
        assert db.execute("SHOW synchronous_commit").fetchone() == ("off",)
    database = PostgresDatabase(lazy, "test")
    assert database.rows("SHOW synchronous_commit") == [("on",)]
    database.close()


def test_after_the_server_came_back_nothing_acknowledged_is_missing(
    url: str, store: DecisionStore
) -> None:
    asyncio.run(store.record(a_decision(1), {}))
    end_connections(url)
    assert store.find("d1") == a_decision(1)  # asked again on a new connection
    asyncio.run(store.record(a_decision(2), {}))  # begun on a new one
    assert store.find("d2") == a_decision(2)


def test_one_moment_is_read_though_the_server_was_started_again_before(
    url: str,
) -> None:
    database = PostgresDatabase(url, "test")
    end_connections(url)
    with database.snapshot():
        [[reads_only]] = database.rows("SHOW transaction_read_only")
    assert reads_only == "on"
    database.close()


def test_a_broken_transaction_is_never_continued_on_another_connection(
    url: str,
) -> None:
    database = PostgresDatabase(url, "test")

    def write_while_it_breaks() -> None:
        with database.transaction():
            database.run("UPDATE proofs SET proven_at = 1")
            end_connections(url)
            database.rows("SELECT 1")

    with pytest.raises(StoreUnavailableError):
        write_while_it_breaks()
    assert database.rows("SELECT proven_at FROM proofs") == [(0,)]
    database.close()


def test_a_failed_statement_undoes_its_transaction_even_if_it_is_overlooked(
    url: str,
) -> None:
    database = PostgresDatabase(url, "test")

    def overlook() -> None:
        with database.transaction():
            database.run("UPDATE proofs SET proven_at = 1")
            with pytest.raises(StoreUnavailableError, match="22012"):
                database.rows("SELECT 1 / 0")

    with pytest.raises(StoreUnavailableError, match="nothing was committed"):
        overlook()
    assert database.rows("SELECT proven_at FROM proofs") == [(0,)]
    database.close()


def test_what_cannot_be_reached_is_said_at_once_and_without_its_address() -> None:
    with pytest.raises(StoreUnavailableError) as refused:
        PostgresDatabase("postgresql://me:secret@127.0.0.1:1/forbear", "test")
    assert "secret" not in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)
    with pytest.raises(StoreUnavailableError, match="no postgresql://"):
        PostgresDatabase("mysql://me:secret@there/forbear", "test")


def test_more_rows_than_a_statement_takes_are_all_recorded(
    url: str, store: DecisionStore
) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(store.record(a_decision(n), {}) for n in range(5_000)))

    asyncio.run(all_at_once())
    database = PostgresDatabase(url, "test")
    assert database.rows("SELECT count(*) FROM decisions") == [(5_000,)]
    database.close()


@pytest.fixture
def missing_standby(url: str) -> Iterator[None]:
    """Every commit waits for a standby that never comes."""

    def set_standby(name: str) -> None:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(
                f"ALTER SYSTEM SET synchronous_standby_names = '{name}'".encode()
            )
            db.execute("SELECT pg_reload_conf()")

    set_standby("nobody")
    yield
    set_standby("")


def test_a_commit_no_standby_confirmed_is_not_acknowledged(
    url: str, store: DecisionStore, missing_standby: None
) -> None:
    """Whoever cancels the wait gets a success that is none."""

    def cancel_the_wait() -> bool:
        with psycopg.connect(url, autocommit=True) as db:
            cancelled = db.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
                " WHERE wait_event = 'SyncRep' AND application_name = 'forbear'"
            ).fetchall()
        return bool(cancelled)

    async def recorded() -> None:
        task = asyncio.create_task(store.record(a_decision(1), {}))
        while not await asyncio.to_thread(cancel_the_wait):
            await asyncio.sleep(0.05)
        await task

    with pytest.raises(StoreUnavailableError, match="with a warning"):
        asyncio.run(recorded())


def limit_files(url: str, limit: str) -> None:
    """How large files may get that the service's connections write at the server."""
    with psycopg.connect(url, autocommit=True) as db:
        pids = db.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'forbear'"
        ).fetchall()
        for (pid,) in pids:
            # the server's user alone may do that to its processes
            program = f"prlimit --pid {pid} --fsize={limit}:unlimited; cat > /dev/null"
            db.execute(f"COPY (SELECT 1) TO PROGRAM '{program}'".encode())


def test_a_full_disk_of_the_server_loses_nothing(
    url: str, store: DecisionStore
) -> None:
    """No file may grow any more, of tables or of the log, until there is room again."""

    def is_recorded(number: int) -> bool:
        decision = a_decision(number, request=random.randbytes(50_000))
        try:
            asyncio.run(store.record(decision, {}))
        except StoreUnavailableError:
            return False
        return True

    acknowledged = [0]
    assert is_recorded(0)
    limit_files(url, "65536")
    # a server without room for its log ends all connections and recovers
    while is_recorded(len(acknowledged)):
        acknowledged.append(len(acknowledged))
        assert len(acknowledged) < 50
    ends = time.monotonic() + 30
    while not is_recorded(99):
        assert time.monotonic() < ends
        with suppress(psycopg.OperationalError):  # it is recovering
            limit_files(url, "unlimited")
        time.sleep(0.1)
    assert all(store.find(f"d{number}") for number in (*acknowledged, 99))
    database = PostgresDatabase(url, "test")
    assert audit(database).findings == []
    database.close()
