"""What a key may do, for whom, how often, and what is written down about it."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from httpx import Client, Response

from serving.replay import replay
from serving.settings import ServingSettings
from store.access_log import FILE
from store.keys import SCOPES, KeyStore
from store.opening import open_decision_reader, open_key_store

Asked = dict[str, Any]
Headers = dict[str, str]
MakeKey = Callable[..., Headers]


@pytest.fixture
def keys(module_settings: ServingSettings) -> Iterator[KeyStore]:
    store = open_key_store(*module_settings.store)
    yield store
    store.close()


@pytest.fixture
def key(client: Client, keys: KeyStore) -> MakeKey:
    def make(scope: str = "score", **terms: Any) -> Headers:  # noqa: ANN401 - passed on
        return {"Authorization": f"Bearer {keys.create('tests', scope, **terms)[1]}"}

    return make


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


ADDRESSES = {
    "score": ("POST", "/v1/score"),
    "events": ("POST", "/v1/events"),
    "read": ("GET", "/v1/policy"),
    "audit": ("GET", "/v1/access-log"),
}
GRANTED = {
    "score": {"score", "events", "read"},
    "events": {"events"},
    "read": {"read"},
    "review": {"read"},
    "audit": {"read", "audit"},
    "admin": {"score", "events", "read", "audit"},
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_its_addresses_and_no_other(
    client: Client, key: MakeKey, scope: str
) -> None:
    headers = key(scope)
    may = {
        name
        for name, (method, address) in ADDRESSES.items()
        if client.request(method, address, headers=headers).status_code != 403
    }
    assert may == GRANTED[scope]


def test_a_rotated_key_is_good_with_both_secrets(
    client: Client, keys: KeyStore
) -> None:
    made, first = keys.create("rotated", "read")
    _, second = keys.rotate(made.key_id, timedelta(hours=1))
    for text in (first, second):
        headers = {"Authorization": f"Bearer {text}"}
        assert client.get("/v1/policy", headers=headers).status_code == 200


def test_a_key_for_some_customers_neither_scores_nor_reads_others(
    client: Client, key: MakeKey, asked: Asked
) -> None:
    north = key(customers="north-")
    theirs = client.post("/v1/score", json={**asked, "customer_id": "south-1"}).json()
    refused = client.post(
        "/v1/score", json={**asked, "customer_id": "south-1"}, headers=north
    )
    assert refusal(refused) == (403, "customer_out_of_reach")
    decided = {**asked, "customer_id": "north-1"}
    own = client.post("/v1/score", json=decided, headers=north).json()["decision_id"]
    assert client.get(f"/v1/decisions/{own}", headers=north).status_code == 200
    hidden = client.get(f"/v1/decisions/{theirs['decision_id']}", headers=north)
    assert refusal(hidden) == (404, "unknown_decision")
    listed = client.get("/v1/decisions?limit=500", headers=north).json()["decisions"]
    assert {one["customer_id"] for one in listed} == {"north-1"}
    everybody = client.get("/v1/decisions?limit=500").json()["decisions"]
    assert {"north-1", "south-1"} <= {one["customer_id"] for one in everybody}
    other = client.get("/v1/decisions?customer_id=south-1", headers=north)
    assert refusal(other) == (403, "customer_out_of_reach")


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param(
            {
                "customer_id": "south-1",
                "observed": {"payments": "2026-01-01T00:00:00Z"},
            },
            id="a table of one",
        ),
        pytest.param(
            {"observed": {"payments": "2026-01-01T00:00:00Z"}}, id="a table of all"
        ),
        pytest.param(
            {"customer_id": "south-1", "events": {"customers": [{}]}}, id="a bad row"
        ),
        pytest.param(
            {
                "customer_id": "north-1",
                "events": {"customers": [{"customer_id": "south-1"}]},
            },
            id="a row that names another",
        ),
    ],
)
def test_a_key_for_some_customers_sends_nothing_about_others(
    client: Client, key: MakeKey, batch: dict[str, Any]
) -> None:
    refused = client.post("/v1/events", json=batch, headers=key(customers="north-"))
    assert refusal(refused) == (403, "customer_out_of_reach")


def test_decisions_of_a_test_key_are_apart_and_replay(
    client: Client, key: MakeKey, asked: Asked, module_settings: ServingSettings
) -> None:
    trying = key(is_test=True)
    said = client.post("/v1/score", json=asked, headers=trying).json()
    address = f"/v1/decisions/{said['decision_id']}"
    assert client.get(address, headers=trying).json() == said
    assert refusal(client.get(address)) == (404, "unknown_decision")
    real = open_decision_reader(*module_settings.store)
    before = real.last_slot_id()
    asked["events"]["alerts"] = [
        {
            "alert_id": f"a{n}",
            "kind": "credential_leak",
            "event_at": "2026-06-30T10:00:00Z",
        }
        for n in range(3)
    ]
    acted = client.post("/v1/score", json=asked, headers=trying).json()
    assert acted["action"] not in (None, "none", "remind")
    assert real.last_slot_id() == before
    real.close()
    assert replay(module_settings, acted["decision_id"]).is_identical
    sent = client.post("/v1/events", json={"events": {}}, headers=trying)
    assert refusal(sent) == (403, "test_key")


def test_a_key_sends_no_more_than_its_rate(client: Client, key: MakeKey) -> None:
    few, many = key("read", rate_limit="3/hour"), key("read")
    seen = [client.get("/v1/policy", headers=few) for _ in range(5)]
    assert [one.status_code for one in seen] == [200, 200, 200, 429, 429]
    assert seen[-1].json()["code"] == "rate_limited"
    assert 3_000 < int(seen[-1].headers["retry-after"]) <= 3_600
    assert client.get("/v1/policy", headers=many).status_code == 200


def test_who_reads_a_decision_is_written_down_and_read_by_auditors(
    client: Client, key: MakeKey, asked: Asked, module_settings: ServingSettings
) -> None:
    asked["customer_id"] = "whose-name-is-private"
    decision_id = client.post("/v1/score", json=asked).json()["decision_id"]
    auditor = key("audit")
    client.get(f"/v1/decisions/{decision_id}", headers=auditor)
    said = client.get("/v1/access-log?limit=1", headers=auditor).json()
    [entry] = said["entries"]
    client.get(f"/v1/access-log?before={said['next']}", headers=auditor)
    for wrong in ("limit=0", "limit=501", "limit=x", "before=x"):
        answer = client.get(f"/v1/access-log?{wrong}", headers=auditor)
        assert refusal(answer) == (422, "invalid_request")
    client.get("/v1/customers/somebody-else/timeline", headers=auditor)
    client.get("/v1/customers/whose-name-is-private/timeline", headers=auditor)
    about = "/v1/access-log?customer_id=whose-name-is-private"
    named = client.get(about, headers=auditor).json()["entries"]
    assert [one["what"] for one in named] == [
        "GET /v1/customers/{customer_id}/timeline",
        "GET /v1/decisions/{decision_id}",
    ]
    bounded = client.get(about, headers=key("audit", customers="eu-"))
    assert refusal(bounded) == (403, "customer_out_of_reach")
    assert entry["what"] == "GET /v1/decisions/{decision_id}"
    assert entry["subject"] == decision_id
    assert entry["key_id"] == auditor["Authorization"].split("_")[1]
    file = module_settings.home / FILE
    assert "private" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


def test_no_key_is_in_the_log(
    client: Client, key: MakeKey, asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good = key()
    wrong = {"Authorization": good["Authorization"][:-8] + "feedface"}
    for headers in (good, wrong, key("events")):
        client.post("/v1/score", json=asked, headers=headers)
    mine = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    logged = "".join(record.getMessage() for record in mine)
    for headers in (good, wrong):
        assert headers["Authorization"].split("_")[2] not in logged
