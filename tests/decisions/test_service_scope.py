"""Which of a customer's services a stop for non-payment touches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from decisions import Case, Recommendation, default_policy, recommend
from decisions.policy_file.load import Policy, parse_document
from features.facts import (
    AccountFacts,
    ActiveHold,
    LiveSubscription,
    Notice,
)
from tests.decisions.decision_cases import TUESDAY, UNITS, delivered, overdue_facts

LONG_AGO = TUESDAY - timedelta(days=20)


def _answer(facts: AccountFacts) -> Recommendation:
    return recommend(Case(facts, 0.0, 0.6), default_policy(), TUESDAY)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


def _subscription(name: str, overdue: int, product: str = "Office") -> LiveSubscription:
    return LiveSubscription(name, product, "license", 800 * UNITS, 0, overdue=overdue)


def test_only_the_unpaid_service_is_touched() -> None:
    subs = (_subscription("paid", 0), _subscription("unpaid", 4500 * UNITS))
    found = _answer(overdue_facts(subscriptions=subs))
    assert found.action == "suspend"
    assert found.permission.subscriptions == ("unpaid",)
    assert [effect.subscription_id for effect in found.follow_up.provider] == ["unpaid"]


def test_a_service_whose_invoice_was_due_only_lately_is_not_touched() -> None:
    """Of `new` an invoice is 2 days overdue; no stop comes before 30 of its own."""
    facts = overdue_facts()
    [oldest] = facts.items
    late = replace(oldest, subscription_id="old")
    due_on = TUESDAY.date() - timedelta(days=2)
    lately = replace(oldest, invoice_id="i2", subscription_id="new")
    lately = replace(lately, due_on=due_on, days_overdue=2)
    subs = (_subscription("new", 4500 * UNITS), _subscription("old", 4500 * UNITS))
    found = _answer(replace(facts, items=(late, lately), subscriptions=subs))
    assert (found.action, found.permission.subscriptions) == ("suspend", ("old",))
    spared = ActiveHold("exemption", LONG_AGO, None, subscription_id="old")
    held = replace(facts, items=(late, lately), subscriptions=subs, holds=(spared,))
    assert "exemption" in _codes(_answer(held))


@pytest.mark.parametrize(("days", "touched"), [(33, ("old",)), (36, ("new", "old"))])
def test_a_service_is_touched_only_after_a_last_warning_about_it(
    days: int, touched: tuple[str, ...]
) -> None:
    """Both are late enough; the last notice went out 35 days ago."""
    assert _touched(days, delivered("final_notice", 35)) == touched


@pytest.mark.parametrize(
    ("again", "touched"),
    [
        pytest.param(delivered("final_notice", 20), ("new", "old"), id="in time"),
        pytest.param(delivered("final_notice", 1), ("old",), id="yesterday"),
        pytest.param(
            replace(delivered("final_notice", 20), delivered_at=None),
            ("old",),
            id="it reached nobody",
        ),
    ],
)
def test_a_second_last_warning_counts_once_proven_and_its_time_to_pay_is_over(
    again: Notice, touched: tuple[str, ...]
) -> None:
    assert _touched(33, delivered("final_notice", 35), again) == touched


@pytest.mark.parametrize(("n_days", "touched"), [(1, ("new", "old")), (16, ("old",))])
def test_days_under_dispute_are_no_time_to_pay_after_a_second_warning(
    n_days: int, touched: tuple[str, ...]
) -> None:
    """It went out 20 days ago; all was contested on so many days since."""
    first = TUESDAY.date() - timedelta(days=19)
    span = (first, first + timedelta(days=n_days - 1))
    told = (delivered("final_notice", 40), delivered("final_notice", 20))
    assert _touched(33, *told, disputed=(span,)) == touched


@pytest.mark.parametrize(
    ("zone", "hour", "touched"),
    [
        ("Pacific/Auckland", 11, ("old",)),
        ("Pacific/Auckland", 12, ("new", "old")),  # midnight of 6 May there
        ("America/Los_Angeles", 18, ("old",)),
    ],
)
def test_whether_a_warning_was_about_it_goes_by_the_day_of_the_portfolio(
    zone: str, hour: int, touched: tuple[str, ...]
) -> None:
    """It was due on 5 May; the warning went out that day by the policy's clocks."""
    told = replace(
        delivered("final_notice", 35),
        sent_at=datetime(2026, 5, 5, hour, tzinfo=UTC),
    )
    assert _touched(35, told, zone=zone) == touched


def _touched(
    days: int,
    *last: Notice,
    zone: str | None = None,
    disputed: tuple[tuple[date, date], ...] = (),
) -> tuple[str, ...]:
    """Services that a stop touches: `new` has an invoice so many days overdue."""
    told = (delivered("reminder_1", 48), delivered("reminder_2", 41), *last)
    facts = overdue_facts(days=50, notices=told)
    [oldest] = facts.items
    late = replace(oldest, subscription_id="old", disputed=disputed)
    due_on = TUESDAY.date() - timedelta(days=days)
    other = replace(late, invoice_id="i2", subscription_id="new")
    other = replace(other, due_on=due_on, days_overdue=days)
    subs = (_subscription("new", 4500 * UNITS), _subscription("old", 4500 * UNITS))
    owed = replace(facts, items=(late, other), subscriptions=subs)
    case = Case(owed, 0.0, 0.6, zone=None if zone is None else ZoneInfo(zone))
    found = recommend(case, default_policy(), TUESDAY)
    assert found.action == "suspend"
    return found.permission.subscriptions


def test_a_service_whose_invoice_is_promised_is_not_touched() -> None:
    facts = overdue_facts(actionable=4500 * UNITS)
    [oldest] = facts.items
    unpaid = replace(oldest, subscription_id="unpaid")
    promised = replace(oldest, invoice_id="i2", subscription_id="promised")
    promised = replace(promised, promised=promised.remainder)
    subs = tuple(_subscription(name, 4500 * UNITS) for name in ("promised", "unpaid"))
    found = _answer(replace(facts, items=(unpaid, promised), subscriptions=subs))
    assert (found.action, found.permission.subscriptions) == ("suspend", ("unpaid",))


def test_a_request_about_arrears_names_what_is_unpaid() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    for rung in values["ladder"]:
        if rung["action"] == "suspend":
            rung["action"] = "service_request"
    policy = Policy(parse_document(values | {"cases": []}, "test"))
    subs = (_subscription("paid", 0), _subscription("unpaid", 4500 * UNITS))
    case = Case(overdue_facts(subscriptions=subs, days_overdue=40), 0.0, 0.6)
    found = recommend(case, policy, TUESDAY)
    assert (found.action, found.permission.basis) == ("service_request", "nonpayment")
    assert found.permission.subscriptions == ("unpaid",)


def test_a_hold_on_one_subscription_spares_that_one() -> None:
    subs = (_subscription("a", 2000 * UNITS), _subscription("b", 2500 * UNITS))
    hold = ActiveHold("exemption", LONG_AGO, None, subscription_id="a")
    found = _answer(overdue_facts(subscriptions=subs, holds=(hold,)))
    assert found.permission.subscriptions == ("b",)
    both = (hold, replace(hold, subscription_id="b"))
    found = _answer(overdue_facts(subscriptions=subs, holds=both))
    assert "exemption" in _codes(found)
