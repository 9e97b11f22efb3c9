"""From events to a suspended subscription and back, with the real service."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, MockTransport, Request, Response

from decisions.policy.measures import MEASURES
from execution.carry_out import Execution
from execution.errors import ServiceUnusableError
from execution.fakes.partner_center import FakePartnerCenter
from execution.plan import plan_run
from execution.providers.partner_center import PartnerCenter
from execution.recheck import ServiceRecheck
from execution.service import Service
from features.moments import microseconds
from serving.settings import ServingSettings
from store.acts import Acts
from store.opening import open_acts, open_decision_reader, open_key_store
from tests.execution.conftest import an_act
from tests.serving.conftest import a_bundle, client_of, published

TABLES = (
    *("customers", "subscriptions", "invoices", "payments", "usage", "access"),
    *("alerts", "disputes", "contacts", "holds", "actions", "outcomes"),
)


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def leaks(name: str, status: str, at: str) -> list[dict[str, str]]:
    leak = {"kind": "credential_leak", "severity": "high", "confidence": "high"}
    return [
        {**leak, "alert_id": f"{name}-{n}", "event_at": at, "status": status}
        for n in range(3)
    ]


def a_suspect(name: str) -> dict[str, Any]:
    """Events of a customer whose access is to be paused."""
    start = "2024-03-01T09:00:00Z"
    return {
        "customers": [{"event_at": start, "subject_kind": "legal_person"}],
        "subscriptions": [
            {"subscription_id": f"s-{name}", "kind": "started", "event_at": start}
            | {"billing": "license", "quantity": 20, "unit_price": 11.70}
        ],
        "invoices": [
            {"invoice_id": f"i-{name}", "event_at": ago(days=10), "amount": 234.0}
            | {"due_at": ago(days=-20)}
        ],
        "alerts": leaks(name, "active", ago(hours=2)),
    }


class House:
    """A service, a provider and whoever carries out between them."""

    def __init__(self, client: Client, acts: Acts, home: Path, provider: Any) -> None:  # noqa: ANN401 - a fixture
        self.client, self.acts, self.provider = client, acts, provider
        self.decisions = open_decision_reader(home)
        service = Service(client)
        recheck = ServiceRecheck(service)
        self.execution = Execution(acts, self.decisions, provider, recheck, service)

    def send(self, events: dict[str, Any]) -> None:
        sent = {"customer_id": "acme", "events": events}
        sent["observed"] = dict.fromkeys(TABLES, ago(seconds=0))
        answer = self.client.post("/v1/events", json=sent).json()
        assert answer["rejected"] == 0, answer

    def score(self) -> dict[str, Any]:
        answer = self.client.post("/v1/score", json={"customer_id": "acme"})
        content: dict[str, Any] = answer.json()
        return content

    def plan(self) -> list[str]:
        now = microseconds(datetime.now(UTC))
        run = plan_run(
            self.decisions, self.acts, self.provider, now - 3_600_000_000, now
        )
        self.acts.plan(run.acts)
        return [act.act_id for act in run.acts]

    def run(self) -> list[str]:
        told: list[str] = []
        self.execution.run(lambda _, came_to: told.append(came_to))
        return told


@pytest.fixture
def house(provider: PartnerCenter, tmp_path: Path) -> Iterator[House]:
    settings = ServingSettings(home=tmp_path / "state", poll_s=0.05)
    published(a_bundle("nonpayment"), settings.home)
    published(a_bundle("fraud", intercept=-5.0), settings.home)
    keys = open_key_store(settings.home)
    _, key = keys.create("execution")
    keys.close()
    acts = open_acts(settings.home)
    with client_of(settings, key) as client:
        house = House(client, acts, settings.home, provider)
        house.send(a_suspect("acme"))
        yield house
        house.decisions.close()
    acts.close()


def test_a_suspected_fraud_is_paused_and_cleared(
    house: House, fake: FakePartnerCenter
) -> None:
    stopped = house.score()
    assert stopped["action"] == "suspend"
    house.plan()
    assert house.run() == ["done", "reported"]
    assert fake.state("acme", "s1") == "suspended"

    during = house.score()
    assert during["permission"]["in_force"]  # the row of `actions` has arrived
    assert house.plan() == []

    house.send({"alerts": leaks("acme", "resolved", ago(seconds=0))})
    assert house.score()["follow_up"]["reactivation"]["cure"] == "cleared"
    [back] = house.plan()
    assert house.run() == []  # a person gives access back after fraud
    house.acts.approve(back, "Ada", microseconds(datetime.now(UTC)))
    assert house.run() == ["done", "reported"]
    assert fake.state("acme", "s1") == "active"
    after = house.score()
    assert (after["action"], after["follow_up"]["reactivation"]) == ("none", None)
    timeline = house.client.get("/v1/customers/acme/timeline").text
    assert set(re.findall(r'"action":"(suspend|reactivate)"', timeline))


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ({"alerts": leaks("acme", "resolved", ago(seconds=0))}, "milder_now"),
        (
            {
                "overrides": [
                    {"event_at": ago(seconds=0), "action": "none", "by": "Ada"}
                    | {"reason": "known", "until": ago(days=-5)}
                ]
            },
            "milder_now",
        ),
        (
            {"holds": [{"event_at": ago(seconds=0), "kind": "legal"}]},
            "milder_now",
        ),
    ],
    ids=["the alerts are resolved", "a person decided otherwise", "a legal hold"],
)
def test_what_arrives_between_decision_and_act_counts(
    house: House, fake: FakePartnerCenter, events: dict[str, Any], code: str
) -> None:
    assert house.score()["action"] == "suspend"
    house.plan()
    house.send(events)
    assert [told.startswith(f"withdrawn:{code}") for told in house.run()] == [True]
    assert fake.changes == []


def test_every_subscription_is_stopped_and_comes_back(
    house: House, fake: FakePartnerCenter
) -> None:
    fake.add("acme", "s2")
    house.score()
    house.plan()
    assert house.run() == ["done", "reported"] * 2
    assert {fake.state("acme", name) for name in ("s1", "s2")} == {"suspended"}
    house.send({"alerts": leaks("acme", "resolved", ago(seconds=0))})
    house.score()
    for act_id in house.plan():
        house.acts.approve(act_id, "Ada", microseconds(datetime.now(UTC)))
    house.run()
    assert {fake.state("acme", name) for name in ("s1", "s2")} == {"active"}


def test_a_kill_switch_stops_what_was_planned(
    house: House, fake: FakePartnerCenter, tmp_path: Path
) -> None:
    house.score()
    house.plan()
    (tmp_path / "state" / "stop").touch()
    [told] = house.run()
    assert told.startswith("withdrawn:milder_now")
    assert fake.changes == []


def test_what_was_done_is_reported_once(house: House) -> None:
    house.score()
    [act_id] = house.plan()
    house.run()
    [act] = house.acts.listed(1, states=("done",))
    assert act.act_id == act_id
    service = Service(house.client)
    service.report(act, "automation", {"arm": "greedy", "propensity": 1.0})
    timeline = house.client.get("/v1/customers/acme/timeline").json()
    assert str(timeline).count("'action': 'suspend', 'reason'") <= 1


def test_a_test_key_does_nothing(house: House, tmp_path: Path) -> None:
    keys = open_key_store(tmp_path / "state")
    _, key = keys.create("tests", is_test=True)
    keys.close()
    house.client.headers["Authorization"] = f"Bearer {key}"
    with pytest.raises(ServiceUnusableError, match="test"):
        Service(house.client).require_may_report()


def test_another_page_at_the_address_withdraws_nothing() -> None:
    def not_here(_: Request) -> Response:
        return Response(404, html="<h1>nginx</h1>")

    client = Client(transport=MockTransport(not_here), base_url="http://service")
    with pytest.raises(ServiceUnusableError):
        Service(client).score("acme")


def test_paying_brings_access_back_at_once_and_nobody_is_asked(
    house: House, fake: FakePartnerCenter
) -> None:
    """Taken for non-payment; the payment arrives, and the next round gives back."""
    house.send({"alerts": leaks("acme", "resolved", ago(hours=1))})
    late = {"invoice_id": "late", "amount": 500.0}
    house.send(
        {"invoices": [{**late, "event_at": ago(days=90), "due_at": ago(days=60)}]}
    )
    decision_id, now = house.score()["decision_id"], microseconds(datetime.now(UTC))
    stop = an_act(decision_id=decision_id, reason="nonpayment")
    house.acts.plan([stop])
    [claimed] = house.acts.claim(stop.provider, now, now + 10_000_000, 1)
    house.acts.settle(claimed, "done", now)
    assert house.run() == ["reported"]
    fake.add("acme", "s1", Status="suspended")
    assert house.score()["follow_up"]["reactivation"] is None

    paid = {
        "payment_id": "p",
        **late,
        "status": "succeeded",
        "event_at": ago(seconds=0),
    }
    house.send({"payments": [{**paid, "event_at": ago(seconds=0)}]})
    back = house.score()["follow_up"]["reactivation"]
    assert (back["cure"], back["by"]) == ("paid", "automation")
    # the clock of the policy runs from the payment, at any hour of any day
    by = datetime.fromisoformat(back["restore_by"])
    assert timedelta() < by - datetime.now(UTC) <= timedelta(hours=4)
    house.plan()
    assert house.run() == ["done", "reported"]
    assert fake.state("acme", "s1") == "active"


def test_measures_are_rows_that_change_neither_features_nor_what_is_owed(
    house: House,
) -> None:
    before = house.score()
    row = {"event_at": ago(seconds=0), "reason": "nonpayment", "by": "automation"}
    for action in (*MEASURES, "end_restrict"):
        house.send({"actions": [{**row, "action": action}]})
    after = house.score()
    assert after["scores"] == before["scores"]
    assert after["exposure"] == before["exposure"]
    assert (after["action"], after["permission"]["in_force"]) == (
        before["action"],
        False,
    )
    assert '"prepayment"' in house.client.get("/v1/customers/acme/timeline").text
