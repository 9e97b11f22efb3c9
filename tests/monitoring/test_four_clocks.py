"""What rings where something is broken, and that nothing does where all is as usual."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
from features.settings import PortfolioSettings
from monitoring.drift import Drift
from monitoring.early_outcomes import (
    CONFIDENCE,
    EarlyOutcomes,
    _Cohorts,
    early_outcomes,
    smallest_seen,
)
from monitoring.figures import bars
from monitoring.inputs import TableFlow, TargetInputs, table_flows, target_inputs
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


def test_a_feed_that_stopped_is_seen(calm: Simulated, model: Bundle) -> None:
    payments = calm.tables["payments"]
    ends = pa.scalar(NOW - timedelta(days=9), pa.timestamp("us", tz="UTC"))
    kept = payments.filter(pc.less_equal(payments["known_at"], ends))
    broken = calm.until(NOW, payments=kept)
    causes = [c for f in table_flows(broken, broken.observed_until) for c in f.causes()]
    assert [(c.code, c.subject) for c in causes] == [("feed_stopped", "payments")]


@pytest.mark.parametrize(
    ("kept", "codes"),
    [
        pytest.param(0.0, ["rows_gone"], id="emptied"),
        pytest.param(0.4, ["rows_gone"], id="cut off"),
        pytest.param(0.6, [], id="older years left out"),
        pytest.param(1.0, [], id="as before"),
    ],
)
def test_rows_that_are_gone_since_the_run_before_are_seen(
    calm: Simulated, now: Portfolio, kept: float, codes: list[str]
) -> None:
    """An empty table says that there are none; of disputes that permits stops."""
    run = {"tables": [asdict(f) for f in table_flows(now, now.observed_until)]}
    payments = calm.tables["payments"].sort_by("known_at")
    n_kept = int(kept * len(payments))
    left = calm.until(NOW, payments=payments.slice(len(payments) - n_kept))
    for before, expected in ((run, codes), (None, [])):
        flows = table_flows(left, left.observed_until, before)
        found = [c for flow in flows for c in flow.causes() if c.code == "rows_gone"]
        assert [c.code for c in found] == expected
        assert all(c.subject == "payments" for c in found)


def test_data_that_ended_long_ago_ring_where_quiet_is_counted_from_now(
    now: Portfolio,
) -> None:
    later = now.observed_until + 580 * 86_400_000_000
    causes = [c for f in table_flows(now, later) for c in f.causes()]
    stopped = {c.subject: c.why for c in causes if c.code == "feed_stopped"}
    assert "nothing new for 58" in stopped["payments"]
    assert "invoices" in stopped


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


@pytest.mark.parametrize("weeks", [2, 8, 12, 26])
def test_a_dead_feed_rings_on_however_long_it_is_dead(
    calm: Simulated, weeks: int
) -> None:
    ends = pa.scalar(NOW - timedelta(weeks=weeks), pa.timestamp("us", tz="UTC"))
    payments = calm.tables["payments"]
    kept = payments.filter(pc.less_equal(payments["known_at"], ends))
    broken = calm.until(NOW, payments=kept)
    [one] = [f for f in table_flows(broken, microseconds(NOW)) if f.table == "payments"]
    assert [cause.code for cause in one.causes()] == ["feed_stopped"]


def billed(at: list[datetime], observed_until: datetime) -> Portfolio:
    """One customer with a bill at each of these moments."""
    rows = {
        "customer_id": ["c"] * len(at),
        "event_at": at,
        "invoice_id": [f"i{n}" for n in range(len(at))],
        "due_at": at,
        "amount": [1.0] * len(at),
    }
    people = {"customer_id": ["c"], "event_at": [min(at)]}
    return Portfolio.from_tables(
        {"customers": pa.table(people), "invoices": pa.table(rows)},
        PortfolioSettings(observed_until=observed_until),
    )


@pytest.mark.parametrize("months", [2, 3, 12])
def test_bills_of_a_quarter_or_a_year_are_no_feed_that_stopped(months: int) -> None:
    """A thousand bills on two days, and nothing until the next ones are due."""
    days = [NOW - timedelta(days=30 * months * n + 29 * months) for n in range(3)]
    at = [day + timedelta(minutes=n) for day in days for n in range(2_000)][::2]
    portfolio = billed(at, NOW)
    for later, codes in ((0, []), (40 * months, ["feed_stopped"])):
        now = microseconds(NOW + timedelta(days=later))
        [one] = [f for f in table_flows(portfolio, now) if f.table == "invoices"]
        assert [cause.code for cause in one.causes()] == codes


@pytest.mark.parametrize(
    ("quarters", "codes"),
    [
        pytest.param(range(1, 6), [], id="quiet at the end of every quarter"),
        pytest.param([1], ["feed_stopped"], id="quiet once a year ago"),
    ],
)
def test_payments_of_bills_of_a_quarter_may_be_quiet_at_its_end(
    quarters: Sequence[int], codes: list[str]
) -> None:
    """Payments twice a day, but in the last 25 of 91 days of these quarters."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    quiet = [day for q in quarters for day in range(91 * q - 25, 91 * q)]
    paid = [
        start + timedelta(days=day, hours=12 * half)
        for day in range(91 * 5 - 25)
        if day not in quiet
        for half in (0, 1)
    ]
    names = [f"p{n}" for n in range(len(paid))]
    portfolio = Portfolio.from_tables(
        {
            "customers": pa.table({"customer_id": ["c"], "event_at": [start]}),
            "payments": pa.table(
                {
                    "customer_id": ["c"] * len(paid),
                    "event_at": paid,
                    "payment_id": names,
                    "status": ["succeeded"] * len(paid),
                    "amount": [10.0] * len(paid),
                }
            ),
        },
        PortfolioSettings(tables=frozenset({"customers", "payments"})),
    )
    end = microseconds(start + timedelta(days=91 * 5 - 3))
    flows = [f for f in table_flows(portfolio, end) if f.table == "payments"]
    assert [cause.code for f in flows for cause in f.causes()] == codes


@pytest.mark.parametrize(
    ("quarters_back", "codes"),
    [
        pytest.param([0], ["unusual_volume"], id="for the first time"),
        pytest.param([0, 1], [], id="as a quarter ago"),
        pytest.param([0, 4], [], id="as a year ago"),
    ],
)
def test_a_week_of_many_bills_may_be_one_of_every_quarter(
    quarters_back: list[int], codes: list[str]
) -> None:
    """Ten bills a day, and 500 on the first days of these quarters; 2025-10-03."""
    now = datetime(2025, 10, 3, tzinfo=UTC)
    at = [now - timedelta(hours=2.4 * n) for n in range(4_000)]
    for back in quarters_back:
        year, month = divmod(2025 * 12 + 9 - 3 * back, 12)
        at += [datetime(year, month + 1, 1, tzinfo=UTC)] * 500
    portfolio = billed(at, now)
    flows = table_flows(portfolio, microseconds(now))
    [one] = [f for f in flows if f.table == "invoices"]
    assert [cause.code for cause in one.causes()] == codes


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


def flow(**changes: object) -> TableFlow:
    usual = TableFlow("payments", 1_000, 0, 100, (80, 120), 0.5, 2.0, 0.1)
    return replace(usual, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param({}, [], id="as usual"),
        pytest.param({"n_last_week": 40}, [], id="half of the least"),
        pytest.param({"n_last_week": 39}, ["unusual_volume"], id="below it"),
        pytest.param({"n_last_week": 240}, [], id="twice the most"),
        pytest.param({"n_last_week": 241}, ["unusual_volume"], id="above it"),
        pytest.param({"n_last_week": 0, "usual": None}, [], id="too few to say"),
        pytest.param({"quiet_days": 4.0}, [], id="twice the longest gap"),
        pytest.param({"quiet_days": 4.1}, ["feed_stopped"], id="longer"),
        pytest.param({"quiet_days": 9, "mean_gap_days": 1.0}, [], id="rows are rare"),
        pytest.param({"n_rejected": 20}, [], id="two percent rejected"),
        pytest.param({"n_rejected": 21}, ["rejected_rows"], id="more"),
        pytest.param({"n_accepted": 9, "n_rejected": 9}, [], id="a handful"),
    ],
)
def test_how_rows_arrive(changes: dict[str, object], codes: list[str]) -> None:
    assert [cause.code for cause in flow(**changes).causes()] == codes


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
