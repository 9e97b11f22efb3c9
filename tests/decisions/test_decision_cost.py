"""The cost model against a hand calculation and against the published table."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions.actions import ACTIONS
from decisions.money.cost import (
    CostModel,
    cheapest,
    cost_model,
    expected_costs,
    product,
    terms_of,
)
from decisions.money.exposure import exposure
from decisions.money.states import exclusive_states
from decisions.money.thresholds import Stake, break_even, thresholds_of
from decisions.policy_file.load import default_policy
from tests.decisions.decision_cases import UNITS, facts_of, probabilities

amounts = st.floats(0, 1e5)


@pytest.fixture(scope="module")
def model() -> CostModel:
    costs = default_policy().document.costs
    assert costs is not None
    return cost_model(costs)


def _stake(open_cost: float, run_up: float, clv: float) -> Stake:
    return Stake(open_cost, clv, open_cost, run_up, run_up)


def test_expected_cost_of_suspension_by_hand(model: CostModel) -> None:
    x = terms_of(0.1, 0.2, 0.7, 1000.0, 500.0, 400.0, 2000.0)
    good = 6 + 0.10 * 2000
    nonpayment = 6 + 0.70 * (1000 * 0.70 + 500 - 0.85 * 400) + 0.35 * 0.10 * 2000
    fraud = 6 + 0.97 * (1000 * 0.95 + 500 - 0.92 * 400) + 20 * 0.40
    expected = 0.7 * good + 0.2 * nonpayment + 0.1 * fraud
    assert expected_costs(model, x)[4] == pytest.approx(expected, rel=1e-12)


@given(
    rows=st.lists(st.lists(st.floats(-1e9, 1e9), min_size=10, max_size=10), min_size=2),
    x=st.lists(st.floats(-1e9, 1e9), min_size=9, max_size=9),
)
def test_costs_of_all_actions_are_products_bit_for_bit(
    rows: list[list[float]], x: list[float]
) -> None:
    """The sum is written out twice; both add up in the same order."""
    terms = (1.0, *x)
    model = CostModel(tuple(map(tuple, rows)), None, 0.0)
    assert expected_costs(model, terms) == [product(terms, m) for m in model.by_action]


@pytest.mark.parametrize(
    ("open_", "run_up", "clv", "suspend_from"),
    [
        pytest.param(20, 20, 60, 0.753, id="little at stake"),
        pytest.param(120, 100, 250, 0.431, id="a small business"),
        pytest.param(600, 400, 900, 0.363, id="a business"),
        pytest.param(3000, 1500, 1800, 0.203, id="much at stake"),
    ],
)
def test_break_evens_of_the_method_study(
    model: CostModel, open_: float, run_up: float, clv: float, suspend_from: float
) -> None:
    """Method study, section 1.3: open, run-up and CLV in EUR at face value, × 0.82."""
    stake = _stake(0.82 * open_, 0.82 * run_up, clv)
    steps = thresholds_of(model, stake, 0.0, 0.0, 0.0)["nonpayment"]
    found = {step.action: step.probability for step in steps}
    assert found["suspend"] == pytest.approx(suspend_from, abs=0.0006)


@given(p_f=probabilities, p_n=probabilities, rho=st.floats(0, 1))
def test_states_are_exclusive_and_sum_to_one(
    p_f: float, p_n: float, rho: float
) -> None:
    states = exclusive_states(p_f, p_n, rho)
    assert min(states) >= 0.0
    assert sum(states) == pytest.approx(1.0, abs=1e-12)
    column = exclusive_states(*(np.array([v]) for v in (p_f, p_n, rho)))
    assert tuple(float(c[0]) for c in column) == states


def _costs_at(
    model: CostModel, stake: Stake, p_f: float, p_n: float, rho: float
) -> list[float]:
    x = terms_of(
        *exclusive_states(p_f, p_n, rho),
        stake.open_cost,
        stake.run_up_cost,
        stake.stoppable,
        stake.clv,
    )
    return [float(c) for c in expected_costs(model, x)]


@given(
    open_cost=amounts,
    run_up=amounts,
    clv=amounts,
    p=probabilities,
    other=probabilities,
    rho=st.sampled_from([0.0, 0.4, 1.0]),
    is_fraud=st.booleans(),
)
def test_the_envelope_names_the_cheapest_action(
    model: CostModel,
    open_cost: float,
    run_up: float,
    clv: float,
    p: float,
    other: float,
    rho: float,
    is_fraud: bool,
) -> None:
    stake = _stake(open_cost, run_up, clv)
    p_f, p_n = (p, other) if is_fraud else (other, p)
    steps = thresholds_of(model, stake, p_f, p_n, rho)
    of_target = steps["fraud" if is_fraud else "nonpayment"]
    named = [s.action for s in of_target if s.probability <= p][-1]
    costs = _costs_at(model, stake, p_f, p_n, rho)
    assert costs[ACTIONS.index(named)] <= min(costs) + 1e-6 * (1 + abs(min(costs)))


@given(open_cost=amounts, run_up=amounts, clv=amounts, other=st.floats(0, 0.9))
def test_at_a_break_even_two_actions_cost_the_same(
    model: CostModel, open_cost: float, run_up: float, clv: float, other: float
) -> None:
    stake = _stake(open_cost, run_up, clv)
    p = break_even(model, stake, "nonpayment", "remind", "suspend", other, 0.5)
    if p is not None:
        costs = _costs_at(model, stake, other, p, 0.5)
        assert costs[1] == pytest.approx(costs[4], rel=1e-6, abs=1e-6)


def test_no_break_even_is_no_number(model: CostModel) -> None:
    stake = _stake(0.0, 0.0, 5000.0)
    assert break_even(model, stake, "nonpayment", "none", "suspend", 0.0) is None


def test_ties_go_to_the_milder_action() -> None:
    assert cheapest([2.0, 1.0, 1.0, 3.0, 1.0, 9.0]) == 1


def test_cost_share_counts_once_and_usage_is_at_cost() -> None:
    stake = default_policy().latest.stake
    facts = facts_of(
        open=1000 * UNITS,
        recurring_monthly=300 * UNITS,
        usage_daily_cost=10 * UNITS,
        committed=900 * UNITS,
        recurring_committed=100 * UNITS,
    )
    found = exposure(stake, facts)
    assert found is not None
    # 60 days to the ordinary stop: two months, of which 100 a month is committed.
    flexible, bound = 0.82 * 200 * 2, 0.82 * 900
    assert found.open_cost == pytest.approx(820)
    assert found.run_up == pytest.approx(flexible + bound + 600)
    assert found.stoppable == pytest.approx(flexible + 600)  # committed is billed on


def test_who_is_not_late_is_stopped_so_many_days_after_the_next_due_date() -> None:
    """12 days until it is due and 60 overdue; what was used is owed on any day."""
    stake = default_policy().latest.stake
    facts = facts_of(
        recurring_monthly=300 * UNITS,
        usage_daily_cost=10 * UNITS,
        usage_unbilled=70 * UNITS,
    )
    facts = replace(facts, next_due_at=facts.as_of + timedelta(days=12, hours=9))
    found = exposure(stake, facts)
    assert found is not None
    flexible, used = 0.82 * 300 * 72 / 30, 10 * 72
    assert found.run_up == pytest.approx(flexible + used + 70)
    assert found.stoppable == pytest.approx(flexible + used)
    over = replace(facts, next_due_at=facts.as_of - timedelta(days=3))
    assert exposure(stake, over) == exposure(stake, replace(facts, next_due_at=None))


def test_flat_portfolios_state_the_run_up() -> None:
    stake = default_policy().latest.stake
    found = exposure(
        stake, facts_of(source="flat", open=100 * UNITS, run_up=50 * UNITS)
    )
    assert found is not None
    assert (found.open_cost, found.run_up) == pytest.approx((82.0, 41.0))
