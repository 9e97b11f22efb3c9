"""Nothing acknowledged is lost, at whatever moment the service is killed.

Every life of the service ends by SIGKILL. On files some lives have a full disk, and
after some deaths what was not flushed is torn, as a power cut tears it; on PostgreSQL
the server itself crashes now and then. The client wrote down what it was answered.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from serving.openapi import EXAMPLE
from store.audit import audit
from store.chain import Tip, tip
from store.opening import (
    open_database,
    open_decision_reader,
    open_key_store,
    upgrade,
)
from tests.crash.client import Client
from tests.crash.torn_log import tear
from tests.store.postgres_server import PostgresForTests, postgres_server

ROOT = Path(__file__).parents[2]
Place = tuple[Path, str | None]


@dataclass
class Faults:
    """What was injected."""

    kills: int = 0
    torn_logs: int = 0
    full_disks: int = 0
    server_crashes: int = 0


@dataclass
class Lives:
    """The service, started and killed again and again."""

    port: int
    parent: "subprocess.Popen[str]"
    pid: int = 0

    def begin(self, room: int = 0) -> None:
        assert self.parent.stdin is not None
        self.parent.stdin.write(f"{self.port} {room}\n")
        self.parent.stdin.flush()
        self.pid = int(self._line())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self._line() == "ended"

    def _line(self) -> str:
        assert self.parent.stdout is not None
        return self.parent.stdout.readline().strip()


@contextmanager
def services(place: Place) -> Iterator[Lives]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {**os.environ, "FORBEAR_HOME": str(place[0]), "OMP_NUM_THREADS": "1"}
    if place[1] is not None:
        environment["FORBEAR_DATABASE_URL"] = place[1]
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.forking_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    lives = Lives(port, parent)
    try:
        yield lives
    finally:
        parent.kill()
        with suppress(ProcessLookupError):  # its last life holds the pipe open
            os.kill(lives.pid or parent.pid, signal.SIGKILL)
        parent.communicate()


@dataclass
class Crashes:
    """One run: a client, a service that dies, and what is injected."""

    place: Place
    client: Client
    lives: Lives
    chance: Random = field(default_factory=lambda: Random(7))
    faults: Faults = field(default_factory=Faults)
    crash_server: Callable[[], None] | None = None

    def live_and_die(self, number: int) -> None:
        # the disk is full after a few decisions
        is_full = self.place[1] is None and number % 5 == 4
        self.lives.begin(self.chance.randint(60_000, 400_000) if is_full else 0)
        client, stop = self.client, threading.Event()
        n_before, n_refused = client.n_answered, len(client.refused)
        threads = client.ask_until(stop)
        try:
            self._until(lambda: client.n_answered > n_before)
            if is_full:
                self._until(lambda: len(client.refused) > n_refused)
                self.faults.full_disks += 1
            if self.crash_server is not None and number % 10 == 9:
                self.crash_server()
                self.faults.server_crashes += 1
            time.sleep(self.chance.uniform(0.0, 0.6))
            self.lives.kill()
            self.faults.kills += 1
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        if self.place[1] is None and number % 2:
            self._tear()

    def settle(self) -> None:
        """A last life in which everything in doubt is asked again."""
        self.lives.begin()
        name = next(iter(self.client.acknowledged))
        self._until(lambda: self._is_answered(name))
        if self.place[1] is not None:
            # whether a commit was done cannot be known when its server breaks off
            self.client.doubtful += self.client.refused
        self.client.settle()
        for known in self.chance.sample(sorted(self.client.acknowledged), 20):
            again = self.client.ask_again(known)
            assert again == (200, self.client.acknowledged[known])
        self.lives.kill()

    def _is_answered(self, name: str) -> bool:
        try:
            return self.client.ask_again(name)[0] == 200
        except OSError:
            return False

    def _tear(self) -> None:
        log = self.place[0] / "decisions.sqlite-wal"
        self.faults.torn_logs += tear(log, self.chance)
        log.with_name("decisions.sqlite-shm").unlink(missing_ok=True)

    def _until(self, condition: Callable[[], Any]) -> None:
        ends = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < ends, "the service did not come back"
            time.sleep(0.01)


@contextmanager
def crashes(home: Path, server: PostgresForTests | None) -> Iterator[Crashes]:
    place = home, None if server is None else server.make_url()
    upgrade(*place)
    keys = open_key_store(*place)
    _, text = keys.create("billing")
    keys.close()
    with services(place) as lives:
        client = Client(lives.port, text, EXAMPLE)
        crash = None if server is None else server.crash
        yield Crashes(place, client, lives, crash_server=crash)


def head_of(place: Place) -> Tip:
    database = open_database(*place)
    head = tip(database)
    database.close()
    return head


def assert_nothing_is_lost(run: Crashes, heads: list[Tip]) -> int:
    """All is there, unaltered, exactly once; how many decisions are recorded."""
    reader = open_decision_reader(*run.place)
    database = open_database(*run.place)
    [(key_id,)] = database.rows("SELECT key_id FROM keys")
    lost = [
        name
        for name, answer in run.client.acknowledged.items()
        if (found := reader.find_answered(key_id, name)) is None
        or found.answer != answer
    ]
    assert lost == []
    counted = "SELECT count(*), count(DISTINCT idempotency_key) FROM decisions"
    [(n_decisions, n_keys)] = database.rows(counted)
    assert n_decisions == n_keys
    # nothing that was refused on files, and all that was in doubt, once
    assert n_decisions == len(run.client.acknowledged)
    for head in heads:
        assert audit(database, head).findings == []
    reader.close()
    database.close()
    return int(n_decisions)


def killed_often(home: Path, server: PostgresForTests | None, n_kills: int) -> str:
    """The figures of a run."""
    with crashes(home, server) as run:
        heads: list[Tip] = []
        for number in range(n_kills):
            run.live_and_die(number)
            if number % (n_kills // 4) == 0:
                heads.append(head_of(run.place))
        n_doubtful = len(run.client.doubtful)
        run.settle()
        recorded = assert_nothing_is_lost(run, heads)
        kind = "files" if server is None else "PostgreSQL"
        return (
            f"{kind}: {run.faults}, {recorded} decisions recorded, {n_doubtful} were in"
            f" doubt, {len(run.client.refused)} refused, 0 lost"
        )


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_on_files(tmp_path: Path) -> None:
    said = killed_often(tmp_path, None, 6)
    assert "torn_logs=0" not in said
    assert "full_disks=1" in said
    assert " 0 refused" not in said


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_on_a_server(tmp_path: Path) -> None:
    with postgres_server() as server:
        killed_often(tmp_path, server, 4)


@pytest.mark.long
@pytest.mark.parametrize("version", [None, 18, 16])
def test_nothing_acknowledged_is_lost_in_two_hundred_crashes(
    tmp_path: Path, version: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if version is None:
        said = killed_often(tmp_path, None, 200)
    else:
        with postgres_server(version) as server:
            said = f"{version} {killed_often(tmp_path, server, 200)}"
    with capsys.disabled():
        print(f"\n{said}")  # noqa: T201 - the figures of docs/reliability.md
