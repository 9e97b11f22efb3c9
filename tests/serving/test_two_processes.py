"""Two processes on one store never take more budget slots than there are."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from advice.assembly import DEFAULT_POLICY
from scoring.bundle import Bundle
from serving.prior_decisions import PriorDecisions
from serving.replay import replay
from serving.settings import ServingSettings
from store.decisions import DecisionReader
from store.opening import open_decision_reader, open_key_store, upgrade
from tests.serving.processes import SERVE, free_port, wait_for

N_STOPS, N_REVIEWS = 5, 3


@pytest.fixture(params=["sqlite", "postgres"])
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> ServingSettings:
    text = DEFAULT_POLICY.read_text()
    for old, new in (
        ("per_day: 100", f"per_day: {N_STOPS}"),
        ("per_hour: 20", f"per_hour: {N_STOPS}"),
        ("capacity_per_day: 40", f"capacity_per_day: {N_REVIEWS}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    policy = tmp_path / "policy.yaml"
    policy.write_text(text)
    if request.param == "sqlite":
        return ServingSettings(home=tmp_path / "state", policy=policy)
    url = request.getfixturevalue("postgres_url")()
    upgrade(tmp_path / "state", url)
    return ServingSettings(
        home=tmp_path / "state", policy=policy, database_url=SecretStr(url)
    )


@pytest.fixture
def ask(
    settings: ServingSettings,
    publish: Callable[[Bundle], str],
    make_bundle: Callable[..., Bundle],
) -> Iterator[Callable[[int, dict[str, Any]], dict[str, Any]]]:
    """Asks the n-th of two services."""
    publish(make_bundle("nonpayment", intercept=-4.0))
    publish(make_bundle("fraud", intercept=-3.0))
    keys = open_key_store(*settings.store)
    _, key = keys.create("tests")
    keys.close()
    ports = [free_port(), free_port()]
    environment = {
        **os.environ,
        "FORBEAR_HOME": str(settings.home),
        "FORBEAR_POLICY": str(settings.policy),
        "FORBEAR_DATABASE_URL": settings.store[1] or "",
    }
    running = [
        subprocess.Popen([*SERVE, "--port", str(port)], env=environment)
        for port in ports
    ]
    try:
        for port in ports:
            wait_for(port, within_s=180)

        def ask(n: int, asked: dict[str, Any]) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {key}"}
            headers["Content-Type"] = "application/json"
            url = f"http://127.0.0.1:{ports[n % 2]}/v1/score"
            request = urllib.request.Request(url, json.dumps(asked).encode(), headers)
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                said: dict[str, Any] = json.load(answer)
            return said

        yield ask
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


def prior_decisions(reader: DecisionReader, answer: dict[str, Any]) -> PriorDecisions:
    recorded = reader.find(answer["decision_id"])
    return PriorDecisions.from_json(recorded.prior_decisions)


@pytest.mark.slow
def test_two_processes_share_the_budget_slots(
    ask: Callable[[int, dict[str, Any]], dict[str, Any]],
    asked: dict[str, Any],
    settings: ServingSettings,
) -> None:
    leak = {"event_at": "2026-06-30T10:00:00Z", "status": "active"}
    leak |= {"kind": "credential_leak", "severity": "high", "confidence": "high"}
    leaks = [{**leak, "alert_id": f"a-{n}"} for n in range(3)]
    suspicious = {**asked["events"], "alerts": leaks}

    def answer(n: int) -> dict[str, Any]:
        events = suspicious if n < 24 else asked["events"]
        return ask(n, {**asked, "customer_id": f"c{n}", "events": events})

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(answer, range(40)))

    fraud, doubtful = said[:24], said[24:]
    stopped = [a for a in fraud if a["action"] in ("suspend", "block")]
    assert len(stopped) == N_STOPS
    assert {a["action"] for a in fraud if a not in stopped} == {"review"}
    assert [a["action"] for a in doubtful].count("review") <= N_REVIEWS
    reader = open_decision_reader(*settings.store)
    known = [prior_decisions(reader, a) for a in said]
    reader.close()
    assert max(prior.budget_use.suspensions_today for prior in known) == N_STOPS
    for one in (*stopped, fraud[-1], doubtful[-1]):
        assert replay(settings, one["decision_id"]).is_identical
    asked = {**asked, "events": suspicious}
    assert ask(0, {**asked, "customer_id": "late"})["action"] == "review"
    first = stopped[0]
    again = ask(1, {**asked, "customer_id": first["customer_id"]})
    assert again["action"] == first["action"]
