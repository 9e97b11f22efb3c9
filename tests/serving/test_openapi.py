"""The OpenAPI document and its page: strict tools accept it, no other host is asked."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

OPEN = ("/healthz", "/readyz", "/metrics")


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def test_a_validator_accepts_it(document: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_names_where_the_service_is(document: dict[str, Any]) -> None:
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_it_says_under_which_license_it_may_be_used(document: dict[str, Any]) -> None:
    assert document["info"]["license"]["identifier"] == "Apache-2.0"


def test_each_operation_says_how_a_wrong_request_is_refused(
    document: dict[str, Any],
) -> None:
    """Also those that are open: headers may be too large for each."""
    silent = [
        path
        for path, operation in operations(document)
        if not any(status.startswith("4") for status in operation["responses"])
    ]
    assert silent == []


def test_names_of_components_are_names(document: dict[str, Any]) -> None:
    names = [n for group in document["components"].values() for n in group]
    assert [n for n in names if not re.fullmatch(r"[A-Za-z0-9._-]+", n)] == []


def test_each_operation_says_whether_it_asks_for_a_key(
    document: dict[str, Any],
) -> None:
    stated = {path: op["security"] for path, op in operations(document)}
    asked = {path: [*scheme] for path, schemes in stated.items() for scheme in schemes}
    assert stated.keys() - asked.keys() == set(OPEN)
    assert all(schemes == ["ApiKey"] for schemes in asked.values())


def test_each_operation_has_a_name_of_its_own_a_summary_and_a_tag(
    document: dict[str, Any],
) -> None:
    found = [operation for _, operation in operations(document)]
    ids = [operation["operationId"] for operation in found]
    assert len(set(ids)) == len(ids)
    assert {"score", "take_events", "read_decision"} <= set(ids)
    for operation in found:
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]


def test_a_problem_has_the_media_type_it_is_sent_as(
    document: dict[str, Any], client: Client
) -> None:
    sent = client.post("/v1/score", content="{").headers["content-type"]
    for _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                [(media_type, content)] = answer["content"].items()
                assert media_type == sent
                assert content["schema"]["$ref"].endswith("/Problem")


def test_bodies_are_components(document: dict[str, Any]) -> None:
    bodies = {
        media["schema"]["$ref"].rpartition("/")[2]
        for _, operation in operations(document)
        for media in operation.get("requestBody", {}).get("content", {}).values()
    }
    assert {"ScoreRequest", "BatchRequest", "EventsRequest"} <= bodies
    batch = document["components"]["schemas"]["BatchRequest"]
    one = batch["properties"]["requests"]["items"]
    assert one == {"$ref": "#/components/schemas/ScoreRequest"}


def test_its_page_loads_nothing_from_another_host(client: Client) -> None:
    page = client.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert loaded
    for address in loaded:
        assert address.startswith("/docs/assets/")
        assert client.get(address).status_code == 200
    assert "https://" not in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert client.get("/docs/assets/nothing.js").json()["code"] == "not_found"


@pytest.mark.parametrize("address", ["/healthz", "/v1/policy", "/nowhere"])
def test_a_browser_may_load_and_run_nothing(client: Client, address: str) -> None:
    policy = client.get(address).headers.get_list("content-security-policy")
    assert policy == ["default-src 'none'; frame-ancestors 'none'"]


@pytest.mark.parametrize(
    "part",
    [
        *("Question", "Proposal", "PermissionInWords", "People", "FollowUp"),
        *("FraudPause", "ContractEnd", "Score"),
    ],
)
def test_each_field_of_the_answers_parts_is_described(
    document: dict[str, Any], part: str
) -> None:
    schema = document["components"]["schemas"][part]
    assert "Args" not in schema["description"]
    fields = schema["properties"].items()
    assert [name for name, field in fields if not field.get("description")] == []
