"""A policy of typed thresholds weighs no costs, and the desk says what counts then."""

from datetime import UTC, datetime
from pathlib import Path

from decisions.policy_file.load import SHIPPED
from serving.app import create_app
from serving.desk.addresses import customer_path
from serving.request import EVENT_TABLES
from serving.settings import ServingSettings
from store.opening import open_key_store
from tests.serving.conftest import a_bundle, a_client, published
from tests.serving.desk.conftest import LATE, Person, rows_of


def test_where_no_costs_decide_the_list_counts_the_money_at_stake(
    tmp_path: Path,
) -> None:
    policy = SHIPPED / "thresholds-only.yaml"
    settings = ServingSettings(home=tmp_path, poll_s=0.05, policy=policy)
    published(a_bundle("nonpayment"), tmp_path)
    published(a_bundle("fraud", intercept=-5.0), tmp_path)
    with a_client(create_app(settings)) as client:
        store = open_key_store(tmp_path)
        feed, key = store.create("feed")[1], store.create("admin", role="admin")[1]
        store.close()
        headers = {"Authorization": f"Bearer {feed}"}
        now = datetime.now(UTC).isoformat()
        observed = dict.fromkeys(EVENT_TABLES, now)
        body = {"events": rows_of(LATE, 0), "observed": observed}
        assert client.post("/v1/events", json=body, headers=headers).is_success
        asked = {"customer_id": LATE}
        answer = client.post("/v1/score", json=asked, headers=headers).json()
        stake = answer["proposal"]["stake"]
        assert stake["open_cost"] == stake["open"] == 900.0  # no costs: prices count
        person = Person(client)
        person.signs_in(key)
        today = person.opens("/desk").text
        assert "By the money at stake" in today
        assert "saves" not in today
        at_stake = round(stake["open_cost"] + stake["run_up_cost"])
        assert f"€{at_stake}" in today
        customer = person.opens(customer_path(LATE)).text
        assert f"At stake: €{at_stake}." in customer
        assert "Looking at it saves" not in customer
