"""A pause on the model's word alone: by money, once, agreed by a person, and ended."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Policy, Recommendation, default_policy, recommend
from decisions.actions import ACTIONS, SEVERITY, STOPS
from decisions.money.cost import cheapest, expected_costs, terms_of
from decisions.policy_file.load import parse_document
from features.facts import ActiveHold, ActiveOverride, Evidence, Notice
from tests.decisions.decision_cases import (
    TABLES,
    TUESDAY,
    UNITS,
    Anything,
    facts_of,
    overdue_facts,
    random_cases,
)

DAY = timedelta(days=1)


def _suspected(p_fraud: float = 0.6, **given: Anything) -> Case:
    """Nothing is owed, no sign was reported, and the model suspects fraud."""
    known: dict[str, Anything] = {
        "usage_daily_cost": 300 * UNITS,
        "clv": 900 * UNITS,
    }
    return Case(facts_of(**(known | given)), p_fraud, 0.1)


def _answer(case: Case, policy: Policy | None = None) -> Recommendation:
    return recommend(case, policy or default_policy(), TUESDAY)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


def _policy(**suspicion: Anything) -> Policy:
    """The shipped policy with another section on suspicion; none without values."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["fraud_path"]["suspicion"] = suspicion or None
    return Policy(parse_document(values, "test"))


def test_a_person_agrees_to_a_pause_that_ends_by_itself() -> None:
    found = _answer(_suspected())
    assert (found.action, found.permission.basis) == ("suspend", "fraud")
    assert (found.people.requires_person, found.people.approvals) == (True, 1)
    assert found.people.because == ("suspicion",)
    assert found.people.meanwhile_action == "none"  # a review is a person's work, too
    pause = found.follow_up.pause
    assert pause is not None
    assert pause.auto_expires_at == TUESDAY + timedelta(hours=72)


def test_the_policy_says_how_many_must_agree() -> None:
    found = _answer(_suspected(), _policy(min_p_fraud=0.1, approvals=2))
    assert found.people.approvals == 2


def test_without_the_section_a_person_only_looks() -> None:
    found = _answer(_suspected(), _policy())
    assert (found.action, _codes(found)) == (
        "review",
        {"nothing_overdue", "no_evidence"},
    )


@pytest.mark.parametrize(
    ("usage", "clv", "action"),
    [
        pytest.param(300, 900, "suspend", id="much to lose"),
        pytest.param(3, 3000, "review", id="little to lose, a good customer to lose"),
    ],
)
def test_the_threshold_comes_from_money(usage: int, clv: int, action: str) -> None:
    case = _suspected(0.35, usage_daily_cost=usage * UNITS, clv=clv * UNITS)
    assert _answer(case).action == action


def test_what_may_go_unpaid_carries_no_pause() -> None:
    """Non-payment has its ladder; only fraud counts for a pause without a sign."""
    facts = overdue_facts(4500, 5, notices=())
    found = _answer(Case(facts, 0.12, 0.8), _policy(min_p_fraud=0.1))
    assert found.proposed_action in STOPS
    assert found.action not in STOPS


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(
            {"fraud_stopped_at": TUESDAY - 40 * DAY},
            "suspicion_used",
            id="paused before",
        ),
        pytest.param(
            {"tables": TABLES - {"actions"}},
            "suspicion_used",
            id="nobody knows whether",
        ),
        pytest.param(
            {"holds": (ActiveHold("legal", TUESDAY - DAY, None),)},
            "legal",
            id="legal hold",
        ),
        pytest.param(
            {
                "overrides": (
                    ActiveOverride("none", TUESDAY - DAY, "anna", "known", None),
                )
            },
            "override",
            id="a person decided",
        ),
        pytest.param({"has_open_appeal": True}, "open_appeal", id="an appeal is open"),
        pytest.param(
            {"segment": "healthcare"}, "essential_service", id="an essential service"
        ),
        pytest.param({"tables": TABLES - {"holds"}}, "holds_unknown", id="no holds"),
        pytest.param(
            {"tables": TABLES - {"contacts"}}, "contacts_unknown", id="no contacts"
        ),
        pytest.param(
            {"rejected": frozenset({"usage"})}, "incomplete_data", id="a rejected row"
        ),
    ],
)
def test_what_keeps_a_pause_away(change: dict[str, Anything], code: str) -> None:
    found = _answer(_suspected(**change))
    assert found.action not in STOPS
    assert code in _codes(found)


def test_a_model_that_is_not_borne_out_pauses_nobody() -> None:
    found = _answer(replace(_suspected(), starter=frozenset({"fraud"})))
    assert (found.action, "unproven_suspicion" in _codes(found)) == ("review", True)


def test_a_newer_sign_pauses_again() -> None:
    sign = Evidence("crypto_mining", TUESDAY, confidence="high")
    case = _suspected(0.4, fraud_stopped_at=TUESDAY - 40 * DAY, evidence=(sign,))
    assert _answer(case).action == "suspend"


def _told(*notices: Notice) -> Case:
    facts = overdue_facts(900, 12, notices=notices, usage_daily_cost=200 * UNITS)
    return Case(facts, 0.45, 0.3)


BACK = Notice("reminder_1", TUESDAY - 6 * DAY, bounced_at=TUESDAY - 5 * DAY)


def test_a_notice_that_came_back_is_a_sign_where_fraud_is_likely() -> None:
    found = _answer(_told(BACK), _policy())
    assert (found.action, found.permission.basis) == ("suspend", "fraud")
    unlikely = _answer(replace(_told(BACK), p_fraud=0.29), _policy())
    assert unlikely.action not in STOPS
    unknown = _answer(replace(_told(BACK), p_fraud=None), _policy())
    assert unknown.action not in STOPS


def test_a_notice_that_came_back_is_none_by_the_word_of_the_starter() -> None:
    case = replace(_told(BACK), starter=frozenset({"fraud"}))
    assert _answer(case, _policy()).action not in STOPS


def test_a_notice_that_arrived_since_takes_the_sign_away() -> None:
    later = Notice("reminder_1", TUESDAY - 3 * DAY, delivered_at=TUESDAY - 2 * DAY)
    assert _answer(_told(BACK, later), _policy()).action not in STOPS


@given(case=random_cases())
def test_suspicion_changes_nothing_but_pauses_that_fraud_alone_carries(
    case: Case,
) -> None:
    policy = default_policy()
    found, before = _answer(case), _answer(case, _policy())
    assert found.proposed_action == before.proposed_action
    if found.action == before.action:
        return
    assert (found.action, found.people.requires_person) == ("suspend", True)
    assert found.proposal is not None
    model, stake, p = policy.latest.model, found.proposal.stake, found.proposal.states
    assert model is not None
    money = stake.open_cost, stake.run_up_cost, stake.stoppable, stake.clv
    alone = expected_costs(model, terms_of(p.fraud, 0.0, 1.0 - p.fraud, *money))
    assert ACTIONS[cheapest(alone)] in STOPS


@given(
    p=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    daily=st.integers(1, 500),
    worth=st.integers(0, 20_000),
)
def test_likelier_fraud_never_loses_the_pause(
    p: tuple[float, float], daily: int, worth: int
) -> None:
    """Along the probability of fraud, a pause once carried stays carried."""
    case = _suspected(usage_daily_cost=daily * UNITS, clv=worth * UNITS)
    less, more = (
        SEVERITY[_answer(replace(case, p_fraud=p_fraud, p_nonpayment=0.0)).action or ""]
        for p_fraud in sorted(p)
    )
    assert more >= less
