"""An act is done once, only while it is permitted, and never forgotten."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from execution.carry_out import MOST_ATTEMPTS, Execution, drafted
from execution.errors import (
    ProviderUnreachableError,
    ReportRefusedError,
    ServiceUnusableError,
)
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import Fault
from execution.providers.partner_center import PartnerCenter
from execution.recheck import refused
from execution.undo import UndoneRun, plan_undo
from store.act import Act
from store.acts import Acts
from store.errors import UnknownRunError
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


def test_what_somebody_else_gave_back_of_ours_is_reported(bench: Bench) -> None:
    """Else the service takes the customer for suspended as long as it lives."""
    bench.run(an_act())
    bench.fake.customers["acme"]["s1"]["Status"] = "active"
    undo(bench)
    assert bench.run() == ["done", "reported"]
    assert bench.told.acts[-1] == ("restore", "s1", "person")
    assert bench.fake.changes == [("s1", "suspended")]  # nothing was asked for
    assert undo(bench).run.acts == []


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
    bench.acts.approve(act.act_id, "ADA ", NOW + 1)
    assert bench.run() == []
    bench.acts.approve(act.act_id, "Grace", NOW + 2)
    assert bench.run() == ["done", "reported"]
    assert bench.told.acts == [("suspend", "s1", "person")]
    assert bench.acts.approved_by(act.act_id) == ["Ada", "Grace"]


def test_what_waits_for_people_holds_up_nothing(bench: Bench) -> None:
    waits = an_act(n_approvals=1)
    bench.fake.add("acme", "s2", Status="suspended")
    other = {"decision_id": "d-brix", "reason": "nonpayment"}
    back = an_act(subscription="s2", kind="restore", **other)
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
    assert bench.run(act) == ["done", "drafted"]
    [mail] = (tmp_path / "drafts").glob("*.eml")
    assert "suspected fraud" in mail.read_text()
    assert bench.told.acts == []  # nobody has sent it yet


@pytest.mark.parametrize(("contested", "is_said"), [(1_234.5, True), (0.0, False)])
def test_a_request_says_what_was_seen_and_what_is_contested(
    contested: float, is_said: bool
) -> None:
    act = an_act(subscription="", kind="open_request")
    answer = {
        "as_of": "2026-06-21T02:00:00+02:00",
        "reasons": [
            {"staff": "3 alerts in the last week.", "targets": ["nonpayment", "fraud"]},
            {"staff": "Two payments were late.", "targets": ["nonpayment"]},
        ],
        "permission": {"subscriptions": ["s1", "s2"]},
        "exposure": {"contested": contested, "items": []},
        "question": {"currency": "EUR"},
    }
    text = drafted(act, answer).description
    assert ("contests 1,234.50 EUR" in text) is is_said
    for seen in ("2026-06-21 00:00 UTC", "- 3 alerts in the last week.", "s1, s2"):
        assert seen in text
    assert "were late" not in text  # which speaks for another reason
    late = drafted(replace(act, reason="nonpayment"), answer).description
    assert "- Two payments were late." in late


@pytest.mark.parametrize(
    ("currency", "written"), [("JPY", "1,235 JPY"), ("KWD", "1,234.567 KWD")]
)
def test_a_request_writes_a_sum_with_the_places_of_its_currency(
    currency: str, written: str
) -> None:
    answer = {
        "permission": {},
        "exposure": {"contested": 1_234.567, "items": []},
        "question": {"currency": currency},
    }
    act = an_act(subscription="", kind="open_request")
    assert f"contests {written} of" in drafted(act, answer).description


def test_a_request_says_what_is_contested_in_the_invoice_s_currency() -> None:
    yen = {"contested": 900.0} | {
        "in_own_currency": {"currency": "JPY", "contested": 150_000.0}
    }
    exposure = {"contested": 920.0, "items": [yen, {"contested": 20.0}]}
    answer = {
        "permission": {},
        "exposure": exposure,
        "question": {"currency": "EUR"},
    }
    act = an_act(subscription="", kind="open_request")
    assert "contests 150,000 JPY and 20.00 EUR" in drafted(act, answer).description
    exposure["contested"] = 1_000.0  # an answer lists only so many invoices
    assert "contests 1,000.00 EUR" in drafted(act, answer).description


def undo(
    bench: Bench, run_id: str = "run-1", customer_id: str | None = None
) -> UndoneRun:
    undone = plan_undo(bench.acts, run_id, "Ada", bench.now, customer_id)
    bench.acts.plan(undone.run.acts)
    return undone


def states(bench: Bench) -> set[str]:
    return {bench.fake.state(name, "s1") for name in ("acme", "brix", "corp")}


def test_a_run_is_undone(bench: Bench) -> None:
    waits = an_act("corp", n_approvals=1)
    assert bench.run(an_act("acme"), an_act("brix"), waits).count("done") == 2
    bench.recheck.verdicts.append(refused("never asked"))
    undone = undo(bench)
    assert (len(undone.run.acts), undone.n_withdrawn, undone.n_under_way) == (2, 1, 0)
    assert bench.run().count("done") == 2
    assert states(bench) == {"active"}
    assert [told[2] for told in bench.told.acts[-2:]] == ["person", "person"]
    assert bench.acts.find(waits.act_id).why == "undone"
    assert undo(bench).run.acts == []


def test_a_run_is_undone_for_one_customer_alone(bench: Bench) -> None:
    """Whose objection was upheld, say: the others of the run owe as before."""
    waits = an_act("corp", n_approvals=1)
    bench.run(an_act("acme"), an_act("brix"), waits)
    undone = undo(bench, customer_id="acme")
    assert [act.customer_id for act in undone.run.acts] == ["acme"]
    assert (undone.n_withdrawn, undone.n_under_way) == (0, 0)
    assert bench.run().count("done") == 1
    assert bench.fake.state("acme", "s1") == "active"
    assert bench.fake.state("brix", "s1") == "suspended"
    assert bench.acts.find(waits.act_id).state == "planned"
    with pytest.raises(UnknownRunError, match="run-1 about customer nobody"):
        undo(bench, customer_id="nobody")


def test_an_undo_that_was_undone_can_be_made_again(bench: Bench) -> None:
    bench.run(an_act())
    first = undo(bench)
    undo(bench, first.run.run_id)
    assert len(undo(bench).run.acts) == 1
    assert bench.run() == ["done", "reported"]
    assert states(bench) == {"active"}


def test_undone_while_under_way_it_is_only_read(bench: Bench) -> None:
    """Not done before: it never is. Done: it is given back."""
    bench.fake.faults.extend(["failed", "failed_after_acting"])
    assert bench.run(an_act("acme"), an_act("brix")) == [
        "postponed:provider_unreachable",
        "postponed:provider_unreachable",
    ]
    assert undo(bench).n_under_way == 2
    assert bench.acts.n_open(PROVIDER, bench.now) == 4
    bench.pass_by(60)
    came_to = bench.run()
    assert came_to.count("postponed:undone") == 1  # it may be done late
    assert came_to.count("done") == 2  # it was done, and was given back
    bench.pass_by(3_600)
    assert bench.run() == ["withdrawn:undone", "withdrawn:so_already"]
    assert states(bench) == {"active"}
    assert bench.fake.changes == [("s1", "suspended"), ("s1", "active")]


@pytest.mark.parametrize("is_undone", [True, False])
def test_what_is_done_late_is_not_forgotten(bench: Bench, *, is_undone: bool) -> None:
    """Not wanted any more, it is read until the provider cannot do it any more."""
    bench.fake.faults.append("failed")
    bench.run(an_act())
    bench.recheck.verdicts.extend([refused("milder_now:paid")] * 2)
    if is_undone:
        undo(bench)
    bench.pass_by(10)
    assert bench.run()[0].startswith("postponed:")
    bench.fake.customers["acme"]["s1"]["Status"] = "suspended"  # so late
    bench.pass_by(60)
    came_to = bench.run()
    assert came_to[:2] == ["done", "reported"]
    assert bench.told.acts[0] == ("suspend", "s1", "automation")
    assert bench.fake.state("acme", "s1") == ("active" if is_undone else "suspended")


def test_whether_a_request_was_opened_is_for_a_person_to_say(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> NoReturn:
        raise ProviderUnreachableError("ReadTimeout")

    monkeypatch.setattr(PartnerCenter, "open_request", lost)
    assert bench.run(an_act(subscription="", kind="open_request")) == [
        "postponed:provider_unreachable"
    ]
    bench.pass_by(60)
    bench.recheck.verdicts.append(refused("milder_now"))
    assert bench.run() == ["failed:unknown_whether_done"]


def test_access_comes_back_though_the_stop_could_not_be_reported(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> NoReturn:
        raise ServiceUnusableError("ConnectError")

    monkeypatch.setattr(bench.told, "report", down)
    bench.run(an_act())
    undo(bench)
    assert "done" in bench.run()
    assert states(bench) == {"active"}


def test_a_report_that_is_refused_holds_up_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise ReportRefusedError("bad_time")

    monkeypatch.setattr(bench.told, "report", refuse)
    assert bench.run(an_act()) == ["done", "failed:report_refused:bad_time"]
    [act] = bench.acts.listed(1)
    assert (act.state, act.why) == ("done", "report_refused:bad_time")
    assert bench.run() == []


def test_a_preview_says_what_would_be_done_and_does_nothing(bench: Bench) -> None:
    bench.acts.plan([an_act("acme"), an_act("brix"), an_act("corp")])
    bench.fake.add("brix", "s1", Status="suspended")
    bench.fake.add("corp", "s1", Status="expired")
    steps = [bench.execution.preview(act) for act in bench.acts.due(PROVIDER, NOW, 10)]
    assert [(step.what, step.why) for step in steps] == [
        ("ask", None),
        ("withdraw", "so_already"),
        ("withdraw", "provider_state:expired"),
    ]
    bench.recheck.verdicts.append(refused("milder_now"))
    assert bench.execution.preview(an_act()).why == "milder_now"
    assert bench.fake.changes == []
    assert {act.state for act in bench.acts.listed(3)} == {"planned"}


def test_an_answer_that_is_none_is_tried_again(bench: Bench) -> None:
    bench.fake.customers["acme"]["s1"].pop("Id")
    assert bench.run(an_act("acme"), an_act("brix")) == [
        "postponed:provider_unreachable",
        "done",
        "reported",
    ]
