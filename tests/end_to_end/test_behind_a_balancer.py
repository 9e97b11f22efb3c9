"""Two services behind a balancer; one dies under load, and no question is lost."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import httpx
import pytest
from forbear_client import Client

from serving.openapi import EXAMPLE
from store.opening import open_database, upgrade
from tests.serving.processes import running

pytestmark = pytest.mark.slow
N_QUESTIONS, N_THREADS, BEFORE_DEATH = 60, 4, 15


class Balancer(httpx.BaseTransport):
    """Sends each request to the next service, dead or alive."""

    def __init__(self, *ports: int) -> None:
        self._ports, self._lock = cycle(ports), threading.Lock()
        self._sends = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            request.url = request.url.copy_with(port=next(self._ports))
        return self._sends.handle_request(request)

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._sends.close()


def answered(client: Client, killed: Callable[[], None]) -> dict[str, str]:
    """The decision of each question; a service is killed while they are asked."""
    decisions: dict[str, str] = {}
    again = threading.Event()

    def ask(number: int) -> None:
        name = f"q{number}"
        answer = client.score("acme", events=EXAMPLE["events"], idempotency_key=name)
        decisions[name] = answer["decision_id"]
        if len(decisions) >= BEFORE_DEATH:
            again.set()

    with ThreadPoolExecutor(N_THREADS) as threads:
        asked = [threads.submit(ask, number) for number in range(N_QUESTIONS)]
        assert again.wait(60), [one.exception() for one in asked if one.done()]
        killed()
        for one in asked:
            one.result(120)
    return decisions


def test_a_service_that_dies_under_load_fails_no_request(tmp_path: Path) -> None:
    upgrade(tmp_path)
    with running(tmp_path) as one, running(tmp_path) as other:
        balancer = Balancer(one.port, other.port)
        address = "http://127.0.0.1:1"  # of nobody: the balancer names the service
        with Client(address, one.key, tries=10, transport=balancer) as client:
            decisions = answered(client, one.process.kill)
        assert one.process.wait(30) == -signal.SIGKILL
    database = open_database(tmp_path)
    recorded = {name for (name,) in database.rows("SELECT decision_id FROM decisions")}
    database.close()
    assert len(decisions) == N_QUESTIONS
    assert recorded == {*decisions.values()}
    assert len(recorded) == N_QUESTIONS
