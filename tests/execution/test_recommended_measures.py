"""A measure that a policy recommends is planned, checked again, done, and undone."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from decisions.policy.measures import MEASURES
from execution.errors import NotOfferedError
from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import serving
from execution.fakes.webhook import SECRET, FakeReceiver
from execution.plan import plan_run
from execution.planned_run import Run
from execution.port import Provider
from execution.providers.webhook import WebhookProvider
from execution.recheck import verdict_of
from execution.undo import plan_undo
from store.acts import Acts
from store.decisions import Decision
from tests.execution.conftest import NOW, an_act, kill_bill, partner_center
from tests.execution.test_carry_out import Bench, bench
from tests.execution.test_plan import an_answer
from tests.store.memory_store import Memory, MemoryDecisionStore, a_decision

__all__ = ["bench"]


@pytest.fixture
def receiver() -> FakeReceiver:
    receiver = FakeReceiver(meters={"s1": "running"})
    receiver.add("acme", "s1")
    receiver.add("acme", "s2")
    return receiver


@pytest.fixture
def provider(receiver: FakeReceiver) -> Iterator[WebhookProvider]:
    with serving(receiver) as url, httpx.Client() as client:
        yield WebhookProvider(client, f"{url}/hook", Webhook(SECRET))


def recommended(name: str, approvals: int = 0) -> dict[str, Any]:
    limit = 120.5 if name == "limit_spending" else None
    return {
        "measure": name,
        "basis": "fraud",
        "net_gain": 7.0,
        "limit": limit,
        "approvals": approvals,
    }


def beside(name: str, approvals: int = 0) -> dict[str, Any]:
    measures = {"measures": [recommended(name, approvals)]}
    return an_answer(action="review", permission=measures)


def planned(acts: Acts, provider: Provider, name: str, approvals: int = 0) -> Run:
    decision: Decision = a_decision(
        0,
        decision_id="d-acme",
        customer_id="acme",
        answer=json.dumps(beside(name, approvals)).encode(),
        prior_decisions=b'{"stored": {}}',
        recorded_at=NOW,
        as_of=NOW,
        policy_hash="p1",
    )
    memory = Memory(decisions={decision.decision_id: decision})
    return plan_run(MemoryDecisionStore(memory), acts, provider, NOW - 1, NOW)


def standing(receiver: FakeReceiver) -> set[str]:
    """The measures that stand at the receiver."""
    plain = {measure for _, measure in receiver.measures}
    limits = {"limit_spending" for limit in receiver.limits.values() if limit}
    meters = {"stop_meter" for state in receiver.meters.values() if state == "stopped"}
    return plain | limits | meters


@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_is_done_once_and_undone(
    bench: Bench, receiver: FakeReceiver, provider: WebhookProvider, name: str
) -> None:
    run = planned(bench.acts, provider, name)
    assert [act.subscription_id for act in run.acts] == [
        "s1" if name == "stop_meter" else ""
    ]
    assert bench.run(*run.acts) == ["done", "reported"]
    assert standing(receiver) == {name}
    assert receiver.limits.get("acme") == ("120.5" if run.acts[0].amount else None)
    assert bench.recheck.asked == [run.acts[0].act_id]  # it is checked again
    again = planned(bench.acts, provider, name)
    assert (again.acts, again.idle_measures) == ([], {("acme", name): "so_already"})
    undone = plan_undo(bench.acts, run.run_id, "Ada", NOW)
    if name == "stop_meter":  # nobody can start it again from here
        assert undone.run.acts == []
        return
    assert bench.run(*undone.run.acts) == ["done", "reported"]
    assert standing(receiver) == set()
    assert bench.told.acts[-1] == (f"end_{name}", "", "person")
    assert plan_undo(bench.acts, run.run_id, "Ada", NOW).run.acts == []


def test_a_limit_that_somebody_ended_is_reported_as_ended(
    bench: Bench, receiver: FakeReceiver, provider: WebhookProvider
) -> None:
    run = planned(bench.acts, provider, "limit_spending")
    bench.run(*run.acts)
    receiver.limits.clear()
    undone = plan_undo(bench.acts, run.run_id, "Ada", NOW)
    assert bench.run(*undone.run.acts) == ["done", "reported"]
    assert bench.told.acts[-1] == ("end_limit_spending", "", "person")


def test_it_waits_for_the_people_whom_the_answer_names(
    bench: Bench, receiver: FakeReceiver, provider: WebhookProvider
) -> None:
    [act] = planned(bench.acts, provider, "restrict", approvals=1).acts
    assert bench.run(act) == []
    bench.acts.approve(act.act_id, "Ada", NOW)
    assert bench.run() == ["done", "reported"]
    assert bench.told.acts == [("restrict", "", "person")]


def test_a_limit_of_somebody_else_is_left_alone(
    acts: Acts, receiver: FakeReceiver, provider: WebhookProvider
) -> None:
    receiver.limits["acme"] = "900"
    assert planned(acts, provider, "limit_spending").acts == []


def test_who_has_no_meter_is_named(acts: Acts) -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    with partner_center(fake) as provider:
        run = planned(acts, provider, "stop_meter")
    assert (run.acts, run.by_hand) == ([], ())
    assert run.idle_measures == {("acme", "stop_meter"): "no_meter"}


def test_a_provider_without_the_measure_is_named(acts: Acts) -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    with partner_center(fake) as provider:
        run = planned(acts, provider, "prepayment")
    [order] = run.by_hand
    assert run.acts == []
    assert order[:4] == ("acme", "prepayment", None, 0)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (beside("restrict"), None),
        (beside("restrict", approvals=1), "more_must_agree"),
        (beside("prepayment"), "milder_now"),
        (an_answer(action="none"), "milder_now"),
        (an_answer(), "harsher_now"),
        (an_answer(action=None), "no_decision"),
        (an_answer(question={"policy_hash": "p2"}), "policy_changed"),
    ],
)
def test_it_is_done_only_while_it_is_recommended(
    answer: dict[str, Any], code: str | None
) -> None:
    act = an_act(kind="restrict", subscription="")
    assert verdict_of(act, answer).code == code


def test_kill_bill_stops_charging_by_its_own_tag() -> None:
    fake = FakeKillBill()
    fake.add("acme", "s1")
    fake.tags["acme"] = {"somebody-elses"}
    with kill_bill(fake) as provider:
        for is_on in (True, True, False, False):
            provider.set_measure("acme", "stop_charging", "a1", is_on=is_on)
            assert provider.measure_is_on("acme", "stop_charging") is is_on
        assert fake.tags["acme"] == {"somebody-elses"}
        with pytest.raises(NotOfferedError):
            provider.measure_is_on("acme", "restrict")


def test_a_budget_of_microsoft_is_taken_back() -> None:
    fake = FakePartnerCenter()
    fake.add("acme", "s1")
    with partner_center(fake) as provider:
        provider.limit_spending("acme", Decimal(5), "a1")
        assert fake.more.budgets == {"acme": 5.0}
        provider.limit_spending("acme", None, "a2")
        assert provider.spending_limit("acme") is None
