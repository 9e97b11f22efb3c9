"""What people say of customers: decisions of their own, outcomes, dismissals."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx import Client

from decisions import default_policy
from features.settings import PortfolioSettings
from serving.event_routes import zone_of_days
from serving.settings import ServingSettings
from store.opening import open_event_reader
from tests.serving.acme import AS_OF, CUSTOMER, INVOICE, As, score

OVERRIDE = {"customer_id": "acme", "action": "none", "reason": "spoke with them"}
OVERRIDE |= {"until": "2100-12-31", "event_at": "2026-06-01T10:00:00Z"}
LATER = "2100-01-01T00:00:00Z"


def test_an_override_counts_from_the_next_question_on(
    acme: Client, key_of: As, settings: ServingSettings
) -> None:
    before = score(acme)
    said = {**OVERRIDE, "decision_id": before["decision_id"]}
    answer = acme.post("/v1/overrides", json=said, headers=key_of("review"))
    assert answer.status_code == 200, answer.text
    after = score(acme)
    holds = {hold["kind"] for hold in after["permission"]["holds"]}
    assert "override" in holds
    assert before["permission"]["holds"] == []
    reader = open_event_reader(settings.home)
    [row] = [r for r in reader.rows("acme", 99, 99) if r.table == "overrides"]
    reader.close()
    assert '"by":"Alice"' in row.content


def test_days_that_people_type_end_where_the_policy_ends_days() -> None:
    """The portfolio's timezone says what its own rows mean, and nothing more."""
    policy = default_policy()
    there: Any = SimpleNamespace(
        policy=policy, settings=PortfolioSettings(name="x", timezone="Asia/Tokyo")
    )
    assert zone_of_days(there) == policy.latest.zone


def test_a_last_day_ends_where_the_policy_ends_it(
    acme: Client, key_of: As, settings: ServingSettings
) -> None:
    said = {**OVERRIDE, "until": "2100-07-31"}
    answer = acme.post("/v1/overrides", json=said, headers=key_of("review"))
    [note] = answer.json()["warnings"]
    assert note.endswith("Europe/Brussels")
    assert note.startswith("last_day: it stands until the end of 2100-07-31 in ")
    zone = ZoneInfo(note.rpartition(" ")[2])
    with closing(open_event_reader(settings.home)) as reader:
        [row] = [r for r in reader.rows("acme", 99, 99) if r.table == "overrides"]
    until = datetime.fromisoformat(json.loads(row.content)["until"])
    assert str(until.astimezone(zone)).startswith("2100-07-31 23:59:59.999999")


def test_an_override_is_about_a_decision_of_its_customer(
    acme: Client, key_of: As
) -> None:
    other = acme.post(
        "/v1/score",
        json={"customer_id": "other", "events": {"customers": [CUSTOMER]}},
    ).json()["decision_id"]
    for decision_id, status in (("nothing", 404), (other, 422)):
        said = {**OVERRIDE, "decision_id": decision_id}
        answer = acme.post("/v1/overrides", json=said, headers=key_of("review"))
        assert answer.status_code == status


def test_an_override_is_about_a_subscription_of_its_customer(
    acme: Client, key_of: As
) -> None:
    """A mistyped id would bind nothing, and whoever gave the order not know it."""
    subscription = {"customer_id": "acme", "event_at": AS_OF}
    rows = [{**subscription, "subscription_id": "s1", "kind": "started"}]
    body = {"customer_id": "acme", "events": {"subscriptions": rows}}
    assert acme.post("/v1/events", json=body).json()["accepted"] == 1
    for subscription_id, status in (("s2", 422), ("s2", 422), ("s1", 200)):
        said = {**OVERRIDE, "subscription_id": subscription_id}
        answer = acme.post("/v1/overrides", json=said, headers=key_of("review"))
        assert answer.status_code == status, answer.text
        if status == 422:
            (error,) = answer.json()["errors"]
            assert error["rule"] == "unknown_subscription"
            assert "names the subscription" in error["message"]


def test_an_override_may_name_a_subscription_told_as_a_number_beside_what_is_none(
    acme: Client, key_of: As
) -> None:
    row = {"event_at": AS_OF, "kind": "started"}
    rows = [{**row, "subscription_id": told} for told in (["s1"], {"id": 1}, 17, True)]
    body = {"customer_id": "acme", "events": {"subscriptions": rows}}
    assert acme.post("/v1/events", json=body).json()["accepted"] == 1
    for subscription_id, status in (("17", 200), ("s1", 422)):
        said = {**OVERRIDE, "subscription_id": subscription_id}
        answer = acme.post("/v1/overrides", json=said, headers=key_of("review"))
        assert answer.status_code == status, answer.text


def test_an_outcome_bears_the_name_of_its_author(
    acme: Client, key_of: As, settings: ServingSettings
) -> None:
    said = {"customer_id": "acme", "kind": "fraud_cleared"}
    review = key_of("review")
    twice = [
        acme.post("/v1/outcomes", json=said, headers=review | {"Idempotency-Key": "i"})
        for _ in range(2)
    ]
    assert twice[0].json() == twice[1].json()
    assert [one.headers.get("Idempotent-Replay") for one in twice] == [None, "true"]
    reader = open_event_reader(settings.home)
    [row] = [r for r in reader.rows("acme", 99, 99) if r.table == "outcomes"]
    reader.close()
    assert '"source":"Alice"' in row.content
    assert f'"event_at":"{datetime.now(UTC):%Y-%m}' in row.content


def test_an_outcome_counts_though_nobody_vouches_for_outcomes(
    acme: Client, key_of: As
) -> None:
    asked = [score(acme)]
    for kind, day in (("fraud", "2026-06-01"), ("fraud_cleared", "2026-06-05")):
        said = {"customer_id": "acme", "kind": kind, "event_at": f"{day}T10:00:00Z"}
        answer = acme.post("/v1/outcomes", json=said, headers=key_of("review"))
        assert answer.status_code == 200, answer.text
        asked.append(score(acme))
    raised_by = [one["permission"]["raised_by"] for one in asked]
    assert raised_by == ["first_invoice", "confirmed_fraud", "first_invoice"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"by": "somebody else"}, "invalid_request", id="by another"),
        pytest.param({"action": "ban"}, "invalid_request", id="no such action"),
        pytest.param({"reason": " "}, "invalid_request", id="no reason"),
        pytest.param({"customer_id": "a\0"}, "invalid_request", id="no id"),
        pytest.param({"until": "soon"}, "invalid_rows", id="no moment"),
        pytest.param({"event_at": "2026-06-01T10:00"}, "invalid_rows", id="naive"),
        pytest.param({"until": "2026-06-02"}, "invalid_request", id="it is over"),
        pytest.param({"event_at": LATER}, "invalid_request", id="to be decided"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    acme: Client, key_of: As, change: dict[str, str], code: str
) -> None:
    said = {**OVERRIDE, **change}
    answer = acme.post("/v1/overrides", json=said, headers=key_of("review"))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_what_is_yet_to_come_did_not_turn_out(acme: Client, key_of: As) -> None:
    said = {"customer_id": "acme", "kind": "fraud", "event_at": LATER}
    answer = acme.post("/v1/outcomes", json=said, headers=key_of("review"))
    [error] = answer.json()["errors"]
    assert (error["pointer"], error["rule"]) == ("/event_at", "in_the_future")


@pytest.mark.parametrize(
    ("table", "content"),
    [("overrides", OVERRIDE), ("outcomes", {"kind": "fraud"})],
)
def test_today_is_now_and_counts_at_once(
    acme: Client,
    key_of: As,
    settings: ServingSettings,
    table: str,
    content: dict[str, str],
) -> None:
    today = datetime.now(ZoneInfo("Europe/Brussels")).date().isoformat()
    body = {**content, "customer_id": "acme", "event_at": today}
    answer = acme.post(f"/v1/{table}", json=body, headers=key_of("review"))
    assert answer.status_code == 200, answer.text
    with closing(open_event_reader(settings.home)) as reader:
        [row] = [r for r in reader.rows("acme", 99, 99) if r.table == table]
    event_at = datetime.fromisoformat(json.loads(row.content)["event_at"])
    assert timedelta(0) <= datetime.now(UTC) - event_at < timedelta(minutes=5)
    body["event_at"] = "2100-01-01"
    refused = acme.post(f"/v1/{table}", json=body, headers=key_of("review"))
    assert refused.json()["errors"][0]["rule"] == "in_the_future"


def test_a_day_that_is_over_is_kept_as_it_was_sent(
    acme: Client, key_of: As, settings: ServingSettings
) -> None:
    body = {"customer_id": "acme", "kind": "fraud", "event_at": "2026-06-01"}
    answer = acme.post("/v1/outcomes", json=body, headers=key_of("review"))
    assert answer.status_code == 200, answer.text
    with closing(open_event_reader(settings.home)) as reader:
        [row] = [r for r in reader.rows("acme", 99, 99) if r.table == "outcomes"]
    assert json.loads(row.content)["event_at"] == "2026-06-01"


def test_an_override_until_the_last_day_of_all_stands(acme: Client, key_of: As) -> None:
    body = {**OVERRIDE, "until": "9999-12-31"}
    answer = acme.post("/v1/overrides", json=body, headers=key_of("review"))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/v1/overrides", OVERRIDE),
        ("/v1/outcomes", {"kind": "fraud"}),
    ],
)
def test_nobody_is_made_by_what_a_person_says(
    acme: Client, key_of: As, address: str, said: dict[str, str]
) -> None:
    nobody = {**said, "customer_id": "acne"}
    answer = acme.post(address, json=nobody, headers=key_of("review"))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_customer")
    asked = acme.post("/v1/score", json={"customer_id": "acne"})
    assert asked.status_code == 404


@pytest.mark.parametrize("address", ["/v1/overrides", "/v1/outcomes"])
def test_only_people_say_so(acme: Client, address: str) -> None:
    answer = acme.post(address, json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_a_person_dismisses_a_rejected_row(acme: Client, key_of: As) -> None:
    bad = {**INVOICE, "invoice_id": "2", "due_at": 1}
    body = {"customer_id": "acme", "events": {"invoices": [bad]}}
    [error] = acme.post("/v1/events", json=body).json()["errors"]
    assert score(acme)["no_decision"]["code"] == "incomplete_data"
    address, review = "/v1/customers/acme/dismissals", key_of("review")
    said = {"reject_ids": [error["reject_id"]]}
    assert acme.post(address, json=said).json()["code"] == "scope_missing"
    answer = acme.post(address, json=said, headers=review)
    assert answer.status_code == 200, answer.text
    after = score(acme)
    assert after["no_decision"] is None
    assert after["warnings"] == []
    answer = acme.post(address, json={"reject_ids": ["x"]}, headers=review)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    answer = acme.post("/v1/customers/b/dismissals", json=said, headers=review)
    assert answer.status_code == 422
