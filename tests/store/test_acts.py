"""Acts: planned once, taken by one, in order per customer, gone with the customer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from store.act import Act, ActKind, ActState
from store.acts import Acts
from store.backup import back_up, restore
from store.errors import ActIsOverError, UnknownActError, UnknownRunError
from store.opening import open_acts, open_decision_store, open_replies
from tests.execution.conftest import NOW, PROVIDER, an_act
from tests.store.conftest import Place
from tests.store.memory_store import a_decision
from tests.store.test_letters import a_reply


def names(listed: list[Act]) -> list[str]:
    return [f"{act.customer_id} {act.subscription_id}" for act in listed]


def test_what_is_planned_twice_is_there_once(acts: Acts) -> None:
    assert acts.plan([an_act(), an_act("brix")]) == 2
    assert acts.plan([an_act(run_id="run-2"), an_act("corp")]) == 1
    assert names(acts.listed(10)) == ["corp s1", "brix s1", "acme s1"]
    assert acts.find(an_act().act_id) == an_act()  # as it was planned first


def test_two_that_claim_share_nothing(place: Place, acts: Acts) -> None:
    acts.plan([an_act("acme"), an_act("brix")])
    other = open_acts(*place)
    mine = acts.claim(PROVIDER, NOW, NOW + 10, 1)
    theirs = other.claim(PROVIDER, NOW, NOW + 10, 10)
    assert names([one.act for one in mine]) == ["acme s1"]
    assert names([one.act for one in theirs]) == ["brix s1"]
    assert other.claim(PROVIDER, NOW + 9, NOW + 20, 10) == []
    # after the lease another may take it, and whoever had it has no say any more
    [again] = other.claim(PROVIDER, NOW + 10, NOW + 30, 1)
    assert again.act.customer_id == "acme"
    assert not acts.settle(mine[0], "done", NOW + 11)
    assert other.mark_asked(again, NOW + 12)
    assert acts.find(again.act.act_id).state == "asked"
    other.close()


def test_who_is_stopped_and_what_is_to_come_back(acts: Acts) -> None:
    def settled(only: ActKind | None, state: ActState) -> None:
        for one in acts.claim(PROVIDER, NOW, NOW + 10, 9, only):
            acts.settle(one, state, NOW)
        for one in acts.claim(PROVIDER, NOW, NOW + 10, 9):
            acts.mark_reported(one)

    acts.plan([an_act(), an_act("brix")])
    assert acts.stopped_customers(PROVIDER) == []
    settled(None, "done")
    assert acts.stopped_customers(PROVIDER) == ["acme", "brix"]
    assert acts.stopped_customers("kill-bill") == []
    back = an_act(kind="restore", decision_id="d2")
    later = an_act("brix", kind="restore", decision_id="d2", due_at=NOW + 99)
    acts.plan([back, an_act("corp"), later])
    assert acts.open_restorations(None, NOW) == [back]
    assert acts.open_restorations("kill-bill", NOW) == []
    assert names(acts.due(PROVIDER, NOW, 9, "restore")) == ["acme s1"]
    settled("restore", "failed")
    [failed] = acts.open_restorations(PROVIDER, NOW)
    assert (failed.state, names(acts.due(PROVIDER, NOW, 9))) == ("failed", ["corp s1"])
    acts.plan([an_act(kind="restore", decision_id="d3")])  # in its stead
    settled("restore", "done")
    assert acts.open_restorations(PROVIDER, NOW) == []
    assert acts.stopped_customers(PROVIDER) == ["brix"]


def test_what_an_upheld_appeal_found_unjust_is_to_come_back(
    place: Place, acts: Acts
) -> None:
    """What was taken before, of this customer, and is not given back or planned so."""
    acts.plan([an_act("acme"), an_act("brix"), an_act("corp", run_id="run-2")])
    for one in acts.claim(PROVIDER, NOW, NOW + 10, 9):
        acts.settle(one, "done", NOW)
    replies = open_replies(*place)
    decided: dict[str, Any] = {"result": "upheld", "decided_at": NOW + 1}
    replies.add(a_reply(**decided))
    replies.add(a_reply(reply_id="r2", customer_id="brix", result="denied"))
    earlier: dict[str, Any] = {"result": "upheld", "decided_at": NOW}
    replies.add(a_reply(reply_id="r3", customer_id="corp", **earlier))
    replies.close()
    assert acts.unjustly_taken(9) == [("acme", NOW)]
    assert acts.unjustly_taken(9, "b") == []
    runs = [acts.unjust_runs(one) for one in ("acme", "brix", "corp")]
    assert runs == [["run-1"], [], []]
    acts.plan([an_act(kind="restore", decision_id="d2")])
    assert (acts.unjustly_taken(9), acts.unjust_runs("acme")) == ([], [])


def test_a_customer_has_one_act_at_a_time_in_order(acts: Acts) -> None:
    acts.plan([an_act("acme", "s1"), an_act("acme", "s2"), an_act("brix", "s1")])
    [first, other] = acts.claim(PROVIDER, NOW, NOW + 10, 10)
    assert names([first.act, other.act]) == ["acme s1", "brix s1"]
    acts.settle(first, "done", NOW)
    # not yet reported, so that what is asked next knows of it
    assert names(acts.due(PROVIDER, NOW, 10)) == ["acme s1"]
    [done] = acts.claim(PROVIDER, NOW, NOW + 10, 10)
    acts.mark_reported(done)
    assert names(acts.due(PROVIDER, NOW, 10)) == ["acme s2"]


def test_each_provider_has_its_own(acts: Acts) -> None:
    acts.plan([an_act("acme"), an_act("brix", provider="kill-bill")])
    assert names(acts.due(PROVIDER, NOW, 10)) == ["acme s1"]
    assert names(acts.due("kill-bill", NOW, 10)) == ["brix s1"]


def test_people_agree_before_it_is_due(acts: Acts) -> None:
    act = an_act(n_approvals=1)
    acts.plan([act])
    assert acts.due(PROVIDER, NOW, 10) == []
    acts.approve(act.act_id, "Ada", NOW)
    [claimed] = acts.claim(PROVIDER, NOW, NOW + 10, 10)
    acts.settle(claimed, "withdrawn", NOW, "milder_now")
    with pytest.raises(ActIsOverError):
        acts.approve(act.act_id, "Grace", NOW)
    with pytest.raises(ActIsOverError):
        acts.retry(act.act_id, NOW)
    with pytest.raises(UnknownActError):
        acts.approve("a-none", "Ada", NOW)
    with pytest.raises(UnknownActError):
        acts.retry("a-none", NOW)
    with pytest.raises(UnknownRunError):
        acts.end_run("run-none", NOW)


def test_what_is_put_off_comes_later(acts: Acts) -> None:
    acts.plan([an_act()])
    [claimed] = acts.claim(PROVIDER, NOW, NOW + 10, 10)
    assert acts.postpone(claimed, NOW + 100, "provider_busy")
    assert acts.due(PROVIDER, NOW + 99, 10) == []
    [act] = acts.due(PROVIDER, NOW + 100, 10)
    assert (act.n_attempts, act.why) == (1, "provider_busy")


def test_a_run_ends_but_for_what_is_under_way(acts: Acts) -> None:
    acts.plan([an_act("acme"), an_act("brix"), an_act("corp", run_id="run-2")])
    [under_way, leased] = acts.claim(PROVIDER, NOW, NOW + 10, 2)
    acts.mark_asked(under_way, NOW)
    assert acts.end_run("run-1", NOW) == (1, 1)
    states = {act.customer_id: act.state for act in acts.listed(10)}
    assert states == {"acme": "asked", "brix": "withdrawn", "corp": "planned"}
    assert len(acts.listed(10, run_id="run-1")) == 2
    # whoever had taken them has no say any more
    assert not acts.mark_asked(leased, NOW)
    assert not acts.mark_asked(under_way, NOW)
    assert acts.find(leased.act.act_id).state == "withdrawn"


def test_what_a_later_act_changed_is_not_taken_any_more(acts: Acts) -> None:
    stop = an_act("acme")
    back = an_act("acme", kind="restore", run_id="run-2")
    again = an_act("acme", decision_id="later", run_id="run-3")
    for act in (stop, back, again):
        acts.plan([act])
        [claimed] = acts.claim(PROVIDER, NOW, NOW + 10, 1)
        acts.settle(claimed, "done", NOW)
        [done] = acts.claim(PROVIDER, NOW, NOW + 10, 1)
        acts.mark_reported(done)
    assert acts.taken("run-1") == []
    assert names(acts.taken("run-3")) == ["acme s1"]
    assert acts.last_done(PROVIDER, "acme", "s1") == "suspend"
    assert acts.last_done(PROVIDER, "acme", "s2") is None


def test_what_people_have_not_agreed_to_holds_up_its_own_decision(acts: Acts) -> None:
    child = an_act("acme", "child", n_approvals=1)
    parent = an_act("acme", "parent", n_approvals=1)
    acts.plan([child, parent])
    acts.approve(parent.act_id, "Ada", NOW)
    assert acts.due(PROVIDER, NOW, 10) == []
    acts.approve(child.act_id, "Ada", NOW)
    assert names(acts.due(PROVIDER, NOW, 10)) == ["acme child"]


def test_what_was_given_up_after_it_was_asked_is_read_first(acts: Acts) -> None:
    acts.plan([an_act()])
    [claimed] = acts.claim(PROVIDER, NOW, NOW + 10, 1)
    acts.mark_asked(claimed, NOW)
    acts.settle(claimed, "failed", NOW, "provider_unreachable")
    acts.retry(claimed.act.act_id, NOW)
    assert acts.find(claimed.act.act_id).state == "asked"


def test_who_is_erased_has_no_acts(place: Place, acts: Acts) -> None:
    act = an_act(decision_id="d1", n_approvals=1)
    acts.plan([act, an_act("brix")])
    acts.approve(act.act_id, "Ada", NOW)
    store = open_decision_store(*place)
    asyncio.run(store.record(a_decision(1, customer_id="acme"), {}))
    asyncio.run(store.erase("acme", NOW))
    store.close()
    assert names(acts.listed(10)) == ["brix s1"]
    assert acts.approved_by(act.act_id) == []


def test_a_backup_brings_them_back(place: Place, acts: Acts, tmp_path: Path) -> None:
    act = an_act(n_approvals=1)
    acts.plan([act])
    acts.approve(act.act_id, " Ada ", NOW)
    back_up(*place, tmp_path / "backup.sqlite")
    restore(tmp_path / "anew", None, tmp_path / "backup.sqlite")
    restored = open_acts(tmp_path / "anew")
    assert restored.find(act.act_id) == act
    assert restored.approved_by(act.act_id) == ["Ada"]
    restored.close()
