"""Charging again: when, what never, what a stop waits for, what hurries a notice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions import Case, Policy, Recommendation, default_policy, recommend
from decisions.actions import STOP_BITS
from decisions.policy_file.check import check
from decisions.policy_file.load import parse_document
from decisions.rules.eligibility import eligibility_of
from decisions.rules.ladder import stand
from decisions.rules.retries import charging
from features.facts import (
    AccountFacts,
    ActiveHold,
    Evidence,
    ExecutedAction,
    Notice,
    OpenItem,
    OpenPromise,
    PaymentAttempt,
    PendingPayment,
)
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    attempts,
    covered,
    overdue_facts,
    random_cases,
    random_policies,
    retries,
)
from wording.explanation import LANGUAGES, explain

Values: TypeAlias = dict[str, Any]
SOFT, HARD = "insufficient_funds", "lost_or_stolen"


def _policy(rule: Values | None = None, **sections: Any) -> Policy:  # noqa: ANN401
    """The default policy with other retries and other whole sections."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["retries"] |= rule or {}
    return Policy(parse_document(values | sections, "test"))


def _charge(
    days_ago: float,
    code: str | None = SOFT,
    invoice: str | None = "i1",
    method: str = "card",
    instrument: str | None = "card-1",
) -> PaymentAttempt:
    at = TUESDAY - timedelta(days=days_ago)
    return PaymentAttempt(at, "failed", method, code, invoice, instrument)


def _owing(*tried: PaymentAttempt, days: int = 40, **given: Any) -> AccountFacts:  # noqa: ANN401
    facts = overdue_facts(4500, days, payment_attempts=tried, **given)
    in_flight, promised = facts.in_flight or 0, facts.promised or 0
    return replace(facts, items=covered(facts.items, in_flight, promised))


def _answer(
    facts: AccountFacts, policy: Policy | None = None, p_fraud: float = 0.0
) -> Recommendation:
    return recommend(Case(facts, p_fraud, 0.6), policy or default_policy(), TUESDAY)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


def _local(day: int, hour_utc: int = 22) -> datetime:
    """The start of a Belgian summer day of June 2026."""
    return datetime(2026, 6, day - 1, hour_utc, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tried", "at", "attempt"),
    [
        pytest.param((_charge(0),), _local(10), 2, id="the next day"),
        pytest.param((_charge(2), _charge(1)), _local(11), 3, id="the second retry"),
        pytest.param((_charge(3),), TUESDAY, 2, id="one that was missed is due now"),
        pytest.param((_charge(9), _charge(1)), _local(14), 3, id="the last is left"),
        pytest.param((_charge(20), _charge(2)), None, None, id="after all of them"),
    ],
)
def test_when_we_charge_again(
    tried: tuple[PaymentAttempt, ...], at: datetime | None, attempt: int | None
) -> None:
    found = _answer(_owing(*tried))
    if at is None:
        assert (found.follow_up.retry_due, found.follow_up.no_retry) == (
            None,
            "schedule_over",
        )
        return
    due = found.follow_up.retry_due
    assert due is not None
    assert (due.at, due.attempt) == (at, attempt)
    assert (due.invoices, due.method) == (("i1",), "card")
    assert found.follow_up.no_retry is None


def test_invoices_on_one_instrument_are_charged_together() -> None:
    facts = _owing()
    [first] = facts.items
    items = tuple(replace(first, invoice_id=name) for name in ("i1", "i2", "i3"))
    tried = (
        _charge(3),
        _charge(3, invoice="i2"),
        _charge(3, invoice="i3", instrument="card-2"),
    )
    due = _answer(
        replace(facts, items=items, payment_attempts=tried)
    ).follow_up.retry_due
    assert due is not None
    assert due.invoices == ("i1", "i2")


def test_without_a_section_or_a_listed_method_nothing_is_said() -> None:
    for found in (
        _answer(_owing(_charge(3)), _policy(retries=None)),
        _answer(_owing(_charge(3, method="bank_transfer"))),
        _answer(_owing()),
    ):
        assert (found.follow_up.retry_due, found.follow_up.no_retry) == (None, None)
        assert "retry_pending" not in _codes(found)


STOPPED = ExecutedAction(
    "suspend", TUESDAY - timedelta(days=1), reason="fraud", by="automation"
)
PROMISE = OpenPromise(TUESDAY, TUESDAY + timedelta(days=3), None, days=3)
HOLD = ActiveHold("instalment_plan", TUESDAY, TUESDAY + timedelta(days=90))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param({"access_off": (STOPPED,)}, "charging_stopped", id="fraud"),
        pytest.param({"holds": (HOLD,)}, "on_hold", id="an instalment plan"),
        pytest.param(
            {"promises": (PROMISE,), "promised": 4500 * UNITS, "actionable": 0},
            "money_under_way",
            id="promised",
        ),
        pytest.param(
            {"in_flight": 100 * UNITS, "actionable": 4400 * UNITS},
            "money_under_way",
            id="on its way",
        ),
        pytest.param(
            {
                "in_flight": 100 * UNITS,
                "pending": (PendingPayment("p", 100 * UNITS, "i1"),),
            },
            "money_under_way",
            id="on its way, for this invoice",
        ),
    ],
)
def test_what_stops_our_charging(given: Values, why: str) -> None:
    found = _answer(_owing(_charge(3), **given))
    assert (found.follow_up.retry_due, found.follow_up.no_retry) == (None, why)
    assert "retry_pending" not in _codes(found)


@pytest.mark.parametrize(
    ("cover", "given"),
    [
        pytest.param(
            "in_flight",
            {"pending": (PendingPayment("p", 100 * UNITS, "i2"),)},
            id="a payment on its way",
        ),
        pytest.param("promised", {"promises": (PROMISE,)}, id="a promise"),
    ],
)
def test_what_covers_another_invoice_stops_only_that_one(
    cover: str, given: Values
) -> None:
    facts = _owing(_charge(3), _charge(3, invoice="i2"))
    amount: Values = {cover: 100 * UNITS}
    other = replace(facts.items[0], invoice_id="i2", **amount)
    facts = replace(facts, items=(facts.items[0], other), **amount, **given)
    due = _answer(facts).follow_up.retry_due
    assert due is not None
    assert due.invoices == ("i1",)


def test_a_contested_invoice_is_not_charged_again() -> None:
    facts = _owing(_charge(3))
    item = replace(facts.items[0], contested=100 * UNITS)
    assert (
        _answer(replace(facts, items=(item,))).follow_up.no_retry == "money_under_way"
    )


def test_a_pause_for_fraud_stops_our_charging() -> None:
    sign = Evidence("crypto_mining", TUESDAY - timedelta(hours=2), confidence="high")
    facts = _owing(_charge(3), usage_daily_cost=300 * UNITS, evidence=(sign,))
    found = _answer(facts, p_fraud=0.7)
    assert found.follow_up.pause is not None
    assert found.follow_up.pause.stop_charging
    assert (found.follow_up.retry_due, found.follow_up.no_retry) == (
        None,
        "charging_stopped",
    )
    path = default_policy().document.model_dump(mode="json")["fraud_path"]
    goes_on = _policy(fraud_path=path | {"stop_charging": False})
    assert _answer(facts, goes_on, p_fraud=0.7).follow_up.retry_due is not None


def test_stale_data_charge_nobody() -> None:
    case = Case(
        _owing(_charge(3)), 0.0, 0.6, observed_until=TUESDAY - timedelta(days=9)
    )
    found = recommend(case, default_policy(), TUESDAY)
    assert found.code == "stale_data"
    assert found.follow_up.retry_due is None


def test_a_hard_decline_ends_retries_on_that_instrument_alone() -> None:
    assert _answer(_owing(_charge(3, HARD))).follow_up.no_retry == "hard_decline"
    later_soft = _owing(_charge(3, HARD), _charge(2))
    assert _answer(later_soft).follow_up.no_retry == "hard_decline"
    new_card = _owing(_charge(3, HARD), _charge(2, instrument="card-2"))
    assert _answer(new_card).follow_up.retry_due is not None


def test_a_stop_waits_for_the_retries_planned_before_it() -> None:
    """Due 40 days ago, first failure on the 12th day: retries until the 26th."""
    tried = (_charge(28), _charge(20))
    patient = _policy({"missed_after_days": 20})
    waiting = _answer(_owing(*tried), patient)
    [reason] = [r for r in waiting.permission.withheld if r.code == "retry_pending"]
    assert waiting.action != "suspend"
    assert reason.permitted_from == _local(9 + 6)  # the retry was for 14 days ago
    assert reason.released_by == "retry"
    made = _answer(_owing(_charge(28), _charge(14)), patient)
    assert made.action == "suspend"


def test_a_stop_does_not_wait_for_ever_for_a_retry_that_nobody_makes() -> None:
    found = _answer(_owing(_charge(28), _charge(20)))
    assert found.action == "suspend"
    assert found.follow_up.retry_due is not None  # it is due all the same


def test_a_stop_keeps_its_distance_from_the_last_retry() -> None:
    """The last retry was planned for today, and the stop is to keep five days away."""
    policy = _policy({"days_after_failure": [10], "days_before_state": 5})
    told = {"reminder_1": 29, "reminder_2": 23, "final_notice": 14}
    notices = tuple(
        Notice(name, moment, moment)
        for name, ago in told.items()
        if (moment := TUESDAY - timedelta(days=ago))
    )
    tried = (_charge(10), _charge(0))
    found = _answer(_owing(*tried, days=31, notices=notices), policy)
    assert "retry_pending" not in _codes(found)  # it opened yesterday, before the retry
    found = _answer(_owing(*tried, days=30, notices=notices), policy)
    [reason] = [r for r in found.permission.withheld if r.code == "retry_pending"]
    assert reason.permitted_from == _local(14)
    pending = _answer(_owing(_charge(10), days=30, notices=notices), policy)
    [reason] = [r for r in pending.permission.withheld if r.code == "retry_pending"]
    assert (reason.permitted_from, reason.released_by) == (_local(14), "retry")


def test_a_retry_planned_after_the_stop_does_not_hold_it_up() -> None:
    """Failing just before the stop, which opened a week ago, buys nobody two weeks."""
    patient = _policy({"missed_after_days": 20})
    found = _answer(_owing(_charge(11), _charge(8)), patient)
    assert "retry_pending" in _codes(found)  # the second retry was for a week ago
    found = _answer(_owing(_charge(11), _charge(6)), patient)
    assert found.action == "suspend"
    assert (
        found.follow_up.retry_due is not None
    )  # the third is late, and does not matter


def test_after_a_hard_decline_the_next_notice_is_due_at_once() -> None:
    hard = _owing(_charge(1, HARD), days=1, notices=())
    found = _answer(hard)
    assert [due.notice for due in found.follow_up.notices_due] == ["reminder_1"]
    assert (
        found.permission.ladder_state is None
    )  # the state itself is entered on its day
    assert found.permission.restrict == ()
    assert _answer(_owing(_charge(1), days=1, notices=())).follow_up.notices_due == ()
    calm = _policy({"notice_at_once_on_hard_decline": False})
    assert _answer(hard, calm).follow_up.notices_due == ()
    told = (Notice("reminder_1", TUESDAY, TUESDAY),)
    second = _answer(_owing(_charge(1, HARD), days=1, notices=told))
    assert (
        second.follow_up.notices_due == ()
    )  # five days from the first one stay five days


def test_an_invoice_too_small_for_the_clock_hurries_nothing() -> None:
    facts = _owing(_charge(1, HARD), days=1, notices=())
    other = replace(facts.items[0], invoice_id="i2", remainder=5000 * UNITS)
    facts = replace(facts, items=(replace(facts.items[0], remainder=UNITS), other))
    assert (
        _answer(facts, _policy(clock={"min_invoice": 50})).follow_up.notices_due == ()
    )
    assert _answer(facts).follow_up.notices_due != ()


@pytest.mark.parametrize(
    ("rule", "code", "severity"),
    [
        pytest.param({"days_after_failure": [4, 1]}, "retry_order", "error"),
        pytest.param({"days_after_failure": [4, 4]}, "retry_order", "error"),
        pytest.param({"methods": []}, "retry_without_method", "error"),
        pytest.param({"days_after_failure": [30]}, "retry_after_stop", "warning"),
        pytest.param({"days_before_state": 17}, "retry_after_stop", "warning"),
    ],
)
def test_the_linter_reads_the_schedule(rule: Values, code: str, severity: str) -> None:
    found = {f.code: f.severity for f in check(_policy(rule))}
    assert found[code] == severity
    assert check(default_policy()) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_retry_is_explained(lang: str) -> None:
    for tried, words in (
        (_charge(3), "i1"),
        (_charge(3, HARD), ""),
        (_charge(3, method="wallet"), "3"),
    ):
        case = Case(_owing(tried), 0.0, 0.6)
        answer = recommend(case, default_policy(), TUESDAY)
        told = explain(case, answer, default_policy(), lang)
        [passage] = [p for p in told.staff if p.topic == "retry"]
        assert len(passage.sentences) == 1
        assert words in passage.sentences[0] or "2" in passage.sentences[0]


@given(case=random_cases(), policy=random_policies(), tried=attempts(TUESDAY))
def test_a_hard_decline_never_yields_a_retry(
    case: Case, policy: Policy, tried: tuple[PaymentAttempt, ...]
) -> None:
    rule = policy.document.retries
    if rule is None or not rule.never_after:
        return
    hard = tuple(replace(a, failure_code=rule.never_after[0]) for a in tried)
    facts = replace(case.facts, payment_attempts=hard)
    found = recommend(replace(case, facts=facts), policy, TUESDAY)
    assert found.follow_up.retry_due is None


@given(case=random_cases(), policy=random_policies())
def test_no_retry_while_charging_is_stopped_or_money_is_under_way(
    case: Case, policy: Policy
) -> None:
    found = recommend(case, policy, TUESDAY)
    if found.follow_up.retry_due is None:
        return
    facts, items = case.facts, {item.invoice_id: item for item in case.facts.items}
    pause = found.follow_up.pause
    assert pause is None or not pause.stop_charging
    assert not any(off.reason == "fraud" for off in facts.access_off)
    assert found.follow_up.retry_due.at >= TUESDAY
    assert found.follow_up.no_retry is None
    for name in found.follow_up.retry_due.invoices:
        assert items[name].days_overdue > 0
        assert items[name].uncovered == items[name].remainder


def _simple(rule: Values, stop_after: int, cure_days: int) -> Policy:
    """One warning at day 3, then a stop; every day is a working day."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["ladder"] = [
        {
            "state": "warning",
            "when": {"days_overdue": 3},
            "action": "remind",
            "notice": "final_notice",
        },
        {
            "state": "stop",
            "when": {
                "days_overdue": stop_after,
                "days_since": {"final_notice": cure_days},
            },
            "action": "suspend",
        },
    ]
    values["calendar"] = {"working_days": [1, 2, 3, 4, 5, 6, 7]}
    values |= {"retries": rule, "first_invoice": None, "high_usage": None}
    return Policy(parse_document(values, "test"))


@given(
    rule=retries,
    stop_after=st.integers(4, 30),
    cure_days=st.integers(1, 10),
    days=st.integers(4, 80),
    told=st.integers(0, 70),
    tried=attempts(TUESDAY),
)
def test_a_stop_is_never_permitted_while_a_retry_before_it_is_pending(
    rule: Values,
    stop_after: int,
    cure_days: int,
    days: int,
    told: int,
    tried: tuple[PaymentAttempt, ...],
) -> None:
    """Against the rule counted by hand, in days."""
    policy = _simple(rule, stop_after, cure_days)
    sent = TUESDAY - timedelta(days=min(told, days - 3))
    attempts_made = tuple(
        replace(a, invoice_id="i1", instrument_id="card-1", failure_code=SOFT)
        for a in tried
        if a.method in rule["methods"]
    )
    facts = _owing(
        *attempts_made,
        days=days,
        notices=(Notice("final_notice", sent, sent),),
    )
    seen = eligibility_of(Case(facts, 0.0, 0.6), policy.latest, TUESDAY)
    is_permitted = seen.ordinary_bits & STOP_BITS != STOP_BITS
    opened = max(stop_after - days, cure_days + 1 - (TUESDAY - sent).days)  # from today
    made = [(a.at - TUESDAY).days for a in attempts_made]
    planned = [made[0] + n for n in rule["days_after_failure"]] if made else []
    before = [day for day in planned if day <= opened]
    late = rule["missed_after_days"]
    is_pending = any(day > made[-1] and day + late > 0 for day in before)
    is_near = bool(before) and max(before) + rule["days_before_state"] > 0
    assert is_permitted == (opened <= 0 and not is_pending and not is_near)


def _ladder(draw: st.DrawFn) -> list[Values]:
    """Up to three notices, then a stop, by days on the clock and since notices."""
    rungs: list[Values] = []
    for i, name in enumerate(("reminder_1", "reminder_2", "final_notice")):
        when: Values = {"days_overdue": draw(st.integers(0, 25))}
        if i and draw(st.booleans()):
            unit = draw(st.sampled_from(["days_since", "business_days_since"]))
            when[unit] = {rungs[-1]["notice"]: draw(st.integers(0, 9))}
        rungs.append({"state": name, "when": when, "action": "remind", "notice": name})
    if draw(st.booleans()):
        rungs.insert(
            draw(st.integers(0, 3)),
            {
                "state": "desk",
                "when": {"days_overdue": draw(st.integers(0, 30))},
                "action": "review",
            },
        )
    stop: Values = {"days_overdue": draw(st.integers(0, 35))}
    if draw(st.booleans()):
        stop["days_since"] = {"final_notice": draw(st.integers(0, 12))}
    return [*rungs, {"state": "stop", "when": stop, "action": "suspend"}]


ladders = st.composite(_ladder)()


def _stop_day(policy: Policy) -> tuple[int, list[int]]:
    """Day by day after a hard decline, every notice arriving at once: (stop, told)."""
    terms = policy.latest
    sent: list[Notice] = []
    told: list[int] = []
    start = TUESDAY - timedelta(days=60)
    tried = (PaymentAttempt(start, "failed", "card", HARD, "i1"),)
    for day in range(1, 120):
        at = start + timedelta(days=day)
        item = OpenItem("i1", start, start.date(), UNITS, UNITS, 0, day)
        facts = overdue_facts(1, day, at, items=(item,), payment_attempts=tried)
        while True:
            facts = replace(facts, notices=tuple(sent))
            position = stand(
                Case(facts), terms, at, charging(terms, facts, is_held=False)
            )
            if position.notice is None:
                break
            sent.append(Notice(position.notice.notice, at, at))
            told.append(day)
        if position.state is not None and position.state.state == "stop":
            return day, told
    raise AssertionError("no stop within 120 days")


@settings(max_examples=40)  # each walks two customers day by day
@given(ladder=ladders, grace=st.integers(0, 4))
def test_a_hard_decline_hurries_notices_and_never_the_stop(
    ladder: list[Values], grace: int
) -> None:
    sections: Values = {"ladder": ladder, "clock": {"grace_days": grace}}
    calm = _policy({"notice_at_once_on_hard_decline": False}, **sections)
    usual_stop, usually = _stop_day(calm)
    stop, told = _stop_day(_policy(**sections))
    assert stop == usual_stop
    assert len(told) == len(usually) == 3
    assert all(a <= b for a, b in zip(told, usually, strict=True))


def test_retries_are_compared_with_what_comes_before_a_stop_as_well() -> None:
    """The stop itself names no days; the notice before it asks for 17 of them."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    stop = next(rung for rung in values["ladder"] if rung["action"] == "suspend")
    stop["when"]["days_overdue"] = 0
    found = check(Policy(parse_document(values, "test")))
    assert "retry_after_stop" not in {finding.code for finding in found}
