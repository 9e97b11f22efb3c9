"""A policy that weighs no costs, and what the desk says counts then."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from decisions.policy_file.load import SHIPPED
from serving.app import create_app
from serving.desk.addresses import customer_path
from serving.request import EVENT_TABLES
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, a_client, published
from tests.serving.desk.conftest import LATE, Person, rows_of


@contextmanager
def at_the_desk(home: Path, policy: str) -> Iterator[tuple[dict[str, Any], Person]]:
    """What a service with a shipped policy answers about who is late, and a person."""
    settings = ServingSettings(home=home, poll_s=0.05, policy=SHIPPED / policy)
    published(a_bundle("nonpayment"), home)
    published(a_bundle("fraud", intercept=-5.0), home)
    with a_client(create_app(settings)) as client:
        store = open_key_store(home)
        feed, key = store.create("feed")[1], store.create("admin", role="admin")[1]
        store.close()
        headers = {"Authorization": f"Bearer {feed}"}
        now = datetime.now(UTC).isoformat()
        observed = dict.fromkeys(EVENT_TABLES, now)
        body = {"events": rows_of(LATE, 0), "observed": observed}
        assert client.post("/v1/events", json=body, headers=headers).is_success
        asked = {"customer_id": LATE}
        answer = client.post("/v1/score", json=asked, headers=headers).json()
        person = Person(client)
        person.signs_in(key)
        yield answer, person


def test_where_no_costs_decide_the_list_counts_the_money_at_stake(
    tmp_path: Path,
) -> None:
    with at_the_desk(tmp_path, "thresholds-only.yaml") as (answer, person):
        stake = answer["proposal"]["stake"]
        assert stake["open_cost"] == stake["open"] == 900.0  # no costs: prices count
        today = person.opens("/desk").text
        assert "By the money at stake" in today
        assert "saves" not in today
        at_stake = round(stake["open_cost"] + stake["run_up_cost"])
        assert f"€{at_stake}" in today
        customer = person.opens(customer_path(LATE)).text
        assert f"At stake: €{at_stake}." in customer
        assert "Looking at it saves" not in customer


def test_where_days_decide_no_loss_is_said_to_be_expected(tmp_path: Path) -> None:
    with at_the_desk(tmp_path, "plain-timeline.yaml") as (answer, person):
        assert [reason["family"] for reason in answer["reasons"]] == ["timeline"]
        customer = person.opens(customer_path(LATE)).text
        assert "What the recommendation rests on" in customer
        assert "expected loss" not in customer
