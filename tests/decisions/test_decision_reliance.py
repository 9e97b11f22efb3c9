"""What was not looked at, not lately, or could not be read makes no stop harsher."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Recommendation, default_policy, recommend
from decisions.actions import SEVERITY, STOPS
from decisions.rules.catalogue import PROTECTING
from features.facts import ActiveOverride, Evidence
from tests.decisions.decision_cases import (
    TABLES,
    TUESDAY,
    UNITS,
    Anything,
    facts_of,
    overdue_facts,
    random_cases,
)

LATE = 0.6  # probability of non-payment
SIGN = Evidence("crypto_mining", TUESDAY, confidence="high")
DAY = timedelta(days=1)


def _answer(case: Case) -> Recommendation:
    return recommend(case, default_policy(), TUESDAY)


def _late(**given: Anything) -> Case:
    """Everything that a suspension for non-payment needs."""
    return Case(overdue_facts(**given), 0.0, LATE)


def _suspicious(**given: Anything) -> Case:
    """A sign and a probability that pause for fraud without a person."""
    facts = facts_of(
        evidence=(SIGN,), usage_daily_cost=300 * UNITS, clv=900 * UNITS, **given
    )
    return Case(facts, 0.45, 0.1)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


def test_the_cases_of_this_file_stop_when_everything_is_known() -> None:
    for case in (_late(), _suspicious()):
        found = _answer(case)
        assert (found.action, found.people.requires_person) == ("suspend", False)


@pytest.mark.parametrize("table", ["disputes", "contacts", "holds"])
def test_a_table_that_was_not_looked_at_keeps_stops_for_nonpayment_away(
    table: str,
) -> None:
    found = _answer(_late(tables=TABLES - {table}))
    assert found.action == "review"
    assert f"{table}_unknown" in _codes(found)


@pytest.mark.parametrize("table", PROTECTING)
@pytest.mark.parametrize(
    ("age", "stops"),
    [
        pytest.param(timedelta(hours=48), True, id="as old as is accepted"),
        pytest.param(timedelta(hours=48, seconds=1), False, id="older"),
    ],
)
def test_a_table_must_have_been_observed_lately(
    table: str, age: timedelta, stops: bool
) -> None:
    case = replace(_late(), observed={table: TUESDAY - age})
    found = _answer(case)
    assert (found.action == "suspend") is stops
    assert (f"{table}_unknown" in _codes(found)) is not stops


def test_without_payments_nothing_is_decided() -> None:
    case = _late(tables=TABLES - {"payments"}, items=(), open=None, overdue=None)
    facts = replace(case.facts, actionable=None, days_overdue=None)
    found = _answer(replace(case, facts=facts))
    assert found.code == "unknown_money"


def test_an_ageing_report_does_not_know_who_paid_since() -> None:
    tables = TABLES - {"invoices"} | {"ageing"}
    found = _answer(_late(source="ageing", tables=tables, report_age_days=1.0))
    assert found.action == "suspend"
    blind = tables - {"payments"}
    found = _answer(_late(source="ageing", tables=blind, report_age_days=1.0))
    assert found.action == "review"
    assert "payments_unknown" in _codes(found)


def test_the_fraud_path_asks_for_the_holds_alone() -> None:
    others = TABLES - {"disputes", "contacts", "payments"}
    found = _answer(_suspicious(tables=others | {"payments"}))
    assert found.action == "suspend"
    found = _answer(_suspicious(tables=TABLES - {"holds"}))
    assert (found.action, found.people.requires_person) == ("review", True)
    assert found.permission.raised_by in (None, "left_to_a_person")
    released = [
        r.released_by for r in found.permission.withheld if r.code == "holds_unknown"
    ]
    assert "person" in released


def test_any_stale_table_keeps_new_stops_away_on_every_way() -> None:
    stale = {"usage": TUESDAY - 3 * DAY}
    for case in (_late(), _suspicious()):
        facts = replace(case.facts, tables=TABLES | {"usage"})
        found = _answer(replace(case, facts=facts, observed=stale))
        assert found.action == "review"
        assert "stale_tables" in _codes(found)


def test_tables_the_models_learned_from_and_miss_now_leave_stops_to_a_person() -> None:
    for case in (_late(), _suspicious()):
        missing = dict.fromkeys(("fraud", "nonpayment"), ("outcomes",))
        found = _answer(replace(case, inputs_missing=missing))
        assert found.action == "review"
        [reason] = [r for r in found.permission.withheld if r.code == "inputs_missing"]
        assert reason.released_by == "person"
        assert reason.values == {"tables": ("outcomes",)}


def test_what_only_the_model_of_fraud_misses_keeps_no_stop_for_debt_away() -> None:
    missing = {"fraud": ("links",)}
    late = _answer(replace(_late(), inputs_missing=missing))
    suspicious = _answer(replace(_suspicious(), inputs_missing=missing))

    assert late.action == _answer(_late()).action == "suspend"
    assert "inputs_missing" in _codes(suspicious)


@pytest.mark.parametrize("table", ["invoices", *PROTECTING])
def test_a_rejected_row_of_money_decides_nothing(table: str) -> None:
    found = _answer(_late(rejected=frozenset({table})))
    assert (found.code, found.action) == ("incomplete_data", None)
    assert found.follow_up.notices_due == ()


def test_any_other_rejected_row_keeps_stops_away() -> None:
    found = _answer(_late(rejected=frozenset({"usage"})))
    assert found.action == "review"
    assert "incomplete_data" in _codes(found)


@pytest.mark.parametrize("table", ["payments", "alerts"])
def test_with_a_rejected_row_a_sign_of_fraud_is_looked_at(table: str) -> None:
    found = _answer(_suspicious(rejected=frozenset({table})))
    assert (found.action, found.people.requires_person) == ("review", True)
    assert "incomplete_data" in _codes(found)


def test_what_arrives_today_protects_until_today_is_over() -> None:
    until = TUESDAY + timedelta(hours=12)
    for case in (_late(protected_until=until), _suspicious(protected_until=until)):
        found = _answer(case)
        assert found.action == "review"
        [reason] = {
            r for r in found.permission.withheld if r.code == "protecting_row_today"
        }
        assert reason.permitted_from == until
    assert _answer(_late(protected_until=TUESDAY)).action == "suspend"


@pytest.mark.parametrize(("euros", "stops"), [(4475, False), (4474, True), (0, True)])
def test_unallocated_money_protects_up_to_its_sum(euros: int, stops: bool) -> None:
    found = _answer(_late(unallocated=euros * UNITS))  # of 4,500, materiality 25
    assert (found.action == "suspend") is stops
    assert ("unallocated_money" in _codes(found)) is not stops


def _override(action: str, days: int = 4, service: str | None = None) -> Anything:
    until = TUESDAY + timedelta(days=days)
    said = ("anna", "agreed by telephone")
    return (ActiveOverride(action, TUESDAY - DAY, *said, until, None, service),)


def test_a_persons_decision_stands_until_it_ends() -> None:
    for case in (_late(), _suspicious()):
        facts = replace(case.facts, overrides=_override("remind"))
        found = _answer(replace(case, facts=facts))
        assert found.action not in STOPS
        [reason] = {r for r in found.permission.withheld if r.code == "override"}
        said = {"by": "anna", "action": "remind", "reason": "agreed by telephone"}
        assert reason.values == said
        assert reason.permitted_from == TUESDAY + 4 * DAY
        [hold] = [hold for hold in found.permission.holds if hold.kind == "override"]
        assert (hold.released_by, hold.values) == ("author", said)
        assert hold.until == TUESDAY + 4 * DAY
    assert _answer(_late(overrides=_override("none", -1))).action in STOPS
    assert _answer(_late(overrides=_override("suspend"))).action in STOPS


def test_assumed_money_that_matters_leaves_a_stop_to_a_person() -> None:
    assumed = ("recurring_monthly", "clv")
    sure = _answer(_late(assumed=assumed))
    close = _answer(_late(assumed=assumed, clv=3000 * UNITS))
    known = _answer(_late(clv=3000 * UNITS))
    assert sure.question.assumed == close.question.assumed == assumed
    assert sure.people.because == ()
    assert known.action == close.action == "suspend"
    assert (known.people.requires_person, close.people.requires_person) == (False, True)
    assert close.people.because == ("assumed_money",)


def test_with_the_starter_every_stop_waits_for_a_person() -> None:
    starter = frozenset({"fraud", "nonpayment"})
    for case in (_late(), _suspicious()):
        found = _answer(replace(case, starter=starter))
        assert (found.action, found.people.requires_person) == ("suspend", True)
        assert found.people.because == ("starter",)
    alone = replace(_suspicious(), p_fraud=0.95, starter=starter)
    found = _answer(replace(alone, facts=replace(alone.facts, evidence=())))
    assert found.action == "review"


def test_a_model_not_borne_out_yet_decides_as_the_starter_does() -> None:
    both = frozenset({"fraud", "nonpayment"})
    for case in (_late(), _suspicious(), replace(_suspicious(), p_fraud=0.95)):
        starter = _answer(replace(case, starter=both))
        trained = _answer(replace(case, unproven=both))
        assert trained.people.because == ("unproven",)
        assert trained.people.requires_person
        assert trained.action == starter.action


def test_without_a_model_of_fraud_signs_pause_and_a_person_agrees() -> None:
    found = _answer(replace(_suspicious(), p_fraud=None))
    assert (found.action, found.people.requires_person) == ("suspend", True)
    assert (found.permission.basis, found.proposed_action) == ("fraud", "suspend")
    assert found.people.because == ("signs_without_model",)
    assert "p_fraud" in found.question.missing


def test_a_notice_nobody_records_is_asked_for_once_in_an_episode() -> None:
    case = Case(
        overdue_facts(days=5, notices=(), tables=TABLES - {"contacts"}), 0.0, LATE
    )
    assert [due.notice for due in _answer(case).follow_up.notices_due] == ["reminder_1"]
    named = replace(case, named={"reminder_1": TUESDAY - DAY})
    assert _answer(named).follow_up.notices_due == ()
    before = replace(case, named={"reminder_1": TUESDAY - 6 * DAY})
    assert [due.notice for due in _answer(before).follow_up.notices_due] == [
        "reminder_1"
    ]
    kept = replace(named, facts=replace(named.facts, tables=TABLES))
    assert [due.notice for due in _answer(kept).follow_up.notices_due] == ["reminder_1"]


def _by_automation(found: Recommendation) -> int:
    """How harsh a stop automation may carry out; 0 for none."""
    action = found.action
    if action not in STOPS or found.people.requires_person:
        return 0
    return SEVERITY[action]


def _as_unknown(case: Case, table: str) -> Case:
    """The same customer where a table was not looked at and its rows are not there."""
    facts = case.facts
    lost: dict[str, Anything] = {"tables": facts.tables - {table}}
    rows: dict[str, dict[str, Anything]] = {
        "holds": {"holds": ()},
        "contacts": {
            "notices": (),
            "promises": (),
            "promised": None,
            "has_open_appeal": False,
            "actionable": (facts.actionable or 0) + (facts.promised or 0),
            "items": tuple(replace(item, promised=0) for item in facts.items),
        },
        "overrides": {"overrides": ()},
    }
    return replace(case, facts=replace(facts, **(lost | rows[table])))


@given(case=random_cases(), table=st.sampled_from(["holds", "contacts"]))
def test_taking_a_table_away_makes_no_stop_harsher(case: Case, table: str) -> None:
    full, less = _answer(case), _answer(_as_unknown(case, table))
    # an appeal keeps also pauses for fraud away; its table is one the models saw
    if table == "contacts" and case.facts.has_open_appeal:
        missing = dict.fromkeys(("fraud", "nonpayment"), ("contacts",))
        less = _answer(replace(_as_unknown(case, table), inputs_missing=missing))
    if full.code is None and not full.permission.in_force:
        assert _by_automation(less) <= _by_automation(full)


@given(case=random_cases(), table=st.sampled_from([*PROTECTING, "alerts", "usage"]))
def test_a_rejected_row_or_an_old_table_permits_no_new_stop(
    case: Case, table: str
) -> None:
    broken = replace(case, facts=replace(case.facts, rejected=frozenset({table})))
    tables = case.facts.tables | {table}
    old = replace(
        case,
        facts=replace(case.facts, tables=tables),
        observed={table: TUESDAY - 3 * DAY},
    )
    for found in (_answer(broken), _answer(old)):
        is_new = found.action in STOPS and not found.permission.in_force
        assert not is_new
