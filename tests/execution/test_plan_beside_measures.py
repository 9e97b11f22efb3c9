"""A measure beside the action keeps nothing else away, and is planned once."""

import json
from typing import Any

import pytest

from execution.errors import ProviderRefusedError, ProviderUnreachableError
from execution.fakes.webhook import FakeReceiver
from execution.plan import plan_run
from execution.planned_run import Run
from execution.providers.webhook import WebhookProvider
from execution.undo import plan_undo
from store.acts import Acts
from tests.execution.conftest import NOW, an_act
from tests.execution.test_carry_out import Bench, bench
from tests.execution.test_plan import BACK, an_answer
from tests.execution.test_recommended_measures import (
    beside,
    planned,
    provider,
    receiver,
    recommended,
)
from tests.store.memory_store import Memory, MemoryDecisionStore, a_decision

__all__ = ["bench", "provider", "receiver"]
PRIOR = b'{"stored": {}}'


def plan(
    acts: Acts, provider: WebhookProvider, answers: dict[str, dict[str, Any]]
) -> Run:
    """One decision of each name, `d1-acme` about acme; written down."""
    decisions = [
        a_decision(
            n,
            decision_id=name,
            customer_id=name.partition("-")[2],
            answer=json.dumps(answer).encode(),
            prior_decisions=PRIOR,
            recorded_at=NOW,
            as_of=NOW,
            policy_hash=answer["question"]["policy_hash"],
        )
        for n, (name, answer) in enumerate(answers.items())
    ]
    memory = Memory(decisions={one.decision_id: one for one in decisions})
    run = plan_run(MemoryDecisionStore(memory), acts, provider, NOW - 1, NOW)
    acts.plan(run.acts)
    return run


def kinds(run: Run) -> list[str]:
    return [act.kind for act in run.acts]


def suspended(bench: Bench, provider: WebhookProvider) -> None:
    bench.execution._provider = provider
    assert "done" in bench.run(an_act(decision_id="d-brix", provider="webhook"))


def unreachable(*_: object, **__: object) -> None:
    raise ProviderUnreachableError("ConnectError")


def test_where_access_comes_back_no_measure_is_planned(
    bench: Bench, provider: WebhookProvider
) -> None:
    suspended(bench, provider)
    measures = {"measures": [recommended("prepayment", 1)]}
    back = {"reactivation": BACK}
    answer = an_answer(action="review", follow_up=back, permission=measures)
    assert kinds(plan(bench.acts, provider, {"d-acme": answer})) == ["restore"]
    assert bench.run() == ["done", "reported"]


def test_access_comes_back_before_a_measure_that_is_tried_again(
    bench: Bench, provider: WebhookProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspended(bench, provider)
    monkeypatch.setattr(provider, "set_measure", unreachable)
    [measure] = planned(bench.acts, provider, "prepayment").acts
    assert bench.run(measure) == ["postponed:provider_unreachable"]
    back = an_act(kind="restore", provider="webhook", decision_id="d-corp")
    assert bench.run(back) == ["done", "reported"]


def test_under_way_at_the_same_moment_is_one_of_them(
    bench: Bench, provider: WebhookProvider
) -> None:
    [measure] = planned(bench.acts, provider, "prepayment").acts
    back = an_act(kind="restore", provider="webhook", decision_id="d-corp")
    bench.acts.plan([measure])
    [claimed] = bench.acts.claim("webhook", NOW, NOW + 10, 1)
    bench.acts.plan([back])
    assert bench.acts.due("webhook", NOW, 1) == []
    bench.acts.postpone(claimed, NOW + 5, "provider_unreachable")
    assert bench.acts.due("webhook", NOW, 1) == [back]
    bench.acts.claim("webhook", NOW, NOW + 10, 1)
    assert bench.acts.due("webhook", NOW + 6, 1) == []


def test_a_request_waits_for_no_measure_and_no_measure_for_it(
    bench: Bench, provider: WebhookProvider
) -> None:
    bench.execution._provider = provider
    measures = {"measures": [recommended("prepayment")]}
    asking = an_answer(action="service_request", permission=measures)
    for_people = asking | {"people": {"requires_person": True, "approvals": 1}}
    run = plan(bench.acts, provider, {"d-acme": for_people})
    assert kinds(run) == ["open_request", "prepayment"]
    assert bench.run() == ["done", "reported"]
    assert bench.told.acts == [("prepayment", "", "automation")]


def test_a_refused_measure_keeps_nothing_else_away(
    acts: Acts, provider: WebhookProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ProviderRefusedError("unknown_type")

    monkeypatch.setattr(provider, "spending_limit", refuse)
    measures = {"measures": [recommended("limit_spending"), recommended("restrict")]}
    asking = an_answer(action="service_request", permission=measures)
    run = plan(acts, provider, {"d-acme": asking})
    assert kinds(run) == ["open_request", "restrict"]
    assert run.refused_measures == {("acme", "limit_spending"): "unknown_type"}
    assert not run.refused


@pytest.mark.parametrize("limit", [1e15, 0.00001])
def test_a_limit_that_cannot_be_asked_for_keeps_nobody_else_away(
    acts: Acts, receiver: FakeReceiver, provider: WebhookProvider, limit: float
) -> None:
    receiver.add("brix", "s1")
    measures = {"measures": [recommended("limit_spending") | {"limit": limit}]}
    odd = an_answer(action="review", permission=measures)
    run = plan(acts, provider, {"d-acme": odd, "d-brix": an_answer()})
    assert [act.customer_id for act in run.acts] == ["brix"]
    assert run.refused_measures == {("acme", "limit_spending"): "unusable_amount"}


def test_a_limit_that_somebody_set_meanwhile_stays(
    bench: Bench, receiver: FakeReceiver, provider: WebhookProvider
) -> None:
    bench.execution._provider = provider
    [act] = planned(bench.acts, provider, "limit_spending", approvals=1).acts
    assert bench.run(act) == []
    receiver.limits["acme"] = "50"
    bench.acts.approve(act.act_id, "Ada", NOW)
    assert bench.run() == ["withdrawn:provider_state:50"]
    assert receiver.limits["acme"] == "50"


def test_an_undo_leaves_a_limit_that_somebody_set_since(
    bench: Bench, receiver: FakeReceiver, provider: WebhookProvider
) -> None:
    bench.execution._provider = provider
    run = planned(bench.acts, provider, "limit_spending")
    assert bench.run(*run.acts) == ["done", "reported"]
    receiver.limits["acme"] = "50"
    undone = plan_undo(bench.acts, run.run_id, "Ada", NOW)
    assert bench.run(*undone.run.acts) == ["withdrawn:provider_state:50"]
    assert receiver.limits["acme"] == "50"


@pytest.mark.parametrize(
    "answer", [beside("restrict", approvals=1), an_answer(people={"approvals": 1})]
)
def test_what_waits_for_people_is_planned_once(
    acts: Acts, provider: WebhookProvider, answer: dict[str, Any]
) -> None:
    first = plan(acts, provider, {"d1-acme": answer})
    second = plan(acts, provider, {"d2-acme": answer})
    assert (second.acts, second.n_asked_before) == ([], len(first.acts))
    assert acts.waiting_for_people(99) == first.acts
    assert (
        plan(acts, provider, {"d1-acme": answer}).n_asked_before == 0
    )  # the same again
    other = answer | {"question": {"policy_hash": "p2"}}
    anew = plan(acts, provider, {"d3-acme": other})
    assert acts.waiting_for_people(99) == anew.acts
    withdrawn = acts.listed(99, states=("withdrawn",))
    assert {act.why for act in withdrawn} == {"planned_anew"}
    assert len(withdrawn) == len(first.acts)
