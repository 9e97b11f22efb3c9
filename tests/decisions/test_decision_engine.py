"""Invariants of the engine over random cases, and the two paths against each other."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from decisions import BudgetUse, Case, Policy, default_policy, load_policy, recommend
from decisions.actions import ACTIONS, SEVERITY, SUSPEND
from decisions.errors import NaiveMomentError, ProbabilityRangeError
from decisions.money.stability import stability
from decisions.money.thresholds import Threshold
from decisions.policy_file.load import parse_document, shipped_policies
from decisions.rules.eligibility import eligibility_of
from decisions.steps.case_inputs import inputs_of
from decisions.steps.shared_budgets import action_names
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    facts_of,
    overdue_facts,
    probabilities,
    questions,
    random_cases,
    random_policies,
    recommend_many,
)

POLICIES = [load_policy(path) for path in shipped_policies()]
policies = st.sampled_from(POLICIES)
PLAIN = BudgetUse()


@given(question=questions(st.one_of(policies, random_policies())))
def test_one_customer_and_a_portfolio_agree(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    one = recommend(case, policy, at)
    run = recommend_many([case], policy, at)
    assert action_names(run.proposed)[0] == one.proposed_action
    assert action_names(run.recommended)[0] == one.action
    assert run.columns.code[0] == one.code
    assert bool(run.requires_person[0]) == one.people.requires_person
    assert run.arm[0] == one.permission.arm
    assert run.propensity[0] == one.permission.propensity
    proposal = one.proposal
    if proposal is not None and proposal.expected_cost is not None:
        assert run.costs[0].tolist() == list(proposal.expected_cost.values())
    if proposal is not None and proposal.stability is not None:
        assert run.stability[0] == proposal.stability


@settings(max_examples=25)  # each draws a dozen cases
@given(cases=st.lists(random_cases(), max_size=12), policy=policies)
def test_order_of_a_portfolio_changes_nothing(
    cases: list[Case], policy: Policy
) -> None:
    forward = recommend_many(cases, policy, TUESDAY)
    backward = recommend_many(cases[::-1], policy, TUESDAY)
    assert forward.proposed.tolist() == backward.proposed[::-1].tolist()


@given(case=random_cases(), policy=policies)
def test_certainty_of_good_proposes_nothing(case: Case, policy: Policy) -> None:
    sure = replace(case, p_fraud=0.0, p_nonpayment=0.0, previous=None)
    if policy.document.mode == "timeline":
        return
    found = recommend(sure, policy, TUESDAY)
    assert found.proposed_action in ("none", None)
    # a person looks nevertheless
    if found.permission.raised_by in (
        "confirmed_fraud",
        "linked_frauds",
        "long_promise",
        "late_dispute",
    ):
        assert found.action == "review"
        return
    if not (found.permission.in_force or policy.document.notices.send == "always"):
        assert found.action in ("none", None)


@given(case=random_cases(), policy=policies, factor=st.floats(1, 20))
def test_more_at_stake_never_yields_a_milder_stop(
    case: Case, policy: Policy, factor: float
) -> None:
    facts = case.facts

    def grown(amount: int | None) -> int | None:
        return None if amount is None else round(amount * factor)

    larger = replace(
        facts,
        open=grown(facts.open),
        contested=grown(facts.contested),
        overdue=grown(facts.overdue),
        actionable=grown(facts.actionable),
        in_flight=grown(facts.in_flight),
        promised=grown(facts.promised),
        recurring_monthly=grown(facts.recurring_monthly),
        usage_daily_cost=grown(facts.usage_daily_cost),
        committed=grown(facts.committed),
    )
    small = recommend(case, policy, TUESDAY)
    large = recommend(replace(case, facts=larger), policy, TUESDAY)
    # The randomised arm spares small exposures on purpose: compare what it draws from.
    if "explore" in (small.permission.arm, large.permission.arm):
        return
    for before, after in (
        (small.proposed_action, large.proposed_action),
        (small.action, large.action),
    ):
        if before in ("suspend", "block"):
            assert after is not None
            assert SEVERITY[after] >= SEVERITY[before]


@given(
    open_=st.integers(100, 9000),
    clv=st.integers(0, 9000),
    p_fraud=st.floats(0, 0.2),
    low=probabilities,
    high=probabilities,
)
def test_more_probable_nonpayment_never_yields_a_milder_proposal(
    open_: int, clv: int, p_fraud: float, low: float, high: float
) -> None:
    """With no run-up the shares recovered rise with severity, so costs are monotone."""
    facts = overdue_facts(open_, clv=clv * UNITS, recurring_monthly=0)
    first, second = (
        recommend(Case(facts, p_fraud, p), default_policy(), TUESDAY)
        for p in sorted((low, high))
    )
    assert first.proposed_action is not None
    assert second.proposed_action is not None
    assert SEVERITY[first.proposed_action] <= SEVERITY[second.proposed_action]


@given(case=random_cases())
def test_no_dominated_action_is_proposed(case: Case) -> None:
    # signs of fraud that no model weighs propose a pause, whatever it costs
    assume(case.p_fraud is not None or not case.facts.evidence)
    found = recommend(case, default_policy(), TUESDAY)
    proposal = found.proposal
    if proposal is not None and proposal.expected_cost is not None:
        cost = proposal.expected_cost
        chosen = cost[proposal.action]
        assert chosen == min(cost.values())
        milder = ACTIONS[: SEVERITY[proposal.action]]
        assert all(cost[action] > chosen for action in milder)


@given(question=questions(policies))
def test_the_recommended_action_never_exceeds_what_asks_for_it(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    found = recommend(case, policy, at)
    if found.action is None:
        assert found.code
        return
    assert found.proposed_action is not None
    given_, asked = SEVERITY[found.action], SEVERITY[found.proposed_action]
    if given_ >= SUSPEND and not found.permission.in_force:
        assert given_ <= asked or found.permission.arm == "holdout"
    if given_ < asked and policy.document.mode == "cost":
        assert found.permission.withheld, "what is withheld must say why"


@given(question=questions(st.one_of(policies, random_policies())))
def test_who_is_left_alone_is_sent_no_notice(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    found = recommend(case, policy, at)
    if found.action == "none" and policy.document.notices.send != "always":
        assert found.follow_up.notices_due == ()


@given(question=questions(st.one_of(policies, random_policies())))
def test_what_is_harsher_than_the_proposal_says_by_which_rule(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    found = recommend(case, policy, at)
    given, proposed = found.action, found.proposed_action
    if given is None or proposed is None:
        assert found.permission.raised_by is None
    elif not found.permission.in_force:
        assert (found.permission.raised_by is not None) == (
            SEVERITY[given] > SEVERITY[proposed]
        )


def test_withheld_reasons_speak_of_the_withheld_actions() -> None:
    found = recommend(
        Case(facts_of(open=9000 * UNITS), 0.0, 0.9), default_policy(), TUESDAY
    )
    assert found.action == "review"
    [reason] = found.permission.withheld
    assert reason.code == "nothing_overdue"
    assert "suspend" in reason.actions


def test_stale_data_decide_nothing() -> None:
    facts = overdue_facts()
    old = Case(facts, 0.0, 0.9, observed_until=TUESDAY - timedelta(hours=49))
    found = recommend(old, default_policy(), TUESDAY)
    assert (found.action, found.code) == (None, "stale_data")
    fresh = replace(old, observed_until=TUESDAY - timedelta(hours=48))
    assert recommend(fresh, default_policy(), TUESDAY).code is None


def test_a_recommendation_does_not_outlive_its_data() -> None:
    case = Case(overdue_facts(), 0.0, 0.9, observed_until=TUESDAY - timedelta(hours=40))
    found = recommend(case, default_policy(), TUESDAY)
    assert found.expires_at == TUESDAY + timedelta(hours=8)


def test_missing_probability_of_one_target_is_said() -> None:
    found = recommend(Case(overdue_facts(), None, 0.5), default_policy(), TUESDAY)
    assert found.action == "suspend"
    assert found.question.missing == ("p_fraud",)


def test_both_probabilities_missing_leave_the_ladder() -> None:
    """Without models the ladder goes on by days, and a stop waits for a person."""
    found = recommend(Case(overdue_facts()), default_policy(), TUESDAY)
    assert (found.code, found.question.mode) == (None, "timeline")
    assert (found.action, found.people.requires_person) == ("suspend", True)
    assert found.people.because == ("by_days",)
    assert found.proposal is not None
    assert found.proposal.expected_cost is None
    early = Case(overdue_facts(days=5, notices=()))
    found = recommend(early, default_policy(), TUESDAY)
    assert [due.notice for due in found.follow_up.notices_due] == ["reminder_1"]
    assert found.action == "remind"


def test_without_a_ladder_no_probability_decides_nothing() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values |= {"ladder": [], "cases": []}
    policy = Policy(parse_document(values, "no ladder"))
    assert recommend(Case(overdue_facts()), policy, TUESDAY).code == "no_probability"


def test_a_probability_out_of_range_is_refused() -> None:
    with pytest.raises(ProbabilityRangeError, match="calibrated"):
        Case(facts_of(), 1.2, 0.0)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(NaiveMomentError):
        recommend(
            Case(facts_of(), 0.0, 0.0), default_policy(), TUESDAY.replace(tzinfo=None)
        )


def test_where_fraud_is_likely_a_look_always_pays() -> None:
    found = recommend(Case(overdue_facts(), 0.1, 0.5), default_policy(), TUESDAY)
    first = found.thresholds(default_policy().latest.model)["nonpayment"][0]
    assert first == Threshold("review", 0.0)


def test_thresholds_rise() -> None:
    found = recommend(Case(overdue_facts(), 0.0, 0.5), default_policy(), TUESDAY)
    steps = found.thresholds(default_policy().latest.model)["nonpayment"]
    assert all(a.probability <= b.probability for a, b in pairwise(steps))


def test_the_floor_on_p_bad_withholds_the_stop() -> None:
    facts = overdue_facts(20_000)
    below = recommend(Case(facts, 0.0, 0.29), default_policy(), TUESDAY)
    assert below.proposed_action == "suspend"
    assert below.action != "suspend"
    assert "below_floor" in {reason.code for reason in below.permission.withheld}
    at_floor = recommend(Case(facts, 0.0, 0.30), default_policy(), TUESDAY)
    assert at_floor.action == "suspend"


def test_as_many_draws_as_required_are_enough() -> None:
    """Of 64 draws exactly 45 (0.7 rounded up) make action 1 cheaper than action 0."""
    costs = np.full((64, 6), 9.0)
    costs[:, 0] = np.where(np.arange(64) < 45, 2.0, 0.0)
    costs[:, 1] = 1.0
    draws = (costs.ravel(), *[np.zeros(64 * 6)] * 9)
    x = (1.0, *[0.0] * 9)
    assert stability(draws, x, 1, 0.7) == (45 / 64, 1)
    assert stability(draws, x, 1, 0.71) == (45 / 64, 0)
    columns = (1.0, *[np.zeros(1)] * 9)
    for limit, expected in ((0.7, 1), (0.71, 0)):
        share, stands = stability(draws, columns, np.array([1]), limit)
        assert (share[0], stands[0]) == (45 / 64, expected)


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        ("legal_person", False),
        ("sole_trader", True),
        ("natural_person", True),
        (None, True),
    ],
)
def test_whoever_is_not_a_legal_person_needs_a_person(
    kind: str | None, needed: bool
) -> None:
    case = Case(overdue_facts(subject_kind=kind), 0.0, 0.6)
    found = recommend(case, default_policy(), TUESDAY)
    assert found.action == "suspend"
    assert found.people.requires_person is needed
    run = recommend_many([case], default_policy(), TUESDAY)
    assert bool(run.requires_person[0]) is needed


def test_too_small_a_gain_is_said_also_where_a_notice_must_go_out() -> None:
    """A review is not worth it, the notice is required: both are told."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["notices"]["send"] = "always"
    values["guardrails"]["any"] |= {"min_net_gain": 1e6, "hysteresis": 0.0}
    policy = Policy(parse_document(values, "test"))
    facts = overdue_facts(days=8, notices=())
    found = recommend(Case(facts, 0.2, 0.3), policy, TUESDAY)
    assert found.action == "remind"
    assert found.proposed_action != "remind"
    assert "small_gain" in {reason.code for reason in found.permission.withheld}


@given(p_fraud=st.floats(0, 1), p_nonpayment=st.floats(0, 1))
def test_who_cannot_be_good_is_certainly_bad(
    p_fraud: float, p_nonpayment: float
) -> None:
    """Scaled back to a sum of 1, the two may add up to a bit less."""
    case = Case(overdue_facts(), p_fraud, p_nonpayment)
    terms = default_policy().latest
    inputs = inputs_of(case, eligibility_of(case, terms, TUESDAY), terms)
    assert inputs is not None
    assert inputs.p_good > 0.0 or inputs.p_bad == 1.0
    assert inputs.p_good == 0.0 or inputs.p_bad == inputs.p_fraud + inputs.p_only
