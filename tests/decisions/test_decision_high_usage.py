"""The shorter way of abnormally high use, and who is spared even in fraud."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Policy, Recommendation, default_policy, recommend
from decisions.policy_file.load import parse_document
from features.facts import (
    AccountFacts,
    ActiveHold,
    Evidence,
    LiveSubscription,
    Notice,
)
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    delivered,
    overdue_facts,
    questions,
    random_policies,
)

FRIDAY = datetime(2026, 6, 12, 10, 0, tzinfo=UTC)
WARNED = delivered("usage_warning", 2)


def _facts(at: datetime = TUESDAY, *notices: Notice) -> AccountFacts:
    """Ten days late, and using eight times as much as usual."""
    return overdue_facts(
        900,
        10,
        at,
        usage_ratio=8.0,
        usage_daily_cost=120 * UNITS,
        notices=notices,
    )


def _answer(facts: AccountFacts, p: float = 0.8) -> Recommendation:
    return recommend(Case(facts, 0.0, p), default_policy(), facts.as_of)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


def _due(found: Recommendation) -> dict[str, str]:
    return {due.notice: due.channel for due in found.follow_up.notices_due}


def test_high_use_stops_a_day_after_its_notice() -> None:
    assert _answer(_facts(TUESDAY, WARNED)).action == "suspend"


def test_its_hours_stand_still_while_all_is_contested() -> None:
    """Delivered 42 hours ago in Brussels; the day after all was contested."""
    yesterday = (TUESDAY - timedelta(days=1)).date()
    warned = delivered("usage_warning", 1.75)
    facts = _facts(TUESDAY, warned)
    [item] = facts.items
    contested = replace(
        item, disputed_until=yesterday, disputed=((yesterday, yesterday),)
    )
    found = _answer(replace(facts, items=(contested,)))
    assert found.action not in ("suspend", "block")
    [waits] = [w for w in found.permission.withheld if w.detail == "high_usage"]
    assert waits.permitted_from == warned.sent_at + timedelta(hours=48)
    earlier = (TUESDAY - timedelta(days=3)).date()
    before = replace(item, disputed_until=earlier, disputed=((earlier, earlier),))
    assert _answer(replace(facts, items=(before,))).action == "suspend"


def test_the_notice_of_high_use_is_due_before_it() -> None:
    found = _answer(_facts())
    assert found.action not in ("suspend", "block")
    assert _due(found)["usage_warning"] == "email"


def test_after_it_came_back_the_next_channel_is_due() -> None:
    sent = TUESDAY - timedelta(days=1)
    bounced = Notice("usage_warning", sent, bounced_at=sent)
    assert _due(_answer(_facts(TUESDAY, bounced)))["usage_warning"] == "phone"


@pytest.mark.parametrize("sent_hours_ago", [1, 30])
def test_while_it_may_still_arrive_it_is_not_due_again(sent_hours_ago: int) -> None:
    silent = Notice("usage_warning", TUESDAY - timedelta(hours=sent_hours_ago))
    assert "usage_warning" not in _due(_answer(_facts(TUESDAY, silent)))


def test_it_is_not_due_where_payment_may_be_expected() -> None:
    assert "usage_warning" not in _due(_answer(_facts(), p=0.3))


def test_on_the_eve_of_a_day_off_high_use_waits_as_well() -> None:
    found = _answer(_facts(FRIDAY, delivered("usage_warning", 2, FRIDAY)))
    assert found.action not in ("suspend", "block")
    assert "eve_of_day_off" in {reason.code for reason in found.permission.withheld}


@given(question=questions(st.one_of(st.just(default_policy()), random_policies())))
def test_no_way_but_fraud_stops_outside_the_calendar(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    found = recommend(case, policy, at)
    terms = policy.in_force(at)
    is_stop = found.action in ("suspend", "block") and not found.permission.in_force
    if terms is not None and is_stop and found.permission.basis == "nonpayment":
        assert terms.calendar.may_stop_from(at) == (at, None)


FRAUD = Evidence("outcome_fraud", TUESDAY - timedelta(days=1), is_confirmed=True)


def _policy(*, unless_fraud_confirmed: bool) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["essential"]["unless_fraud_confirmed"] = unless_fraud_confirmed
    return Policy(parse_document(values, "essential"), "essential")


@pytest.mark.parametrize(("may", "signs"), list(product([False, True], [(), (FRAUD,)])))
def test_an_essential_service_falls_only_to_confirmed_fraud_where_the_policy_says_so(
    may: bool, signs: tuple[Evidence, ...]
) -> None:
    facts = overdue_facts(
        segment="healthcare",
        usage_daily_cost=300 * UNITS,
        clv=500 * UNITS,
        evidence=signs,
    )
    found = recommend(
        Case(facts, 0.9, 0.05), _policy(unless_fraud_confirmed=may), TUESDAY
    )
    stopped = found.action in ("suspend", "block")
    assert stopped == (may and bool(signs))


@pytest.mark.parametrize("kind", ["instalment_plan", "exemption"])
def test_an_agreement_takes_no_essential_protection_away(kind: str) -> None:
    """It keeps non-payment away; what is essential stays on in fraud as before."""
    hold = ActiveHold(kind, TUESDAY - timedelta(days=1), TUESDAY + timedelta(days=9))
    facts = overdue_facts(
        segment="healthcare",
        usage_daily_cost=300 * UNITS,
        clv=500 * UNITS,
        evidence=(FRAUD,),
        holds=(hold,),
    )
    policy = _policy(unless_fraud_confirmed=False)
    found = recommend(Case(facts, 0.9, 0.05), policy, TUESDAY)
    assert "essential_service" in _codes(found)
    assert found.action not in ("suspend", "block")


def test_a_pause_covers_the_account_so_all_of_it_must_be_dispensable() -> None:
    """Only the unpaid service is touched for non-payment; a pause touches all."""
    live = (
        LiveSubscription("a", "Office", "license", 0, 0, overdue=4500 * UNITS),
        LiveSubscription("b", "Lifeline", "license", 0, 0),
    )
    facts = overdue_facts(
        usage_daily_cost=300 * UNITS,
        clv=500 * UNITS,
        evidence=(FRAUD,),
        subscriptions=live,
    )
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["service"]["suspend"] = "unpaid_subscriptions"
    values["essential"] |= {"products": ["life*"], "unless_fraud_confirmed": False}
    policy = Policy(parse_document(values, "essential"))
    found = recommend(Case(facts, 0.0, 0.6), policy, TUESDAY)
    assert (found.action, found.permission.subscriptions) == ("suspend", ("a",))
    untold = replace(facts, notices=())
    found = recommend(Case(untold, 0.9, 0.05), policy, TUESDAY)
    assert found.action not in ("suspend", "block")
    assert "essential_service" in _codes(found)
