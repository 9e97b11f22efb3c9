"""No acknowledged event is lost, at whatever moment the service is killed."""

import json
import threading
import time
from contextlib import closing
from pathlib import Path
from random import Random

import httpx
import pytest

from store.opening import open_event_reader, open_key_store, upgrade
from tests.crash.test_crash import Lives, Place, services
from tests.store.postgres_server import postgres_server

AT = "2026-05-01T06:00:00Z"
N_ROWS = 20  # of a batch


class Sender:
    """Sends one batch after the other, and writes down which were acknowledged."""

    def __init__(self, port: int, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20
        )
        self.acknowledged: dict[str, int] = {}  # customer: sequence of the batch
        self.doubtful: list[str] = []
        self._n = 0

    def send_until(self, stop: threading.Event) -> None:
        while not stop.is_set():
            customer_id = f"c{self._n}"
            self._n += 1
            if not self.send(customer_id):
                self.doubtful.append(customer_id)
                time.sleep(0.01)

    def close(self) -> None:
        self._http.close()

    def send(self, customer_id: str) -> bool:
        """Whether the batch of this customer was acknowledged."""
        row = {"event_at": AT, "due_at": AT, "amount": 1}
        rows = [{**row, "invoice_id": f"{customer_id}-{n}"} for n in range(N_ROWS)]
        body = {"customer_id": customer_id, "events": {"invoices": rows}}
        try:
            answer = self._http.post("/v1/events", json=body)
        except httpx.TransportError:
            return False
        if answer.status_code != 200:
            return False
        self.acknowledged[customer_id] = answer.json()["sequence"]
        return True


def live_and_die(sender: Sender, lives: Lives, chance: Random) -> None:
    lives.begin()
    before, stop = len(sender.acknowledged), threading.Event()
    thread = threading.Thread(target=sender.send_until, args=(stop,))
    thread.start()
    ends = time.monotonic() + 60
    while len(sender.acknowledged) == before and time.monotonic() < ends:
        time.sleep(0.01)
    time.sleep(chance.uniform(0.0, 0.4))
    lives.kill()
    stop.set()
    thread.join()
    assert len(sender.acknowledged) > before


def number_of(content: str) -> int:
    invoice_id: str = json.loads(content)["invoice_id"]
    return int(invoice_id.rpartition("-")[2])


def run(place: Place, n_lives: int) -> None:
    keys = open_key_store(*place)
    _, key = keys.create("events", "events")
    keys.close()
    chance = Random(11)
    with services(place) as lives, closing(Sender(lives.port, key)) as sender:
        for _ in range(n_lives):
            live_and_die(sender, lives, chance)
        lives.begin()
        for customer_id in sender.doubtful:
            while not sender.send(customer_id):
                time.sleep(0.05)
        lives.kill()
    reader = open_event_reader(*place)
    last = reader.last_sequence()
    for customer_id, sequence in sender.acknowledged.items():
        assert sequence <= last
        rows = reader.rows(customer_id, last, 1_000)
        numbers = sorted(number_of(row.content) for row in rows)
        assert numbers == list(range(N_ROWS)), customer_id
    assert len(set(sender.acknowledged.values())) == len(sender.acknowledged)
    reader.close()


@pytest.mark.slow
def test_events_survive_every_death_on_files(tmp_path: Path) -> None:
    run((tmp_path, None), n_lives=4)


@pytest.mark.slow
def test_events_survive_every_death_on_postgres(tmp_path: Path) -> None:
    with postgres_server() as server:
        place = tmp_path, server.make_url()
        upgrade(*place)
        run(place, n_lives=3)


@pytest.mark.long
def test_events_survive_a_hundred_deaths(tmp_path: Path) -> None:
    run((tmp_path, None), n_lives=100)
