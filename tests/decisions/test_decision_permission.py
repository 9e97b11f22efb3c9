"""When time alone would permit what is withheld: true, or not said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from decisions import Case, Recommendation, default_policy, recommend
from features.facts import ActiveHold, Evidence, Notice, OpenPromise
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    Anything,
    delivered,
    facts_of,
    overdue_facts,
)

LATE = 0.6  # probability of non-payment
TOLD = (
    delivered("reminder_1", 35),
    delivered("reminder_2", 28),
    Notice("final_notice", TUESDAY - timedelta(days=5), TUESDAY),
)


def _answer(at: datetime = TUESDAY, **given: Anything) -> Recommendation:
    """The same customer on the ladder, asked about at any moment."""
    days = (at.date() - (TUESDAY - timedelta(days=40)).date()).days
    facts = overdue_facts(days=days, at=at, notices=TOLD, **given)
    return recommend(Case(facts, 0.0, LATE), default_policy(), at)


def test_the_time_to_pay_ends_and_the_stop_is_permitted() -> None:
    found = _answer()
    assert [reason.code for reason in found.permission.withheld] == ["cure_period"]
    moment = found.permission.permitted_from
    assert moment is not None
    assert moment > TUESDAY
    before = _answer(moment - timedelta(seconds=1))
    assert before.action == "review"
    assert _answer(moment).action == "suspend"


@pytest.mark.parametrize("days", [1, 5, 12])
def test_before_an_earlier_rung_nobody_knows_when_the_stop_will_be(days: int) -> None:
    """Its notice is still to be sent: time alone brings no stop."""
    facts = overdue_facts(days=days, notices=())
    found = recommend(Case(facts, 0.0, LATE), default_policy(), TUESDAY)
    assert found.proposed_action == "suspend"
    assert found.permission.withheld
    assert found.permission.permitted_from is None


def _promise(until: datetime) -> Recommendation:
    owed = 4500 * UNITS
    promise = OpenPromise(TUESDAY - timedelta(days=1), until, owed, days=9)
    return _answer(promised=owed, actionable=0, promises=(promise,))


def test_behind_a_promise_nobody_knows_what_the_ladder_waits_for() -> None:
    until = TUESDAY + timedelta(days=3)
    found = _promise(until)
    [reason] = [r for r in found.permission.withheld if r.code == "promise"]
    assert reason.permitted_from == until + timedelta(microseconds=1)
    assert found.permission.permitted_from is None


def test_a_promise_that_has_lapsed_meanwhile_ends_at_no_past_moment() -> None:
    found = _promise(TUESDAY - timedelta(hours=2))
    [reason] = [r for r in found.permission.withheld if r.code == "promise"]
    assert reason.permitted_from is None


def test_a_reminder_is_due_from_the_day_that_is_said() -> None:
    def on(day: int) -> Recommendation:
        at = TUESDAY + timedelta(days=day)
        first = (delivered("reminder_1", 1),)
        facts = overdue_facts(300, days=4 + day, at=at, notices=first)
        return recommend(Case(facts, 0.0, 0.1), default_policy(), at)

    found = on(0)
    [reason] = [r for r in found.permission.withheld if r.code == "no_notice_due"]
    assert found.proposed_action == "remind"
    assert found.permission.permitted_from == reason.permitted_from
    assert found.permission.permitted_from is not None
    days = (found.permission.permitted_from - TUESDAY).days
    due = [bool(on(day).follow_up.notices_due) for day in range(days + 3)]
    assert [now for was, now in pairwise(due) if was != now] == [True]
    assert due.index(True) in (days, days + 1)


def test_one_way_that_opens_is_enough() -> None:
    """No sign of fraud holds up no stop for non-payment."""
    case = Case(overdue_facts(notices=TOLD), 0.45, 0.4)
    found = recommend(case, default_policy(), TUESDAY)
    codes = {reason.code for reason in found.permission.withheld}
    assert found.proposed_action == "suspend"
    assert codes == {"cure_period", "no_evidence", "no_suspicion"}
    assert found.permission.permitted_from is not None


def test_signs_that_are_too_old_by_then_permit_nothing() -> None:
    """The hold ends after the sign of fraud has ceased to count."""
    seen = TUESDAY - timedelta(days=20)
    sign = Evidence("crypto_mining", seen, confidence="high")
    facts = facts_of(usage_daily_cost=900 * UNITS, clv=500 * UNITS, evidence=(sign,))

    def held_for(days: int) -> Recommendation:
        until = TUESDAY + timedelta(days=days)
        hold = ActiveHold("legal", TUESDAY - timedelta(days=1), until)
        case = Case(replace(facts, holds=(hold,)), 0.9, 0.0)
        return recommend(case, default_policy(), TUESDAY)

    found = held_for(400)
    assert "legal" in {reason.code for reason in found.permission.withheld}
    assert found.permission.permitted_from is None
    assert held_for(2).permission.permitted_from == datetime(
        2026, 6, 11, 10, tzinfo=UTC
    )
