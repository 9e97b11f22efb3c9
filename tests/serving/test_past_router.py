"""The way past FastAPI answers as FastAPI's own route of the address does."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from httpx import Client, Response

from features.errors import PortfolioError
from features.feature_set import FeatureSetError
from serving import routes
from serving.app import Service, create_app
from serving.errors import OURS
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, a_client, published

Refused = dict[str, Any]
TYPE = {"content-type": "application/json"}
REFUSED: dict[str, Refused] = {
    "no key": {"headers": {"Authorization": ""}},
    "wrong key": {"headers": {"Authorization": "Bearer fb_none"}},
    "another type": {"headers": {"content-type": "text/plain"}, "content": b"x"},
    "no JSON": {"headers": TYPE, "content": b"{"},
    "too large": {"headers": TYPE, "content": b" " * 300_000},
    "in pieces": {"headers": TYPE, "content": iter([b" " * 150_000] * 2)},
    "wrong form": {"json": {"customer_id": 1}},
    "nobody": {"json": {"customer_id": "nobody"}},
    "long key": {
        "json": {"customer_id": "nobody"},
        "headers": {"Idempotency-Key": "k" * 500},
    },
}
ONCE = {"date", "x-request-id"}  # headers that differ from answer to answer


def below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for one in kind.__subclasses__():
        yield from below(one)


KINDS: set[type[Exception]] = {ValueError, *chain.from_iterable(map(below, OURS))}
ERRORS = sorted(
    KINDS,
    key=lambda one: f"{one.__module__}.{one.__qualname__}",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Service:
    home = tmp_path_factory.mktemp("state")
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    made = create_app(ServingSettings(home=home, max_body_bytes=200_000))
    assert isinstance(made, Service)
    return made


@pytest.fixture(scope="module")
def client(app: Service) -> Iterator[Client]:
    keys = open_key_store(app.state.settings.home)
    secret = keys.create("tests")[1]
    keys.close()
    with a_client(app) as opened:
        opened.headers["Authorization"] = f"Bearer {secret}"
        yield opened


def both_ways(
    app: Service, client: Client, monkeypatch: pytest.MonkeyPatch, asked: Refused
) -> list[tuple[int, dict[str, str], str]]:
    """What each way answers, the one past FastAPI first."""
    assert app.past_router is not None
    past = seen(client.post("/v1/score", **asked))
    if not isinstance(asked.get("content", b""), bytes):
        asked = {**asked, "content": iter([b" " * 150_000] * 2)}
    monkeypatch.setattr(app, "past_router", None)
    return [past, seen(client.post("/v1/score", **asked))]


def seen(answer: Response) -> tuple[int, dict[str, str], str]:
    headers = {k: v for k, v in answer.headers.items() if k not in ONCE}
    return answer.status_code, headers, answer.text


@pytest.mark.parametrize("asked", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(
    app: Service, client: Client, monkeypatch: pytest.MonkeyPatch, asked: Refused
) -> None:
    past, routed = both_ways(app, client, monkeypatch, asked)
    assert past == routed
    assert past[0] >= 400


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_what_fails(
    app: Service,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
) -> None:
    async def fail(*_: object) -> None:
        error = kind.__new__(kind)
        Exception.__init__(error, "why")
        raise error

    monkeypatch.setattr(routes, "score_one", fail)
    asked = {"json": {"customer_id": "acme"}}
    past, routed = both_ways(app, client, monkeypatch, asked)
    assert past == routed
    assert past[0] >= 400


def test_kinds_of_every_room_are_tried() -> None:
    assert {PortfolioError, FeatureSetError} < set(ERRORS)
    assert len(ERRORS) > len(OURS) + 1
