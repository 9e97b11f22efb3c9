"""Access is back while the customer waits, and what is late is said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, MockTransport, Request, Response

from execution.carry_out import Execution
from execution.errors import (
    CustomerUndecidedError,
    ProviderRefusedError,
    ServiceUnusableError,
)
from execution.fakes.partner_center import FakePartnerCenter
from execution.recheck import ServiceRecheck
from execution.restoring import RestorationWatch, late_restorations
from execution.service import Service
from execution.undo import plan_undo
from features.moments import microseconds
from serving import routes
from store.act import Act, ActState, ClaimedAct
from store.opening import open_event_reader
from tests.execution.conftest import an_act
from tests.execution.test_with_the_service import House, ago, house, leaks

__all__ = ["house"]
HOUR_US = 3_600_000_000


def now_us() -> int:
    return microseconds(datetime.now(UTC))


class Clock:
    """Of the one who looks; it runs on by what a test says."""

    def __init__(self) -> None:
        self.ahead_us = 0

    def __call__(self) -> int:
        return now_us() + self.ahead_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def restoring(house: House, tmp_path: Path, clock: Clock) -> Iterator[RestorationWatch]:
    service = Service(house.client)
    stores = house.acts, house.decisions
    carried = Execution(*stores, house.provider, ServiceRecheck(service), service)
    events = open_event_reader(tmp_path / "state")
    yield RestorationWatch(*stores, events, house.provider, service, carried, clock)
    events.close()


def stopped(house: House, fake: FakePartnerCenter) -> None:
    """Access was taken for an invoice that is late."""
    house.send({"alerts": leaks("acme", "resolved", ago(hours=1))})
    late = {"invoice_id": "late", "amount": 500.0, "event_at": ago(days=90)}
    house.send({"invoices": [{**late, "due_at": ago(days=60)}]})
    decision_id, now = house.score()["decision_id"], now_us()
    stop = an_act(
        decision_id=decision_id, reason="nonpayment", planned_at=now, due_at=now
    )
    house.acts.plan([stop])
    settle(house, stop, "done")
    assert house.run() == ["reported"]
    fake.add("acme", "s1", Status="suspended")


def settle(house: House, act: Act, state: ActState, why: str | None = None) -> None:
    """As if the provider had been asked."""
    [claimed] = leased(house, act)
    house.acts.settle(claimed, state, now_us(), why)


def leased(house: House, act: Act) -> list[ClaimedAct]:
    now = now_us()
    return house.acts.claim(act.provider, now, now + 10_000_000, 1, act.kind)


def pay(house: House) -> None:
    paid = {"payment_id": "p", "invoice_id": "late", "amount": 500.0}
    house.send(
        {"payments": [{**paid, "status": "succeeded", "event_at": ago(seconds=0)}]}
    )


def paid_after_a_stop(house: House, fake: FakePartnerCenter) -> None:
    stopped(house, fake)
    pay(house)


def n_restorations(house: House, state: str) -> float:
    """As `/metrics` tells."""
    line = f'forbear_restorations{{state="{state}"}} '
    return float(house.client.get("/metrics").text.split(line)[1].splitlines()[0])


def carried_out(restoring: RestorationWatch) -> list[str]:
    told: list[str] = []
    restoring.carry_out(lambda _, came_to: told.append(came_to))
    return told


def test_paying_brings_access_back_while_the_customer_waits(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch, clock: Clock
) -> None:
    assert restoring.look().n_asked == 0
    stopped(house, fake)
    assert restoring.look() == (
        1,
        [],
        {},
        0,
        0,
    )  # its row of `actions` arrived; nothing is paid
    assert restoring.look().n_asked == 0  # nobody is asked about for nothing
    pay(house)
    [act] = restoring.look().planned
    assert (act.kind, act.n_approvals) == ("restore", 0)
    assert carried_out(restoring) == ["done", "reported"]
    assert fake.state("acme", "s1") == "active"
    clock.ahead_us = HOUR_US
    assert restoring.look().n_asked == 0  # nobody is stopped any more


def test_everybody_who_is_stopped_is_asked_about_from_time_to_time(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch, clock: Clock
) -> None:
    stopped(house, fake)
    assert restoring.look().n_asked == 1
    clock.ahead_us = HOUR_US
    assert restoring.look().n_asked == 1


def test_what_a_service_that_was_down_missed_is_looked_at_next(
    house: House,
    fake: FakePartnerCenter,
    restoring: RestorationWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped(house, fake)
    restoring.look()
    pay(house)
    with monkeypatch.context() as down:
        down.setattr(
            restoring._service,
            "_client",
            Client(transport=MockTransport(gone), base_url="http://service"),
        )
        with pytest.raises(ServiceUnusableError):
            restoring.look()
    assert len(restoring.look().planned) == 1


def gone(_: Request) -> Response:
    return Response(502)


def test_nothing_is_taken_by_it(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch
) -> None:
    assert house.score()["action"] == "suspend"
    assert len(house.plan()) == 1
    restoring.look()
    assert carried_out(restoring) == []
    assert fake.state("acme", "s1") == "active"


def test_what_is_not_back_in_the_hours_of_the_policy_is_late(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch
) -> None:
    paid_after_a_stop(house, fake)
    [act] = restoring.look().planned

    def late(hours: float) -> list[str]:
        at = now_us() + int(hours * HOUR_US)
        listed = late_restorations(house.acts, house.decisions, act.provider, at)
        return [one.act.act_id for one in listed]

    assert late(3.9) == []
    assert late(4.1) == [act.act_id]
    restoring.look()  # a new decision does not put the clock back
    assert late(4.1) == [act.act_id]
    assert n_restorations(house, "waiting") == 1
    assert n_restorations(house, "late") == 0
    carried_out(restoring)
    assert late(4.1) == []
    assert n_restorations(house, "waiting") == 0


def test_an_order_to_give_back_has_the_same_clock(
    house: House, fake: FakePartnerCenter
) -> None:
    stopped(house, fake)
    [act] = plan_undo(house.acts, "run-1", "Ada", now_us()).run.acts
    house.acts.plan([act])
    settle(house, act, "failed", "provider_refused:27009")
    assert n_restorations(house, "failed") == 1
    named = house.acts, house.decisions, act.provider
    assert [*late_restorations(*named, now_us() + 3 * HOUR_US)] == []
    [late] = late_restorations(*named, now_us() + 5 * HOUR_US)
    assert late.act == replace(
        act,
        state="failed",
        why="provider_refused:27009",
        settled_at=late.act.settled_at,
    )


def test_one_who_cannot_be_asked_about_holds_up_nobody(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch, clock: Clock
) -> None:
    stopped(house, fake)
    also_stopped(house, "aaa")
    pay(house)
    answers = restoring._service.score

    def score(customer_id: str) -> dict[str, Any] | None:
        if customer_id == "aaa":
            raise CustomerUndecidedError("internal_error")
        return answers(customer_id)

    restoring._service.score = score  # type: ignore[method-assign]
    looked = restoring.look()
    assert (len(looked.planned), looked.refused) == (1, {"aaa": "internal_error"})
    assert restoring.look().refused == {"aaa": "internal_error"}  # asked again


def also_stopped(house: House, customer_id: str) -> None:
    now = now_us()
    stop = an_act(
        customer_id, decision_id=f"d-{customer_id}", planned_at=now, due_at=now
    )
    house.acts.plan([stop])
    settle(house, stop, "done")
    [claimed] = leased(house, stop)
    house.acts.mark_reported(claimed)


def test_what_the_service_answers_about_one_says_so() -> None:
    def broken(_: Request) -> Response:
        return Response(500, json={"code": "internal_error"})

    client = Client(transport=MockTransport(broken), base_url="http://service")
    with pytest.raises(CustomerUndecidedError, match="internal_error"):
        Service(client).score("acme")


def test_a_clock_that_is_behind_misses_no_decision(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch, clock: Clock
) -> None:
    paid_after_a_stop(house, fake)
    clock.ahead_us = -1_000_000
    assert len(restoring.look().planned) == 1


def test_of_whom_the_provider_tells_nothing_is_named_and_asked_again(
    house: House,
    fake: FakePartnerCenter,
    restoring: RestorationWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paid_after_a_stop(house, fake)

    def refusing(_: str) -> list[Any]:
        raise ProviderRefusedError("404")

    with monkeypatch.context() as refused:
        refused.setattr(house.provider, "subscriptions", refusing)
        assert restoring.look().refused == {"acme": "404"}
    assert len(restoring.look().planned) == 1


def test_access_that_others_gave_back_is_reported(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch
) -> None:
    stopped(house, fake)
    fake.add("acme", "s1")  # active again, at the provider's console
    pay(house)
    assert len(restoring.look().planned) == 1
    assert carried_out(restoring) == ["done", "reported"]
    assert fake.changes == []
    assert house.score()["follow_up"]["reactivation"] is None


def test_a_stop_that_was_never_asked_for_holds_no_restoration_up(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch
) -> None:
    stopped(house, fake)
    fake.add("acme", "s2")
    decision, now = house.score(), now_us()
    house.acts.plan(
        [
            an_act(
                subscription="s2",
                decision_id=decision["decision_id"],
                reason="nonpayment",
                policy_hash=decision["question"]["policy_hash"],
                planned_at=now,
                due_at=now,
            )
        ]
    )
    pay(house)
    assert [act.subscription_id for act in restoring.look().planned] == ["s1"]
    assert carried_out(restoring) == ["done", "reported"]
    assert fake.state("acme", "s1") == "active"
    assert house.run() == ["withdrawn:milder_now:nothing_overdue"]


def test_what_the_provider_refused_is_named_and_not_planned_anew(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch, clock: Clock
) -> None:
    paid_after_a_stop(house, fake)
    [act] = restoring.look().planned
    settle(house, act, "failed", "provider_refused:1")
    clock.ahead_us = HOUR_US
    looked = restoring.look()
    assert (looked.planned, looked.refused) == ([], {"acme": "provider_refused:1"})


def test_the_clock_runs_from_the_first_that_was_planned(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch, clock: Clock
) -> None:
    paid_after_a_stop(house, fake)
    [act] = restoring.look().planned
    settle(house, act, "failed", "provider_unreachable")
    named = house.acts, house.decisions, act.provider
    [before] = late_restorations(*named, now_us() + 5 * HOUR_US)
    clock.ahead_us = HOUR_US
    [anew] = restoring.look().planned
    [late] = late_restorations(*named, now_us() + 5 * HOUR_US)
    assert (late.act, late.by) == (anew, before.by)


def test_what_is_late_is_counted(
    house: House,
    fake: FakePartnerCenter,
    restoring: RestorationWatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paid_after_a_stop(house, fake)
    restoring.look()
    monkeypatch.setattr(routes, "datetime", InFiveHours)
    assert n_restorations(house, "late") == 1


class InFiveHours(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "InFiveHours":
        return super().now(tz) + timedelta(hours=5)


def test_access_is_given_back_before_everybody_was_asked_about(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch
) -> None:
    stopped(house, fake)
    restoring.look()
    for n in range(25):
        also_stopped(house, f"aa{n}")
    pay(house)
    restoring._all_at = -HOUR_US
    looked = restoring.look()
    assert (looked.n_asked, len(looked.planned), looked.n_left) == (20, 1, 6)
    assert restoring.look()[::4] == (6, 0)
