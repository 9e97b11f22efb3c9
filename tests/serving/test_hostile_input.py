"""Whatever is sent, the service answers, with a problem of its own where it refuses.

The short form is part of `make test`; `make test-long` tries 100,000 inputs and more.
"""

import json
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from httpx import Client, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok

from serving.errors import KINDS
from serving.openapi import EXAMPLE
from serving.settings import ServingSettings
from store.opening import open_key_store

JsonValue = Any
KNOWN = frozenset({"method", "url", "params", "json", "content"})
SHORT, LONG = 60, 50_000
LONG_OF_DOCUMENT = 10_000  # 50,000 such requests did not end in 90 minutes
FORMS = [
    pytest.param(SHORT, id="short"),
    pytest.param(LONG, id="long", marks=pytest.mark.long),
]
QUIET = tuple(HealthCheck)

ODD_NUMBERS = st.sampled_from(
    [0, -1, 1e308, -1e308, 5e-324, 2**63, -(2**63) - 1, 10**400, 0.1 + 0.2]
)
ODD_TEXTS = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "\ud800",
        "9999-12-31",
        "0001-01-01",
        "0002-01-01T00:00:00Z",
        "2026-02-30",
        "2026-06-30T22:00:00",
        "NaN",
        "1e400",
        "1" * 5_000 + "x",
        "２０２６-06-30",
        "'; DROP TABLE decisions; --",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "../../../etc/passwd",
        "\u202eabc",
    ]
)
ATOMS = (
    st.none()
    | st.booleans()
    | ODD_NUMBERS
    | ODD_TEXTS
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20)
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | ODD_TEXTS, inner, max_size=4)
    ),
    max_leaves=8,
)


def places(value: JsonValue, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be changed."""
    found = [path] if path else []
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, child in children:
        found += places(child, (*path, name))
    return found


@st.composite
def damaged_requests(draw: st.DrawFn) -> JsonValue:
    """The request of the docs, with something in it changed, removed or doubled."""
    body = deepcopy(EXAMPLE)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(places(body)))
        parent = body
        for name in at[:-1]:
            parent = parent[name]
        match draw(st.sampled_from(["change", "remove", "double"])):
            case "change":
                parent[at[-1]] = draw(VALUES)
            case "remove":
                del parent[at[-1]]
            case "double" if isinstance(parent, list):
                parent.append(deepcopy(parent[at[-1]]))
            case _:
                parent[draw(st.text(max_size=8))] = draw(VALUES)  # a new column
        if not places(body):
            break
    return body


def written(value: JsonValue) -> bytes:
    return json.dumps(value).encode(errors="surrogatepass")


BODIES = (
    damaged_requests().map(written)
    | VALUES.map(written)
    | st.binary(max_size=200)
    | st.integers(1, 3_000).map(lambda depth: b'{"events":' + b"[" * depth)
)


def require_an_answer(answer: Response) -> None:
    """Decided, or refused by a code of ours; never broken."""
    if answer.status_code == 200:
        answer.json()
        return
    assert answer.status_code != 500, answer.text
    said = answer.json()
    assert said["code"] in KINDS
    assert KINDS[said["code"]].status == answer.status_code


@pytest.mark.slow
@pytest.mark.parametrize("n_inputs", FORMS)
@pytest.mark.parametrize("address", ["/v1/score", "/v1/events", "/v1/score/batch"])
def test_no_body_breaks_it(client: Client, address: str, n_inputs: int) -> None:
    @settings(max_examples=n_inputs, deadline=None, suppress_health_check=QUIET)
    @given(body=BODIES)
    def ask(body: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        require_an_answer(client.post(address, content=body, headers=headers))

    ask()


@pytest.mark.slow
@pytest.mark.parametrize(
    "n_inputs",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG_OF_DOCUMENT, id="long", marks=pytest.mark.long),
    ],
)
def test_no_request_of_any_address_breaks_it(
    client: Client, module_settings: ServingSettings, n_inputs: int
) -> None:
    """Inputs made from the OpenAPI document: what it allows, and what it does not."""
    keys = open_key_store(*module_settings.store)
    authorization = f"Bearer {keys.create('tests', 'admin')[1]}"
    keys.close()
    document = client.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    modes = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    found = list(schema.get_all_operations())
    operations = [result.ok() for result in found if isinstance(result, Ok)]
    assert len(operations) == len(found)
    per_operation = max(1, n_inputs // (len(operations) * len(modes)))
    for operation in operations:
        for mode in modes:
            cases = operation.as_strategy(generation_mode=mode)
            # an address without parameters has nothing that could be wrong
            with suppress(Unsatisfiable):
                try_out(cases, client, authorization, per_operation)


def try_out(
    cases: st.SearchStrategy[schemathesis.Case[Any]],
    client: Client,
    authorization: str,
    n_inputs: int,
) -> None:
    @settings(max_examples=n_inputs, deadline=None, suppress_health_check=QUIET)
    @given(case=cases)
    def ask(case: schemathesis.Case[Any]) -> None:
        sent = case.as_transport_kwargs(base_url="http://testserver")
        if "data" in sent:  # as requests calls it
            sent["content"] = sent.pop("data")
        headers = dict(sent.pop("headers", None) or {})
        headers["Authorization"] = authorization
        answer = client.request(
            headers={k: v.encode("latin-1", "replace") for k, v in headers.items()},
            **{k: v for k, v in sent.items() if k in KNOWN},
        )
        assert answer.status_code != 500, answer.text

    ask()
