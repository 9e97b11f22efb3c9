"""What is known of customers, what was decided of them, and what is erased."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from httpx import Client

from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.acme import AS_OF, AT, CUSTOMER, INVOICE, OBSERVED, As, score


def test_a_parameter_that_is_refused_is_explained(acme: Client) -> None:
    [error] = acme.get("/v1/decisions?limit=0").json()["errors"]
    assert error["pointer"] == "/query/limit"
    assert error["message"] == "at least 1"


@pytest.mark.parametrize(
    "address",
    [
        "/v1/decisions?customer_id=a%00b",
        "/v1/decisions/a%00b",
        "/v1/decisions/a%00b/reasons",
        "/v1/customers/a%00b/timeline",
    ],
)
def test_an_address_with_what_no_store_can_keep_is_refused(
    acme: Client, address: str
) -> None:
    """PostgreSQL keeps no NUL; that is no reason to say that the store is away."""
    answer = acme.get(address)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


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

    @pytest.mark.parametrize("customer_id", ["a/b c", "a\nb", "a\r\n", "a/timeline"])
    def test_a_customer_may_have_any_id(
        self, service: Client, key_of: As, customer_id: str
    ) -> None:
        body = {"customer_id": customer_id, "events": {"customers": [CUSTOMER]}}
        assert service.post("/v1/events", json=body).status_code == 200
        address = f"/v1/customers/{quote(customer_id, safe='')}"
        answer = service.get(f"{address}/timeline")
        assert answer.json()["customer_id"] == customer_id
        erased = service.delete(address, headers=key_of("admin"))
        assert erased.json()["n_events"] == 1


class TestErasure:
    def test_an_erased_customer_is_gone(
        self, acme: Client, key_of: As, checked: Callable[[str, Any], None]
    ) -> None:
        acme.post(
            "/v1/events",
            json={
                "customer_id": "quiet",
                "events": {"customers": [CUSTOMER]},
                "observed": OBSERVED,
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

    def test_what_test_keys_decided_about_the_customer_goes_as_well(
        self, service: Client, settings: ServingSettings, key_of: As
    ) -> None:
        keys = open_key_store(settings.home)
        trying = {"Authorization": f"Bearer {keys.create('t', is_test=True)[1]}"}
        keys.close()
        sent = {"customer_id": "quiet", "events": {"customers": [CUSTOMER]}}
        service.post("/v1/events", json=sent)
        asked = {"customer_id": "quiet", "as_of": "2020-01-01T00:00:00Z"}
        made = service.post("/v1/score", json=asked, headers=trying).json()
        address = f"/v1/decisions/{made['decision_id']}"
        assert service.get(address, headers=trying).status_code == 200
        erased = service.delete("/v1/customers/quiet", headers=key_of("admin"))
        assert erased.json()["n_decisions"] == 1
        assert service.get(address, headers=trying).status_code == 404

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

    @pytest.mark.parametrize(
        "about", [{}, {"invoice_id": "unknown"}, {"payment_id": "unknown"}]
    )
    def test_a_dispute_about_what_is_not_on_record_keeps_it(
        self, acme: Client, key_of: As, about: dict[str, str]
    ) -> None:
        row = {
            "dispute_id": "d",
            "kind": "billing",
            "status": "opened",
            "event_at": datetime.now(UTC).isoformat(),
            **about,
        }
        events = {"customers": [CUSTOMER], "disputes": [row]}
        body = {"customer_id": "claims", "events": events}
        assert acme.post("/v1/events", json=body).status_code == 200
        answer = acme.delete("/v1/customers/claims", headers=key_of("admin"))
        assert answer.status_code == 409, answer.text
        assert [error["rule"] for error in answer.json()["errors"]] == ["dispute"]

    def test_what_the_policy_keeps_is_kept(self, acme: Client, key_of: As) -> None:
        score(acme, as_of=None)
        answer = acme.delete("/v1/customers/acme", headers=key_of("admin"))
        assert answer.status_code == 409
        assert [error["rule"] for error in answer.json()["errors"]] == ["retention"]
        detail = answer.json()["detail"]  # a score would make a record to be kept
        assert detail.endswith("ask again once that has ended, without a new score")

    def test_only_an_admin_erases(self, acme: Client, key_of: As) -> None:
        for scope in ("score", "events", "read", "review"):
            answer = acme.delete("/v1/customers/acme", headers=key_of(scope))
            assert answer.json()["code"] == "scope_missing"
