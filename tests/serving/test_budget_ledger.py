"""What was decided before is counted, restored, recorded, and can be stopped."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Client

from advice.assembly import DEFAULT_POLICY, STOP_FILE
from decisions.actions import Action
from decisions.case import BudgetUse
from decisions.policy_file.load import default_policy
from features.moments import microseconds
from scoring.bundle import Bundle
from serving.app import create_app
from serving.budget_ledger import BudgetLedger
from serving.prior_decisions import PriorDecisions
from serving.replay import replay
from serving.settings import ServingSettings
from store.budget_slots import Reservation, SlotKind
from store.monitoring import Cause
from store.opening import open_decision_reader, open_key_store, open_monitoring
from tests.store.memory_store import Memory, MemoryDecisionStore, a_decision

Asked = dict[str, Any]
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def before(*recorded: tuple[str, str, Action], who: str = "me") -> PriorDecisions:
    """What is known at noon after these actions were recommended."""
    store = MemoryDecisionStore(Memory())
    kinds: dict[str, SlotKind] = {"suspend": "stop", "review": "review"}
    for number, (customer_id, at, action) in enumerate(recorded):
        moment = microseconds(datetime.fromisoformat(at))
        decision = a_decision(
            number, customer_id=customer_id, as_of=moment, action=action
        )
        kind = kinds.get(action)
        slot = kind and Reservation(kind, customer_id, moment, moment, moment + 1)
        asyncio.run(store.record(decision, {}, slot))
    policy = default_policy()
    return BudgetLedger(store).prior_decisions(
        who, NOON, policy, n_customers=80, is_stopped=False
    )


@pytest.mark.parametrize(
    ("at", "last_hour", "today"),
    [
        pytest.param("2026-06-30T11:59:00Z", 1, 1, id="a minute ago"),
        pytest.param("2026-06-30T12:59:00Z", 1, 1, id="by a clock that runs ahead"),
        pytest.param("2026-06-30T11:00:00Z", 0, 1, id="just an hour ago"),
        pytest.param("2026-06-29T22:00:00Z", 0, 1, id="at midnight in Brussels"),
        pytest.param("2026-06-29T21:59:59Z", 0, 0, id="before midnight in Brussels"),
        pytest.param("2026-06-30T22:00:00Z", 0, 0, id="tomorrow"),
    ],
)
def test_stops_count_for_their_hour_and_local_day(
    at: str, last_hour: int, today: int
) -> None:
    used = before(("other", at, "suspend")).budget_use
    assert (used.suspensions_last_hour, used.suspensions_today) == (last_hour, today)


def test_a_customer_counts_once_and_not_against_itself() -> None:
    at = "2026-06-30T11:30:00Z"
    given: list[tuple[str, str, Action]]
    given = [("one", at, "suspend"), ("one", at, "suspend"), ("me", at, "suspend")]
    reviews: list[tuple[str, str, Action]]
    reviews = [("two", at, "review"), ("two", at, "review"), ("me", at, "review")]
    assert before(*given, *reviews).budget_use == BudgetUse(1, 1, 1, 80)


def test_the_last_word_is_forgotten_when_its_data_would_be_stale() -> None:
    fresh, old = "2026-06-28T12:00:00Z", "2026-06-28T11:59:59Z"  # stale_hours: 48
    said = before(("me", fresh, "remind"))
    assert (said.previous, said.previous_at) == (
        "remind",
        datetime(2026, 6, 28, 12, tzinfo=UTC),
    )
    assert before(("me", old, "remind")).previous is None
    assert before(("other", fresh, "remind")).previous is None


def test_what_was_known_reads_back_also_from_before_there_was_a_last_word() -> None:
    use = BudgetUse(1, 2, 3, None, is_stopped=True, alarm="scores")
    known = PriorDecisions(use, "remind", NOON)
    assert PriorDecisions.from_json(known.to_json()) == known
    assert PriorDecisions.from_json('{"reviews_today": 7}') == PriorDecisions(
        BudgetUse(0, 0, 7)
    )


class Running(NamedTuple):
    client: Client
    settings: ServingSettings
    restart: Callable[[], Client]


@pytest.fixture
def running(
    tmp_path: Path, publish: Callable[[Bundle], str], make_bundle: Callable[..., Bundle]
) -> Iterator[Running]:
    """A service whose policy has one slot for reviews; everybody is doubtful."""
    policy = tmp_path / "policy.yaml"
    text = DEFAULT_POLICY.read_text()
    assert "capacity_per_day: 40" in text
    policy.write_text(text.replace("capacity_per_day: 40", "capacity_per_day: 1"))
    settings = ServingSettings(home=tmp_path / "state", policy=policy)
    publish(make_bundle("nonpayment", intercept=-4.0))
    publish(make_bundle("fraud", intercept=-3.0))
    keys = open_key_store(settings.home)
    _, key = keys.create("tests")
    keys.close()
    opened: list[TestClient] = []

    def start() -> Client:
        app: FastAPI = create_app(settings)
        while opened:
            opened.pop().__exit__()
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        client.headers["Authorization"] = f"Bearer {key}"
        opened.append(client)
        return client

    yield Running(start(), settings, start)
    while opened:
        opened.pop().__exit__()


def score(client: Client, asked: Asked, who: str, **changes: str) -> dict[str, Any]:
    answer = client.post("/v1/score", json={**asked, "customer_id": who, **changes})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_the_queue_fills_and_stays_full_after_a_restart(
    running: Running, asked: Asked
) -> None:
    first = score(running.client, asked, "one")
    assert first["action"] == "review"
    second = score(running.client, asked, "two")
    assert second["action"] != "review"
    assert "review_queue_full" in [w["code"] for w in second["permission"]["withheld"]]
    client = running.restart()
    assert score(client, asked, "three")["action"] == second["action"]
    assert score(client, asked, "one")["action"] == "review"
    earlier = score(client, asked, "four", as_of="2026-06-28T20:00:00Z")
    assert earlier["action"] == "review"
    for said in (first, second, earlier):
        assert replay(running.settings, said["decision_id"]).is_identical


def test_of_many_at_once_one_gets_the_slot(running: Running, asked: Asked) -> None:
    def action(n: int) -> str:
        return str(score(running.client, asked, f"c{n}")["action"])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(action, range(16))).count("review") == 1


def test_the_last_word_is_recorded_with_the_decision(
    running: Running, asked: Asked
) -> None:
    score(running.client, asked, "one", as_of="2026-06-29T20:00:00Z")
    said = score(running.client, asked, "one")
    reader = open_decision_reader(running.settings.home)
    known = PriorDecisions.from_json(reader.find(said["decision_id"]).prior_decisions)
    reader.close()
    assert known.previous == "review"
    assert known.previous_at == datetime(2026, 6, 29, 20, tzinfo=UTC)
    assert replay(running.settings, said["decision_id"]).is_identical


def _metrics(running: Running) -> str:
    return str(running.client.get("/metrics").text)


def test_an_alarm_of_monitoring_holds_until_a_person_releases_it(
    running: Running, asked: Asked
) -> None:
    monitoring = open_monitoring(*running.settings.store)
    cause = Cause("inputs", "feed_stopped", "payments", "no payments for 5 days")
    content = '{"gauges": {"early_ratio": {"fraud": 1.5}}}'
    monitoring.record(1, 1, "lumen", content, [cause])
    said = score(running.client, asked, "one")
    reader = open_decision_reader(running.settings.home)
    known = PriorDecisions.from_json(reader.find(said["decision_id"]).prior_decisions)
    assert known.budget_use.alarm == "inputs"
    assert running.client.get("/readyz").json()["alarm"] == "inputs"
    assert 'forbear_monitoring_alarms{clock="inputs"} 1.0' in _metrics(running)
    shown = 'forbear_monitoring_measure{measure="early_ratio",target="fraud"} 1.5'
    assert shown in _metrics(running)
    monitoring.release("ana", "the feed runs again", 2)
    monitoring.close()
    assert 'forbear_monitoring_alarms{clock="inputs"} 0.0' in _metrics(running)
    assert running.client.get("/readyz").json()["alarm"] is None
    again = score(running.client, asked, "two")
    known = PriorDecisions.from_json(reader.find(again["decision_id"]).prior_decisions)
    reader.close()
    assert known.budget_use.alarm is None
    # it was decided under the alarm, whatever stands now
    assert replay(running.settings, said["decision_id"]).is_identical


def test_the_kill_switch_is_a_file(running: Running, asked: Asked) -> None:
    ready = running.client.get("/readyz").json()
    assert (ready["status"], ready["is_stopped"]) == ("ready", False)
    (running.settings.home / STOP_FILE).touch()
    assert running.client.get("/readyz").json()["is_stopped"] is True
    said = score(running.client, asked, "one")
    reader = open_decision_reader(running.settings.home)
    known = PriorDecisions.from_json(reader.find(said["decision_id"]).prior_decisions)
    reader.close()
    assert known.budget_use.is_stopped
    (running.settings.home / STOP_FILE).unlink()
    assert replay(running.settings, said["decision_id"]).is_identical


LEAK = {
    "alert_id": "a-1",
    "event_at": "2026-06-30T10:00:00Z",
    "kind": "credential_leak",
    "severity": "high",
    "confidence": "high",
    "status": "active",
}


@pytest.mark.parametrize(
    ("trained_on", "setting", "base", "source"),
    [
        pytest.param(200, None, 200, "training", id="as many as in training"),
        pytest.param(200, 400, 400, "setting", id="a setting overrides"),
        pytest.param(None, None, None, None, id="unknown: a bundle from before"),
    ],
)
def test_a_budget_stated_as_a_share_knows_its_base(
    settings: ServingSettings,
    publish: Callable[[Bundle], str],
    make_bundle: Callable[..., Bundle],
    asked: Asked,
    trained_on: int | None,
    setting: int | None,
    base: int | None,
    source: str | None,
) -> None:
    publish(make_bundle("nonpayment", intercept=-4.0))
    publish(make_bundle("fraud", intercept=-1.0, n_customers=trained_on))
    keys = open_key_store(settings.home)
    _, key = keys.create("tests")
    keys.close()
    own = settings.model_copy(update={"customers": setting})
    events = {**asked["events"], "alerts": [LEAK]}
    with TestClient(create_app(own)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        ready = client.get("/readyz").json()
        assert (ready["n_customers"], ready["n_customers_from"]) == (base, source)
        given = [
            score(client, {**asked, "events": events}, f"c{n}") for n in range(1, 4)
        ]
    assert {said["question"]["n_customers"] for said in given} == {base}
    permitted = 3 if base is None else base // 200  # half a percent of the base
    stopped = [said["action"] == "suspend" for said in given]
    assert stopped == [n < permitted for n in range(3)]
    for said in given:
        assert replay(settings, said["decision_id"]).is_identical
