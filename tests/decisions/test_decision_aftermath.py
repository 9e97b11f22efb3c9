"""What follows an answer: pauses, ended contracts, appeals, and records."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeAlias

import pytest

from decisions import Case, Policy, Recommendation, default_policy, recommend
from decisions.follow_up.parts import ContractEnd
from decisions.policy_file.load import SHIPPED, load_policy, parse_document
from features.facts import (
    AccountFacts,
    Evidence,
    ExecutedAction,
    LiveSubscription,
)
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    delivered,
    facts_of,
    overdue_facts,
)

Values: TypeAlias = dict[str, Any]
TODAY = date(2026, 6, 9)


def _policy(name: str = "reseller-default", **change: Values) -> Policy:
    policy = load_policy(SHIPPED / f"{name}.yaml")
    values = policy.document.model_dump(mode="json", by_alias=True)
    for section, update in change.items():
        values[section] = (values[section] or {}) | update
    return Policy(parse_document(values, "test"))


def _off(action: str, days: int, reason: str = "nonpayment") -> ExecutedAction:
    at = TUESDAY - timedelta(days=days)
    return ExecutedAction(action, at, reason=reason, by="automation")


def _ended(*off: ExecutedAction) -> AccountFacts:
    told = (delivered("reminder", 90), delivered("warning", 80))
    return overdue_facts(days=100, access_off=off, notices=told)


ENDING = {"data_export_days": 30, "deletion_after_days": 90, "write_off_after_days": 45}


def test_an_ended_contract_says_when_data_go_and_when_debt_is_looked_at() -> None:
    policy = _policy("plain-timeline", termination=ENDING)
    found = recommend(Case(_ended(_off("suspend", 31)), 0.0, 0.9), policy, TUESDAY)
    assert found.action == "block"
    assert found.follow_up.contract_end == ContractEnd(
        data_export_until=TUESDAY + timedelta(days=30),
        data_deleted_on=TODAY + timedelta(days=90),
        write_off_from=TODAY + timedelta(days=45),
    )


def test_the_days_after_a_contract_run_from_its_end_and_not_from_today() -> None:
    policy = _policy("plain-timeline", termination=ENDING)
    off = (_off("suspend", 41), _off("block", 10))
    found = recommend(Case(_ended(*off), 0.0, 0.9), policy, TUESDAY)
    assert (found.action, found.permission.in_force) == ("block", True)
    assert found.follow_up.contract_end == ContractEnd(
        data_export_until=TUESDAY + timedelta(days=20),
        data_deleted_on=TODAY + timedelta(days=80),
        write_off_from=TODAY + timedelta(days=35),
    )


def test_nothing_is_said_of_ends_that_the_policy_does_not_state() -> None:
    silent = {"deletion_after_days": None, "write_off_after_days": None}
    policy = _policy("plain-timeline", termination=silent)
    found = recommend(Case(_ended(_off("suspend", 31)), 0.0, 0.9), policy, TUESDAY)
    assert found.action == "block"
    end = found.follow_up.contract_end
    assert end is not None
    assert (end.data_deleted_on, end.write_off_from) == (None, None)


@pytest.mark.parametrize("refund", ["never", "by_a_person"])
def test_a_pause_stops_charges_and_refunds_nothing_by_itself(refund: str) -> None:
    policy = _policy(fraud_path={"refund": refund})
    sign = Evidence("crypto_mining", TUESDAY - timedelta(hours=1), confidence="high")
    facts = facts_of(usage_daily_cost=300 * UNITS, clv=900 * UNITS, evidence=(sign,))
    found = recommend(Case(facts, 0.45, 0.1), policy, TUESDAY)
    assert (found.action, found.permission.basis) == ("suspend", "fraud")
    pause = found.follow_up.pause
    assert pause is not None
    assert (pause.stop_charging, pause.refund) == (True, refund)
    ordinary = recommend(Case(overdue_facts(), 0.0, 0.6), policy, TUESDAY)
    assert ordinary.follow_up.pause is None


def _appealing(**given: Any) -> AccountFacts:  # noqa: ANN401
    opened = TUESDAY - timedelta(hours=30)
    return overdue_facts(has_open_appeal=True, appeal_opened_at=opened, **given)


def _appealed(facts: AccountFacts, policy: Policy | None = None) -> Recommendation:
    return recommend(Case(facts, 0.0, 0.6), policy or default_policy(), TUESDAY)


def test_an_open_appeal_has_deadlines_also_where_nothing_is_decided() -> None:
    policy = _policy(appeals={"acknowledge_hours": 24, "decide_days": 5})
    stale = Case(_appealing(), 0.0, 0.6, observed_until=TUESDAY - timedelta(days=9))
    for found in (_appealed(_appealing(), policy), recommend(stale, policy, TUESDAY)):
        assert found.follow_up.appeal is not None
        assert found.follow_up.appeal.acknowledge_by == TUESDAY - timedelta(hours=6)
        assert found.follow_up.appeal.decide_by == TUESDAY + timedelta(
            days=5, hours=-30
        )
        assert found.follow_up.appeal.during == "keep_unless_new_evidence"
    assert _appealed(overdue_facts(has_open_appeal=True)).follow_up.appeal is None
    assert _appealed(overdue_facts()).follow_up.appeal is None


RESTORE = {"during": "restore"}


def test_access_returns_during_an_appeal_where_the_policy_says_so() -> None:
    facts = _appealing(access_off=(_off("suspend", 9),))
    kept = _appealed(facts)
    assert (kept.action, kept.follow_up.reactivation) == ("suspend", None)
    found = _appealed(facts, _policy(appeals=RESTORE))
    assert found.follow_up.reactivation is not None
    assert (found.follow_up.reactivation.cure, found.follow_up.reactivation.by) == (
        "appeal",
        "automation",
    )
    assert found.action not in ("suspend", "block")


@pytest.mark.parametrize(
    ("reason", "kind", "by"),
    [
        ("fraud", "crypto_mining", "person"),
        ("fraud", "outcome_fraud", None),
        ("manual", "crypto_mining", None),
    ],
)
def test_an_appeal_restores_no_confirmed_fraud_and_no_persons_decision(
    reason: str, kind: str, by: str | None
) -> None:
    is_confirmed = kind == "outcome_fraud"
    seen = TUESDAY - timedelta(hours=30)
    sign = Evidence(kind, seen, confidence="high", is_confirmed=is_confirmed)
    off = _off("suspend", 1, reason)
    facts = _appealing(access_off=(off,), evidence=(sign,))
    back = _appealed(facts, _policy(appeals=RESTORE)).follow_up.reactivation
    assert (None if back is None else back.by) == by


def test_reconnection_says_what_it_costs_and_in_which_order() -> None:
    facts = facts_of(access_off=(_off("suspend", 9),))
    for fee, cap, told in ((12, 30, 12), (40, 30, 30), (None, 30, None)):
        policy = _policy(reconnection={"fee": fee, "fee_cap": cap})
        back = recommend(Case(facts, 0.0, 0.1), policy, TUESDAY).follow_up.reactivation
        assert back is not None
        assert (back.fee, back.fee_cap, back.order) == (told, cap, "parent_first")


KEPT = {"decision_days": {"default": 400, "suspend": 2000, "none": 90}}


def test_records_are_kept_by_the_action_and_no_decision_counts_as_none() -> None:
    policy = _policy(retention=KEPT | {"evidence_days": 900})
    suspended = recommend(Case(overdue_facts(), 0.0, 0.6), policy, TUESDAY)
    assert suspended.follow_up.retain_until == TODAY + timedelta(days=2000)
    reviewed = recommend(Case(facts_of(open=9000 * UNITS), 0.0, 0.9), policy, TUESDAY)
    assert reviewed.action == "review"
    assert reviewed.follow_up.retain_until == TODAY + timedelta(days=400)
    nothing = recommend(Case(overdue_facts(open=None)), policy, TUESDAY)
    assert nothing.action is None
    assert nothing.follow_up.retain_until == TODAY + timedelta(days=90)
    silent = Policy(policy.document.model_copy(update={"retention": None}))
    assert (
        recommend(Case(facts_of(), 0.0, 0.0), silent, TUESDAY).follow_up.retain_until
        is None
    )


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        ({"billing": ["license"]}, True),
        ({"billing": ["usage"]}, True),
        ({"billing": ["license"], "products": ["office*"]}, True),
        ({"billing": ["usage"], "products": ["office*"]}, False),
    ],
)
def test_scope_by_type_of_contract_and_product_means_one_subscription(
    scope: Values, fits: bool
) -> None:
    subs = (
        LiveSubscription("s1", "Office", None, 10 * UNITS, 0),  # a licence if unsaid
        LiveSubscription("s2", "Cloud", "usage", 0, 0),
    )
    case = Case(overdue_facts(subscriptions=subs), 0.0, 0.6)
    found = recommend(case, _policy(scope=scope), TUESDAY)
    assert (found.code != "out_of_scope") is fits
    without = replace(case, facts=overdue_facts())
    assert recommend(without, _policy(scope=scope), TUESDAY).code == "out_of_scope"
