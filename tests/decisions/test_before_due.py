"""A reminder before the due date: on one day, to whoever is likely not to pay."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from decisions import Case, Policy, Recommendation, default_policy, recommend
from decisions.actions import SEVERITY
from decisions.policy_file.load import parse_document
from decisions.steps.columns import columns_of_cases
from features.facts import ActiveHold, Notice, OpenItem
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    Anything,
    facts_of,
    random_cases,
)


def _case(due_in_days: int = 5, **given: Anything) -> Case:
    """Nothing is overdue; an invoice becomes due."""
    due_on = (TUESDAY + timedelta(days=due_in_days)).date()
    issued_at = TUESDAY - timedelta(days=20)
    item = OpenItem("i1", issued_at, due_on, 600 * UNITS, 600 * UNITS, 0, 0)
    known: dict[str, Anything] = {
        "open": 600 * UNITS,
        "clv": 900 * UNITS,
        "items": (item,),
    }
    return Case(facts_of(**(known | given)), 0.001, 0.2)


def _answer(case: Case, policy: Policy | None = None) -> Recommendation:
    return recommend(case, policy or default_policy(), TUESDAY)


def _without() -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["notices"]["before_due"] = None
    return Policy(parse_document(values, "test"))


def test_it_is_sent_before_the_invoice_is_due_and_names_it() -> None:
    found = _answer(_case())
    [due] = found.follow_up.notices_due
    assert (found.action, due.notice, due.state) == (
        "remind",
        "payment_ahead",
        "before_due",
    )
    assert (due.invoices, due.is_final_warning) == (("i1",), False)
    assert TUESDAY < due.send_by <= TUESDAY + timedelta(days=5)


@pytest.mark.parametrize("days", [0, 4, 6])
def test_on_no_other_day(days: int) -> None:
    found = _answer(_case(days))
    assert found.action != "remind"
    assert not found.follow_up.notices_due


_AN_HOUR_AGO = TUESDAY - timedelta(hours=1)
_SENT = Notice("payment_ahead", _AN_HOUR_AGO, policy="reseller-default@1")
_NO_CONTACTS: dict[str, Anything] = {"tables": facts_of().tables - {"contacts"}}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(_case(notices=(_SENT,)), id="sent"),
        pytest.param(
            _case(notices=(replace(_SENT, delivered_at=_AN_HOUR_AGO),)), id="delivered"
        ),
        pytest.param(
            _case(notices=(replace(_SENT, policy="other@9"),)), id="of another policy"
        ),
        pytest.param(
            replace(_case(**_NO_CONTACTS), named={"payment_ahead": _AN_HOUR_AGO}),
            id="asked for",
        ),
    ],
)
def test_nobody_is_told_twice_on_that_day(case: Case) -> None:
    answer = _answer(case)
    assert (answer.action, answer.follow_up.notices_due) == ("none", ())
    terms = default_policy().latest
    [eligibility] = columns_of_cases([case], terms, TUESDAY).eligibility
    assert eligibility is not None
    assert eligibility.position.notice is None


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            _case(notices=(replace(_SENT, sent_at=TUESDAY - timedelta(days=1)),)),
            id="about an invoice of yesterday",
        ),
        pytest.param(_case(notices=(replace(_SENT, name="else"),)), id="another"),
        pytest.param(
            replace(_case(), named={"payment_ahead": _AN_HOUR_AGO}),
            id="asked for, and contacts say it was not sent",
        ),
    ],
)
def test_what_was_told_before_is_no_reason_to_be_silent(case: Case) -> None:
    [due] = _answer(case).follow_up.notices_due
    assert due.notice == "payment_ahead"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"items": ()}, id="no invoice is known"),
        pytest.param(
            {"holds": (ActiveHold("exemption", TUESDAY - timedelta(days=1), None),)},
            id="exempted",
        ),
        pytest.param(
            {"rejected": frozenset({"payments"})}, id="a payment was rejected"
        ),
    ],
)
def test_what_keeps_it_away(change: dict[str, Anything]) -> None:
    assert not _answer(_case(**change)).follow_up.notices_due


@pytest.mark.parametrize("cover", ["contested", "in_flight", "promised"])
def test_money_that_is_contested_or_under_way_is_not_asked_for(cover: str) -> None:
    case = _case()
    [item] = case.facts.items
    change: dict[str, Anything] = {cover: item.remainder}
    covered = replace(item, **change)
    facts = replace(case.facts, items=(covered,))
    assert not _answer(replace(case, facts=facts)).follow_up.notices_due


def test_whoever_is_likely_to_pay_is_left_alone() -> None:
    assert _answer(replace(_case(), p_nonpayment=0.049)).action == "none"


def test_it_costs_nothing() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["notices"]["kinds"]["payment_ahead"]["fee"] = 5
    with pytest.raises(Exception, match="nothing is due yet"):
        parse_document(values, "test")


@given(case=random_cases())
def test_it_changes_nothing_for_whoever_is_late(case: Case) -> None:
    found, before = _answer(case), _answer(case, _without())
    if case.facts.overdue:
        assert found.action == before.action
        assert found.follow_up.notices_due == before.follow_up.notices_due
    severity = SEVERITY[found.action or "none"], SEVERITY[before.action or "none"]
    assert severity[0] <= max(severity[1], SEVERITY["remind"])
