"""Several workers of one service count together, whichever of them is asked."""

import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.access import RateLimits
from serving.openapi import EXAMPLE
from serving.shared_counts import FORGET_EVERY, SharedCounts
from store.keys import ApiKey
from tests.serving.processes import Service, running
from tests.serving.test_server import workers


def key(**terms: Any) -> ApiKey:  # noqa: ANN401 - passed on
    return ApiKey("k1", "billing", "score", "2026-06-30T09:00:00+00:00", **terms)


def ask(service: Service, times: int) -> list[int]:
    """Each on a connection of its own, so that any worker may take it."""
    statuses = []
    for _ in range(times):
        with service.client() as client:
            statuses.append(client.post("/v1/score", json=EXAMPLE).status_code)
    return statuses


def page(service: Service) -> dict[str, float]:
    with service.client() as client:
        text = client.get("/metrics").text
    found = re.findall(r"^(forbear_\S+) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def count(numbers: dict[str, float], name: str) -> float:
    return sum(value for key, value in numbers.items() if key.startswith(name))


@pytest.mark.slow
def test_each_worker_tells_what_all_have_counted(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2", rate_limit="30/hour") as service:
        assert ask(service, 20) == [200] * 20
        for _ in range(6):
            numbers = page(service)
            assert count(numbers, "forbear_decisions_total") == 20
            assert count(numbers, "forbear_accepted") == 0
            assert count(numbers, "forbear_policy{") == 1
            assert count(numbers, "forbear_release{") == 1
        statuses = ask(service, 20)
        assert (statuses.count(200), statuses.count(429)) == (10, 10)
        killed = workers(service)[0]
        os.kill(killed, signal.SIGKILL)
        ends = time.monotonic() + 60
        while killed in workers(service) or len(workers(service)) < 2:
            assert time.monotonic() < ends
            time.sleep(0.2)
        # what it counted stays
        assert count(page(service), "forbear_decisions_total") == 30


@pytest.mark.slow
def test_workers_end_when_the_process_above_them_is_killed(tmp_path: Path) -> None:
    """Else they would hold the address, and it could not be started again."""
    with running(tmp_path, "--workers", "2") as service:
        left = workers(service)
        service.process.kill()
        service.process.wait()
        ends = time.monotonic() + 60
        while any(map(lives, left)):
            assert time.monotonic() < ends
            time.sleep(0.2)
        assert ended_well(service)


def lives(process_id: int) -> bool:
    """Whether it runs, and is not only waiting for somebody to ask how it ended."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2]
    except FileNotFoundError:
        return False
    return state.split()[0] != "Z"


def ended_well(service: Service) -> bool:
    return service.log.read_text().count("Finished server process") == 2


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1_000.0]
    monkeypatch.setattr("serving.shared_counts.time.time", lambda: now[0])

    def advance(seconds: float) -> None:
        now[0] += seconds

    return advance


def test_a_window_begins_with_the_first_request_and_ends(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    one, other = SharedCounts(tmp_path), SharedCounts(tmp_path)
    assert [one.incr("k", 60), other.incr("k", 60), one.incr("l", 60)] == [1, 2, 1]
    clock(59.0)
    assert other.incr("k", 60) == 3
    assert (one.get("k"), one.get_expiry("k")) == (3, 1_060.0)
    clock(1.0)
    assert one.get("k") == 0
    assert other.incr("k", 60) == 1
    one.clear("k")
    assert other.get("k") == 0
    assert other.reset() == 1
    assert one.check()


def test_counts_that_ended_are_forgotten(
    tmp_path: Path, clock: Callable[[float], None]
) -> None:
    counts = SharedCounts(tmp_path)
    for n in range(FORGET_EVERY - 1):
        counts.incr(f"visit {n}", 60)
    clock(61.0)
    counts.incr("visit anew", 60)
    assert counts.reset() == 1


def test_a_limit_that_cannot_be_counted_refuses_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limits = RateLimits("1/hour", tmp_path)
    limits.require_room(key())
    with sqlite3.connect(tmp_path / "rate-limits.sqlite") as db:
        db.execute("DROP TABLE counts")
    db.close()
    for _ in range(3):
        limits.require_room(key())
    assert "rate limits are not counted" in caplog.text
