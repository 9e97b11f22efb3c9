"""What people say of customers, what is known of them, and what is erased."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx import Client
from jsonschema import Draft202012Validator

from serving.settings import ServingSettings
from store.opening import open_event_reader, open_key_store

AT = "2026-05-01T06:00:00Z"
AS_OF = "2026-06-30T22:00:00Z"
CUSTOMER = {"event_at": "2024-03-01T09:00:00Z", "subject_kind": "legal_person"}
INVOICE = {"event_at": AT, "due_at": "2026-05-31", "amount": 100, "invoice_id": "1"}
TABLES = ("customers", "invoices", "payments", "disputes", "contacts", "holds")
OVERRIDE = {"customer_id": "acme", "action": "none", "reason": "spoke with them"}
OVERRIDE |= {"until": "2100-12-31", "event_at": "2026-06-01T10:00:00Z"}
LATER = "2100-01-01T00:00:00Z"

As = Callable[[str], dict[str, str]]


@pytest.fixture
def key_of(settings: ServingSettings) -> As:
    """The header of a key with a scope; the key is called Alice."""

    def made(scope: str) -> dict[str, str]:
        keys = open_key_store(settings.home)
        _, text = keys.create("Alice", scope)
        keys.close()
        return {"Authorization": f"Bearer {text}"}

    return made


@pytest.fixture
def acme(service: Client) -> Client:
    """A service that knows a customer with an invoice past due."""
    events = {"customers": [CUSTOMER], "invoices": [INVOICE]}
    body = {"customer_id": "acme", "events": events}
    observed = dict.fromkeys(TABLES, AS_OF)
    answer = service.post("/v1/events", json={**body, "observed": observed})
    assert answer.json()["accepted"] == 2
    return service


@pytest.fixture
def checked(service: Client) -> Callable[[str, Any], None]:
    """Validates answers against the OpenAPI document."""
    document = service.get("/openapi.json").json()

    def check(schema: str, value: object) -> None:
        named = {"$ref": f"#/components/schemas/{schema}"}
        components = {"components": document["components"]}
        Draft202012Validator(named | components).validate(value)

    return check


def score(service: Client, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    body = {"customer_id": "acme", "as_of": AS_OF, **asked}
    answer = service.post("/v1/score", json=body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


class TestWhatPeopleSay:
    def test_an_override_counts_from_the_next_question_on(
        self, acme: Client, key_of: As, settings: ServingSettings
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

    def test_a_last_day_ends_where_the_customers_are(
        self, acme: Client, key_of: As, settings: ServingSettings
    ) -> None:
        """Nobody states a timezone but the policy that ships."""
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
        self, acme: Client, key_of: As
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
        self, acme: Client, key_of: As
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
                assert answer.json()["errors"][0]["rule"] == "unknown_subscription"

    def test_an_outcome_bears_the_name_of_its_author(
        self, acme: Client, key_of: As, settings: ServingSettings
    ) -> None:
        said = {"customer_id": "acme", "kind": "fraud_cleared"}
        review = key_of("review")
        twice = [
            acme.post(
                "/v1/outcomes", json=said, headers=review | {"Idempotency-Key": "i"}
            )
            for _ in range(2)
        ]
        assert twice[0].json() == twice[1].json()
        assert [one.headers.get("Idempotent-Replay") for one in twice] == [None, "true"]
        reader = open_event_reader(settings.home)
        [row] = [r for r in reader.rows("acme", 99, 99) if r.table == "outcomes"]
        reader.close()
        assert '"source":"Alice"' in row.content
        assert f'"event_at":"{datetime.now(UTC):%Y-%m}' in row.content

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
        self, acme: Client, key_of: As, change: dict[str, str], code: str
    ) -> None:
        said = {**OVERRIDE, **change}
        answer = acme.post("/v1/overrides", json=said, headers=key_of("review"))
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    def test_what_is_yet_to_come_did_not_turn_out(
        self, acme: Client, key_of: As
    ) -> None:
        said = {"customer_id": "acme", "kind": "fraud", "event_at": LATER}
        answer = acme.post("/v1/outcomes", json=said, headers=key_of("review"))
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["rule"]) == ("/event_at", "in_the_future")

    @pytest.mark.parametrize(
        ("table", "content"),
        [("overrides", OVERRIDE), ("outcomes", {"kind": "fraud"})],
    )
    def test_today_is_now_and_counts_at_once(
        self,
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
        self, acme: Client, key_of: As, settings: ServingSettings
    ) -> None:
        body = {"customer_id": "acme", "kind": "fraud", "event_at": "2026-06-01"}
        answer = acme.post("/v1/outcomes", json=body, headers=key_of("review"))
        assert answer.status_code == 200, answer.text
        with closing(open_event_reader(settings.home)) as reader:
            [row] = [r for r in reader.rows("acme", 99, 99) if r.table == "outcomes"]
        assert json.loads(row.content)["event_at"] == "2026-06-01"

    def test_an_override_until_the_last_day_of_all_stands(
        self, acme: Client, key_of: As
    ) -> None:
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
        self, acme: Client, key_of: As, address: str, said: dict[str, str]
    ) -> None:
        nobody = {**said, "customer_id": "acne"}
        answer = acme.post(address, json=nobody, headers=key_of("review"))
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_customer")
        asked = acme.post("/v1/score", json={"customer_id": "acne"})
        assert asked.status_code == 404

    @pytest.mark.parametrize("address", ["/v1/overrides", "/v1/outcomes"])
    def test_only_people_say_so(self, acme: Client, address: str) -> None:
        answer = acme.post(address, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")

    def test_a_person_dismisses_a_rejected_row(self, acme: Client, key_of: As) -> None:
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


def test_a_parameter_that_is_refused_is_explained(acme: Client) -> None:
    [error] = acme.get("/v1/decisions?limit=0").json()["errors"]
    assert error["pointer"] == "/query/limit"
    assert error["message"] == "Input should be greater than or equal to 1"


def test_a_table_that_is_none_is_named_by_its_place(acme: Client) -> None:
    answer = acme.post("/v1/events", json={"events": {"guesses": [{}]}})
    [error] = answer.json()["errors"]
    assert error["pointer"] == "/events/guesses"
    assert error["message"].startswith("tables are access, ")


def test_a_key_that_sends_events_reads_nothing(acme: Client, key_of: As) -> None:
    headers = key_of("events")
    assert acme.post("/v1/events", json={}, headers=headers).status_code == 200
    for address in ("/v1/decisions", "/v1/customers/acme/timeline", "/v1/policy"):
        assert acme.get(address, headers=headers).status_code == 403
    assert acme.post("/v1/score", json={}, headers=headers).status_code == 403


class TestDecisions:
    def test_they_are_listed_page_by_page(
        self, acme: Client, checked: Callable[[str, Any], None]
    ) -> None:
        made = [score(acme)["decision_id"] for _ in range(5)]
        other = {"customer_id": "other", "events": {"customers": [CUSTOMER]}}
        acme.post("/v1/score", json=other)
        listed: list[str] = []
        before: str | None = None
        for size in (2, 2, 1):
            query = {"customer_id": "acme", "limit": "2"}
            query |= {} if before is None else {"before": before}
            page = acme.get("/v1/decisions", params=query).json()
            checked("DecisionList", page)
            assert len(page["decisions"]) == size
            listed += [one["decision_id"] for one in page["decisions"]]
            before = page["next"]
        assert before is None
        assert sorted(listed, reverse=True) == listed
        assert sorted(listed) == sorted(made)
        everybody = acme.get("/v1/decisions").json()["decisions"]
        assert {one["customer_id"] for one in everybody} == {"acme", "other"}

    def test_reasons_are_one_question_away(
        self, acme: Client, checked: Callable[[str, Any], None]
    ) -> None:
        early = "2026-05-10T22:00:00Z"  # before anything is due
        quiet = score(acme, as_of=early)
        explained = score(acme, as_of=early, explain="always")
        assert quiet["action"] == "none"
        assert quiet["reasons"] is None
        address = f"/v1/decisions/{quiet['decision_id']}/reasons"
        answer = acme.get(address)
        assert answer.status_code == 200, answer.text
        checked("Explanation", answer.json())
        assert answer.json()["reasons"] == explained["reasons"] != []
        assert answer.json()["counterfactuals"]["code"] == "not_needed"
        assert answer.json()["decision_id"] == quiet["decision_id"]
        assert acme.get("/v1/decisions/d0/reasons").status_code == 404


class TestTimeline:
    def test_rows_and_decisions_are_in_one_list(
        self, acme: Client, checked: Callable[[str, Any], None]
    ) -> None:
        made = score(acme)["decision_id"]
        bad = {**INVOICE, "invoice_id": "2", "event_at": "yesterday"}
        acme.post(
            "/v1/events", json={"customer_id": "acme", "events": {"invoices": [bad]}}
        )
        whole = acme.get("/v1/customers/acme/timeline").json()
        checked("Timeline", whole)
        assert [entry["at"] for entry in whole["entries"]] == [
            AS_OF,
            AT,
            CUSTOMER["event_at"],
            None,
        ]
        decision, invoice, _, rejected = whole["entries"]
        assert decision["decision"]["decision_id"] == made
        assert (invoice["table"], invoice["row"]) == ("invoices", INVOICE)
        assert not invoice["is_rejected"]
        assert rejected["is_rejected"]
        assert len(rejected["reject_id"]) == 32
        paged: list[Any] = []
        before: dict[str, str] = {}
        while True:
            page = acme.get(
                "/v1/customers/acme/timeline", params={"limit": "1", **before}
            ).json()
            paged += page["entries"]
            if page["next"] is None:
                break
            before = {"before": page["next"]}
        assert paged == whole["entries"]

    def test_of_whom_nothing_is_known_there_is_none(self, acme: Client) -> None:
        answer = acme.get("/v1/customers/nobody/timeline")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_customer")

    @pytest.mark.parametrize(
        "address", ["/v1/customers/acme/timeline", "/v1/decisions"]
    )
    def test_what_is_no_cursor_is_refused(self, acme: Client, address: str) -> None:
        answer = acme.get(f"{address}?before=x")
        assert answer.json()["errors"][0]["rule"] == "not_a_cursor"

    def test_a_customer_may_have_any_id(self, service: Client) -> None:
        body = {"customer_id": "a/b c", "events": {"customers": [CUSTOMER]}}
        assert service.post("/v1/events", json=body).status_code == 200
        answer = service.get("/v1/customers/a%2Fb%20c/timeline")
        assert answer.json()["customer_id"] == "a/b c"


class TestErasure:
    def test_an_erased_customer_is_gone(
        self, acme: Client, key_of: As, checked: Callable[[str, Any], None]
    ) -> None:
        acme.post(
            "/v1/events",
            json={
                "customer_id": "quiet",
                "events": {"customers": [CUSTOMER]},
                "observed": dict.fromkeys(TABLES, AS_OF),
            },
        )
        asked = {"customer_id": "quiet", "as_of": "2020-01-01T00:00:00Z"}
        made = acme.post("/v1/score", json=asked).json()
        answer = acme.delete("/v1/customers/quiet", headers=key_of("admin"))
        assert answer.status_code == 200, answer.text
        checked("ErasedCustomer", answer.json())
        assert answer.json()["n_decisions"] == 1
        assert answer.json()["n_events"] == 1
        assert acme.get(f"/v1/decisions/{made['decision_id']}").status_code == 404
        assert acme.get("/v1/customers/quiet/timeline").status_code == 404
        assert acme.post("/v1/score", json=asked).status_code == 404
        assert acme.get("/v1/customers/acme/timeline").status_code == 200

    def test_who_was_never_scored_is_erased_as_well(
        self, acme: Client, key_of: As
    ) -> None:
        answer = acme.delete("/v1/customers/acme", headers=key_of("admin"))
        assert answer.json()["n_events"] == 2
        assert acme.get("/v1/customers/acme/timeline").status_code == 404

    @pytest.mark.parametrize(
        ("table", "row", "why"),
        [
            pytest.param(
                "disputes",
                {"dispute_id": "d", "kind": "billing", "status": "opened"},
                "dispute",
                id="a dispute runs",
            ),
            pytest.param(
                "contacts", {"kind": "appeal_opened"}, "appeal", id="an appeal runs"
            ),
            pytest.param(
                "actions",
                {"action": "suspend", "reason": "nonpayment"},
                "access_off",
                id="access is off",
            ),
        ],
    )
    def test_what_goes_on_keeps_the_record(
        self, acme: Client, key_of: As, table: str, row: dict[str, str], why: str
    ) -> None:
        row = {**row, "event_at": datetime.now(UTC).isoformat()}
        body = {"customer_id": "acme", "events": {table: [row]}}
        assert acme.post("/v1/events", json=body).json()["accepted"] == 1
        answer = acme.delete("/v1/customers/acme", headers=key_of("admin"))
        assert (answer.status_code, answer.json()["code"]) == (409, "erasure_refused")
        assert why in {error["rule"] for error in answer.json()["errors"]}
        # it was never asked about, so no decision says so
        assert "at the last decision" not in answer.json()["detail"]
        assert acme.get("/v1/customers/acme/timeline").status_code == 200

    def test_what_the_policy_keeps_is_kept(self, acme: Client, key_of: As) -> None:
        score(acme, as_of=None)
        answer = acme.delete("/v1/customers/acme", headers=key_of("admin"))
        assert answer.status_code == 409
        assert [error["rule"] for error in answer.json()["errors"]] == ["retention"]

    def test_only_an_admin_erases(self, acme: Client, key_of: As) -> None:
        for scope in ("score", "events", "read", "review"):
            answer = acme.delete("/v1/customers/acme", headers=key_of(scope))
            assert answer.json()["code"] == "scope_missing"
