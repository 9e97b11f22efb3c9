"""Fraud that somebody confirmed is never passed over, whatever the model says of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import (
    BudgetUse,
    Case,
    Policy,
    Recommendation,
    default_policy,
    recommend,
)
from decisions.actions import REVIEW, SEVERITY, STOPS
from decisions.policy_file.load import parse_document
from features.facts import AccountFacts, ActiveHold, ActiveOverride, Evidence
from tests.decisions.decision_cases import (
    TABLES,
    TUESDAY,
    UNITS,
    Anything,
    facts_of,
    overdue_facts,
    random_cases,
    random_policies,
    recommend_many,
)

DAY = timedelta(days=1)
CONFIRMED = Evidence("outcome_fraud", TUESDAY - DAY, is_confirmed=True)
AT_STAKE: dict[str, Anything] = {"usage_daily_cost": 300 * UNITS}


def _facts(**given: Anything) -> AccountFacts:
    known: dict[str, Anything] = {"evidence": (CONFIRMED,), "clv": 900 * UNITS}
    return facts_of(**(known | given))


def _answer(case: Case, confirmed: str = "review") -> Recommendation:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["fraud_path"]["confirmed"] = confirmed
    return recommend(case, Policy(parse_document(values, "test")), TUESDAY)


def _decided(action: str, days_ago: float) -> tuple[ActiveOverride, ...]:
    at = TUESDAY - days_ago * DAY
    return (ActiveOverride(action, at, "anna", "known", TUESDAY + 9 * DAY),)


def test_a_person_looks_however_unlikely_the_model_finds_it() -> None:
    found = _answer(Case(_facts(), 0.001, 0.01))
    assert (found.proposed_action, found.action) == ("none", "review")
    assert (found.permission.raised_by, found.permission.basis) == (
        "confirmed_fraud",
        "fraud",
    )


def test_the_provider_is_asked_once_a_person_agrees() -> None:
    case = Case(_facts(**AT_STAKE), 0.001, 0.01)
    found = _answer(case)
    assert (found.action, found.people.approvals) == ("service_request", 1)
    assert found.people.because == ("confirmed_fraud",)
    assert found.people.meanwhile_action in ("none", "remind", "review")
    assert recommend_many([case], default_policy(), TUESDAY).requires_person.all()
    claim = replace(CONFIRMED, is_confirmed=False)
    claimed = replace(case, facts=_facts(**AT_STAKE, evidence=(claim,)))
    assert not _answer(claimed).people.requires_person


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(replace(CONFIRMED, is_confirmed=False), id="a claim"),
        pytest.param(replace(CONFIRMED, at=TUESDAY - 366 * DAY), id="too old"),
        pytest.param(replace(CONFIRMED, kind="hearsay"), id="no sign of the policy"),
    ],
)
def test_what_does_not_count_as_confirmed_changes_nothing(sign: Evidence) -> None:
    assert _answer(Case(_facts(evidence=(sign,)), 0.001, 0.01)).action == "none"


def test_where_the_policy_says_so_access_is_paused_once_a_person_agrees() -> None:
    found = _answer(Case(_facts(**AT_STAKE), 0.001, 0.01), "suspend")
    assert (found.action, found.permission.basis) == ("suspend", "fraud")
    assert (found.people.approvals, found.people.because) == (1, ("confirmed_fraud",))
    assert found.people.meanwhile_action == "service_request"
    assert found.follow_up.pause is not None


def test_a_likely_one_is_paused_without_asking_as_ever() -> None:
    found = _answer(Case(_facts(**AT_STAKE), 0.45, 0.01), "suspend")
    assert (found.action, found.people.requires_person) == ("suspend", False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(
            {"holds": (ActiveHold("legal", TUESDAY - DAY, None),)}, "legal", id="hold"
        ),
        pytest.param({"segment": "healthcare"}, "essential_service", id="essential"),
        pytest.param({"tables": TABLES - {"holds"}}, "holds_unknown", id="no holds"),
        pytest.param({"rejected": frozenset({"usage"})}, "incomplete_data", id="row"),
    ],
)
def test_what_protects_from_a_pause_protects_from_this_one(
    change: dict[str, Anything], code: str
) -> None:
    found = _answer(Case(_facts(**AT_STAKE, **change), 0.001, 0.01), "suspend")
    assert found.action in ("review", "service_request")
    assert code in {reason.code for reason in found.permission.withheld}


@pytest.mark.parametrize("confirmed", ["review", "suspend"])
@pytest.mark.parametrize(
    ("days_ago", "action"),
    [
        pytest.param(0.5, "none", id="decided since"),
        pytest.param(2, "review", id="confirmed since"),
    ],
)
def test_a_person_who_decided_is_asked_again_by_newer_proof_alone(
    days_ago: float, action: str, confirmed: str
) -> None:
    facts = _facts(overrides=_decided("none", days_ago))
    assert _answer(Case(facts, 0.001, 0.01), confirmed).action == action


@pytest.mark.parametrize("decided", ["none", "remind", "review", "service_request"])
def test_nothing_is_harsher_than_a_person_decided(decided: str) -> None:
    """Reminders, reviews and the ladder's notices included."""
    late = overdue_facts(days=40, overrides=_decided(decided, 1))
    due = overdue_facts(days=8, notices=(), overrides=_decided(decided, 1))
    first = overdue_facts(
        days=12, n_invoices_paid=0, notices=(), overrides=_decided(decided, 1)
    )
    for facts in (late, due, first):
        without = recommend(
            Case(replace(facts, overrides=()), 0.2, 0.6), default_policy(), TUESDAY
        )
        assert without.action != "none"
        found = recommend(Case(facts, 0.2, 0.6), default_policy(), TUESDAY)
        assert SEVERITY[found.action or "none"] <= SEVERITY[decided]
        if SEVERITY[without.action or "none"] > SEVERITY[decided]:
            assert "override" in {reason.code for reason in found.permission.withheld}


@given(case=random_cases(), policy=random_policies(), share=st.floats(0, 1))
def test_a_new_action_never_goes_beyond_an_override(
    case: Case, policy: Policy, share: float
) -> None:
    decided = ("none", "remind", "review", "service_request")[int(share * 3.99)]
    facts = replace(case.facts, overrides=_decided(decided, 0), access_off=())
    found = recommend(replace(case, facts=facts), policy, TUESDAY)
    assert SEVERITY[found.action or "none"] <= SEVERITY[decided]


def test_a_full_queue_passes_over_others_before_confirmed_fraud() -> None:
    fraud = Case(_facts(), 0.001, 0.01)
    others = [
        Case(facts_of(usage_daily_cost=20 * UNITS, clv=4000 * UNITS), 0.14, 0.02)
    ] * 3
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["review"]["capacity_per_day"] = 2
    policy = Policy(parse_document(values, "test"))
    cases = [*others, fraud]
    full, one_left = BudgetUse(reviews_today=2), BudgetUse(reviews_today=1)
    assert recommend(fraud, policy, TUESDAY, full).action == "review"
    for use, n_refused in ((BudgetUse(), 2), (one_left, 3), (full, 3)):
        run = recommend_many(cases, policy, TUESDAY, use)
        assert run.recommended[-1] == REVIEW
        assert run.n_queue_refused == n_refused


budget_uses = st.builds(
    BudgetUse,
    suspensions_today=st.sampled_from([0, 10**6]),
    reviews_today=st.sampled_from([0, 10**6]),
    is_stopped=st.booleans(),
)


@given(case=random_cases(), policy=random_policies(), use=budget_uses)
def test_confirmed_fraud_is_looked_at_at_least(
    case: Case, policy: Policy, use: BudgetUse
) -> None:
    facts = replace(case.facts, evidence=(CONFIRMED,), overrides=(), segment=None)
    case = replace(case, facts=facts)
    found = recommend(case, policy, TUESDAY, use)
    run = recommend_many([case], policy, TUESDAY, use)
    [many] = run.recommended.tolist()
    assert many == (-1 if found.action is None else SEVERITY[found.action])
    path = policy.latest.document.fraud_path
    kinds = () if path is None else [rule.kind for rule in path.evidence_any]
    if found.action is not None and "outcome_fraud" in kinds:
        assert SEVERITY[found.action] >= SEVERITY["review"]
        assert found.action in ("review", "service_request", *STOPS)
        if found.action == "service_request":
            assert found.people.requires_person
            assert found.people.because == ("confirmed_fraud",)
    assert run.requires_person.tolist() == [found.people.requires_person]
