"""A service with two small hand-made models, so that every number can be followed."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import Client
from jsonschema import Draft202012Validator
from starlette.exceptions import StarletteDeprecationWarning

from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.settings import PortfolioSettings
from scoring.additive import AdditiveModel, NumberTerm
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from scoring.shelf import publish_bundle
from serving.app import create_app
from serving.openapi import EXAMPLE
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.acme import CUSTOMER, INVOICE, OBSERVED, As
from tests.store.postgres_server import MakeUrl, postgres_urls

with warnings.catch_warnings():
    # starlette 1.10 would rather have httpx2; goes when the lock has it
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from fastapi.testclient import TestClient

TABLES = frozenset(EXAMPLE["events"]) - {"ageing"}
MakeBundle = Callable[..., Bundle]


def put_in_place(file: Path, content: bytes) -> None:
    """Whole at once: a write in place has two steps, and who watches looks between."""
    written = file.with_name(f"{file.name}.written")
    written.write_bytes(content)
    written.replace(file)


def a_client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


def weighed(feature: str, weight: float) -> NumberTerm:
    return NumberTerm(feature, weight, 0.0, 10.0, False, 0.0, 0.0)


def a_bundle(target: str, intercept: float = -2.0, **changes: object) -> Bundle:
    settings = PortfolioSettings(
        name="small", timezone="Europe/Brussels", tables=TABLES
    )
    weights = {
        "nonpayment": {"account_days_overdue": 0.8, "payments_failed_30d": 3.0},
        "fraud": {"alerts_unresolved": 20.0, "payments_failed_30d": 1.0},
    }
    terms = tuple(weighed(name, w) for name, w in weights[target].items())
    described: dict[str, Any] = {
        "target": target,
        "model": AdditiveModel("linear", intercept, terms),
        "calibration": LogOddsMap(0.0, 1.0),
        "feature_set": without_categories(settings),
        "settings": settings,
        "horizon_days": 90,
        "trained_on": date(2026, 6, 1),
        "nonpayment_given_fraud": 0.4 if target == "fraud" else None,
        "typical": {"account_days_overdue": 0.0},
    }
    return Bundle(**(described | changes))


def without_categories(settings: PortfolioSettings) -> FeatureSet:
    found = feature_set(settings)
    kept = tuple(feature for feature in found.features if not feature.is_category)
    return FeatureSet(kept)


def published(bundle: Bundle, home: Path) -> str:
    """Put a bundle on the shelf and make it champion."""
    folder = bundle.save(home / "trained")
    publish_bundle(folder, home, bundle.target)
    return bundle.bundle_id


@contextmanager
def client_of(settings: ServingSettings, key: str) -> Iterator[Client]:
    """A client of a service of these settings, with an API key."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


@pytest.fixture(scope="module")
def module_settings(tmp_path_factory: pytest.TempPathFactory) -> ServingSettings:
    home = tmp_path_factory.mktemp("state")
    return ServingSettings(home=home, poll_s=0.05, max_body_bytes=200_000)


@pytest.fixture(scope="module")
def client(module_settings: ServingSettings) -> Iterator[Client]:
    """The service with both champions and a key that may score."""
    published(a_bundle("nonpayment"), module_settings.home)
    published(a_bundle("fraud", intercept=-5.0), module_settings.home)
    keys = open_key_store(module_settings.home)
    _, text = keys.create("tests")
    keys.close()
    with client_of(module_settings, text) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[MakeUrl]:
    with postgres_urls() as make_url:
        yield make_url


@pytest.fixture
def asked() -> dict[str, Any]:
    """The request of the docs."""
    return deepcopy(EXAMPLE)


@pytest.fixture
def settings(tmp_path: Path) -> ServingSettings:
    """Of a service that has nothing yet."""
    return ServingSettings(home=tmp_path / "state", poll_s=0.02)


@pytest.fixture
def service(settings: ServingSettings) -> Iterator[Client]:
    """A service of one test's own, with a key and nothing published."""
    keys = open_key_store(settings.home)
    _, text = keys.create("tests")
    keys.close()
    with client_of(settings, text) as client:
        yield client


@pytest.fixture
def publish(settings: ServingSettings) -> Callable[[Bundle], str]:
    return lambda bundle: published(bundle, settings.home)


@pytest.fixture
def make_bundle() -> MakeBundle:
    return a_bundle


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
    answer = service.post("/v1/events", json={**body, "observed": OBSERVED})
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
