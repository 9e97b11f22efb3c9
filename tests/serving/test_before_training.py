"""A service before the first training, and one whose champion went away."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Client, Response

from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.starter import starter
from serving.app import create_app
from serving.replay import replay
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.conftest import a_bundle

Asked = dict[str, Any]


def score(settings: ServingSettings, asked: Asked) -> Response:
    keys = open_key_store(settings.home)
    _, text = keys.create("tests")
    keys.close()
    with TestClient(create_app(settings)) as client:
        client.headers["Authorization"] = f"Bearer {text}"
        answer: Response = client.post("/v1/score", json=asked)
        return answer


def test_the_starter_answers_and_is_named(
    service: Client, asked: Asked, settings: ServingSettings
) -> None:
    assert service.get("/readyz").status_code == 200
    said = service.post("/v1/score", json=asked).json()
    used = {t: b["bundle_id"] for t, b in said["versions"]["bundles"].items()}
    assert used == {t: starter(t).bundle_id for t in ("fraud", "nonpayment")}
    assert 0.0 < said["scores"]["nonpayment"]["probability"] < 1.0
    assert replay(settings, said["decision_id"]).is_identical


def test_a_decision_replays_in_the_language_it_was_answered_in(
    service: Client, asked: Asked, settings: ServingSettings
) -> None:
    header = {"Accept-Language": "de"}
    said = service.post("/v1/score", json=asked, headers=header).json()
    assert said["language"] == "de"
    assert replay(settings, said["decision_id"]).is_identical


@contextmanager
def others_ship(folder: Path) -> Iterator[None]:
    """As long as it lasts the starters are those of another release."""
    shipped = {
        target: a_bundle(target, is_starter=True, is_proven=False).save(folder)
        for target in TARGETS
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("scoring.starter.starter_folder", shipped.__getitem__)
        starter.cache_clear()
        yield
    starter.cache_clear()


def test_a_later_release_replays_what_a_starter_of_before_decided(
    asked: Asked, settings: ServingSettings, tmp_path: Path
) -> None:
    """Each starter that decided is kept; the one that ships is another by now."""
    with others_ship(tmp_path):
        said = score(settings, asked).json()
    for target, used in said["versions"]["bundles"].items():
        kept = settings.home / "starters" / target / used["bundle_id"]
        assert Bundle.load(kept).bundle_id == used["bundle_id"]
        assert used["bundle_id"] != starter(target).bundle_id
    assert replay(settings, said["decision_id"]).is_identical
    now = score(settings, asked).json()
    assert now["scores"]["nonpayment"] != said["scores"]["nonpayment"]
    assert replay(settings, now["decision_id"]).is_identical


def test_a_champion_that_is_gone_is_not_replaced_by_the_starter(
    settings: ServingSettings,
    publish: Callable[[Bundle], str],
    make_bundle: Callable[..., Bundle],
    asked: Asked,
) -> None:
    publish(make_bundle("nonpayment"))
    assert score(settings, asked).status_code == 200
    (settings.home / "bundles" / "nonpayment" / "champion").unlink()
    answer = score(settings, asked)
    assert (answer.status_code, answer.json()["code"]) == (503, "champion_gone")


def test_none_of_a_settings_file_counts_as_looked_at_until_it_lapses(
    settings: ServingSettings,
    publish: Callable[[Bundle], str],
    make_bundle: Callable[..., Bundle],
    asked: Asked,
    tmp_path: Path,
) -> None:
    publish(make_bundle("nonpayment"))
    file = tmp_path / "portfolio.yaml"
    stated = settings.model_copy(update={"settings": file})
    events = {name: rows for name, rows in asked["events"].items() if name != "holds"}
    asked = {**asked, "events": events}
    day = asked["as_of"][:10]
    file.write_text(f"none: {{holds: {day}}}\n")
    assert "tables.holds" in score(settings, asked).json()["question"]["missing"]
    assert "tables.holds" not in score(stated, asked).json()["question"]["missing"]
    file.write_text(f"none: {{holds: {int(day[:4]) - 1}{day[4:]}}}\n")
    assert "tables.holds" in score(stated, asked).json()["question"]["missing"]


def test_a_settings_file_moves_the_money_and_is_recorded(
    settings: ServingSettings,
    publish: Callable[[Bundle], str],
    make_bundle: Callable[..., Bundle],
    asked: Asked,
    tmp_path: Path,
) -> None:
    publish(make_bundle("nonpayment"))
    file = tmp_path / "portfolio.yaml"
    file.write_text("defaults: {margin_share: 0.5, lifetime_months: 60}\n")
    stated = settings.model_copy(update={"settings": file})
    events = {
        name: [
            {
                column: value
                for column, value in row.items()
                if column not in ("monthly_margin", "expected_lifetime_months")
            }
            for row in rows
        ]
        for name, rows in asked["events"].items()
    }
    asked = {**asked, "events": events}
    without, said = score(settings, asked).json(), score(stated, asked).json()
    p, before = (answer["scores"]["nonpayment"] for answer in (said, without))
    assert p["probability"] == before["probability"]
    assert said["exposure"]["clv"] > without["exposure"]["clv"]
    file.write_text(json.dumps({"defaults": {"margin_share": 0.1}}))
    assert replay(settings, said["decision_id"]).is_identical
    assert replay(stated, without["decision_id"]).is_identical
