"""Batches and portfolios: one answer each, whatever is wrong with the others."""

import json
import re
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
from httpx import Client
from jsonschema import Draft202012Validator

from serving.settings import ServingSettings
from store.opening import open_decision_reader

AT = "2026-05-01T06:00:00Z"
AS_OF = "2026-06-30T22:00:00Z"
CUSTOMER = {"event_at": "2024-03-01T09:00:00Z", "subject_kind": "legal_person"}
INVOICE = {"event_at": AT, "due_at": "2026-05-31", "amount": 100, "invoice_id": "1"}
TABLES = ("customers", "invoices", "payments", "disputes", "contacts", "holds")


@pytest.fixture
def stored(service: Client) -> list[str]:
    """Customers of whom events are stored."""
    names = [f"c{n}" for n in range(7)]
    events = {
        "customers": [{**CUSTOMER, "customer_id": name} for name in names],
        "invoices": [{**INVOICE, "customer_id": n, "invoice_id": n} for n in names],
    }
    body = {"events": events, "observed": dict.fromkeys(TABLES, AS_OF)}
    assert service.post("/v1/events", json=body).json()["accepted"] == 14
    return names


def batch(service: Client, requests: list[Any], **headers: str) -> list[dict[str, Any]]:
    answer = service.post(
        "/v1/score/batch",
        json={"requests": requests},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    assert answer.status_code == 200, answer.text
    document = service.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/BatchAnswer"}
    components = {"components": document["components"]}
    Draft202012Validator(schema | components).validate(answer.json())
    answers: list[dict[str, Any]] = answer.json()["answers"]
    return answers


def test_each_request_is_answered_on_its_own(
    service: Client, stored: list[str], asked: dict[str, Any]
) -> None:
    bad = deepcopy(asked)
    bad["events"]["invoices"][0]["amount"] = -1
    requests: list[Any] = [
        *({"customer_id": name, "as_of": AS_OF} for name in stored),
        {"customer_id": "nobody"},
        asked,
        bad,
        7,
        {"customer_id": "c0", "as_of": "2090-01-01T00:00:00Z"},
    ]
    answers = batch(service, requests)
    assert [a["status"] for a in answers] == [200] * 7 + [404, 200, 422, 422, 422]
    assert [a["customer_id"] for a in answers[:8]] == [*stored, "nobody"]
    assert answers[10]["customer_id"] is None
    codes = [a["problem"]["code"] for a in answers if a["status"] != 200]
    assert codes == [
        "unknown_customer",
        "invalid_rows",
        "invalid_request",
        "as_of_in_future",
    ]
    for answer in answers[:7]:
        decision = answer["decision"]
        recorded = service.get(f"/v1/decisions/{decision['decision_id']}")
        assert recorded.json() == decision


def test_problems_of_many_are_counted_by_their_code(
    service: Client, stored: list[str]
) -> None:
    """The request itself is answered with 200, so no status tells of them."""

    def counted() -> dict[str, float]:
        found = re.findall(
            r'^forbear_item_problems_total{code="(.+)"} (.+)$',
            service.get("/metrics").text,
            re.MULTILINE,
        )
        return {code: float(n) for code, n in found}

    assert counted()["decision_store_unavailable"] == 0  # there from the start
    batch(service, [{"customer_id": "nobody"}, {"customer_id": "c0"}, 7, 8])
    told = {code: n for code, n in counted().items() if n}
    assert told == {"unknown_customer": 1, "invalid_request": 2}


def test_a_batch_sent_again_is_decided_once(
    service: Client, stored: list[str], settings: ServingSettings
) -> None:
    requests = [{"customer_id": name} for name in (*stored, "late")]
    first = batch(service, requests, Idempotency_Key="night")
    late = {"customer_id": "late", "events": {"customers": [CUSTOMER]}}
    assert service.post("/v1/events", json=late).status_code == 200
    again = batch(service, requests, Idempotency_Key="night")
    assert again[:7] == first[:7]
    assert (first[7]["status"], again[7]["status"]) == (404, 200)
    other = [{"customer_id": "c1"}, {"customer_id": "c1"}]
    answers = batch(service, other, Idempotency_Key="night")
    assert [a["status"] for a in answers] == [409, 200]
    reader = open_decision_reader(settings.home)
    kept = reader.find(first[0]["decision"]["decision_id"])
    assert json.loads(kept.request) == {"customer_id": "c0"}
    reader.close()


def test_a_batch_says_whether_all_of_it_was_decided_before(
    service: Client, stored: list[str]
) -> None:
    def replayed(*names: str) -> str | None:
        requests = {"requests": [{"customer_id": name} for name in names]}
        headers = {"Idempotency-Key": "night"}
        answer = service.post("/v1/score/batch", json=requests, headers=headers)
        told: str | None = answer.headers.get("Idempotent-Replay")
        return told

    assert replayed("c0") is None
    assert replayed("c0", "c1") is None  # one is new
    assert replayed("c0", "c1") == "true"
    assert replayed("nobody") is None  # no decision at all


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="no object"),
        pytest.param({}, id="no requests"),
        pytest.param({"requests": []}, id="none"),
        pytest.param({"requests": {}}, id="no list"),
        pytest.param({"requests": [{}] * 1_001}, id="too many"),
        pytest.param({"requests": [{}], "as_of": AT}, id="something else"),
    ],
)
def test_a_batch_of_another_form_is_refused(service: Client, body: object) -> None:
    answer = service.post("/v1/score/batch", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def portfolio(service: Client, **asked: str) -> list[dict[str, Any]]:
    answer = service.post("/v1/score/portfolio", json=asked)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_portfolio_is_answered_line_by_line(
    service: Client, stored: list[str]
) -> None:
    *lines, end = portfolio(service, as_of=AS_OF, language="de")
    assert [line["customer_id"] for line in lines] == stored
    assert {line["decision"]["language"] for line in lines} == {"de"}
    assert {line["decision"]["as_of"] for line in lines} == {AS_OF}
    assert end == {"end": True, "n_customers": 7, "n_problems": 0, "n_repeated": 0}
    *rest, end = portfolio(service, as_of=AS_OF, after="c4")
    assert [line["customer_id"] for line in rest] == ["c5", "c6"]
    assert end["n_customers"] == 2
    document = service.get("/openapi.json").json()
    path = document["paths"]["/v1/score/portfolio"]["post"]["responses"]["200"]
    schema = path["content"]["application/x-ndjson"]["schema"]
    checker = Draft202012Validator(schema | {"components": document["components"]})
    for line in (*lines, end):
        checker.validate(line)


def test_a_portfolio_sent_again_gets_the_decisions_that_were_made(
    service: Client, stored: list[str]
) -> None:
    headers = {"Idempotency-Key": "night"}
    streams = []
    for _ in range(2):
        body = {"as_of": AS_OF}
        answer = service.post("/v1/score/portfolio", json=body, headers=headers)
        streams.append([json.loads(line) for line in answer.text.splitlines()])
    first, again = streams
    assert again[:-1] == first[:-1]
    assert (first[-1]["n_repeated"], again[-1]["n_repeated"]) == (0, 7)
    refused = service.post("/v1/score/portfolio", json={}, headers=headers)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["rule"]) == ("/as_of", "missing")
    assert error["message"] == refused.json()["detail"]


def test_all_of_a_portfolio_are_scored_for_one_moment(
    service: Client, stored: list[str]
) -> None:
    *lines, _ = portfolio(service)
    assert len({line["decision"]["as_of"] for line in lines}) == 1


def test_who_cannot_be_scored_is_counted(
    service: Client, stored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.stored_customers.MOST_ROWS", 2)
    more = {"invoices": [{**INVOICE, "customer_id": "c3", "invoice_id": "2"}]}
    assert service.post("/v1/events", json={"events": more}).status_code == 200
    *lines, end = portfolio(service, as_of=AS_OF)
    assert Counter(line["status"] for line in lines) == {200: 6, 422: 1}
    assert end == {"end": True, "n_customers": 7, "n_problems": 1, "n_repeated": 0}


def test_the_future_is_refused_before_the_stream_begins(service: Client) -> None:
    body = {"as_of": "2090-01-01T00:00:00Z"}
    answer = service.post("/v1/score/portfolio", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "as_of_in_future")
