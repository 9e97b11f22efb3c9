"""A restored service answers with the models that were in force, or does not answer."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from serving.missing_models import miss_champions
from serving.settings import ServingSettings
from store.backup import back_up, restore
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, client_of, published


@pytest.fixture
def key(settings: ServingSettings) -> str:
    with closing(open_key_store(settings.home)) as keys:
        return keys.create("tests")[1]


@pytest.fixture
def backup(
    settings: ServingSettings, key: str, asked: dict[str, Any], tmp_path: Path
) -> Path:
    """Of a service that decided by its own models."""
    for target in ("nonpayment", "fraud"):
        published(a_bundle(target), settings.home)
    with client_of(settings, key) as client:
        assert _models(client) == {"nonpayment": "champion", "fraud": "champion"}
        assert client.post("/v1/score", json=asked).status_code == 200
    file = tmp_path / "backup.sqlite"
    back_up(settings.home, None, file)
    return file


@pytest.fixture
def elsewhere(tmp_path: Path) -> ServingSettings:
    return ServingSettings(home=tmp_path / "elsewhere")


def _models(client: Client) -> dict[str, str]:
    models: dict[str, str] = client.get("/readyz").json()["models"]
    return models


def test_models_come_back_with_the_decisions_they_made(
    backup: Path,
    settings: ServingSettings,
    elsewhere: ServingSettings,
    key: str,
    asked: dict[str, Any],
) -> None:
    restore(elsewhere.home, None, backup)
    assert miss_champions(elsewhere.home, None) == []
    for folder in ("bundles", "promoted"):
        files = sorted(
            (path.relative_to(home), path.read_bytes())
            for home in (settings.home, elsewhere.home)
            for path in (home / folder).rglob("*")
            if path.is_file()
        )
        assert files[::2] == files[1::2] != []
    with client_of(elsewhere, key) as client:
        assert _models(client) == {"nonpayment": "champion", "fraud": "champion"}
        assert client.post("/v1/score", json=asked).status_code == 200


def test_what_is_there_already_is_left_as_it_is(
    backup: Path, elsewhere: ServingSettings
) -> None:
    newer = published(a_bundle("fraud", intercept=-3.0), elsewhere.home)
    restore(elsewhere.home, None, backup)
    pointer = elsewhere.home / "bundles" / "fraud" / "champion"
    assert pointer.read_text().strip() == newer


def test_without_its_models_it_says_what_is_missing_and_does_not_answer(
    backup: Path, elsewhere: ServingSettings, key: str, asked: dict[str, Any]
) -> None:
    """As in a backup of an earlier release, which holds none."""
    with closing(sqlite3.connect(backup)) as file:
        file.execute("DROP TABLE state_files")
    restore(elsewhere.home, None, backup)
    bundles = {a_bundle(target).bundle_id for target in ("nonpayment", "fraud")}
    assert set(miss_champions(elsewhere.home, None)) == bundles
    with client_of(elsewhere, key) as client:
        for answer in (client.post("/v1/score", json=asked), client.get("/readyz")):
            code = answer.json()["code"]
            assert (answer.status_code, code) == (503, "champion_gone")
