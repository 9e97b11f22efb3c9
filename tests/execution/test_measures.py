"""Measures are done once, read afterwards, and refused where a provider has none."""

import json
from decimal import Decimal

import pytest

from execution.errors import NotOfferedError, ProviderRefusedError
from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_center import FakePartnerCenter
from execution.measures import ordered
from execution.providers.partner_center import PartnerCenter
from tests.execution.conftest import NOW, an_act, kill_bill
from tests.execution.test_carry_out import Bench, bench
from tests.store.memory_store import a_decision

__all__ = ["bench"]
DECISION = a_decision(
    0,
    decision_id="d-acme",
    customer_id="acme",
    answer=b'{"permission": {"basis": "fraud"}}',
)


def test_a_limit_is_set_and_is_a_warning_only(
    bench: Bench, fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    act = ordered(
        provider, "limit_spending", DECISION, "Ada", NOW, amount=Decimal("100.50")
    )
    assert bench.run(act) == ["done", "reported"]
    assert fake.more.budgets == {"acme": 100.5}
    assert bench.told.acts == [("limit_spending", "", "person")]
    assert bench.recheck.asked == []  # people go first
    [settled] = bench.acts.listed(1)
    assert json.loads(settled.proof or "{}") == {
        "amount": "100.5",
        "is_enforced": False,
    }


def test_what_is_so_already_is_not_ours(
    bench: Bench, fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    fake.more.budgets["acme"] = 100.0
    act = ordered(provider, "limit_spending", DECISION, "Ada", NOW, amount=Decimal(100))
    assert bench.run(act) == ["withdrawn:so_already"]


def test_a_limit_for_a_customer_of_nobody_is_refused(
    fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    with pytest.raises(ProviderRefusedError, match="20002"):
        provider.limit_spending("nobody", Decimal(100), "request-1")
    with pytest.raises(ProviderRefusedError, match="20002"):
        provider.spending_limit("nobody")
    assert not fake.more.budgets


def test_a_meter_is_stopped_entitlement_by_entitlement(
    bench: Bench, fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    fake.more.entitlements["s1"] = {"a": "active", "b": "canceled", "c": "Active"}
    fake.faults.append("failed_after_acting")
    act = ordered(provider, "stop_meter", DECISION, "Ada", NOW, subscription_id="s1")
    assert bench.run(act) == ["postponed:provider_unreachable"]
    assert fake.more.entitlements["s1"]["a"] == "canceled"
    bench.pass_by(60)
    assert bench.run() == ["done", "reported"]
    assert set(fake.more.entitlements["s1"].values()) == {"canceled"}


def test_a_licence_has_no_meter(bench: Bench, provider: PartnerCenter) -> None:
    act = ordered(provider, "stop_meter", DECISION, "Ada", NOW, subscription_id="s1")
    assert bench.run(act) == ["withdrawn:provider_state:none"]


def test_a_stopped_meter_does_not_make_a_stop_anothers(
    bench: Bench, fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    fake.more.entitlements["s1"] = {"a": "active"}
    meter = ordered(provider, "stop_meter", DECISION, "Ada", NOW, subscription_id="s1")
    stop = an_act()
    assert bench.run(stop, meter) == ["done", "reported"] * 2
    assert bench.acts.last_done("partner-center", "acme", "s1") == "suspend"
    assert [act.act_id for act in bench.acts.taken(stop.run_id)] == [stop.act_id]


def test_who_has_no_such_measure_says_so() -> None:
    with kill_bill(FakeKillBill()) as provider, pytest.raises(NotOfferedError):
        ordered(provider, "stop_meter", DECISION, "Ada", NOW, subscription_id="s1")
