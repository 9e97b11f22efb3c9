"""Alerts, service requests and planned ends are kept alike in either database."""

import asyncio

from store.acts import Acts
from store.opening import (
    open_decision_store,
    open_desk,
    open_provider_alerts,
    open_requests,
)
from store.provider_alerts import SeenAlert
from store.requests import RequestChange
from store.sql_decision_reader import SqlDecisionReader
from tests.execution.conftest import NOW, PROVIDER, an_act
from tests.store.conftest import Place
from tests.store.memory_store import a_decision


def test_an_alert_is_kept_once_in_each_status(place: Place, acts: Acts) -> None:
    seen = open_provider_alerts(*place)
    first = SeenAlert(PROVIDER, "e1", "active", "acme", "", "{}", NOW)
    again = SeenAlert(PROVIDER, "e1", "active", "acme", "", '{"a": 1}', NOW + 9)
    assert (seen.note([first]), seen.note([again])) == (1, 0)
    [waiting] = seen.waiting(PROVIDER)
    assert waiting == first
    seen.mark_sent(waiting, "unknown_value")
    assert seen.waiting(PROVIDER) == []
    after = seen.find(PROVIDER, "e1")
    assert (after.content, after.why, after.is_sent) == (None, "unknown_value", True)
    seen.close()


def test_a_request_changes_once_into_each_state(place: Place, acts: Acts) -> None:
    opened = an_act(subscription="", kind="open_request")
    acts.plan([opened])
    [claimed] = acts.claim(PROVIDER, NOW, NOW + 1, 1)
    acts.settle(claimed, "done", NOW, None, '{"number": "n1", "is_draft": false}')
    requests = open_requests(*place)
    assert requests.find(opened.act_id).state == "sent"
    answered = RequestChange(
        act_id=opened.act_id, state="answered", at=NOW, by_whom="Ada", result="fraud"
    )
    assert requests.change(answered)
    assert not requests.change(answered)
    [change] = requests.waiting()
    assert (change.number, change.result) == ("n1", "fraud")
    requests.mark_reported(change)
    assert requests.waiting() == []
    requests.close()


def test_what_was_taken_last_is_planned_to_come_back_first(acts: Acts) -> None:
    for name in ("grandchild", "child", "parent"):
        acts.plan([an_act(subscription=name)])
    while claimed := acts.claim(PROVIDER, NOW, NOW + 1, 1):
        one = claimed[0].act
        if one.state == "done":
            acts.mark_reported(claimed[0])
            continue
        later = NOW + 10 + len(acts.listed(99))
        end = an_act(subscription=one.subscription_id, kind="restore", due_at=later)
        acts.settle(claimed[0], "done", NOW, then=end)
    ends = acts.of_later(PROVIDER, NOW, NOW + 99)
    assert [end.subscription_id for end in ends] == ["parent", "child", "grandchild"]
    assert len({end.due_at for end in ends}) == 1
    assert acts.n_open(PROVIDER, NOW) == 0
    assert acts.n_open(PROVIDER, ends[0].due_at) == 3


def test_a_lost_lease_plans_nothing(acts: Acts) -> None:
    acts.plan([an_act()])
    [mine] = acts.claim(PROVIDER, NOW, NOW + 1, 1)
    acts.claim(PROVIDER, NOW + 1, NOW + 2, 1)
    end = an_act(kind="restore", due_at=NOW + 10)
    assert not acts.settle(mine, "done", NOW + 1, then=end)
    assert acts.of_later(PROVIDER, NOW, NOW + 99) == []


def test_the_latest_decision_is_that_of_the_latest_moment(place: Place) -> None:
    """Not the one recorded last; of one moment it is."""
    store = open_decision_store(*place)
    made = [
        a_decision(1, customer_id="acme", as_of=2_000),
        a_decision(2, customer_id="acme", as_of=1_000),
        a_decision(3, customer_id="brix"),
        a_decision(4, customer_id="brix"),
        a_decision(5, customer_id="corp"),
    ]
    for one in made:
        asyncio.run(store.record(one, {}))
    store.close()
    database = open_desk(*place)
    latest = SqlDecisionReader(database).latest_of(["acme", "brix", "nobody"])
    assert latest == {"acme": made[0], "brix": made[3]}
    assert SqlDecisionReader(database).latest_of([]) == {}
    database.close()
