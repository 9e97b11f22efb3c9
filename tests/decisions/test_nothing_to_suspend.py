"""Whose subscriptions have all ended has no access that a stop could take."""

from dataclasses import replace
from datetime import timedelta

import pytest

from decisions import Case, Recommendation, default_policy, recommend
from features.facts import Evidence, OpenPromise
from tests.decisions.decision_cases import TUESDAY, UNITS, Anything, overdue_facts

FRAUD = Evidence("outcome_fraud", TUESDAY, confidence="high", is_confirmed=True)
ALERT = Evidence("crypto_mining", TUESDAY, confidence="high")


def _answer(p_fraud: float, p_nonpayment: float, **given: Anything) -> Recommendation:
    """To a customer on whom every notice was served, with nothing that accrues."""
    facts = overdue_facts(recurring_monthly=0, **given)
    return recommend(Case(facts, p_fraud, p_nonpayment), default_policy(), TUESDAY)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


def test_a_departed_customer_is_not_suspended_for_non_payment() -> None:
    assert _answer(0.01, 0.9).action == "suspend"
    found = _answer(0.01, 0.9, is_departed=True)
    assert found.action in {"none", "remind", "review"}
    assert "nothing_to_suspend" in _codes(found)


def test_use_that_goes_on_can_be_stopped() -> None:
    used = {"is_departed": True, "usage_daily_cost": 20 * UNITS}
    assert _answer(0.01, 0.9, **used).action == "suspend"


@pytest.mark.parametrize("signs", [(FRAUD,), (FRAUD, ALERT), (ALERT,)])
def test_fraud_takes_nothing_from_a_departed_customer(
    signs: tuple[Evidence, ...],
) -> None:
    assert _answer(0.9, 0.1, evidence=signs).action in {"suspend", "block"}
    found = _answer(0.9, 0.1, evidence=signs, is_departed=True)
    assert found.action not in {"suspend", "block"}
    assert "nothing_to_suspend" in _codes(found)


def test_a_provider_is_asked_only_where_its_case_is_open() -> None:
    def may_be_asked(*signs: Evidence) -> bool:
        found = _answer(0.9, 0.1, evidence=signs, is_departed=True)
        withheld = [r for r in found.permission.withheld if "service" in str(r.actions)]
        return "nothing_to_suspend" not in {reason.code for reason in withheld}

    assert not may_be_asked(FRAUD)
    assert may_be_asked(FRAUD, ALERT)
    old = replace(ALERT, at=TUESDAY - timedelta(days=200))  # never closed, of no use
    assert not may_be_asked(FRAUD, old)


def test_nobody_must_look_at_a_confirmed_fraud_that_is_gone() -> None:
    small = overdue_facts(30, recurring_monthly=0, clv=0, evidence=(FRAUD,))
    gone = replace(small, is_departed=True)
    answers = [
        recommend(Case(facts, 0.3, 0.1), default_policy(), TUESDAY).action
        for facts in (small, gone)
    ]
    assert answers[0] in {"review", "service_request", "suspend"}
    assert answers[1] in {"none", "remind"}


def test_where_a_confirmed_fraud_is_gone_the_promise_is_what_asks() -> None:
    owed = 4500 * UNITS
    promise = OpenPromise(
        TUESDAY, TUESDAY + timedelta(days=90), owed, covers=owed, days=90
    )
    given = {"promises": (promise,), "promised": owed, "actionable": 0}
    found = _answer(0.01, 0.001, evidence=(FRAUD,), is_departed=True, **given)
    assert (found.action, found.permission.raised_by) == ("review", "long_promise")
