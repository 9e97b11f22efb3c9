"""What rings where something is broken, and that nothing does where all is as usual."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from advice.advisor import Advisor
from advice.assembly import DEFAULT_POLICY
from advice.mature_window import PendingOutcomes
from advice.population import present_population
from decisions.policy_file.load import load_policy
from features.catalogue import feature_set
from features.maturity import maturity_us
from features.moments import DAY_US, microseconds, to_datetime
from features.portfolio import Portfolio
from features.snapshots import population_at
from monitoring.drift import Drift
from monitoring.early_outcomes import (
    CONFIDENCE,
    EarlyOutcomes,
    _Cohorts,
    early_outcomes,
    smallest_seen,
)
from monitoring.figures import bars
from monitoring.mature_outcomes import (
    MatureOutcomes,
    Money,
    _arm_of,
    _money,
    mature_outcomes,
)
from monitoring.report import page, report
from monitoring.report_outcomes import not_yet
from monitoring.run import MOST_RUNS, FourClocks, decided, monitor, shares_before
from monitoring.scores import ActionShares, action_shares, expected_auc
from monitoring.target_inputs import TargetInputs, target_inputs
from scoring.bundle import Bundle
from scoring.early_warning import expectation
from scoring.metrics import auc
from tests.monitoring.conftest import NOW, TRAINED_AT, Simulated
from wording.plots.svg import COLOURS
from wording.publication.page import Items

pytestmark = pytest.mark.slow  # a world is simulated for them


@pytest.fixture(scope="module")
def run(now: Portfolio, model: Bundle) -> FourClocks:
    advisor = Advisor({"nonpayment": model}, load_policy(DEFAULT_POLICY), now.settings)
    return monitor(now, advisor, now.observed_until)


def trained_until(model: Bundle, learnt_until: datetime) -> Bundle:
    """The model, as if it had learnt of no later date."""
    assert model.reference is not None
    moment = microseconds(learnt_until)
    return replace(model, reference=replace(model.reference, learnt_until=moment))


def test_nothing_rings_where_all_is_as_usual(run: FourClocks) -> None:
    assert run.causes == ()
    assert [one.target for one in run.inputs] == ["nonpayment"]
    assert [one.age_days for one in run.early] == [15, 30, 45]
    assert run.actions.usual is None  # it is the first run


def test_the_numbers_are_of_no_single_customer(
    run: FourClocks, now: Portfolio, model: Bundle
) -> None:
    html, text = page(run, [model]), json.dumps(run.to_json(), allow_nan=False)
    for customer_id in now.customer_ids[:50]:
        assert customer_id not in html
        assert customer_id not in text
    assert "<svg" in html
    assert "http" not in html  # it fetches nothing


def test_what_was_usual_comes_from_runs_under_the_same_policy_and_models(
    run: FourClocks,
) -> None:
    same = run.to_json()
    other = same | {"policy_hash": "another"}
    older = same | {"bundles": {"nonpayment": "an older one"}}
    in_force = run.policy_hash, run.bundles
    found = shares_before([same, other, older, same], *in_force)
    assert found == [run.actions.shares] * 2
    assert action_shares(["none"], [False], found).usual is None  # two say little
    usual = action_shares(["none"], [False], [*found, found[0]]).usual
    assert usual == pytest.approx(run.actions.shares)


def test_a_column_that_is_empty_now_is_seen(calm: Simulated, model: Bundle) -> None:
    """Whoever reads it learnt from its values; now they are unknown of everybody."""
    assert model.reference is not None
    broken = calm.until(NOW, payments=calm.tables["payments"].slice(0, 0))
    seen = target_inputs(
        "nonpayment", model.reference, present_population(broken, model)
    )
    codes = {cause.code for cause in seen.causes()}
    assert "unknown_values" in codes


@pytest.mark.parametrize(
    ("on_the_day", "absent", "rings"),
    [
        pytest.param(0.0, [], True, id="known on the same day as well"),
        pytest.param(0.5, [], False, id="half of them unknown on that day too"),
        pytest.param(1.0, [], False, id="unknown of everybody, on that day alone"),
        pytest.param(1.0, ["f"], True, id="there was no such feature yet"),
    ],
)
def test_the_same_day_excuses_only_what_was_a_feature_then(
    on_the_day: float, absent: list[str], rings: bool
) -> None:
    seen = Drift("f", 0.0, 0.1, 0.0, 500, 500, unknown_before=0.0, unknown_now=0.6)
    then = replace(seen, unknown_before=on_the_day)
    now, day = (TargetInputs("fraud", (one,), {"f": 0.5}, {}) for one in (seen, then))
    inputs = now.beside(day, 0, frozenset(absent))
    assert [cause.code for cause in inputs.causes()] == ["unknown_values"] * rings


def test_what_was_unknown_in_training_and_on_the_same_day_is_told_apart() -> None:
    seen = Drift("f", 0.0, 0.1, 0.0, 500, 500, unknown_before=0.0, unknown_now=0.6)
    day = TargetInputs("fraud", (replace(seen, unknown_before=0.3),), {"f": 0.5}, {})
    now = TargetInputs("fraud", (seen,), {"f": 0.5}, {}).beside(day, 0, frozenset())
    [cause] = now.causes()
    assert cause.why == (
        "f: unknown of 60% of the customers; 0% in training, 30% on the same day before"
        " its end"
    )


def test_a_feature_that_is_lost_rings_by_its_weight_in_training(
    now: Portfolio, model: Bundle
) -> None:
    """Unknown of everybody it moves nothing any more, and had moved the model most."""
    assert model.reference is not None
    population = present_population(now, model)
    lost = max(population.importance, key=lambda name: population.importance[name])
    x = population.x.copy()
    x[:, population.features.names.index(lost)] = np.nan
    left = {n: w for n, w in population.importance.items() if n != lost}
    seen = target_inputs(
        "nonpayment", model.reference, replace(population, x=x, importance=left)
    )
    rung = {(cause.code, cause.subject) for cause in seen.causes()}
    assert ("unknown_values", lost) in rung
    assert seen.drifts[0].column == lost


def test_words_never_learnt_ring_though_the_feature_is_one_constant_now(
    now: Portfolio, model: Bundle
) -> None:
    assert model.reference is not None
    population = present_population(now, model)
    name = population.features.names[0]
    reference = replace(model.reference, importance={name: 1.0})
    strange = replace(population, importance={}, unlearnt={name: 1.0})
    seen = target_inputs("nonpayment", reference, strange)
    assert "unlearnt_words" in [cause.code for cause in seen.causes()]


def test_a_bundle_of_an_older_release_says_that_it_has_no_reference(
    now: Portfolio, model: Bundle
) -> None:
    old = replace(model, reference=None)
    advisor = Advisor({"nonpayment": old}, load_policy(DEFAULT_POLICY), now.settings)
    run = monitor(now, advisor, now.observed_until)
    assert (run.no_reference, run.inputs, run.scores) == (("nonpayment",), (), ())
    assert "Train again" in page(run, [old])


def test_a_model_that_says_half_of_what_comes_rings_early_and_late(
    run: FourClocks, calm: Simulated, model: Bundle
) -> None:
    """Log-odds lower by 2: O/E near 5, far outside of what is tolerated."""
    low = replace(model.calibration, intercept=model.calibration.intercept - 2.0)
    wrong, later = replace(model, calibration=low), datetime(2025, 8, 31, tzinfo=UTC)
    portfolio = calm.until(later)
    early = [c.code for one in early_outcomes(portfolio, wrong) for c in one.causes()]
    assert "unlike_model" in early
    # of dates from before: this model counts as trained long ago
    old = trained_until(wrong, datetime(2024, 9, 1, tzinfo=UTC))
    mature = mature_outcomes(portfolio, old)
    assert isinstance(mature, MatureOutcomes)
    assert "level_off" in [cause.code for cause in mature.causes()]
    assert mature.recalibrated is not None
    assert mature.recalibrated.intercept > low.intercept + 1.0
    assert 0.0 < mature.stopped_share < 1.0
    rung = replace(run, mature=(mature,))
    [rings] = [s for s in report(rung, [old]).sections if s.name == "rings"]
    assert rings.blocks == (Items(tuple(f"{c.why} [{c.code}]." for c in rung.causes)),)
    assert "forbear recalibrate PORTFOLIO --target nonpayment" in page(rung, [old])


def test_before_the_first_date_matures_it_says_when(
    now: Portfolio, model: Bundle
) -> None:
    seen = mature_outcomes(now, trained_until(model, NOW))
    assert isinstance(seen, PendingOutcomes)
    assert seen.learnt_until is not None
    assert seen.since == seen.learnt_until + int(seen.horizon_days * DAY_US)
    said = not_yet(seen)
    for moment in (seen.learnt_until, seen.since):
        local = to_datetime(moment).astimezone(now.settings.zone)
        assert local.date().isoformat() in said
    assert (
        f"own {seen.horizon_days:g} days are over, and {seen.lag_days:g} more" in said
    )


def test_no_date_is_judged_that_the_model_was_trained_on(
    now: Portfolio, model: Bundle
) -> None:
    """However long outcomes take by now: what training itself took is recorded."""
    assert model.reference is not None
    horizon_us, lag_us = maturity_us(now, "nonpayment")
    learnt_until = microseconds(TRAINED_AT) - horizon_us - lag_us
    assert model.reference.learnt_until == learnt_until
    terms = now.settings.labels
    slow = terms.nonpayment.model_copy(
        update={"posting_lag_days": terms.nonpayment.posting_lag_days + 60}
    )
    labels = terms.model_copy(update={"nonpayment": slow})
    settings = now.settings.model_copy(update={"labels": labels})
    seen = mature_outcomes(replace(now, settings=settings), model)
    assert isinstance(seen, PendingOutcomes)
    assert seen.next_at is not None
    # the first date is a horizon after the last one learnt, and is waited for as long
    assert seen.next_at >= learnt_until + 2 * horizon_us + lag_us + 60 * DAY_US


def test_the_year_before_is_not_asked_where_no_quarter_swings(
    now: Portfolio, model: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_dates = []

    def asked(portfolio: Portfolio, moments: Sequence[int]) -> pa.Table:
        n_dates.append(len(moments))
        return population_at(portfolio, moments)

    monkeypatch.setattr("monitoring.early_outcomes.population_at", asked)
    assert early_outcomes(now, model)
    assert n_dates == [24]


@pytest.mark.parametrize("age", [1, 2, 3])
def test_no_outcome_is_compared_with_itself(now: Portfolio, age: int) -> None:
    known = _Cohorts.of(now, "nonpayment")
    early = known.by_age(age)
    known_at = known.pairs["as_of"].to_numpy() / DAY_US + known.delay_days
    who = np.array(known.pairs["customer_id"].to_pylist())

    def outcomes(rows: np.ndarray) -> set[tuple[str, float]]:
        return set(zip(who[rows], np.round(known_at[rows], 6), strict=True))

    own = outcomes((known.back == age) & early)
    assert own
    assert not own & outcomes(known.before(age) & early)


def test_an_arm_is_that_of_the_epoch_of_the_date(calm: Simulated) -> None:
    """Whoever was in the holdout once is drawn anew in the next epoch."""
    [customer] = calm.tables["customers"]["customer_id"][:1].to_pylist()
    at = datetime(2025, 3, 1, tzinfo=UTC)
    first = calm.tables["actions"].slice(0, 1).to_pylist()[0]
    action = first | {
        "customer_id": customer,
        "action": "suspend",
        "event_at": at,
        "known_at": at,
        "arm": "holdout",
    }
    corrected = action | {"known_at": at + timedelta(days=1), "arm": "greedy"}
    schema = calm.tables["actions"].schema
    if "arm" not in schema.names:
        schema = schema.append(pa.field("arm", pa.string()))
    of = {}
    for name, rows in (("one", [action]), ("two", [action, corrected])):
        table = pa.Table.from_pylist(rows, schema=schema)
        portfolio = calm.until(NOW, actions=table)
        same, later = microseconds(at), microseconds(at) + 180 * DAY_US
        moments = np.array([same, later])
        of[name] = _arm_of(portfolio, np.array([customer] * 2), moments, 180)
    assert of == {"one": ["holdout", "no arm"], "two": ["greedy", "no arm"]}


def test_money_counts_once_and_only_where_it_is_known(
    now: Portfolio, model: Bundle
) -> None:
    """The same debt at four monthly dates; the horizon is 90 days."""
    names = ("account_open",)
    population = replace(
        present_population(now, model),
        features=feature_set(now.settings).subset(names),
        x=np.array([[100.0]] * 4 + [[np.nan]]),
        probability=np.full(5, 0.5),
    )
    as_of = np.array([0, 30, 60, 90, 90]) * DAY_US
    money = _money(population, as_of, np.ones(5), 90 * DAY_US)
    assert money == Money(expected=100.0, realised=200.0, n_unknown=1)


def test_a_bar_has_the_colour_of_its_own_limit() -> None:
    alarm = COLOURS["suspend"]
    assert alarm not in bars("d", "c", [("one", 0.04, 0.12)]).svg
    assert alarm in bars("d", "c", [("one", 0.04, 0.03)]).svg


@pytest.mark.parametrize(
    ("share", "rings"),
    [(0.02, False), (0.021, True)],
)
def test_twice_as_many_stops_ring(share: float, rings: bool) -> None:
    seen = ActionShares({"suspend": share}, {"suspend": 0.01}, 2_000)
    assert bool(list(seen.causes())) == rings
    few = replace(seen, n=100)
    assert not list(few.causes())  # one customer more is chance


def test_shares_are_of_everybody_also_without_a_decision() -> None:
    seen = action_shares(["none", None, "remind", "none"], [False] * 4, [])
    assert (seen.shares["none"], seen.shares["no_decision"]) == (0.5, 0.25)


def test_only_new_stops_are_counted_as_stops() -> None:
    """Half are stopped already: as many anew as before must not drown among them."""
    usual = {"stop_in_force": 0.5, "suspend": 0.001}
    actions = ["suspend"] * 510 + ["none"] * 490
    seen = action_shares(actions, [True] * 500 + [False] * 500, [usual] * 3)
    assert (seen.shares["stop_in_force"], seen.shares["suspend"]) == (0.5, 0.01)
    assert [cause.code for cause in seen.causes()] == ["more_stops"]


@pytest.mark.parametrize(
    ("n_stopped", "codes"),
    [
        pytest.param(24, [], id="as on that day of the months before"),
        pytest.param(60, ["more_stops"], id="three times as many"),
    ],
)
def test_stops_of_one_day_of_the_month_are_usual_on_that_day(
    n_stopped: int, codes: list[str]
) -> None:
    """Everybody is billed on the first, so all who are to be stopped are on one day."""
    quiet, full = {"suspend": 0.0}, {"suspend": 0.01}
    before = [*[quiet] * 30, full, *[quiet] * 30, full]
    actions = ["suspend"] * n_stopped + ["none"] * (2_000 - n_stopped)
    seen = action_shares(actions, [False] * 2_000, before[:MOST_RUNS])
    assert [cause.code for cause in seen.causes()] == codes


@pytest.mark.parametrize("n_days", [1, 7, 20])
def test_a_rise_that_lasts_rings_on_every_day(n_days: int) -> None:
    before = [{"suspend": 0.06}] * (n_days - 1) + [{"suspend": 0.01}] * 60
    actions = ["suspend"] * 120 + ["none"] * 1_880
    seen = action_shares(actions, [False] * 2_000, before[:MOST_RUNS])
    assert [cause.code for cause in seen.causes()] == ["more_stops"]


def test_of_nobody_nothing_rings(now: Portfolio) -> None:
    assert not list(ActionShares({}, {"suspend": 0.0}, 0).causes())
    nobody = replace(now, observed_until=0)
    advisor = Advisor({}, load_policy(DEFAULT_POLICY), now.settings)
    assert decided(nobody, advisor).num_rows == 0


def test_the_expected_auc_is_that_of_outcomes_drawn_by_the_probabilities() -> None:
    """20,000 customers: a standard error of 0.006; 4 of them."""
    rng = np.random.default_rng(5)
    p = 1 / (1 + np.exp(-rng.normal(-3, 1, 20_000)))
    label = (rng.random(len(p)) < p).astype(float)
    assert expected_auc(p) == pytest.approx(auc(label, p), abs=0.025)


def test_fewer_customers_see_only_larger_changes() -> None:
    seen = [smallest_seen(n, 10 * int(n)) or 99.0 for n in (10.0, 100.0, 1_000.0)]
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < 1.6


def test_the_smallest_seen_is_seen_in_four_of_five_cases() -> None:
    expected, n_learnt, trials = 60.0, 600, 2_000
    ratio = smallest_seen(expected, n_learnt)
    assert ratio is not None
    counts = np.random.default_rng(1).poisson(ratio * expected, trials)
    seen = {
        n: expectation(int(n), expected, n_learnt, CONFIDENCE).is_alarm
        for n in set(counts)
    }
    # a standard error of 0.9 %; the ratio moves in steps of 3 %
    assert 0.76 < np.mean([seen[n] for n in counts]) < 0.9


def test_a_starter_is_not_held_to_outcomes(now: Portfolio, model: Bundle) -> None:
    none: tuple[EarlyOutcomes, ...] = early_outcomes(
        now, replace(model, is_starter=True)
    )
    assert none == ()
