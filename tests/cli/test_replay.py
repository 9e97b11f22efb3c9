"""`forbear replay` of one decision and of many."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from httpx import Client

from cli.decisions import recorded_at_us
from serving.openapi import EXAMPLE
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.cli.conftest import Run
from tests.serving.conftest import a_bundle, client_of, published


@pytest.fixture
def asking(home: Path) -> Iterator[Client]:
    for target in ("nonpayment", "fraud"):
        published(a_bundle(target), home)
    keys = open_key_store(home)
    _, text = keys.create("tests")
    keys.close()
    with client_of(ServingSettings(home=home), text) as client:
        yield client


def decided(client: Client, customer_id: str = "acme") -> str:
    body = {**EXAMPLE, "customer_id": customer_id}
    said: str = client.post("/v1/score", json=body).json()["decision_id"]
    return said


def test_a_range_is_counted_and_what_differs_is_listed(
    asking: Client, forbear: Run, home: Path, tmp_path: Path
) -> None:
    made = [decided(asking), decided(asking, "other")]
    ran = forbear("replay", "--all")
    assert ran.code == 0
    assert ran.out == "2 decisions computed again: 2 identical, 0 not\n"
    ran = forbear("replay", "--customer", "other")
    assert ran.out.startswith("1 decision computed again: 1 identical")
    assert forbear("replay", "--to", "2026-01-01").out.startswith("0 decisions")
    for manifest in home.glob("bundles/fraud/*/manifest.json"):
        manifest.write_bytes(manifest.read_bytes() + b"\n")
    out = tmp_path / "list.json"
    ran = forbear("replay", "--from", "2026-01-01", "--out", out)
    assert ran.code == 1
    assert "0 identical, 2 not" in ran.out
    assert "bundle_gone" in ran.out
    listed = json.loads(out.read_text())
    assert [one["decision_id"] for one in listed] == made


@pytest.mark.parametrize(
    "words", [[], ["d1", "--all"], ["--all", "--out", "list.txt"]], ids=str
)
def test_it_is_said_what_to_name(
    asking: Client, forbear: Run, words: list[str]
) -> None:
    ran = forbear("replay", *words)
    assert ran.code == 2
    assert "name" in ran.err


def test_moments_are_taken_as_the_api_writes_them() -> None:
    zone = timezone(timedelta(hours=2))
    plain, zoned = datetime(2026, 6, 1), datetime(2026, 6, 1, 2, tzinfo=zone)  # noqa: DTZ001
    assert recorded_at_us(plain) == recorded_at_us(zoned) == 1_780_272_000_000_000


def test_a_range_that_ends_before_it_begins_is_refused(forbear: Run) -> None:
    ran = forbear("replay", "--from", "2026-12-01T00:00:00Z", "--to", "2026-11-01")
    assert ran.code == 2
    assert "nothing lies between" in ran.err
