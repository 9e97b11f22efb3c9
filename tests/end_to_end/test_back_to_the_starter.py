"""A person takes a model back while the service runs: the starter answers again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from httpx import Client

from scoring.starter import starter, starters
from serving.openapi import EXAMPLE
from serving.replay import replay
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, client_of, published
from tests.serving.test_operation import until

pytestmark = pytest.mark.slow  # MLflow makes its database


def rolled_back(home: Path, target: str) -> str:
    """What the command says."""
    words = ["rollback", target, "--to-starter", "--because", "too many reviews"]
    program = "from cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "FORBEAR_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def serves(client: Client, models: dict[str, str]) -> bool:
    """Whether these, by target, are in force."""
    return bool(client.get("/readyz").json()["models"] == models)


def test_a_running_service_takes_the_starter_up_and_old_decisions_replay(
    tmp_path: Path,
) -> None:
    settings = ServingSettings(home=tmp_path / "state", poll_s=0.02)
    published(a_bundle("nonpayment"), settings.home)
    published(a_bundle("fraud", intercept=-5.0), settings.home)
    keys = open_key_store(settings.home)
    _, key = keys.create("tests")
    keys.close()
    with client_of(settings, key) as client:
        before = client.post("/v1/score", json=EXAMPLE).json()
        said = rolled_back(settings.home, "nonpayment")
        assert f"{starter('nonpayment').bundle_id} (the starter) in force" in said
        mixed = {"fraud": "champion", "nonpayment": "starter"}
        assert until(lambda: serves(client, mixed))
        rolled_back(settings.home, "fraud")
        alone = dict.fromkeys(("fraud", "nonpayment"), "starter")
        assert until(lambda: serves(client, alone))
        after = client.post("/v1/score", json=EXAMPLE).json()
        assert client.get("/readyz").json()["not_taken_up"] is None
    used = {t: b["bundle_id"] for t, b in after["versions"]["bundles"].items()}
    assert used == {t: bundle.bundle_id for t, bundle in starters().items()}
    for answer in (before, after):
        assert replay(settings, answer["decision_id"]).is_identical
