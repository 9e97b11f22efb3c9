"""A policy that is published at one service decides at every other on its store."""

import re
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from advice.assembly import DEFAULT_POLICY
from decisions.policy_file.load import parse_policy
from serving.openapi import EXAMPLE
from serving.replay import replay
from serving.settings import ServingSettings
from store.opening import open_key_store, upgrade
from tests.serving.processes import Service, running

pytestmark = pytest.mark.slow
SHIPPED = DEFAULT_POLICY.read_text(encoding="utf-8")
CHANGED = SHIPPED.replace("auto_expire_hours: 72", "auto_expire_hours: 48")
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
POLICY = "/desk/policy"


def _sends(client: httpx.Client, page: str, path: str, **fields: str) -> str:
    token = CSRF.search(client.get(page).text)
    assert token is not None
    answer = client.post(path, data={**fields, "csrf": token[1]})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def _signed_in(service: Service, key: str) -> httpx.Client:
    client = httpx.Client(base_url=f"http://127.0.0.1:{service.port}", timeout=30)
    _sends(client, "/desk/sign-in", "/desk/sign-in", key=key)
    return client


def _policy(service: Service) -> dict[str, Any]:
    with service.client() as client:
        said: dict[str, Any] = client.get("/readyz").json()["policy"]
    return said


@pytest.mark.parametrize("where", ["sqlite", "postgres"])
def test_a_change_published_at_one_service_arrives_at_all(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Two processes with two workers in all but one, each with a file of its own."""
    home, url = tmp_path / "state", ""
    if where == "postgres":
        url = request.getfixturevalue("postgres_url")()
        upgrade(home, url)
    settings = ServingSettings(home=home, database_url=url or None)
    files = [tmp_path / name for name in ("one.yaml", "two.yaml")]
    for hours, file in zip((72, 24), files, strict=True):
        text = SHIPPED.replace("auto_expire_hours: 72", f"auto_expire_hours: {hours}")
        file.write_text(text, encoding="utf-8")
    keys = open_key_store(*settings.store)
    analyst, approver = (
        keys.create(name, role=role)[1]
        for name, role in (("Ada", "risk_analyst"), ("Bo", "approver"))
    )
    _, feed = keys.create("feed")
    keys.close()
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(
                running(home, *more, policy=file, database_url=url, poll_s=0.1)
            )
            for file, more in zip(files, ((), ("--workers", "2")), strict=True)
        )
        assert _policy(one)["hash"] != _policy(two)["hash"]
        ada = stack.enter_context(closing(_signed_in(one, analyst)))
        place = _sends(ada, POLICY, POLICY, text=CHANGED)
        _sends(ada, place, f"{place}/submit", reason="two days")
        bo = stack.enter_context(closing(_signed_in(one, approver)))
        _sends(bo, place, f"{place}/publish", reason="agreed")
        wanted, ends = parse_policy(CHANGED).hash, time.monotonic() + 60
        # connections go to either worker, each of which must say so
        while not all(_policy(each)["hash"] == wanted for each in (one, two, two, two)):
            assert time.monotonic() < ends
            time.sleep(0.1)
        assert _policy(two)["origin"] == "published"
        for service in (one, two):
            with service.client() as client:
                client.headers["Authorization"] = f"Bearer {feed}"
                asked = {"customer_id": "acme", "events": EXAMPLE["events"]}
                answer = client.post("/v1/score", json=asked).json()
            assert answer["question"]["policy_hash"] == wanted
            assert replay(settings, answer["decision_id"]).is_identical
