"""Fees and interest: capped, told, and never part of a decision."""

from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Policy, default_policy, recommend
from decisions.follow_up.fees import interest_accrued, notice_fee
from decisions.policy_file.load import parse_document
from decisions.terms import Terms
from features.facts import AccountFacts, Notice, OpenItem
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    delivered,
    facts_of,
    overdue_facts,
    random_cases,
)

Values: TypeAlias = dict[str, Any]
FEES = {"reminder_1": 4, "reminder_2": 12, "final_notice": 9}


def _policy(notice_fees: Values | None = None, **fees: object) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["fees"] = fees
    for name, fee in (notice_fees or {}).items():
        values["notices"]["kinds"][name]["fee"] = fee
    return Policy(parse_document(values, "test"))


def _told(*names: str) -> AccountFacts:
    return overdue_facts(notices=tuple(delivered(name, 20) for name in names))


@pytest.mark.parametrize(
    ("limits", "told", "fees"),
    [
        ({}, [], (4, 12, 9)),
        ({"first_reminder_free": True}, [], (0, 12, 9)),
        ({"cap_per_notice": 10}, [], (4, 10, 9)),
        ({"cap_total": 13}, ["reminder_1"], (0, 9, 9)),
        ({"cap_total": 13}, ["reminder_1", "reminder_2"], (0, 0, 0)),
        ({"cap_total": 13, "cap_per_notice": 5}, ["reminder_1"], (0, 5, 5)),
        ({"cap_total": 13, "first_reminder_free": True}, ["reminder_1"], (0, 12, 9)),
    ],
)
def test_a_notice_costs_its_fee_once_and_never_more_than_the_limits(
    limits: Values, told: list[str], fees: tuple[float, ...]
) -> None:
    policy = _policy(FEES, **limits)
    facts = _told(*told)
    found = tuple(notice_fee(policy.document, facts, name) for name in FEES)
    assert found == fees


def test_the_answer_says_what_the_notice_due_costs() -> None:
    policy = _policy(FEES)
    first = recommend(Case(overdue_facts(notices=()), 0.0, 0.6), policy, TUESDAY)
    assert [(due.notice, due.fee) for due in first.follow_up.notices_due] == [
        ("reminder_1", 4)
    ]
    bounced = Notice(
        "reminder_1",
        TUESDAY - timedelta(days=9),
        bounced_at=TUESDAY - timedelta(days=8),
    )
    again = recommend(
        Case(overdue_facts(notices=(bounced,)), 0.0, 0.6), policy, TUESDAY
    )
    assert [(due.notice, due.fee) for due in again.follow_up.notices_due] == [
        ("reminder_1", 0)
    ]


RATE = {"annual_rate": 0.08}


def _interest(rule: Values, facts: AccountFacts) -> float | None:
    return interest_accrued(_policy(interest=rule).latest, facts, TUESDAY)


def _item(days: int, euros: float, **given: Any) -> OpenItem:  # noqa: ANN401
    [item] = overdue_facts(euros, days).items
    return replace(item, **given)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (RATE, 3650 * 0.08 * 50 / 365),
        (RATE | {"from_days_overdue": 20}, 3650 * 0.08 * 30 / 365),
        (RATE | {"from_days_overdue": 50}, 0.0),
        (RATE | {"cap_share": 0.005}, 3650 * 0.005),
    ],
)
def test_interest_is_simple_by_day_and_capped(rule: Values, expected: float) -> None:
    facts = overdue_facts(3650, 50)
    assert _interest(rule, facts) == pytest.approx(expected, abs=1e-4)


def test_interest_runs_on_each_invoice_and_not_on_contested_money() -> None:
    items = (
        _item(73, 100),
        _item(73, 100, invoice_id="i2", contested=40 * UNITS),
        _item(0, 900, invoice_id="not due"),
    )
    facts = replace(overdue_facts(), items=items)
    assert _interest(RATE, facts) == pytest.approx(160 * 0.08 * 73 / 365)
    settled = replace(items[0], disputed_until=date(2026, 5, 10))  # 30 days ago
    facts = replace(facts, items=(settled,))
    assert _interest(RATE, facts) == pytest.approx(100 * 0.08 * 30 / 365, abs=1e-4)


def test_money_on_its_way_bears_no_interest() -> None:
    items = (
        _item(73, 100, in_flight=100 * UNITS),
        _item(36, 50, invoice_id="i2", in_flight=20 * UNITS),
    )
    facts = replace(overdue_facts(), items=items)
    assert _interest(RATE, facts) == pytest.approx(30 * 0.08 * 36 / 365, abs=1e-4)


def _paid(item: OpenItem, *payments: tuple[int, float]) -> OpenItem:
    """The item after payments: days after its due date, and euros."""
    paid = tuple(
        (item.due_on + timedelta(days=days), round(euros * UNITS))
        for days, euros in payments
    )
    left = item.remainder - sum(money for _, money in paid)
    return replace(item, remainder=left, reductions=paid)


@pytest.mark.parametrize(
    ("rule", "payments", "expected"),
    [
        pytest.param({}, [(120, 900)], 33.2877, id="each part until it was paid"),
        pytest.param({}, [(0, 900)], 3.6986, id="paid on the due date"),
        pytest.param({}, [(-9, 900)], 3.6986, id="paid before the due date"),
        pytest.param({}, [(135, 900)], 36.9863, id="paid today"),
        pytest.param(
            {}, [(120, 400), (120, 500)], 33.2877, id="two payments of one day"
        ),
        pytest.param(
            {"from_days_overdue": 30}, [(20, 900)], 2.8767, id="paid within the grace"
        ),
        pytest.param({"cap_share": 0.01}, [(120, 900)], 10.0, id="capped, every part"),
        pytest.param(
            {}, [(10, 900), (100, -900)], 14.7945, id="opened again after 100 days"
        ),
    ],
)
def test_interest_runs_on_what_was_owed_each_day(
    rule: Values, payments: list[tuple[int, float]], expected: float
) -> None:
    item = _paid(_item(135, 1000), *payments)
    facts = replace(overdue_facts(), items=(item,))
    found = _interest({"annual_rate": 0.1} | rule, facts)
    assert found == pytest.approx(expected, abs=1e-4)


rules = st.sampled_from(
    [
        _policy(interest={"annual_rate": 0.1} | limits).latest
        for limits in (
            {},
            {"from_days_overdue": 30},
            {"cap_share": 0.02},
            {"from_days_overdue": 7, "cap_share": 0.01},
        )
    ]
)


def _charged(terms: Terms, item: OpenItem) -> float:
    found = interest_accrued(terms, replace(overdue_facts(), items=(item,)), TUESDAY)
    assert found is not None
    return found


payments_of = st.lists(st.tuples(st.integers(-10, 135), st.floats(0, 90)), max_size=10)


@given(terms=rules, payments=payments_of, into=st.integers(2, 5))
def test_splitting_a_payment_changes_no_interest(
    terms: Terms, payments: list[tuple[int, float]], into: int
) -> None:
    item = _item(135, 1000)
    parts = [(day, euros / into) for day, euros in payments for _ in range(into)]
    whole, split = _paid(item, *payments), _paid(item, *parts)
    assert _charged(terms, whole) == pytest.approx(_charged(terms, split), abs=0.01)


@given(terms=rules, payments=payments_of, earlier=st.integers(0, 30))
def test_who_pays_earlier_never_pays_more_interest(
    terms: Terms, payments: list[tuple[int, float]], earlier: int
) -> None:
    item = _item(135, 1000)
    soon = [(day - earlier, euros) for day, euros in payments]
    early = _charged(terms, _paid(item, *soon))
    late = _charged(terms, _paid(item, *payments))
    assert 0 <= early <= late <= _charged(terms, item) + 1e-4


def test_interest_is_unknown_where_invoices_are_and_zero_where_nothing_is_late() -> (
    None
):
    assert interest_accrued(default_policy().latest, overdue_facts(), TUESDAY) is None
    assert _interest(RATE, overdue_facts(source="ageing", items=())) is None
    assert _interest(RATE, facts_of()) == 0.0


CHARGING = _policy(FEES, interest={"annual_rate": 1.0}, cap_total=20)
FREE = _policy()


@given(case=random_cases(), rate=st.sampled_from([CHARGING, FREE]))
def test_fees_and_interest_change_no_decision(case: Case, rate: Policy) -> None:
    plain = recommend(case, default_policy(), TUESDAY)
    found = recommend(case, rate, TUESDAY)
    ours, theirs = asdict(found), asdict(plain)
    for answer in (ours, theirs):
        del answer["question"]["policy_hash"]
        del answer["follow_up"]["interest_accrued"]
        for due in answer["follow_up"]["notices_due"]:
            del due["fee"]
    assert ours == theirs
