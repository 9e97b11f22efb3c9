"""A pause for suspected fraud ends by itself: planned when it begins, checked then."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from execution.fakes.partner_center import FakePartnerCenter
from execution.pause import end_of_pause
from execution.recheck import refused
from execution.undo import plan_undo
from features.moments import to_datetime
from tests.execution.conftest import NOW, PROVIDER, an_act
from tests.execution.test_carry_out import Bench, bench
from tests.execution.test_with_the_service import House, house

__all__ = ["bench", "house"]
ANSWER: dict[str, Any] = {
    "as_of": "2026-06-20T22:00:00+00:00",
    "follow_up": {"pause": {"auto_expires_at": "2026-06-23T22:00:00+00:00"}},
    "permission": {"arm": "greedy", "propensity": 1.0},
}
SECONDS_72 = 72 * 3_600


def paused(bench: Bench, fake: FakePartnerCenter) -> Bench:
    """Two subscriptions, the child first, are paused."""
    bench.execution._answer = lambda act: ANSWER  # type: ignore[method-assign]
    fake.add("acme", "child", ParentSubscriptionId="s1")
    assert bench.run(an_act(subscription="child"), an_act()) == [
        *("done", "reported", "done", "reported")
    ]
    return bench


def test_access_comes_back_when_the_pause_ends(
    bench: Bench, fake: FakePartnerCenter
) -> None:
    paused(bench, fake)
    bench.pass_by(SECONDS_72 - 60)
    assert bench.run() == []
    assert bench.acts.n_open(PROVIDER, bench.now) == 0  # nothing that waits
    ends = bench.acts.of_later(PROVIDER, bench.now, bench.now + 3_600_000_000)
    assert [act.subscription_id for act in ends] == ["s1", "child"]  # parents first
    assert {act.due_at for act in ends} == {NOW + SECONDS_72 * 1_000_000}
    bench.pass_by(60)
    assert bench.run() == ["done", "reported"] * 2
    assert fake.state("acme", "child") == fake.state("acme", "s1") == "active"
    assert bench.told.acts[-1] == ("restore", "child", "automation")


def test_a_fraud_that_is_confirmed_keeps_access_off(
    bench: Bench, fake: FakePartnerCenter
) -> None:
    paused(bench, fake)
    bench.pass_by(SECONDS_72)
    bench.recheck.verdicts.extend([refused("not_cured")] * 2)
    assert bench.run() == ["withdrawn:not_cured"] * 2
    assert fake.state("acme", "s1") == "suspended"


def test_it_waits_while_nothing_can_be_decided(
    bench: Bench, fake: FakePartnerCenter
) -> None:
    paused(bench, fake)
    bench.pass_by(SECONDS_72)
    bench.recheck.verdicts.append(refused("no_decision"))
    assert bench.run() == ["postponed:no_decision"]
    bench.pass_by(60)
    assert bench.run() == ["done", "reported"] * 2


def test_an_end_of_later_holds_up_nothing(
    bench: Bench, fake: FakePartnerCenter
) -> None:
    paused(bench, fake)
    fake.add("acme", "s2")
    assert bench.run(an_act(subscription="s2", reason="nonpayment")) == [
        *("done", "reported")
    ]


def test_undoing_the_run_undoes_its_planned_end(
    bench: Bench, fake: FakePartnerCenter
) -> None:
    paused(bench, fake)
    back = plan_undo(bench.acts, "run-1", "Ada", bench.now)
    assert (back.n_withdrawn, len(back.run.acts)) == (2, 2)
    assert bench.run(*back.run.acts) == ["done", "reported"] * 2
    assert fake.state("acme", "child") == fake.state("acme", "s1") == "active"


def test_a_pause_undone_while_under_way_ends_at_once(
    bench: Bench, fake: FakePartnerCenter
) -> None:
    bench.execution._answer = lambda act: ANSWER  # type: ignore[method-assign]
    fake.faults.append("failed_after_acting")
    assert bench.run(an_act()) == ["postponed:provider_unreachable"]
    back = plan_undo(bench.acts, "run-1", "Ada", bench.now)
    bench.pass_by(60)
    assert bench.run(*back.run.acts) == ["done", "reported"] * 2
    assert fake.state("acme", "s1") == "active"
    assert bench.acts.listed(9, states=("planned",)) == []


def test_an_order_of_a_person_is_not_put_off(
    bench: Bench, fake: FakePartnerCenter
) -> None:
    """The first of two subscriptions is given back, while the second is stopped."""
    bench.execution._answer = lambda act: ANSWER  # type: ignore[method-assign]
    fake.add("acme", "s2")
    order = an_act(kind="restore", run_id="undo-1", due_at=NOW + 1, ordered_by="Ada")
    bench.acts.plan([order])
    assert bench.run(an_act(subscription="s2")) == ["done", "reported"]
    assert bench.acts.find(order.act_id).due_at == NOW + 1


def test_only_a_pause_by_automation_ends_by_itself() -> None:
    assert end_of_pause(an_act(), ANSWER, NOW) is not None
    for other in (
        an_act(reason="nonpayment"),
        an_act(kind="restore"),
        an_act(n_approvals=1),  # who agreed says when it ends
        an_act(ordered_by="Ada"),
    ):
        assert end_of_pause(other, ANSWER, NOW) is None
    assert end_of_pause(an_act(), {**ANSWER, "follow_up": {"pause": None}}, NOW) is None


def test_with_the_service_the_end_is_the_policys(house: House) -> None:
    pause = house.score()["follow_up"]["pause"]
    house.plan()
    assert house.run() == ["done", "reported"]
    now = datetime.now(UTC)
    until = int((now + timedelta(days=30)).timestamp() * 1_000_000)
    [end] = house.acts.of_later(PROVIDER, int(now.timestamp() * 1_000_000), until)
    stopped = house.acts.listed(9, states=("done",))[0]
    assert stopped.settled_at is not None
    lasts = to_datetime(end.due_at) - to_datetime(stopped.settled_at)
    as_of = datetime.fromisoformat(
        json.loads(house.decisions.find(end.decision_id).answer)["as_of"]
    )
    assert lasts == datetime.fromisoformat(pause["auto_expires_at"]) - as_of
