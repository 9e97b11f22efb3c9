"""Beside the action: the measure that saves most, where nothing protects."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import BudgetUse, Case, Policy, recommend
from decisions.errors import PolicyFileError
from decisions.policy.measures import MEASURES as NAMES
from decisions.policy_file.check import check
from decisions.policy_file.load import parse_document
from decisions.portfolio import decide_portfolio
from decisions.recommendation import Recommendation
from decisions.rules.measures import has_meter
from decisions.steps.shared_budgets import action_names
from features.facts import (
    AccountFacts,
    ActiveHold,
    Evidence,
    ExecutedAction,
    LiveSubscription,
    OpenDispute,
)
from tests.decisions.decision_cases import (
    MEASURES,
    TABLES,
    TUESDAY,
    UNITS,
    Anything,
    facts_of,
    overdue_facts,
    random_cases,
    random_policies,
    recommend_many,
    with_measures,
)

Values: TypeAlias = dict[str, Any]
HOLD = ActiveHold("manual", TUESDAY - timedelta(days=1), TUESDAY + timedelta(days=9))
DISPUTE = OpenDispute("d", "billing", TUESDAY, UNITS, None)


POLICY = with_measures()


def told_nothing(**given: Anything) -> AccountFacts:
    """Late, but no notice was sent: no stop is permitted yet."""
    given = {"subscriptions": metered("s1"), **given}
    return overdue_facts(900, 12, notices=(), **given)


def beside(found: Recommendation) -> list[str]:
    return [one.measure for one in found.permission.measures]


def late(p: float = 0.6, **given: Anything) -> Recommendation:
    return recommend(Case(told_nothing(**given), 0.0, p), POLICY, TUESDAY)


def test_the_measure_that_saves_most_stands_beside_the_action() -> None:
    found = late()
    assert found.action == "review"
    [one] = found.permission.measures
    assert (one.measure, one.basis, one.limit, one.approvals) == (
        "stop_meter",
        "nonpayment",
        None,
        1,
    )
    # what is not stopped by the review, at the shipped policy's losses
    assert found.proposal is not None
    stake = found.proposal.stake
    churn = 0.05 * stake.clv
    saved = 0.6 * 0.7 * 0.8 * (1 - 0.15) * stake.stoppable
    costs = 2 + 0.4 * churn + 0.6 * 0.35 * churn
    assert one.net_gain == pytest.approx(saved - costs)


def test_what_costs_more_than_it_saves_is_left() -> None:
    assert beside(late(p=0.001)) == []
    assert beside(late(recurring_monthly=0)) == []


def test_a_stop_leaves_nothing_to_a_measure() -> None:
    found = recommend(Case(overdue_facts(), 0.0, 0.6), POLICY, TUESDAY)
    assert (found.action, beside(found)) == ("suspend", [])


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"holds": (HOLD,)}, id="a hold"),
        pytest.param({"has_open_appeal": True}, id="an appeal"),
        pytest.param({"rejected": frozenset({"payments"})}, id="a row that was lost"),
        pytest.param({"tables": frozenset({"customers", "invoices"})}, id="unknown"),
        pytest.param({"promised": 900 * UNITS, "actionable": 0}, id="a promise"),
        pytest.param({"in_flight": 900 * UNITS, "actionable": 0}, id="on its way"),
        pytest.param({"disputes": (DISPUTE,)}, id="a dispute, where it blocks all"),
        pytest.param({"unallocated": 900 * UNITS}, id="money nobody can allocate"),
        pytest.param({"protected_until": TUESDAY + timedelta(hours=9)}, id="today"),
    ],
)
def test_what_protects_from_a_stop_protects_from_a_measure(facts: Values) -> None:
    values = POLICY.document.model_dump(mode="json", by_alias=True)
    values["holds"]["dispute"]["blocks_always"] = True
    policy = Policy(parse_document(values, "test"))
    assert beside(late()) == ["stop_meter"]
    found = recommend(Case(told_nothing(**facts), 0.0, 0.6), policy, TUESDAY)
    assert beside(found) == []


def test_nothing_overdue_and_no_sign_is_no_ground() -> None:
    facts = facts_of(
        open=900 * UNITS,
        recurring_monthly=800 * UNITS,
        clv=100 * UNITS,
        subscriptions=metered("s1"),
    )
    assert beside(recommend(Case(facts, 0.2, 0.7), POLICY, TUESDAY)) == []
    sign = Evidence("crypto_mining", TUESDAY - timedelta(days=1), confidence="high")
    suspect = replace(
        facts, evidence=(sign,), tables=facts.tables | {"alerts", "outcomes"}
    )
    rails = POLICY.document.model_dump(mode="json", by_alias=True)
    rails["guardrails"]["suspend"]["min_exposure"] = 1e6  # no stop is worth it
    policy = Policy(parse_document(rails, "test"))
    found = recommend(Case(suspect, 0.2, 0.1), policy, TUESDAY)
    assert [(one.measure, one.basis) for one in found.permission.measures] == [
        ("stop_meter", "fraud")
    ]


def test_the_kill_switch_is_one_for_measures_too() -> None:
    case = Case(told_nothing(), 0.0, 0.6)
    for use in (BudgetUse(is_stopped=True), BudgetUse(alarm="inputs")):
        assert beside(recommend(case, POLICY, TUESDAY, use)) == []


def test_a_model_that_is_not_proven_leaves_the_measure_to_a_person() -> None:
    policy = with_measures({"restrict": {"fixed": 1, "stop": [1, 1], "approvals": 0}})
    case = Case(told_nothing(), 0.0, 0.6)
    starter = replace(case, starter=frozenset({"nonpayment"}))
    assumed = replace(case, facts=replace(case.facts, assumed=("clv",)))
    asked = [
        recommend(one, policy, TUESDAY).permission.measures[0].approvals
        for one in (case, starter, assumed)
    ]
    assert asked == [0, 1, 1]


@given(st.lists(random_cases(), min_size=1, max_size=6), random_policies())
def test_a_portfolio_gets_the_measures_that_each_customer_gets(
    cases: list[Case], policy: Policy
) -> None:
    use = BudgetUse(n_customers=10_000)
    alone = [recommend(case, policy, TUESDAY, use) for case in cases]
    assert [
        found.permission.measures
        for found in decide_portfolio(cases, policy, TUESDAY, use).recommendations()
    ] == [found.permission.measures for found in alone]
    run = recommend_many(cases, policy, TUESDAY, use)
    names = [str(one.name) for one in policy.latest.measures]
    for i, found in enumerate(alone):
        if found.action is None or action_names(run.recommended)[i] != found.action:
            continue  # budgets shared by the run
        assert [names[j] for j in (run.measure[i],) if j >= 0] == beside(found)
        gains = [one.net_gain for one in found.permission.measures]
        assert run.measure_gain[i] == sum(gains)


def begun(name: str, subscription_id: str | None = None) -> ExecutedAction:
    since = TUESDAY - timedelta(days=1)
    return ExecutedAction(name, since, subscription_id=subscription_id)


def metered(*names: str) -> tuple[LiveSubscription, ...]:
    return tuple(LiveSubscription(name, "Azure plan", "usage", 0, 0) for name in names)


def test_what_stands_is_not_recommended_again_and_saves_nothing_twice() -> None:
    before, after = late(), late(measures=(begun("stop_meter"),))
    assert before.permission.measures_in_force == ()
    assert after.permission.measures_in_force == ("stop_meter",)
    assert (beside(before), beside(after)) == (["stop_meter"], ["limit_spending"])
    assert before.proposal is not None
    assert after.proposal is not None
    stake = after.proposal.stake
    assert stake.stoppable == before.proposal.stake.stoppable
    # the shipped policy loses 70 % of what a customer of 60 % does not pay
    avoided = 0.6 * 0.7 * 0.8 * stake.stoppable
    costs = POLICY.document.costs
    assert costs is not None
    was, now = before.proposal.expected_cost, after.proposal.expected_cost
    assert was is not None
    assert now is not None
    for action, row in costs.actions.items():
        left = 1.0 - row.stop[0].value
        assert was[action] - now[action] == pytest.approx(avoided * left), action
    # the next measure saves of a fifth of what it would have saved, and costs the same
    [alone] = late_with("limit_spending").permission.measures
    [second] = after.permission.measures
    assert alone.net_gain + 1.0 == pytest.approx(
        (1 - 0.15) * 0.6 * 0.7 * 0.3 * stake.stoppable
    )
    assert second.net_gain + 1.0 == pytest.approx(0.2 * (alone.net_gain + 1.0))


def late_with(name: str) -> Recommendation:
    policy = with_measures({name: MEASURES[name]})
    return recommend(Case(told_nothing(), 0.0, 0.6), policy, TUESDAY)


@pytest.mark.parametrize(
    ("subscriptions", "named", "stands"),
    [
        pytest.param(("s1", "s2"), ("s1",), False, id="one of two meters"),
        pytest.param(("s1", "s2"), ("s1", "s2"), True, id="both"),
        pytest.param(("s1",), ("s1", "s9"), True, id="one has ended since"),
        pytest.param((), (None,), True, id="of the account as a whole"),
    ],
)
def test_a_meter_is_stopped_when_each_is(
    subscriptions: tuple[str, ...], named: tuple[str | None, ...], stands: bool
) -> None:
    measures = tuple(begun("stop_meter", name) for name in named)
    found = late(measures=measures, subscriptions=metered(*subscriptions))
    assert ("stop_meter" in found.permission.measures_in_force) == stands
    assert ("stop_meter" in beside(found)) != stands


def test_what_the_policy_does_not_list_is_named_and_avoids_nothing_known() -> None:
    found, without = late(measures=(begun("restrict"),)), late()
    assert found.permission.measures_in_force == ("restrict",)
    assert found.proposal == without.proposal
    assert beside(found) == beside(without)


def test_a_stop_that_a_measure_makes_needless_is_not_proposed() -> None:
    """What the measure avoids already is no gain of a suspension any more."""
    strict = with_measures({"stop_meter": {"fixed": 0, "stop": [1, 1]}})
    facts = facts_of(usage_daily_cost=60 * UNITS, clv=900 * UNITS)
    free, stopped = (
        recommend(Case(one, 0.0, 0.5), strict, TUESDAY)
        for one in (facts, replace(facts, measures=(begun("stop_meter"),)))
    )
    assert (free.proposed_action, stopped.proposed_action) == ("suspend", "none")
    edges = [found.thresholds(strict.latest.model) for found in (free, stopped)]
    assert [one.action for one in edges[1]["nonpayment"]] == ["none"]
    assert len(edges[0]["nonpayment"]) > 1


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_said_where_there_is_one(name: str) -> None:
    has_limit = name != "limit_spending"
    measure = {"fixed": 1, "stop": [0.5, 0.5], "limit": 5 if has_limit else None}
    with pytest.raises(PolicyFileError, match="limit"):
        with_measures({name: measure})


def test_the_linter_names_a_measure_that_never_pays() -> None:
    idle = {"prepayment": {"fixed": 1e9, "stop": [0.5, 0.5]}}
    [found] = check(with_measures(idle))
    assert (found.code, found.where) == ("idle_measure", "costs.measures.prepayment")
    assert check(POLICY) == []


def test_a_case_of_the_file_may_say_which_measure() -> None:
    case = {"name": "late", "p": [0, 0.6], "open": 900, "usage": 30}
    case |= {"days_overdue": 12, "clv": 1800, "expect": "review"}
    assert check(with_measures(cases=[{**case, "measure": "stop_meter"}])) == []
    [found] = check(with_measures(cases=[{**case, "measure": "none"}]))
    assert "got stop_meter" in found.message
    licence = {**case, "usage": 0, "recurring": 800, "measure": "prepayment"}
    assert check(with_measures(cases=[licence])) == []


def billed(*ways: str | None) -> tuple[LiveSubscription, ...]:
    return tuple(LiveSubscription(f"s{i}", "P", w, 0, 0) for i, w in enumerate(ways))


LICENCE, MIXED = billed("license"), billed("license", "usage")
NOT_LOOKED_AT = TABLES - {"subscriptions"}


@pytest.mark.parametrize(
    ("facts", "measure"),
    [
        pytest.param({"subscriptions": LICENCE}, "prepayment", id="a licence"),
        pytest.param({"subscriptions": MIXED}, "stop_meter", id="a licence and a plan"),
        pytest.param({"subscriptions": ()}, "prepayment", id="nothing live"),
        pytest.param({"subscriptions": billed(None)}, "prepayment", id="unsaid"),
        pytest.param(
            {"subscriptions": billed(None), "usage_daily_cost": UNITS},
            "stop_meter",
            id="unsaid, and use is paid for",
        ),
        pytest.param(
            {"subscriptions": LICENCE, "usage_daily_cost": UNITS},
            "prepayment",
            id="the plan has ended since",
        ),
        pytest.param(
            {"subscriptions": (), "usage_daily_cost": UNITS}, "stop_meter", id="use"
        ),
    ],
)
def test_a_meter_is_stopped_where_there_is_one(facts: Values, measure: str) -> None:
    case = Case(told_nothing(**facts), 0.0, 0.6)
    assert beside(recommend(case, POLICY, TUESDAY)) == [measure]
    run = recommend_many([case], POLICY, TUESDAY)
    assert [str(POLICY.latest.measures[i].name) for i in run.measure] == [measure]


def test_what_was_not_looked_at_may_have_a_meter() -> None:
    assert has_meter(facts_of(tables=NOT_LOOKED_AT))
    assert not has_meter(facts_of())


@pytest.mark.parametrize("limit", [1e15, 0.00001, -1.0])
def test_a_limit_is_an_amount_that_can_be_asked_for(limit: float) -> None:
    measure = {"fixed": 1, "stop": [0.5, 0.5], "limit": limit}
    with pytest.raises(PolicyFileError, match="limit"):
        with_measures({"limit_spending": measure})
