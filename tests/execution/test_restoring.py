"""Access is back while the customer waits, and what is late is said."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from httpx import Client, MockTransport, Request, Response

from execution.carry_out import Execution
from execution.errors import ServiceUnusableError
from execution.fakes.partner_center import FakePartnerCenter
from execution.recheck import ServiceRecheck
from execution.restoring import RestorationWatch, late_restorations
from execution.service import Service
from execution.undo import plan_undo
from features.moments import microseconds
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
    [claimed] = house.acts.claim(stop.provider, now, now + 10_000_000, 1)
    house.acts.settle(claimed, "done", now)
    assert house.run() == ["reported"]
    fake.add("acme", "s1", Status="suspended")


def pay(house: House) -> None:
    paid = {"payment_id": "p", "invoice_id": "late", "amount": 500.0}
    house.send(
        {"payments": [{**paid, "status": "succeeded", "event_at": ago(seconds=0)}]}
    )


def metrics(house: House) -> str:
    return house.client.get("/metrics").text


def carried_out(restoring: RestorationWatch) -> list[str]:
    told: list[str] = []
    restoring.carry_out(lambda _, came_to: told.append(came_to))
    return told


def test_paying_brings_access_back_while_the_customer_waits(
    house: House, fake: FakePartnerCenter, restoring: RestorationWatch, clock: Clock
) -> None:
    assert restoring.look().n_asked == 0
    stopped(house, fake)
    assert restoring.look() == (1, [])  # its row of `actions` arrived; nothing is paid
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
    stopped(house, fake)
    pay(house)
    [act] = restoring.look().planned

    def late(hours: float) -> list[str]:
        at = now_us() + int(hours * HOUR_US)
        listed = late_restorations(house.acts, house.decisions, act.provider, at)
        return [one.act.act_id for one in listed]

    assert late(3.9) == []
    assert late(4.1) == [act.act_id]
    restoring.look()  # a new decision does not put the clock back
    assert late(4.1) == [act.act_id]
    assert 'forbear_restorations{state="waiting"} 1.0' in metrics(house)
    carried_out(restoring)
    assert late(4.1) == []
    assert 'forbear_restorations{state="waiting"} 0.0' in metrics(house)


def test_an_order_to_give_back_has_the_same_clock(
    house: House, fake: FakePartnerCenter
) -> None:
    stopped(house, fake)
    [act] = plan_undo(house.acts, "run-1", "Ada", now_us()).run.acts
    house.acts.plan([act])
    [claimed] = house.acts.claim(act.provider, now_us(), now_us() + 10**7, 1)
    house.acts.settle(claimed, "failed", now_us(), "provider_refused:27009")
    assert 'forbear_restorations{state="failed"} 1.0' in metrics(house)
    named = house.acts, house.decisions, act.provider
    assert [*late_restorations(*named, now_us() + 3 * HOUR_US)] == []
    [late] = late_restorations(*named, now_us() + 5 * HOUR_US)
    assert late.act == replace(
        act,
        state="failed",
        why="provider_refused:27009",
        settled_at=late.act.settled_at,
    )
