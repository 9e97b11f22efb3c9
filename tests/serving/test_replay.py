"""Recorded decisions are computed again, one or a range, with or without events."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from httpx import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import default_policy
from features.moments import to_datetime
from serving import replay_range as ranges
from serving.differences import Difference
from serving.openapi import EXAMPLE
from serving.replay import decides_the_same, explain, replay
from serving.replay_errors import EventsGoneError
from serving.replay_list import replay_list
from serving.replay_range import RangeReplay, replay_range
from serving.replay_run import ReplayRun
from serving.settings import ServingSettings
from store.decisions import Decision
from store.events import Erasure
from store.opening import (
    open_decision_reader,
    open_decision_store,
    open_event_store,
    open_key_store,
    upgrade,
)
from tests.parity.histories import NOW, histories, paid_then_not
from tests.serving.conftest import a_bundle, client_of, published
from tests.serving.test_stored_customers import (
    AS_OF,
    BATCH,
    NUMBERS,
    OBSERVED,
    by_table,
    good_rows,
    own_numbers,
)
from tests.store.memory_store import a_decision
from tests.store.postgres_server import MakeUrl

Row = dict[str, Any]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> ServingSettings:
    """Settings of a service whose decisions and events are in either store."""
    home, url = tmp_path / "state", None
    if request.param == "postgres":
        make_url: MakeUrl = request.getfixturevalue("postgres_url")
        url = SecretStr(make_url())
        upgrade(home, url.get_secret_value())
    return ServingSettings(home=home, database_url=url)


@pytest.fixture
def asking(place: ServingSettings) -> Iterator[Client]:
    published(a_bundle("nonpayment"), place.home)
    published(a_bundle("fraud", intercept=-5.0), place.home)
    keys = open_key_store(*place.store)
    _, text = keys.create("tests")
    keys.close()
    with client_of(place, text) as client:
        yield client


def decided(client: Client, **asked: object) -> str:
    answer = client.post("/v1/score", json=asked)
    assert answer.status_code == 200, answer.text
    said: str = answer.json()["decision_id"]
    return said


def stored(client: Client, *customers: str, **asked: object) -> list[str]:
    """Decisions about events that were sent before."""
    for customer in customers:
        batch = {"customer_id": customer, **BATCH, "observed": OBSERVED}
        assert client.post("/v1/events", json=batch).status_code == 200
    more = {"as_of": AS_OF, **asked}
    return [decided(client, customer_id=customer, **more) for customer in customers]


def record(
    place: ServingSettings,
    *decisions: Decision,
    documents: Mapping[str, str] | None = None,
) -> None:
    store = open_decision_store(*place.store)
    for decision in decisions:
        asyncio.run(store.record(decision, documents or {}))
    store.close()


def find(place: ServingSettings, decision_id: str) -> Decision:
    with closing(open_decision_reader(*place.store)) as reader:
        return reader.find(decision_id)


def erase_events(place: ServingSettings, customer_id: str) -> None:
    events = open_event_store(*place.store)
    asyncio.run(events.erase(Erasure(customer_id, 1, "k")))
    events.close()


def test_a_range_is_replayed_page_by_page_whatever_it_rests_on(
    asking: Client, place: ServingSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "_STEP", 2)
    made = [decided(asking, **EXAMPLE), *stored(asking, "a", "b", "c")]
    made += [decided(asking, **EXAMPLE)]
    erase_events(place, "b")
    found = list(replay_range(place))
    assert [one.decision_id for one in found] == made
    assert {one.result for one in found} == {"identical"}
    bases = ["request", "events", "features", "events", "request"]
    assert [one.basis for one in found] == bases
    of_one = list(replay_range(place, customer_id="c"))
    assert [one.decision_id for one in of_one] == [made[3]]
    second = find(place, made[1]).recorded_at
    third = find(place, made[2]).recorded_at
    within = list(replay_range(place, second, third))
    assert [one.decision_id for one in within] == [made[1]]


def test_what_is_not_identical_is_listed_with_why(
    asking: Client, place: ServingSettings, tmp_path: Path
) -> None:
    [of_events] = stored(asking, "a")
    plain = find(place, decided(asking, **EXAMPLE))
    old = find(place, of_events)
    assert old.inputs is not None
    other = json.loads(old.inputs)
    other["features"]["fraud"][0] = 77.0
    other["facts"]["open"] = 5
    versions = json.loads(plain.versions)
    bundle = versions["bundles"]["fraud"]["bundle_id"]
    gone = plain.versions.replace(bundle, "fraud-2020-01-01-00000000")
    answer = plain.answer.replace(b'"action":"', b'"action":"x')
    changes: dict[str, Any] = {
        "e1": {"versions": json.dumps(versions | {"forbear": "0.0.1"})},
        "e2": {"versions": gone},
        "e3": {"answer": answer},
        "e4": {"policy_hash": "none"},
    }
    record(
        place,
        *(changed(plain, name, **fields) for name, fields in changes.items()),
        changed(old, "e5", inputs=json.dumps(other)),
    )
    found = {one.decision_id: one for one in replay_range(place)}
    assert {name: found[name].result for name in [*changes, "e5"]} == {
        "e1": "other_release",
        "e2": "bundle_gone",
        "e3": "differs",
        "e4": "unknown_document",
        "e5": "differs",
    }
    assert {name for name, one in found.items() if one.is_identical} == {
        plain.decision_id,
        of_events,
    }
    assert "/action" in {one.path for one in found["e3"].differences}
    paths = {one.path for one in found["e5"].differences}
    feature = a_bundle("fraud").feature_set.names[0]
    assert {"/inputs/facts/open", f"/inputs/features/fraud/{feature}"} <= paths
    shutil.rmtree(place.home / "bundles")
    assert {one.result for one in replay_range(place)} == {
        "bundle_gone",
        "other_release",
    }


def test_another_release_may_have_come_to_the_same_action(
    asking: Client, place: ServingSettings
) -> None:
    """Its answers have other fields and sentences, so bytes are not compared."""
    plain = find(place, decided(asking, **EXAMPLE))
    former = json.dumps(json.loads(plain.versions) | {"forbear": "0.1.0"})
    answer = json.loads(plain.answer)
    del answer["permission"]["measures_in_force"]
    fewer = json.dumps(answer).encode()
    other = json.dumps(answer | {"action": "block"}).encode()
    record(
        place,
        changed(plain, "e1", versions=former, answer=fewer),
        changed(plain, "e2", versions=former, answer=other),
    )
    assert {one.result for one in replay_range(place)} == {"identical", "other_release"}
    assert decides_the_same(place, "e1")
    assert not decides_the_same(place, "e2")


def changed(decision: Decision, name: str, **fields: object) -> Decision:
    values = {key: getattr(decision, key) for key in Decision.__slots__}
    answer = decision.answer.replace(decision.decision_id.encode(), name.encode())
    own = {"decision_id": name, "idempotency_key": None, "answer": answer}
    changed_answer = fields.get("answer", answer)
    assert isinstance(changed_answer, bytes)
    named = changed_answer.replace(decision.decision_id.encode(), name.encode())
    return Decision(**values | own | fields | {"answer": named})


def test_a_decision_under_the_former_hash_of_its_policy_is_replayed_as_it_was(
    asking: Client, place: ServingSettings
) -> None:
    made = find(place, decided(asking, **EXAMPLE))
    policy, text = default_policy(), DEFAULT_POLICY.read_text()
    assert made.policy_hash == policy.hash != policy.full_hash
    before, now = policy.full_hash, made.policy_hash.encode()
    answer = made.answer.replace(now, before.encode())
    former = changed(made, "e1", policy_hash=before, answer=answer)
    record(place, former, documents={before: text})
    assert replay(place, "e1").is_identical
    assert replay(place, made.decision_id).is_identical


def test_an_altered_record_does_not_end_a_range(
    asking: Client, place: ServingSettings
) -> None:
    from store.opening import open_database

    altered, good = (decided(asking, **EXAMPLE) for _ in range(2))
    database = open_database(*place.store)
    with database.transaction():
        database.run(
            "UPDATE decisions SET sealed = ? WHERE decision_id = ?", b"x" * 80, altered
        )
    database.close()
    found = {one.decision_id: one.result for one in replay_range(place)}
    assert found == {altered: "decision_altered", good: "identical"}


def test_facts_and_features_stand_in_for_events_that_are_gone(
    asking: Client, place: ServingSettings
) -> None:
    [said] = stored(asking, "a", counterfactuals=True, explain="always")
    before = explain(place, said)
    erase_events(place, "a")
    again = replay(place, said)
    assert (again.basis, again.is_identical) == ("features", True)
    after = explain(place, said)
    assert after.reasons == before.reasons
    assert before.counterfactuals is not None
    assert after.counterfactuals is None


def test_without_events_and_features_it_is_said(
    asking: Client, place: ServingSettings
) -> None:
    """As recorded by builds that kept no features."""
    [said] = stored(asking, "a")
    record(place, changed(find(place, said), "e1", inputs=None))
    assert replay(place, "e1").is_identical
    erase_events(place, "a")
    with pytest.raises(EventsGoneError):
        replay(place, "e1")


def test_recorded_facts_and_features_give_the_bytes_of_the_events(
    client: Client, module_settings: ServingSettings
) -> None:
    """Whatever the history: what is recorded says all that decides."""
    reader = open_decision_reader(*module_settings.store)
    full = ReplayRun(module_settings, reader)
    bare = ReplayRun(module_settings, reader)
    bare._events = None

    @hypothesis_settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(history=histories())
    def agree(history: Sequence[tuple[str, Row]]) -> None:
        name = f"r{next(NUMBERS)}"
        rows = own_numbers(good_rows([*history, *paid_then_not("ann")]), name)
        observed = dict.fromkeys(OBSERVED, NOW.isoformat())
        batch = {"customer_id": name, "events": by_table(rows), "observed": observed}
        assert client.post("/v1/events", json=batch).status_code == 200
        as_of = {"customer_id": name, "as_of": NOW.isoformat(), "explain": "always"}
        decision = reader.find(decided(client, **as_of))
        for run, basis in ((full, "events"), (bare, "features")):
            again = run.replay(decision)
            assert (again.basis, again.differences) == (basis, ())
            assert again.answer == decision.answer

    agree()
    full.close()


def test_the_list_is_written_whole_in_either_form(tmp_path: Path) -> None:
    at = to_datetime(1)
    difference = Difference("/action", "none", "remind")
    rows = [
        RangeReplay("d1", at, at, "acme", "differs", "events", "why", (difference,)),
        RangeReplay("d2", at, at, "ö", "bundle_gone"),
    ]
    for form in ("json", "parquet"):
        file = tmp_path / f"list.{form}"
        with replay_list(file) as add:
            for row in rows:
                add(row)
        if form == "json":
            content = json.loads(file.read_text(encoding="utf-8"))
        else:
            content = pq.read_table(file).to_pylist()
            for row in content:
                row["differences"] = json.loads(row["differences"])
        assert [(row["decision_id"], row["result"]) for row in content] == [
            ("d1", "differs"),
            ("d2", "bundle_gone"),
        ]
        assert content[0]["differences"][0]["path"] == "/action"
        assert content[1]["basis"] is None
        assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(ZeroDivisionError), replay_list(tmp_path / "none.json"):
        raise ZeroDivisionError
    assert not (tmp_path / "none.json").exists()


def test_the_decisions_of_a_range_come_in_the_order_of_their_ids(
    place: ServingSettings,
) -> None:
    record(
        place,
        *(a_decision(n, customer_id="ab"[n % 2], recorded_at=n) for n in range(1, 8)),
    )
    with closing(open_decision_reader(*place.store)) as reader:
        page = reader.recorded(None, 2, 7, "", 3)
        assert [one.recorded_at for one in page] == [2, 3, 4]
        rest = reader.recorded(None, 2, 7, page[-1].decision_id, 3)
        assert [one.recorded_at for one in rest] == [5, 6]
        of_a = reader.recorded("a", 0, 100, "", 10)
        assert [one.recorded_at for one in of_a] == [2, 4, 6]
