"""How many people must agree, and who may: one rule for one customer and for many."""

from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Policy, default_policy, load_policy, recommend
from decisions.errors import PolicyFileError
from decisions.policy_file.load import SHIPPED, parse_document
from decisions.steps.agree import approvals_needed, with_questions
from features.facts import Evidence
from tests.decisions.decision_cases import (
    TUESDAY,
    delivered,
    overdue_facts,
    random_cases,
    recommend_many,
)

Values: TypeAlias = dict[str, Any]


def _policy(**rule: object) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["approvals"] = rule
    return Policy(parse_document(values, "test"))


classes = st.fixed_dictionaries(
    {
        "segments": st.sampled_from([[], ["retail"], ["retail", "healthcare"]]),
        "subject_kinds": st.sampled_from([[], ["natural_person"], ["legal_person"]]),
    }
)
actions = st.lists(
    st.sampled_from(["remind", "service_request", "suspend", "block"]), max_size=2
)


@given(
    case=random_cases(),
    limit=st.sampled_from([None, 0.0, 800.0, {"EUR": 3000.0, "USD": 1.0}]),
    always=classes,
    person_for=actions,
    natural_person_for=actions,
)
def test_a_portfolio_asks_as_many_people_as_one_customer(
    case: Case,
    limit: object,
    always: Values,
    person_for: list[str],
    natural_person_for: list[str],
) -> None:
    policy = _policy(
        four_eyes_over=limit,
        four_eyes_for=always,
        person_for=person_for,
        natural_person_for=natural_person_for,
    )
    one = recommend(case, policy, TUESDAY)
    run = recommend_many([case], policy, TUESDAY)
    assert bool(run.requires_person[0]) == one.people.requires_person
    if one.action is not None:
        asked = with_questions(run.columns.inputs, run.recommended, False)
        needed = approvals_needed(asked, policy.latest, run.recommended)
        assert int(needed[0]) == one.people.approvals
    assert (
        (one.people.approvals > 0)
        == one.people.requires_person
        == bool(one.people.approver_roles)
    )


@pytest.mark.parametrize(
    ("always", "who", "approvals"),
    [
        ({"segments": ["hotel"]}, {"segment": "hotel"}, 2),
        ({"segments": ["hotel"]}, {"segment": "school"}, 0),
        ({"subject_kinds": ["natural_person"]}, {"subject_kind": None}, 2),
        ({"subject_kinds": ["natural_person"]}, {"subject_kind": "sole_trader"}, 2),
        ({"subject_kinds": ["natural_person"]}, {"subject_kind": "legal_person"}, 0),
        ({"subject_kinds": ["sole_trader"]}, {"subject_kind": "sole_trader"}, 2),
        ({"subject_kinds": ["sole_trader"]}, {"subject_kind": "natural_person"}, 0),
    ],
)
def test_two_must_agree_for_some_customers_whatever_is_at_stake(
    always: Values, who: Values, approvals: int
) -> None:
    policy = _policy(four_eyes_for=always, natural_person_for=[])
    found = recommend(Case(overdue_facts(**who), 0.0, 0.6), policy, TUESDAY)
    assert found.action == "suspend"
    assert found.people.approvals == approvals


@pytest.mark.parametrize(("limit", "approvals"), [(4966, 2), (4967, 0)])
def test_two_must_agree_above_an_exposure_at_face_value(
    limit: float, approvals: int
) -> None:
    """4,500 are open and 700 a month accrue for 20 days more, whatever they cost us."""
    facts = overdue_facts(4500, days=40)
    assert default_policy().document.ordinary_stop.days_overdue == 60
    found = recommend(Case(facts, 0.0, 0.6), _policy(four_eyes_over=limit), TUESDAY)
    assert found.action == "suspend"
    assert found.proposal is not None
    assert found.proposal.stake.exposure < 4900
    assert found.people.approvals == approvals


@pytest.mark.parametrize("known", ["starter", "unproven"])
def test_where_days_decide_no_model_is_a_reason_to_wait(known: str) -> None:
    """No estimate brought the stop about, so none has to be borne out."""
    timeline = load_policy(SHIPPED / "plain-timeline.yaml")
    nobody, both = frozenset[str](), frozenset({"fraud", "nonpayment"})
    starter, unproven = (both, nobody) if known == "starter" else (nobody, both)
    told = (delivered("reminder", 28), delivered("warning", 16))
    facts = overdue_facts(4500, notices=told)
    case = Case(facts, 0.0, 0.1, starter=starter, unproven=unproven)
    plain = recommend(Case(facts, 0.0, 0.1), timeline, TUESDAY)
    found = recommend(case, timeline, TUESDAY)
    assert found.action == "suspend"
    assert (found.people.because, found.people) == ((), plain.people)


def test_a_timeline_that_asks_for_a_probability_rests_on_it() -> None:
    timeline = load_policy(SHIPPED / "plain-timeline.yaml")
    values = timeline.document.model_dump(mode="json", by_alias=True)
    values["guardrails"]["suspend"]["min_p_bad"] = 0.3
    policy = Policy(parse_document(values, "test"))
    told = (delivered("reminder", 28), delivered("warning", 16))
    facts = overdue_facts(4500, notices=told)
    starter = frozenset({"fraud", "nonpayment"})
    found = recommend(Case(facts, 0.0, 0.6, starter=starter), policy, TUESDAY)
    assert (found.action, found.people.because) == ("suspend", ("starter",))
    assert found.people.requires_person


def test_the_answer_says_who_may_agree() -> None:
    roles = {"default": ["collections"], "suspend": ["collections", "legal"]}
    policy = _policy(person_for=["suspend", "service_request"], roles=roles)
    found = recommend(Case(overdue_facts(), 0.0, 0.6), policy, TUESDAY)
    assert found.people.approver_roles == ("collections", "legal")
    sign = Evidence("crypto_mining", TUESDAY, confidence="high")
    softer = overdue_facts(segment="healthcare", evidence=(sign,))
    found = recommend(Case(softer, 0.0, 0.6), policy, TUESDAY)
    assert found.action == "service_request"
    assert found.people.approver_roles == ("collections",)
    contested = overdue_facts(holds=(), actionable=0, contested=1, overdue=0)
    found = recommend(Case(contested, 0.0, 0.8), policy, TUESDAY)
    assert found.action == "review"
    assert found.people.approver_roles == ("risk",)  # who owns the queue
    nobody = recommend(Case(overdue_facts(), 0.0, 0.6), _policy(), TUESDAY)
    assert nobody.people.approver_roles == ()


@pytest.mark.parametrize("roles", [{}, {"default": []}, {"suspend": ["a"]}])
def test_somebody_may_always_agree(roles: Values) -> None:
    with pytest.raises(PolicyFileError, match="default"):
        _policy(roles=roles)
