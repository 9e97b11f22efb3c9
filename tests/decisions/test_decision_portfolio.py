"""What only a whole run knows: budgets, the breaker, the queue, and the arms."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations, pairwise
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decisions import (
    BudgetUse,
    Case,
    Policy,
    Recommendation,
    default_policy,
    recommend,
)
from decisions.actions import REVIEW, SUSPEND, Action
from decisions.policy_file.load import (
    SHIPPED,
    load_policy,
    parse_document,
    shipped_policies,
)
from decisions.portfolio import decide_portfolio
from decisions.steps.arms import uniform
from decisions.steps.choose_columns import run
from decisions.steps.columns import (
    columns_of_cases,
    columns_of_plain,
    joined,
)
from decisions.steps.reserve import stops_per_day
from decisions.steps.shared_budgets import action_names
from features.arrays import FloatArray
from features.facts import ExecutedAction
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    any_cases,
    facts_of,
    overdue_facts,
    random_cases,
    random_policies,
    recommend_many,
)

Values: TypeAlias = dict[str, Any]
SHIPPED_POLICIES = [load_policy(path) for path in shipped_policies()]


def _policy(**change: Values) -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    for section, update in change.items():
        values[section] = values[section] | update
    return Policy(parse_document(values, "test"))


NO_BUDGET: Values = {
    "per_hour": None,
    "per_day": None,
    "share_of_customers_per_day": None,
}


def _late(n: int, p: float = 0.6) -> list[Case]:
    return [
        Case(replace(overdue_facts(3000 + 100 * i), customer_id=f"c{i}"), 0.0, p)
        for i in range(n)
    ]


@pytest.mark.parametrize(
    ("budget_use", "left"),
    [
        pytest.param(BudgetUse(n_customers=9999), 3, id="the day's budget"),
        pytest.param(
            BudgetUse(suspensions_today=2, n_customers=9999), 1, id="two used today"
        ),
        pytest.param(BudgetUse(suspensions_last_hour=2), 1, id="the hour's budget"),
        pytest.param(BudgetUse(), 1, id="a share of the run itself"),
        pytest.param(BudgetUse(n_customers=500), 2, id="a share of the base"),
        pytest.param(BudgetUse(is_stopped=True), 0, id="the kill switch"),
        pytest.param(BudgetUse(alarm="inputs"), 0, id="an alarm of monitoring"),
        pytest.param(BudgetUse(suspensions_today=99), 0, id="more than used up"),
    ],
)
def test_the_breaker_turns_what_exceeds_into_reviews(
    budget_use: BudgetUse, left: int
) -> None:
    policy = _policy(
        budget={"per_hour": 3, "per_day": 3, "share_of_customers_per_day": 0.004}
    )
    found = recommend_many(_late(8), policy, TUESDAY, budget_use)
    stopped = np.flatnonzero(found.recommended == SUSPEND)
    assert len(stopped) == left
    assert (found.recommended == REVIEW).sum() == 8 - left
    assert found.n_breaker_reviews == 8 - left
    # Those that gain most go first: cost grows with the amount open.
    assert stopped.tolist() == list(range(8 - left, 8))


def test_one_customer_sees_the_same_budget() -> None:
    policy = _policy(budget={"per_hour": None, "per_day": 3})
    [case] = _late(1)
    used = recommend(case, policy, TUESDAY, BudgetUse(suspensions_today=3))
    assert used.action == "review"
    assert [r.code for r in used.permission.withheld] == ["suspension_budget"]
    off = recommend(case, policy, TUESDAY, BudgetUse(is_stopped=True))
    assert [r.code for r in off.permission.withheld] == ["kill_switch"]
    alarm = recommend(case, policy, TUESDAY, BudgetUse(alarm="early_outcomes"))
    [why] = alarm.permission.withheld
    assert (alarm.action, why.code, why.detail, why.released_by) == (
        "review",
        "monitoring_alarm",
        "early_outcomes",
        "person",
    )


def test_within_the_budget_nothing_breaks() -> None:
    found = recommend_many(_late(8), _policy(budget=NO_BUDGET), TUESDAY)
    assert (found.recommended == SUSPEND).all()
    assert found.n_breaker_reviews == 0


def _doubtful(n: int) -> list[Case]:
    return [
        Case(
            facts_of(
                customer_id=f"c{i}",
                usage_daily_cost=(20 + 3 * (i * 7 % 11)) * UNITS,
                clv=4000 * UNITS,
            ),
            0.10 + 0.02 * (i % 3),
            0.02,
        )
        for i in range(n)
    ]


@pytest.mark.parametrize("capacity", [0, 1, 3, 5])
def test_the_queue_takes_the_reviews_that_gain_most(capacity: int) -> None:
    """Greedy is exact for one resource with unit consumption: compare with all sets."""
    cases = _doubtful(6)
    policy = _policy(review={"capacity_per_day": capacity})
    free = recommend_many(cases, _policy(review={"capacity_per_day": None}), TUESDAY)
    assert (free.recommended == REVIEW).all()
    found = recommend_many(cases, policy, TUESDAY)
    rows = np.arange(len(cases))
    spent = found.costs[rows, found.recommended].sum()
    others = found.costs[:, [0]].ravel()
    best = min(
        sum(found.costs[i, REVIEW] if i in chosen else others[i] for i in rows)
        for chosen in combinations(rows, capacity)
    )
    assert spent == pytest.approx(best)
    assert found.n_queue_refused == len(cases) - capacity


def test_a_full_queue_is_said() -> None:
    [case] = _doubtful(1)
    policy = _policy(review={"capacity_per_day": 2})
    found = recommend(case, policy, TUESDAY, BudgetUse(reviews_today=2))
    assert found.action == "none"
    assert "review_queue_full" in {reason.code for reason in found.permission.withheld}


def test_exploration_is_reproducible_small_and_one_step_softer() -> None:
    policy = _policy(
        exploration={"share": 0.25, "max_exposure": 1e6},
        budget={"per_hour": None},
    )
    cases = [
        Case(replace(overdue_facts(), customer_id=f"c{i}"), 0.0, 0.6) for i in range(80)
    ]
    first = recommend_many(cases, policy, TUESDAY)
    again = recommend_many(cases, policy, TUESDAY + timedelta(hours=2))
    explored = first.arm == "explore"
    assert (again.arm == first.arm).all()
    # 80 draws of 0.25: outside 7..35 less than once in a million seeds.
    assert 7 <= explored.sum() <= 35
    assert (first.propensity[explored] == 0.25).all()
    assert (first.propensity[~explored] == 0.75).all()
    assert set(action_names(first.recommended)[explored]) == {"review"}
    later = recommend_many(
        [
            replace(c, facts=replace(c.facts, as_of=TUESDAY + timedelta(days=35)))
            for c in cases
        ],
        policy,
        TUESDAY + timedelta(days=35),
    )
    assert (later.arm != first.arm).any()


def test_exploration_spares_large_exposures_and_fraud() -> None:
    policy = _policy(exploration={"share": 0.5, "max_exposure": 100})
    found = recommend_many(_late(30), policy, TUESDAY)
    assert (found.arm == "greedy").all()
    arms = {recommend(case, policy, TUESDAY).permission.arm for case in _late(30)}
    assert arms == {"greedy"}
    assert (found.propensity == 1.0).all()


def test_the_holdout_follows_the_ladder_alone() -> None:
    policy = _policy(holdout={"share": 0.5}, exploration={"share": 0.0})
    cases = [
        Case(replace(overdue_facts(30, notices=()), customer_id=f"c{i}"), 0.0, 0.001)
        for i in range(60)
    ]
    found = recommend_many(cases, policy, TUESDAY)
    held = found.arm == "holdout"
    # 60 draws of 0.5: outside 12..48 less than once in a hundred thousand seeds.
    assert 12 <= held.sum() <= 48
    names = action_names(found.recommended)
    assert set(names[held]) == {"remind"}  # the ladder's first reminder is due
    assert set(names[~held]) == {"none"}  # which at this probability gains nothing
    assert (found.propensity == 0.5).all()


@given(st.text(max_size=8), st.text(max_size=8), st.integers(0, 9))
def test_the_hash_is_uniform_enough_to_compare(
    salt: str, name: str, epoch: int
) -> None:
    assert 0.0 <= uniform(salt, "explore", name, epoch) < 1.0


def test_the_hash_has_no_visible_bias() -> None:
    draws = np.array([uniform("s", "explore", f"c{i}", 0) for i in range(4000)])
    # Kolmogorov-Smirnov: 1.95/sqrt(n) is passed by chance once in a thousand salts.
    grid = np.arange(1, 4001) / 4000
    assert np.abs(np.sort(draws) - grid).max() < 1.95 / np.sqrt(4000)


def _money(cases: list[Case]) -> dict[str, FloatArray]:
    names = (
        "open",
        "recurring_monthly",
        "recurring_committed",
        "usage_daily_cost",
        "usage_unbilled",
        "committed",
        "clv",
        "run_up",
    )
    days = np.array([c.facts.days_until_due for c in cases], dtype=float)
    return {"days_until_due": days} | {
        name: np.array(
            [np.nan if (v := getattr(c.facts, name)) is None else v for c in cases],
            dtype=float,
        )
        for name in names
    }


@given(
    st.lists(
        st.tuples(
            st.floats(0, 0.09),  # of fraud: nobody is suspected
            st.floats(0, 1),
            st.integers(0, 9000),
            st.integers(0, 900),
            st.integers(0, 9000),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_plain_customers_straight_from_arrays(
    drawn: list[tuple[float, float, int, int, int, bool]],
) -> None:
    policy, terms = default_policy(), default_policy().latest
    cases = [
        Case(
            facts_of(
                customer_id=f"c{i}",
                open=open_ * UNITS if known else None,
                recurring_monthly=monthly * UNITS,
                recurring_committed=monthly * UNITS // 2,
                committed=monthly * UNITS * 4,
                usage_unbilled=monthly * UNITS // 3,
                next_due_at=TUESDAY + timedelta(days=7 * i - 10),
                clv=clv * UNITS,
            ),
            p_fraud,
            p_nonpayment,
            0.5,
        )
        for i, (p_fraud, p_nonpayment, open_, monthly, clv, known) in enumerate(drawn)
    ]
    plain = columns_of_plain(
        terms,
        np.array([c.facts.customer_id for c in cases], dtype=object),
        {
            "p_fraud": np.array([c.p_fraud for c in cases]),
            "p_nonpayment": np.array([c.p_nonpayment for c in cases]),
            "nonpayment_given_fraud": np.full(len(cases), 0.5),
        },
        _money(cases),
        np.array([c.facts.subject_kind for c in cases], dtype=object),
    )
    whole = columns_of_cases(cases, terms, TUESDAY)
    one, two = (run(c, terms, TUESDAY, BudgetUse()) for c in (plain, whole))
    assert one.recommended.tolist() == two.recommended.tolist()
    assert np.array_equal(one.costs, two.costs, equal_nan=True)
    assert plain.code.tolist() == whole.code.tolist()
    both = run(joined([plain, whole]), terms, TUESDAY, BudgetUse())
    assert len(both.columns) == 2 * len(cases)
    assert policy.reference == "reseller-default@1"


def _is_off(found: Recommendation) -> bool:
    """Access is off already: what follows takes nobody's access away."""
    return any(
        not hold.protects and hold.cure is None for hold in found.permission.holds
    )


@settings(max_examples=30)  # each draws ten cases
@given(
    cases=st.lists(random_cases(), max_size=10),
    stops=st.integers(0, 2),
    places=st.integers(0, 2),
)
def test_every_answer_of_a_run_is_that_of_one_who_came_when_the_budget_was_so(
    cases: list[Case], stops: int, places: int
) -> None:
    policy = _policy(
        budget={"per_day": stops, "per_hour": None},
        review={"capacity_per_day": places},
    )
    used = 10**9  # more than any budget or queue
    whole = recommend_many(cases, policy, TUESDAY)
    answers = []
    for case, is_broken, is_refused in zip(
        cases, whole.broken, whole.refused, strict=True
    ):
        stopped = used if is_broken else 0
        budget_use = BudgetUse(stopped, stopped, used if is_refused else 0, len(cases))
        answers.append(recommend(case, policy, TUESDAY, budget_use))
    names = action_names(whole.recommended).tolist()
    assert [answer.action for answer in answers] == names
    new = [
        answer
        for answer in answers
        if answer.action in ("suspend", "block") and not _is_off(answer)
    ]
    assert len(new) <= stops
    for answer, broken in zip(answers, whole.broken, strict=True):
        codes = {reason.code for reason in answer.permission.withheld}
        assert ("suspension_budget" in codes) == bool(broken)


def test_an_empty_portfolio_is_no_error() -> None:
    found = recommend_many([], default_policy(), TUESDAY)
    assert len(found.recommended) == 0
    assert found.n_breaker_reviews == 0


def test_yesterdays_recommendation_does_not_flap() -> None:
    """A harsher action is left only when it costs 10 % more than the new one."""
    facts = facts_of(usage_daily_cost=20 * UNITS, clv=4000 * UNITS)
    policy = default_policy()
    edge = next(
        p / 1000
        for p in range(1, 300)
        if recommend(Case(facts, p / 1000, 0.0), policy, TUESDAY).action == "review"
    )
    below = Case(facts, edge - 0.001, 0.0)
    assert recommend(below, policy, TUESDAY).action == "none"
    before = replace(below, previous="review")
    assert recommend(before, policy, TUESDAY).action == "review"
    far = Case(facts, edge / 2, 0.0, previous="review")
    assert recommend(far, policy, TUESDAY).action == "none"


def _flips(policy: Policy, hysteresis: float) -> int:
    """Changes within 60 days on which a probability wavers by a tenth, and no more."""
    values = policy.document.model_dump(mode="json", by_alias=True)
    values["guardrails"]["any"]["hysteresis"] = hysteresis
    wavering, facts = Policy(parse_document(values, "test")), facts_of(open=0)
    answers: list[Action | None] = ["none"]
    for day in range(60):
        p = 0.2 * (1.0 + 0.1 * (-1) ** (day * day % 7))
        case = Case(facts, p, 0.0, previous=answers[-1])
        answers.append(recommend(case, wavering, TUESDAY).action)
        same = recommend_many([case], wavering, TUESDAY)
        assert action_names(same.recommended).tolist() == answers[-1:]
    return sum(was != now for was, now in pairwise(answers))


def test_a_probability_that_wavers_about_a_typed_threshold_changes_nothing() -> None:
    """Fraud is looked at from 0.2 on: the same customer, day after day."""
    policy = load_policy(SHIPPED / "thresholds-only.yaml")
    assert _flips(policy, 0.0) > 20
    assert _flips(policy, 0.1) == 1
    assert policy.latest.hysteresis == 0.2


def _stop_or_review() -> Policy:
    """Reviews cost least of what is permitted, suspensions come next."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    rows = values["costs"]["actions"]
    rows["block"] |= {"fixed": 7, "churn_good": 0.0, "stop_cb": 0.0}
    rows["review"] |= {name: rows["suspend"][name] for name in ("rec", "stop")}
    values["budget"] = {}
    values["review"] = {"capacity_per_day": 0}
    return Policy(parse_document(values, "test"))


def test_a_full_queue_takes_no_access_away() -> None:
    """The next best of a review may not be a stop, which has a budget of its own."""
    policy = _stop_or_review()
    cases = _late(4, 0.9)
    permitted = [recommend(case, policy, TUESDAY) for case in cases]
    assert {answer.proposed_action for answer in permitted} == {"block"}
    assert {"review_queue_full"} <= {
        r.code for a in permitted for r in a.permission.withheld
    }
    assert not {a.action for a in permitted} & {"suspend", "block"}
    found = recommend_many(cases, policy, TUESDAY)
    assert (found.recommended < SUSPEND).all()


def test_a_full_queue_still_sends_the_notice_that_must_be_sent() -> None:
    policy = _policy(
        notices={"send": "always"},
        first_invoice={"days_overdue": 5, "min_p_bad": 0.0},
        review={"capacity_per_day": 0},
    )
    facts = overdue_facts(60, days=8, notices=(), n_invoices_paid=0)
    case = Case(facts, 0.0, 0.0)
    found = recommend(case, policy, TUESDAY)
    assert found.action == "remind"
    only = recommend_many([case], policy, TUESDAY)
    assert action_names(only.recommended).tolist() == ["remind"]


@pytest.mark.parametrize(
    "budget_use", [BudgetUse(is_stopped=True), BudgetUse(500, 500)]
)
def test_who_is_suspended_is_not_blocked_beyond_the_budget(
    budget_use: BudgetUse,
) -> None:
    """The end of a contract is a new stop; what is in force goes on."""
    off = ExecutedAction("suspend", TUESDAY - timedelta(days=70), "nonpayment")
    facts = overdue_facts(days=110, access_off=(off,), clv=0)
    case = Case(facts, 0.0, 0.99)
    policy = default_policy()
    assert recommend(case, policy, TUESDAY).action == "block"
    found = recommend(case, policy, TUESDAY, budget_use)
    assert (found.action, found.permission.in_force) == ("suspend", True)
    whole = recommend_many([case], policy, TUESDAY, budget_use)
    assert whole.n_breaker_reviews == 1
    assert action_names(whole.recommended).tolist() == ["suspend"]


@pytest.mark.parametrize(("share", "n", "most"), [(0.07, 100, 7), (0.001, 10, 1)])
def test_a_share_of_customers_is_exact(share: float, n: int, most: int) -> None:
    """0.07 of 100 is 7, whatever a float says."""
    rule = {"per_hour": None, "per_day": None, "share_of_customers_per_day": share}
    assert stops_per_day(_policy(budget=rule).latest, n) == most


def test_nobody_is_drawn_of_whom_nothing_is_decided() -> None:
    policy = _policy(holdout={"share": 0.5})
    cases = [
        Case(replace(overdue_facts(), customer_id=f"c{i}", open=None), 0.0, 0.6)
        for i in range(20)
    ]
    by_days = [replace(case, facts=replace(case.facts, clv=None)) for case in cases]
    found = recommend_many([*cases, *by_days], policy, TUESDAY)
    assert set(found.arm) == {"greedy"}
    assert (found.propensity == 1.0).all()


budget_uses = st.builds(
    BudgetUse,
    suspensions_today=st.sampled_from([0, 0, 2, 99]),
    reviews_today=st.sampled_from([0, 0, 5, 10_000]),
    n_customers=st.sampled_from([None, 500]),
    is_stopped=st.booleans(),
)


@settings(max_examples=60)
@given(
    cases=st.lists(any_cases(), min_size=1, max_size=6),
    policy=st.one_of(st.sampled_from(SHIPPED_POLICIES), random_policies()),
    budget_use=budget_uses,
    later=st.sampled_from([timedelta(0), timedelta(days=4_000)]),
)
def test_a_run_decides_once_what_each_is_answered_alone(
    cases: list[Case], policy: Policy, budget_use: BudgetUse, later: timedelta
) -> None:
    at = TUESDAY + later
    together = decide_portfolio(cases, policy, at, budget_use)
    alone = [recommend(case, policy, at, budget_use) for case in cases]
    assert list(together.recommendations()) == alone
    run_, many = together.run(), recommend_many(cases, policy, at, budget_use)
    assert run_.recommended.tolist() == many.recommended.tolist()
    assert run_.broken.tolist() == many.broken.tolist()
