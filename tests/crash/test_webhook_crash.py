"""Every message arrives, in order for each customer, whenever its sender is killed."""

import json
import os
import signal
import threading
import time
from base64 import b64encode
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from serving.openapi import EXAMPLE
from store.opening import open_database, open_key_store, upgrade
from tests.crash.client import Client
from tests.crash.test_crash import Lives, Place, services
from tests.serving.receiver import Receiver, receiving
from tests.store.postgres_server import postgres_server

SECRET = f"whsec_{b64encode(bytes(32)).decode()}"
LEASES_END_S = 60.0


def live_and_die(client: Client, lives: list[Lives], chance: Random) -> None:
    """Each service is killed at a moment of its own, with messages under way."""
    for life in lives:
        life.begin()
    stop, n_before = threading.Event(), client.n_answered
    threads = client.ask_until(stop)
    ends = time.monotonic() + 60
    while client.n_answered < n_before + 5:
        assert time.monotonic() < ends, "the service did not come back"
        time.sleep(0.01)
    for life in chance.sample(lives, len(lives)):
        time.sleep(chance.uniform(0.1, 1.0))
        life.kill()
    stop.set()
    for thread in threads:
        thread.join()


def wait_until_nothing_waits(place: Place) -> None:
    database, ends = open_database(*place), time.monotonic() + LEASES_END_S
    left = "SELECT count(*) FROM outbox WHERE state <> 'delivered'"
    while database.rows(left)[0][0]:
        assert time.monotonic() < ends, "messages are left"
        time.sleep(0.2)
    database.close()


def assert_all_arrived_in_order(place: Place, receiver: Receiver) -> int:
    """How many messages there were."""
    database = open_database(*place)
    written: dict[str, list[str]] = defaultdict(list)
    for lane, name in database.rows(
        "SELECT lane, message_id FROM outbox ORDER BY position"
    ):
        written[lane].append(name)
    told = "SELECT count(*) FROM decisions WHERE action NOT IN ('none', 'remind')"
    [(n_decisions,)] = database.rows(told)
    database.close()
    arrived: dict[str, list[str]] = defaultdict(list)
    for got in receiver.received:
        who = json.loads(got.body)["data"]["customer_id"]
        if got.message_id not in arrived[who]:
            arrived[who].append(got.message_id)
    assert arrived == written
    assert n_decisions == sum(map(len, written.values()))
    return int(n_decisions)


def killed_often(home: Path, url: str | None, n_kills: int, n_services: int) -> str:
    """The figures of a run."""
    place, chance = (home, url), Random(11)
    upgrade(*place)
    keys = open_key_store(*place)
    _, key = keys.create("billing")
    keys.close()
    with ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        hanging = Random(3)

        def answer(_: object) -> tuple[int, dict[str, str]]:
            time.sleep(0.005)
            return (500 if hanging.random() < 0.02 else 204), {}

        receiver.answer = answer
        stated = {"FORBEAR_WEBHOOK_URL": receiver.url, "FORBEAR_WEBHOOK_SECRET": SECRET}
        with pytest.MonkeyPatch.context() as environment:
            for name, value in stated.items():
                environment.setenv(name, value)
            lives = [stack.enter_context(services(place)) for _ in range(n_services)]
        client = Client(lives[0].port, key, EXAMPLE)
        for _ in range(n_kills // n_services):
            live_and_die(client, lives, chance)
        lives[0].begin()
        wait_until_nothing_waits(place)
        os.kill(lives[0].pid, signal.SIGTERM)
        n_messages = assert_all_arrived_in_order(place, receiver)
    n_again = len(receiver.received) - n_messages
    assert n_messages > n_kills
    kind = "files" if url is None else "PostgreSQL"
    return (
        f"{kind}, {n_services} services: {n_kills} kills, {n_messages} messages, all"
        f" received and in order for each customer, {n_again} of them more than once"
    )


@pytest.mark.slow
def test_messages_survive_the_death_of_who_delivers_them(tmp_path: Path) -> None:
    killed_often(tmp_path, None, 4, n_services=2)


@pytest.mark.long
@pytest.mark.parametrize("version", [None, 18])
def test_messages_survive_fifty_deaths(
    tmp_path: Path, version: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if version is None:
        said = killed_often(tmp_path, None, 50, n_services=2)
    else:
        with postgres_server(version) as server:
            said = killed_often(tmp_path, server.make_url(), 50, n_services=2)
    with capsys.disabled():
        print(f"\n{said}")  # noqa: T201 - the figures of docs/reliability.md
