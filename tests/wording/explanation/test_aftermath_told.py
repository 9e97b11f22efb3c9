"""What follows an answer is told to whom it concerns, in every language."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import get_args

import pytest

from decisions import Case, Recommendation, default_policy, recommend
from decisions.follow_up.parts import AppealDue, ContractEnd, FraudPause, Refund
from decisions.recommendation import RaisedBy
from decisions.rules.due import Reactivation
from tests.decisions.changed_answer import changed
from tests.decisions.decision_cases import TUESDAY, overdue_facts
from wording.explanation import LANGUAGES, explain
from wording.messages import Wording

RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|[{}]|\bNone\b")
DELETED, WRITTEN_OFF, KEPT = date(2026, 9, 17), date(2026, 12, 18), date(2029, 4, 6)
ACKNOWLEDGED = TUESDAY + timedelta(hours=20)
DECIDED = TUESDAY + timedelta(days=4)
PAUSE = FraudPause(
    wording="paused",
    auto_expires_at=TUESDAY + timedelta(hours=72),
    stop_charging=True,
    refund="by_a_person",
)


def _answer() -> tuple[Case, Recommendation]:
    case = Case(overdue_facts(subject_kind=None), 0.0, 0.6)
    answer = recommend(case, default_policy(), TUESDAY)
    reminded = recommend(
        Case(overdue_facts(notices=()), 0.0, 0.6), default_policy(), TUESDAY
    )
    [due] = reminded.follow_up.notices_due
    return case, changed(
        answer,
        interest_accrued=12.34,
        notices_due=(replace(due, fee=7.25),),
        contract_end=ContractEnd(
            data_export_until=TUESDAY + timedelta(days=30),
            data_deleted_on=DELETED,
            write_off_from=WRITTEN_OFF,
        ),
        retain_until=KEPT,
        pause=PAUSE,
        appeal=AppealDue(ACKNOWLEDGED, DECIDED, "keep_unless_new_evidence"),
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_deadlines_and_prices_are_told(lang: str) -> None:
    case, answer = _answer()
    words = Wording(lang, "EUR", default_policy().latest.zone)
    said = explain(case, answer, default_policy(), lang)
    staff, customer = said.text("staff"), said.text("customer")
    assert not RAW.findall(staff + customer)

    def money(amount: float) -> str:
        return words.format("{m:money}", m=amount)

    def day(day: date) -> str:
        return words.format("{d:date}", d=day)

    for text in (staff, customer):
        assert money(12.34) in text
        assert money(7.25) in text
        assert day(DELETED) in text
        assert words.format("{d:moment}", d=DECIDED) in text
    assert words.format("{d:moment}", d=ACKNOWLEDGED) in staff
    assert day(WRITTEN_OFF) in staff
    assert day(KEPT) in staff
    assert words.sentence("staff.person.refund_by_a_person") in staff
    teams = words.words("teams", ("collections", "risk"), "or")
    assert teams in staff
    assert default_policy().document.appeals.human_contact in customer


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_costs_nothing_and_ends_nowhere_is_not_told(lang: str) -> None:
    case, answer = _answer()
    plain = changed(
        answer,
        interest_accrued=0.0,
        notices_due=(),
        contract_end=None,
        retain_until=None,
        pause=None,
        appeal=None,
    )
    told, less = (explain(case, a, default_policy(), lang) for a in (answer, plain))
    for audience in ("staff", "customer"):
        long, short = (
            {t for p in getattr(e, audience) for t in p.sentences} for e in (told, less)
        )
        assert len(short) < len(long)
        assert len(long - short) >= 4


@pytest.mark.parametrize("refund", get_args(Refund))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_rules_on_refunds_have_words(lang: str, refund: Refund) -> None:
    case, answer = _answer()
    paused = changed(answer, pause=replace(PAUSE, refund=refund))
    said = explain(case, paused, default_policy(), lang)
    words = Wording(lang, "EUR", default_policy().latest.zone)
    assert words.sentence(f"staff.person.refund_{refund}") in said.text("staff")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_over_is_not_told_as_to_come(lang: str) -> None:
    """A contract that ended long ago: its data are gone, its review was missed."""
    case, answer = _answer()
    words = Wording(lang, "EUR", default_policy().latest.zone)
    missed = TUESDAY - timedelta(days=3)
    end = ContractEnd(
        data_export_until=TUESDAY - timedelta(days=9),
        data_deleted_on=(TUESDAY - timedelta(days=2)).date(),
        write_off_from=None,
    )
    over = changed(answer, contract_end=end, review_by=missed)
    said = explain(case, over, default_policy(), lang)
    for text in (said.text("staff"), said.text("customer")):
        assert words.format("{d:date}", d=end.data_deleted_on) not in text
        assert words.format("{d:moment}", d=end.data_export_until) not in text
    late = words.sentence("staff.person.review_overdue", review_by=missed)
    assert late in said.text("staff")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_gets_access_back_is_not_told_that_nothing_changes(lang: str) -> None:
    case, answer = _answer()
    words = Wording(lang, "EUR", default_policy().latest.zone)
    by = TUESDAY + timedelta(hours=4)
    back = changed(
        answer,
        action="none",
        reactivation=Reactivation(("nonpayment",), "paid", "automation", by, "no", 0.0),
    )
    said = explain(case, back, default_policy(), lang).text("customer")
    assert said.count(words.sentence("customer.next.returns_by", restore_by=by)) == 1
    assert words.sentence("customer.action.none") not in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_why_an_answer_is_harsher_than_the_proposal_is_told(lang: str) -> None:
    facts = overdue_facts(60, days=6, notices=(), n_invoices_paid=0)
    case = Case(facts, 0.0, 0.13)
    answer = recommend(case, default_policy(), TUESDAY)
    assert answer.permission.raised_by == "first_invoice"
    for reason in get_args(RaisedBy):
        raised = changed(answer, raised_by=reason)
        text = explain(case, raised, default_policy(), lang).text("staff")
        words = Wording(lang, "EUR", default_policy().latest.zone)
        assert words.sentence(f"staff.recommended.raised.{reason}") in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_where_nothing_is_open_only_what_would_accrue_is_at_stake(lang: str) -> None:
    facts = replace(overdue_facts(0), items=(), open=0, overdue=0, actionable=0)
    case = Case(facts, 0.6, 0.0)
    answer = recommend(case, default_policy(), TUESDAY)
    assert answer.proposal is not None
    words = Wording(lang, "EUR", default_policy().latest.zone)
    said = words.sentence(
        "staff.stake.run_up", run_up=answer.proposal.stake.run_up_cost
    )
    assert said in explain(case, answer, default_policy(), lang).text("staff")
