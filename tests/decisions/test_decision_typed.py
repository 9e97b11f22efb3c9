"""Typed thresholds in tiers of exposure and lifetime value."""

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions import Case, Policy, recommend
from decisions.actions import ACTIONS
from decisions.errors import PolicyFileError
from decisions.money.typed import tier_of, typed_action
from decisions.policy_file.load import SHIPPED, load_policy, parse_document
from decisions.steps.columns import columns_of_plain
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    facts_of,
    overdue_facts,
    random_cases,
    recommend_many,
)
from wording.explanation import LANGUAGES, explain

Values: TypeAlias = dict[str, Any]
TYPED = load_policy(SHIPPED / "thresholds-only.yaml")
GRID = (0.0, 100.0, 2_500.0)  # floors, and where they are just reached or just missed
NEAR = st.sampled_from([0.0, *(x + d for x in GRID[1:] for d in (-0.01, 0.0, 0.01))])
PLACES = st.one_of(NEAR, st.floats(0.0, 10_000.0))


def typed(rows: list[Values]) -> Policy:
    values = TYPED.document.model_dump(mode="json", by_alias=True)
    return Policy(parse_document(values | {"thresholds": rows, "cases": []}, "test"))


@st.composite
def grids(draw: st.DrawFn) -> list[Values]:
    """Tiers in order, each exposure cut at lifetime values of its own."""
    edges = st.sampled_from([0.05, 0.3, 0.5, 0.9])
    actions = st.sampled_from(ACTIONS[1:])
    thresholds = st.dictionaries(actions, edges, max_size=3)
    rows = []
    for exposure in sorted(draw(st.sets(st.sampled_from(GRID[1:]))) | {0.0}):
        for clv in sorted(draw(st.sets(st.sampled_from(GRID[1:]))) | {0.0}):
            found = {"nonpayment": draw(thresholds), "fraud": draw(thresholds)}
            rows.append({"exposure_from": exposure, "clv_from": clv} | found)
    return rows


def places(n: int) -> st.SearchStrategy[list[tuple[float, float, float, float]]]:
    p = st.one_of(st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9, 1.0]), st.floats(0, 1))
    return st.lists(st.tuples(PLACES, PLACES, p, p), min_size=1, max_size=n)


@given(grids(), places(12))
def test_one_customer_and_columns_find_the_same_tier(
    rows: list[Values], customers: list[tuple[float, float, float, float]]
) -> None:
    tiers = typed(rows).latest.typed
    together = typed_action(tiers, *np.array(customers).T)
    for action, customer in zip(together.tolist(), customers, strict=True):
        assert typed_action(tiers, *customer) == action


@given(grids(), PLACES, PLACES)
def test_everybody_has_exactly_one_tier(
    rows: list[Values], exposure: float, clv: float
) -> None:
    """The grid read as boxes, each up to where the next one begins."""
    terms = typed(rows).latest
    floors = [(tier.exposure_from, tier.clv_from) for tier in terms.typed]

    def holds(floor: tuple[float, float]) -> bool:
        beside = [c for e, c in floors if e == floor[0] and c > floor[1]]
        above = [e for e, _ in floors if e > floor[0]]
        return (
            floor[0] <= exposure < min(above, default=np.inf)
            and floor[1] <= clv < min(beside, default=np.inf)
        )  # fmt: skip

    [only] = [floor for floor in floors if holds(floor)]
    tier = tier_of(terms, exposure, clv)
    assert tier is not None
    assert (tier.exposure_from, tier.clv_from) == only


@settings(max_examples=40)  # each draws up to five cases
@given(grids(), st.lists(random_cases(), min_size=1, max_size=5))
def test_one_customer_and_a_portfolio_agree(
    rows: list[Values], cases: list[Case]
) -> None:
    policy = typed(rows)
    answer = recommend_many(cases, policy, TUESDAY)
    for case, proposed in zip(cases, answer.proposed.tolist(), strict=True):
        found = recommend(case, policy, TUESDAY)
        mine = found.proposed_action
        assert mine == (ACTIONS[proposed] if found.code is None else None)


@pytest.mark.parametrize(
    ("floors", "told"),
    [
        pytest.param([(10, 0)], "first row", id="small exposures are left out"),
        pytest.param([(0, 10)], "first row", id="small values are left out"),
        pytest.param([(0, 0), (0, 0)], "not above", id="twice the same"),
        pytest.param([(0, 0), (10, 0), (5, 0)], "not above", id="falling"),
        pytest.param([(0, 0), (0, 9), (0, 5)], "not above", id="values falling"),
        pytest.param([(0, 0), (10, 5)], "no row with clv_from 0", id="a hole"),
    ],
)
def test_a_grid_with_holes_or_in_disorder_is_refused(
    floors: list[tuple[float, float]], told: str
) -> None:
    rows = [{"exposure_from": e, "clv_from": c} for e, c in floors]
    with pytest.raises(PolicyFileError, match=told) as refused:
        typed(rows)
    assert refused.value.code == "policy_file"


BY_VALUE: list[Values] = [
    {"nonpayment": {"service_request": 0.3}},
    {"clv_from": 5_000, "nonpayment": {"remind": 0.3}, "fraud": {"review": 0.2}},
]


def test_whoever_is_worth_more_is_treated_by_another_tier() -> None:
    policy = typed(BY_VALUE)
    found = {
        clv: recommend(Case(facts_of(clv=clv * UNITS), 0.0, 0.4), policy, TUESDAY)
        for clv in (4_999, 5_000)
    }
    assert found[4_999].proposed_action == "service_request"
    assert found[5_000].proposed_action == "remind"


def test_an_unknown_value_leaves_the_days_where_tiers_look_at_it() -> None:
    """An unknown customer is not a worthless one."""
    unknown = Case(facts_of(clv=None), 0.0, 0.4)
    found = recommend(unknown, typed(BY_VALUE), TUESDAY)
    assert (found.proposed_action, found.question.mode) == ("none", "timeline")
    found = recommend(unknown, typed(BY_VALUE[:1]), TUESDAY)
    assert found.proposed_action == "service_request"


def test_an_unknown_value_in_arrays_leaves_the_days_too() -> None:
    names = ("open", "recurring_monthly", "recurring_committed", "usage_daily_cost")
    money = {name: np.zeros(2) for name in (*names, "committed")}
    money["clv"] = np.array([np.nan, 0.0])
    p = {"p_fraud": 0.0, "p_nonpayment": 0.4, "nonpayment_given_fraud": 0.0}
    chances = {name: np.full(2, value) for name, value in p.items()}
    ids = np.array(["a", "b"], dtype=object)
    kinds = np.array([None, None], dtype=object)
    for rows, by_days in ((BY_VALUE, [True, False]), (BY_VALUE[:1], [False] * 2)):
        terms = typed(rows).latest
        found = columns_of_plain(terms, ids, chances, money, kinds)
        assert found.code.tolist() == [None, None]
        assert found.inputs.goes_by_days.tolist() == by_days


def test_the_staff_are_told_the_thresholds_of_the_customers_tier() -> None:
    policy = typed(BY_VALUE)
    case = Case(facts_of(clv=6_000 * UNITS), 0.0, 0.4)
    answer = recommend(case, policy, TUESDAY)
    said = explain(case, answer, policy, "en")
    [passage] = [p for p in said.staff if p.topic == "comparison"]
    tier, nonpayment, fraud = passage.sentences
    assert tier.endswith("at least €0 at stake, customer value at least €5,000.")
    assert nonpayment == "By how many of 100 do not pay: reminder from 30."
    assert (
        fraud
        == "By how many of 100 turn out to be fraudulent: review by a person from 20."
    )
    for lang in LANGUAGES:
        customer = explain(case, answer, policy, lang).text("customer")
        assert not any(number in customer for number in ("30", "20", "5,000"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_costs_what_is_at_stake_is_not_called_our_cost(lang: str) -> None:
    policy = load_policy(SHIPPED / "thresholds-only.yaml")
    case = Case(overdue_facts(100), 0.0, 0.4)
    answer = recommend(case, policy, TUESDAY)
    assert answer.proposal is not None
    stake = answer.proposal.stake
    assert stake.open_cost == stake.open
    [passage] = [
        p for p in explain(case, answer, policy, lang).staff if p.topic == "stake"
    ]
    at_cost = {"en": "our cost", "de": "unseren Kosten", "fr": "notre coût"}
    assert at_cost.get(lang, "nosso custo") not in passage.sentences[0]


def test_a_case_without_money_at_stake_is_still_in_a_tier() -> None:
    case = Case(replace(facts_of(), open=0), 0.0, 0.4)
    assert (
        recommend(case, typed(BY_VALUE), TUESDAY).proposed_action == "service_request"
    )
