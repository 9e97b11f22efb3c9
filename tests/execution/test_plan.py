"""What a recorded decision asks of the provider, and whether it still may be done."""

import asyncio
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.fakes.partner_center import FakePartnerCenter
from execution.intent import Intent, intent_of
from execution.plan import in_order, plan_run
from execution.port import Subscription
from execution.providers.partner_center import PartnerCenter
from execution.recheck import verdict_of
from execution.undo import plan_undo
from store.opening import (
    open_acts,
    open_decision_reader,
    open_decision_store,
    open_key_store,
    open_requests,
)
from store.requests import RequestChange
from tests.execution.conftest import NOW, PROVIDER, an_act
from tests.store.memory_store import a_decision

STOP: dict[str, Any] = {
    "action": "suspend",
    "expires_at": "2099-01-01T00:00:00+00:00",
    "question": {"policy_hash": "p1"},
    "permission": {
        "basis": "fraud",
        "in_force": False,
        "subscriptions": [],
        "withheld": [],
    },
    "people": {"requires_person": False, "approvals": 0},
    "follow_up": {"reactivation": None},
}
BACK = {"reasons": ["nonpayment"], "cure": "paid", "by": "automation"}
CURED = {"action": "none", "follow_up": {"reactivation": BACK}}


def an_answer(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of an answer
    """`STOP` with other parts; a part that is a dict changes what it names."""
    answer = deepcopy(STOP)
    for name, value in changes.items():
        is_part = isinstance(value, dict)
        answer[name] = {**answer[name], **value} if is_part else value
    return answer


@pytest.mark.parametrize(
    ("changes", "intent"),
    [
        ({}, Intent("suspend", "fraud", (), 0)),
        ({"action": "block"}, Intent("suspend", "fraud", (), 0)),
        (
            {"permission": {"basis": "nonpayment", "subscriptions": ["s2"]}},
            Intent("suspend", "nonpayment", ("s2",), 0),
        ),
        ({"people": {"requires_person": True}}, Intent("suspend", "fraud", (), 1)),
        ({"people": {"approvals": 2}}, Intent("suspend", "fraud", (), 2)),
        ({"action": "service_request"}, Intent("open_request", "fraud", (), 0)),
        ({"action": "review"}, None),
        ({"action": None}, None),
        (CURED, Intent("restore", "nonpayment", (), 0)),
        (
            {"follow_up": {"reactivation": {**BACK, "by": "person"}}},
            Intent("restore", "nonpayment", (), 1),
        ),
    ],
)
def test_what_an_answer_asks_of_the_provider(
    changes: dict[str, Any], intent: Intent | None
) -> None:
    assert intent_of(an_answer(**changes)) == intent


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"action": "block"}, None),
        ({"action": "review"}, "milder_now"),
        (
            {"action": "none", "permission": {"withheld": [{"code": "promised"}]}},
            "milder_now:promised",
        ),
        ({"action": None}, "no_decision"),
        ({"question": {"policy_hash": "p2"}}, "policy_changed"),
        ({"permission": {"in_force": True}}, None),
        ({"permission": {"basis": "nonpayment"}}, "other_reason"),
        ({"permission": {"subscriptions": ["s9"]}}, "subscription_not_meant"),
        ({"permission": {"subscriptions": ["s1", "s9"]}}, None),
        ({"people": {"approvals": 1}}, "more_must_agree"),
        (CURED, "milder_now"),
    ],
)
def test_a_stop_is_done_only_while_the_same_policy_permits_it(
    changes: dict[str, Any], code: str | None
) -> None:
    assert verdict_of(an_act(), an_answer(**changes)).code == code


def test_a_service_request_gives_way_to_a_stop() -> None:
    asked = an_act(kind="open_request", subscription="")
    assert verdict_of(asked, an_answer()).code == "harsher_now"
    assert verdict_of(asked, an_answer(action="service_request")).is_permitted


def test_access_comes_back_only_while_its_cause_is_cured() -> None:
    back = an_act(kind="restore", reason="nonpayment")
    assert verdict_of(back, an_answer(**CURED)).is_permitted
    assert verdict_of(back, an_answer()).code == "not_cured"
    by_person = {"follow_up": {"reactivation": {**BACK, "by": "person"}}}
    assert verdict_of(back, an_answer(**by_person)).code == "more_must_agree"


def record(
    home: Path,
    *answers: tuple[str, dict[str, Any]],
    recorded_at: int = NOW,
    number: int = 0,
    **changes: object,
) -> None:
    """Decisions about stored events as of the moment they were recorded."""
    store = open_decision_store(home)
    for n, (name, answer) in enumerate(answers, start=number):
        described = {
            "customer_id": name,
            "recorded_at": recorded_at + n,
            "as_of": recorded_at + n,
            "prior_decisions": '{"stored": {"sequence": 1, "rows_sha256": ""}}',
            "answer": json.dumps(answer).encode(),
        }
        asyncio.run(store.record(a_decision(n, **described | changes), {}))
    store.close()


def stopped_by_us(home: Path, name: str, subscription_id: str) -> None:
    open_key_store(home).close()
    acts = open_acts(home)
    acts.plan([an_act(name, subscription_id, decision_id="before")])
    [claimed] = acts.claim(PROVIDER, NOW, NOW + 1, 1)
    acts.settle(claimed, "done", NOW)
    acts.close()


def planned(
    home: Path, provider: PartnerCenter, policy_hash: str | None = None
) -> dict[str, list[str]]:
    reader, acts = open_decision_reader(home), open_acts(home)
    run = plan_run(reader, acts, provider, NOW, NOW + 1_000, policy_hash)
    reader.close()
    acts.close()
    by_customer: dict[str, list[str]] = {}
    for act in run.acts:
        named = f"{act.kind} {act.subscription_id}"
        by_customer.setdefault(act.customer_id, []).append(named)
    return by_customer


def test_the_last_decision_of_each_customer_is_planned(
    fake: FakePartnerCenter, provider: PartnerCenter, tmp_path: Path
) -> None:
    fake.add("brix", "s2", Status="suspended")
    fake.add("brix", "by the provider", Status="suspended")
    stopped_by_us(tmp_path, "brix", "s2")
    record(
        tmp_path,
        ("acme", an_answer()),
        ("acme", an_answer(action="review")),
        ("brix", an_answer()),
        ("brix", an_answer(**CURED)),
        ("goes on", an_answer(permission={"in_force": True})),
        ("corp", an_answer(expires_at="2026-01-01T00:00:00+00:00")),
    )
    assert planned(tmp_path, provider) == {"brix": ["restore s2"]}


@pytest.mark.parametrize(
    "changes",
    [{"prior_decisions": "{}"}, {"as_of": NOW - 86_400_000_000}],
    ids=["with events of its own", "about another day"],
)
def test_a_question_what_would_be_hides_nothing(
    fake: FakePartnerCenter,
    provider: PartnerCenter,
    tmp_path: Path,
    changes: dict[str, Any],
) -> None:
    record(tmp_path, ("acme", an_answer()))
    record(tmp_path, ("acme", an_answer(action="none")), number=1, **changes)
    assert planned(tmp_path, provider) == {"acme": ["suspend s1"]}


@pytest.mark.parametrize("was_done", [True, False])
def test_a_decision_from_before_an_undo_takes_nothing(
    provider: PartnerCenter, tmp_path: Path, *, was_done: bool
) -> None:
    record(tmp_path, ("acme", an_answer()), ("brix", an_answer()))
    acts = open_acts(tmp_path)
    acts.plan([an_act("acme", "s1", decision_id="before")])
    if was_done:
        [claimed] = acts.claim(PROVIDER, NOW, NOW + 1, 1)
        acts.settle(claimed, "done", NOW)
    acts.plan(plan_undo(acts, "run-1", "Ada", NOW + 10).run.acts)
    acts.close()
    assert planned(tmp_path, provider) == {"brix": ["suspend s1"]}
    record(tmp_path, ("acme", an_answer(**CURED)), number=2, recorded_at=NOW + 5)
    assert "acme" not in planned(tmp_path, provider)  # it runs
    record(tmp_path, ("acme", an_answer()), number=20)
    assert planned(tmp_path, provider)["acme"] == ["suspend s1"]


def test_under_another_policy_access_only_comes_back(
    fake: FakePartnerCenter, provider: PartnerCenter, tmp_path: Path
) -> None:
    fake.add("brix", "s2", Status="suspended")
    stopped_by_us(tmp_path, "brix", "s2")
    answers = ("acme", an_answer()), ("brix", an_answer(**CURED))
    record(tmp_path, *answers, policy_hash="p1")
    assert planned(tmp_path, provider, "p2") == {"brix": ["restore s2"]}
    assert planned(tmp_path, provider, "p1").keys() == {"acme", "brix"}


def test_one_service_request_is_open_at_a_time(
    tmp_path: Path, provider: PartnerCenter
) -> None:
    asking = an_answer(action="service_request")
    record(tmp_path, ("acme", asking), ("brix", asking))
    acts, requests = open_acts(tmp_path), open_requests(tmp_path)
    before = an_act("acme", "", kind="open_request", decision_id="before")
    acts.plan([before])
    assert planned(tmp_path, provider) == {"brix": ["open_request "]}
    [claimed] = acts.claim(PROVIDER, NOW, NOW + 1, 1)
    acts.settle(claimed, "done", NOW)
    assert planned(tmp_path, provider) == {"brix": ["open_request "]}
    requests.change(
        RequestChange(act_id=before.act_id, state="closed", at=NOW, by_whom="Ada")
    )
    assert set(planned(tmp_path, provider)) == {"acme", "brix"}
    acts.close()
    requests.close()


def test_whom_the_provider_does_not_know_keeps_nobody_else(
    provider: PartnerCenter, tmp_path: Path
) -> None:
    record(tmp_path, ("nobody", an_answer()), ("acme", an_answer()))
    reader, acts = open_decision_reader(tmp_path), open_acts(tmp_path)
    run = plan_run(reader, acts, provider, NOW, NOW + 1_000)
    reader.close()
    acts.close()
    assert [act.customer_id for act in run.acts] == ["acme"]
    assert run.refused == {"nobody": "20002"}


def test_only_what_is_meant_and_runs_is_stopped(
    fake: FakePartnerCenter, provider: PartnerCenter, tmp_path: Path
) -> None:
    fake.add("acme", "s2")
    fake.add("acme", "s3", Status="expired")
    fake.add("brix", "s2")
    meant = an_answer(permission={"basis": "nonpayment", "subscriptions": ["s2"]})
    record(tmp_path, ("acme", an_answer()), ("brix", meant))
    stopped = planned(tmp_path, provider)
    assert stopped == {"acme": ["suspend s1", "suspend s2"], "brix": ["suspend s2"]}


def test_decisions_beyond_one_page_are_planned(
    fake: FakePartnerCenter,
    provider: PartnerCenter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("execution.latest_decisions._STEP", 2)
    names = [f"c{n}" for n in range(5)]
    for name in names:
        fake.add(name, "s1")
    record(tmp_path, *((name, an_answer()) for name in names))
    assert sorted(planned(tmp_path, provider)) == names


@st.composite
def subscriptions(draw: st.DrawFn) -> list[Subscription]:
    """Any dependence among a few, circles included."""
    names = [f"s{n}" for n in range(draw(st.integers(1, 6)))]
    parents = st.sampled_from([None, *names, "of somebody else"])
    return [
        Subscription(
            subscription_id=name, state="active", stated="", parent_id=draw(parents)
        )
        for name in names
    ]


@given(subscriptions())
def test_what_others_depend_on_goes_last_and_comes_back_first(
    listed: list[Subscription],
) -> None:
    stops, backs = in_order("suspend", listed), in_order("restore", listed)
    names = sorted(one.subscription_id for one in listed)
    assert sorted(stops) == sorted(backs) == names
    by_id = {one.subscription_id: one for one in listed}
    for one in listed:
        above = ancestors(one, by_id)
        if one.parent_id in by_id and one.subscription_id not in above:
            at, parent = one.subscription_id, one.parent_id
            assert one.parent_id is not None
            if parent not in ancestors(by_id[one.parent_id], by_id):
                assert stops.index(at) < stops.index(str(parent))
                assert backs.index(at) > backs.index(str(parent))


def ancestors(one: Subscription, by_id: dict[str, Subscription]) -> list[str]:
    above: list[str] = []
    while one.parent_id in by_id and one.parent_id not in above:
        above.append(str(one.parent_id))
        one = by_id[str(one.parent_id)]
    return above
