"""From files to a model, a scored portfolio, a service with the same numbers, a replay.

The request is made from the files, not from what Forbear read of them.
"""

import datetime as dt
import json
import math
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from httpx import Client
from starlette.exceptions import StarletteDeprecationWarning

from decisions.actions import ACTIONS
from features.portfolio import Portfolio
from scoring.bundle import Bundle
from scoring.shelf import champion_path
from serving.app import create_app
from serving.replay import replay
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.end_to_end.conftest import World, forbear

with warnings.catch_warnings():
    # starlette 1.10 would rather have httpx2; goes when the lock has it
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.slow
ASKED = 25  # customers asked for, of those with the most different actions


class Served(NamedTuple):
    client: Client
    tables: dict[str, list[dict[str, Any]]]


def plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def rows_of(file: Path) -> list[dict[str, Any]]:
    text = {"event_at": "string", "known_at": "string"}
    if file.suffix == ".csv":
        options = pacsv.ConvertOptions(column_types=text)
        table = pacsv.read_csv(file, convert_options=options)
    else:
        table = pq.read_table(file)
    return [
        {name: plain(value) for name, value in row.items() if value is not None}
        for row in table.to_pylist()
    ]


@pytest.fixture(scope="module")
def served(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = ServingSettings(home=world.home, policy=world.policy)
    keys = open_key_store(settings.home)
    _, text = keys.create("end to end")
    keys.close()
    files = [f for f in world.folder.iterdir() if f.suffix != ".yaml"]
    found = tmp_path_factory.mktemp("found") / "links.parquet"
    if "links" in Portfolio.open(world.folder).settings.tables:
        assert forbear("links", world.folder, "--out", found) == 0
        files.append(found)
    tables = {f.stem: rows_of(f) for f in files if f.stem != "snapshots"}
    with TestClient(create_app(settings)) as client:
        client.headers["Authorization"] = f"Bearer {text}"
        yield Served(client, tables)


def asked(world: World) -> list[dict[str, Any]]:
    """Rows with as many different actions as there are."""
    rows: list[dict[str, Any]] = world.scored.to_pylist()
    by_action: dict[object, list[dict[str, Any]]] = {}
    for row in rows:
        by_action.setdefault((row["action"], row["proposed_action"]), []).append(row)
    share = math.ceil(ASKED / len(by_action))
    return [row for some in by_action.values() for row in some[:share]]


def body(tables: dict[str, list[dict[str, Any]]], row: dict[str, Any]) -> str:
    customer_id = row["customer_id"]
    return json.dumps(
        {
            "customer_id": customer_id,
            "as_of": row["as_of"].isoformat(),
            "explain": "always",
            "events": {
                name: [r for r in rows if r["customer_id"] == customer_id]
                for name, rows in tables.items()
            },
        }
    )


def same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return one == other


def test_the_service_gives_the_numbers_of_the_portfolio_run(
    world: World, served: Served
) -> None:
    for row in asked(world):
        content = body(served.tables, row)
        headers = {"content-type": "application/json"}
        answer = served.client.post("/v1/score", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        proposal = said["proposal"]
        costs = proposal["expected_cost"]
        flat = {
            **said["exposure"],
            "p_fraud": said["scores"]["fraud"]["probability"],
            "p_nonpayment": said["scores"]["nonpayment"]["probability"],
            "proposed_action": proposal["action"],
            "action": said["action"],
            "run_up": proposal["stake"]["run_up_cost"],
            "missing": said["question"]["missing"],
            **{f"expected_cost_{action}": costs[action] for action in ACTIONS},
            "families": [reason["family"] for reason in said["reasons"]],
        }
        row["families"] = [reason["family"] for reason in row["reasons"]]
        if row["action"] == "none":  # whose reasons are asked for, and not listed
            flat["families"] = []
        for name in (
            "p_fraud",
            "p_nonpayment",
            "proposed_action",
            "action",
            "open",
            "run_up",
            "clv",
            *(f"expected_cost_{action}" for action in ACTIONS),
            "families",
            "missing",
        ):
            assert same(flat[name], row[name]), (row["customer_id"], name)


def test_a_decision_replays_bit_for_bit(world: World, served: Served) -> None:
    row = asked(world)[0]
    headers = {"content-type": "application/json"}
    content = body(served.tables, row)
    said = served.client.post("/v1/score", content=content, headers=headers).json()
    settings = ServingSettings(home=world.home, policy=world.policy)
    assert replay(settings, said["decision_id"]).is_identical


def test_the_scored_portfolio_is_whole(world: World) -> None:
    rows = world.scored.to_pylist()
    assert len(rows) > 100
    assert all(0 < row["p_nonpayment"] < 1 for row in rows)
    assert all(row["no_decision"] is None for row in rows), rows[0]["no_decision"]
    assert len({row["proposed_action"] for row in rows}) > 1
    assert all(row["open"] is not None for row in rows)
    assert any(row["reasons"] for row in rows)


def test_probabilities_mean_what_they_say(world: World) -> None:
    """The bundle's own test rows: observed over expected has 1 in its interval."""
    folder = champion_path(world.home, "nonpayment")
    assert folder is not None
    _, low, high = Bundle.load(folder).metrics["observed_over_expected"]
    assert low < 1.0 < high
