"""An act is done once, only while it is permitted, and never forgotten."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from execution.carry_out import MOST_ATTEMPTS, Execution
from execution.errors import ServiceUnusableError
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import Fault
from execution.partner_center import PartnerCenter
from execution.plan import plan_undo
from execution.recheck import refused
from store.acts import Act, Acts
from store.opening import open_decision_reader, open_decision_store
from tests.execution.conftest import NOW, PROVIDER, StatedRecheck, Told, an_act
from tests.store.memory_store import a_decision

ANSWER = b'{"permission": {"arm": "greedy", "propensity": 1.0}}'


class Bench:
    """An executor, and what it was told and asked."""

    def __init__(
        self, acts: Acts, fake: FakePartnerCenter, provider: PartnerCenter, home: Path
    ) -> None:
        self.acts, self.fake, self.now = acts, fake, NOW
        self.recheck, self.told = StatedRecheck(), Told()
        decisions = open_decision_store(home)
        for number, name in enumerate(("acme", "brix", "corp")):
            changes = {"decision_id": f"d-{name}", "customer_id": name}
            decision = a_decision(number, answer=ANSWER, **changes)
            asyncio.run(decisions.record(decision, {}))
        decisions.close()
        self.decisions = open_decision_reader(home)
        self.execution = Execution(
            acts, self.decisions, provider, self.recheck, self.told, lambda: self.now
        )

    def run(self, *acts: Act) -> list[str]:
        """What came of each act, in the order it was told."""
        self.acts.plan(acts)
        told: list[str] = []
        self.execution.run(lambda _, came_to: told.append(came_to))
        return told

    def pass_by(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


@pytest.fixture
def bench(
    acts: Acts, fake: FakePartnerCenter, provider: PartnerCenter, tmp_path: Path
) -> Iterator[Bench]:
    bench = Bench(acts, fake, provider, tmp_path)
    yield bench
    bench.decisions.close()


def test_what_is_permitted_is_done_and_reported(bench: Bench) -> None:
    assert bench.run(an_act()) == ["done", "reported"]
    assert bench.fake.changes == [("s1", "suspended")]
    assert bench.told.acts == [("suspend", "s1", "automation")]
    [act] = bench.acts.listed(10)
    assert (act.state, act.is_reported, act.asked_at) == ("done", True, NOW)
    assert '"state": "suspended"' in (act.proof or "")
    assert bench.run() == []


def test_what_is_no_longer_permitted_is_withdrawn(bench: Bench) -> None:
    bench.recheck.verdicts.append(refused("milder_now:promised"))
    assert bench.run(an_act()) == ["withdrawn:milder_now:promised"]
    assert bench.fake.changes == []
    assert bench.told.acts == []
    assert bench.acts.listed(1)[0].why == "milder_now:promised"


def test_what_somebody_else_did_is_not_ours(bench: Bench) -> None:
    bench.fake.add("acme", "s1", Status="suspended")
    assert bench.run(an_act()) == ["withdrawn:so_already"]
    assert bench.told.acts == []


@pytest.mark.parametrize("stated", ["expired", "Provisioning", "pending"])
def test_a_subscription_in_another_state_is_left_alone(
    bench: Bench, stated: str
) -> None:
    bench.fake.add("acme", "s1", Status=stated)
    assert bench.run(an_act()) == [f"withdrawn:provider_state:{stated}"]
    assert bench.fake.changes == []


def test_it_waits_for_as_many_people_as_must_agree(bench: Bench) -> None:
    act = an_act(n_approvals=2)
    assert bench.run(act) == []
    bench.acts.approve(act.act_id, "Ada", NOW)
    bench.acts.approve(act.act_id, "Ada", NOW + 1)
    assert bench.run() == []
    bench.acts.approve(act.act_id, "Grace", NOW + 2)
    assert bench.run() == ["done", "reported"]
    assert bench.told.acts == [("suspend", "s1", "person")]
    assert bench.acts.approved_by(act.act_id) == ["Ada", "Grace"]


def test_what_waits_for_people_holds_up_nothing(bench: Bench) -> None:
    waits = an_act(n_approvals=1)
    bench.fake.add("acme", "s2", Status="suspended")
    back = an_act(subscription="s2", kind="restore", reason="nonpayment")
    assert bench.run(waits, back) == ["done", "reported"]


def test_a_failure_behind_which_it_was_done_is_not_done_twice(bench: Bench) -> None:
    bench.fake.faults.append("failed_after_acting")
    assert bench.run(an_act()) == ["postponed:provider_unreachable"]
    bench.pass_by(60)
    assert bench.run() == ["done", "reported"]
    assert bench.fake.changes == [("s1", "suspended")]


@pytest.mark.parametrize(
    ("fault", "pause_s"), [("failed", 5.0), ("busy", 5.0), ("slow", None)]
)
def test_it_is_tried_again(bench: Bench, fault: Fault, pause_s: float | None) -> None:
    bench.fake.faults.append(fault)
    if pause_s is None:
        assert bench.run(an_act()) == ["done", "reported"]
        return
    assert bench.run(an_act())[0].startswith("postponed:")
    assert bench.run() == []
    bench.pass_by(pause_s)
    assert bench.run() == ["done", "reported"]


def test_what_changed_meanwhile_is_read_again(bench: Bench) -> None:
    bench.fake.faults.extend(["changed", "changed"])
    assert bench.run(an_act()) == ["done", "reported"]


def test_a_refusal_is_for_a_person(bench: Bench) -> None:
    bench.fake.faults.append("conflict")
    act = an_act()
    assert bench.run(act) == ["failed:provider_refused:27009"]
    bench.acts.retry(act.act_id, NOW)
    assert bench.run() == ["done", "reported"]


def test_it_is_given_up_after_many_tries(bench: Bench) -> None:
    bench.fake.faults.extend(["failed"] * MOST_ATTEMPTS)
    came_to = bench.run(an_act())
    for _ in range(MOST_ATTEMPTS):
        bench.pass_by(3_600)
        came_to += bench.run()
    assert came_to[-1] == "failed:provider_unreachable"
    assert len(came_to) == MOST_ATTEMPTS


def test_nothing_is_done_that_cannot_be_checked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unusable(_: Act) -> NoReturn:
        raise ServiceUnusableError("ConnectError")

    monkeypatch.setattr(bench.recheck, "verdict", unusable)
    assert bench.run(an_act()) == ["postponed:service_unusable"]
    assert bench.fake.changes == []


def test_a_report_that_does_not_arrive_is_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> NoReturn:
        raise ServiceUnusableError("ConnectError")

    monkeypatch.setattr(bench.told, "report", down)
    assert bench.run(an_act()) == ["done", "postponed:service_unusable"]
    monkeypatch.undo()
    bench.pass_by(60)
    assert bench.run() == ["reported"]
    assert bench.fake.changes == [("s1", "suspended")]


def test_an_act_left_asked_is_read_before_it_is_asked_for_again(bench: Bench) -> None:
    for was_done in (False, True):
        name = "brix" if was_done else "corp"
        act = an_act(name)
        bench.acts.plan([act])
        [claimed] = bench.acts.claim(PROVIDER, bench.now, bench.now + 1, 10)
        bench.acts.mark_asked(claimed, bench.now)
        if was_done:
            bench.fake.customers[name]["s1"]["Status"] = "suspended"
        bench.pass_by(1)  # the process died, and the lease is over
        assert bench.run() == ["done", "reported"]
    assert bench.fake.changes == [("s1", "suspended")]  # of the one that was not done


def test_a_service_request_is_drafted(bench: Bench, tmp_path: Path) -> None:
    act = an_act(subscription="", kind="open_request")
    assert bench.run(act) == ["done", "reported"]
    [mail] = (tmp_path / "drafts").iterdir()
    assert "suspected fraud" in mail.read_text()
    assert bench.told.acts == [("open_request", "", "automation")]


def test_a_run_is_undone(bench: Bench) -> None:
    waits = an_act("corp", n_approvals=1)
    assert bench.run(an_act("acme"), an_act("brix"), waits).count("done") == 2
    undone = plan_undo(bench.acts, "run-1", bench.now)
    assert len(undone.acts) == 2
    bench.recheck.verdicts.clear()
    assert bench.run(*undone.acts).count("done") == 2
    states = {name: bench.fake.state(name, "s1") for name in ("acme", "brix", "corp")}
    assert set(states.values()) == {"active"}
    assert [told[2] for told in bench.told.acts[-2:]] == ["person", "person"]
    assert bench.acts.find(waits.act_id).why == "undone"
    assert plan_undo(bench.acts, "run-1", bench.now).acts  # planned again, new none
    assert bench.acts.plan(plan_undo(bench.acts, "run-1", bench.now).acts) == 0


def test_a_preview_does_nothing(bench: Bench) -> None:
    bench.acts.plan([an_act()])
    [act] = bench.acts.due(PROVIDER, NOW, 10)
    bench.recheck.verdicts.append(refused("milder_now"))
    assert bench.execution.preview(act)[1:] == (refused("milder_now"), "active")
    assert bench.fake.changes == []
    assert bench.acts.listed(1)[0].state == "planned"
