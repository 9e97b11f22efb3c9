"""A wave is seen before its labels mature, and calm portfolios stay quiet."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from advice.young_dates import early_warning, sentence, strongest
from features.catalogue import feature_set
from features.moments import DAY_US, to_datetime
from features.portfolio import Portfolio
from scoring.additive import AdditiveModel
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from scoring.early_warning import YoungOutcomes, expectation

N = 4_000
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
N_DAYS = 540
WAVE_FROM = 420  # days; the dates of the last 210 are not mature
PER_DAY = 0.0002  # frauds per customer
FraudsOf = Callable[..., Portfolio]

YAML = """
name: waves
currency: EUR
timezone: UTC
observed_until: 2026-06-25T00:00:00Z
labels:
  fraud: {horizon_days: 90, maturity_days: 120}
"""


@pytest.fixture(scope="module")
def with_wave(tmp_path_factory: pytest.TempPathFactory) -> FraudsOf:
    """A portfolio whose frauds become so many times as many of late.

    And some who join ten days before its end and turn out bad at once.
    """

    def make(factor: float, n_late: int = 0) -> Portfolio:
        rng = np.random.default_rng(11)
        folder = tmp_path_factory.mktemp("waves")
        (folder / "portfolio.yaml").write_text(YAML)
        ids = [f"c{i:05}" for i in range(N)]
        created = FIRST - timedelta(days=30)
        late_ids = [f"late{i}" for i in range(n_late)]
        joined = FIRST + timedelta(days=N_DAYS - 10)
        moments = [created] * N + [joined] * n_late
        pl.DataFrame(
            {"customer_id": ids + late_ids, "event_at": moments}
        ).write_parquet(folder / "customers.parquet")
        pl.DataFrame(
            {"customer_id": ids[:1], "event_at": [FIRST], "kind": ["sign_in"]}
        ).write_parquet(folder / "access.parquet")
        days = np.arange(N_DAYS)
        rate = np.where(days < WAVE_FROM, PER_DAY, factor * PER_DAY)
        day = days.repeat(rng.poisson(N * rate))
        event_at = [
            FIRST + timedelta(days=float(d)) for d in day + rng.random(len(day))
        ]
        late = rng.gamma(4.0, 5.0, len(day))
        known_at = [
            at + timedelta(days=d) for at, d in zip(event_at, late, strict=True)
        ]
        frauds = pl.DataFrame(
            {
                "customer_id": rng.choice(ids, len(day), replace=False),
                "event_at": event_at,
                "known_at": known_at,
                "kind": ["fraud"] * len(day),
                "source": ["analyst"] * len(day),
            }
        )
        until = datetime(2026, 6, 25, tzinfo=UTC)
        at_once = pl.DataFrame(
            {
                "customer_id": late_ids,
                "event_at": [joined + timedelta(days=1)] * n_late,
                "known_at": [joined + timedelta(days=1)] * n_late,
                "kind": ["fraud"] * n_late,
                "source": ["analyst"] * n_late,
            },
            schema=frauds.schema,
        )
        frauds = pl.concat([frauds, at_once])
        frauds.filter(pl.col("known_at") <= until).write_parquet(
            folder / "outcomes.parquet"
        )
        return Portfolio.open_usable(folder)

    return make


def knows_the_rate(portfolio: Portfolio) -> Bundle:
    p = 1.0 - np.exp(-90 * PER_DAY)
    features = feature_set(portfolio.settings).subset(["customer_age_days"])
    return Bundle(
        target="fraud",
        model=AdditiveModel("linear", float(np.log(p / (1 - p))), ()),
        calibration=LogOddsMap(),
        feature_set=features,
        settings=portfolio.settings,
        horizon_days=90,
        trained_on=date(2026, 6, 25),
        nonpayment_given_fraud=None,
        typical={},
    )


def test_a_wave_is_seen_before_its_labels_mature(with_wave: FraudsOf) -> None:
    portfolio = with_wave(2.5)
    together, before, since = early_warning(portfolio, knows_the_rate(portfolio))
    assert together.n_dates == 2  # a horizon apart; the youngest says too little
    assert not before.is_alarm
    assert together.by_model.is_alarm
    assert since.as_before.is_alarm
    assert since.by_model.is_alarm
    assert 2.0 < since.as_before.ratio < 3.0
    said = sentence(since, "fraud", portfolio.settings.zone)
    assert f"{since.observed} known so far" in said
    assert "(and 0 of who joined later)" in said
    assert "too low" in said


def test_frauds_of_who_joined_since_are_counted_apart(with_wave: FraudsOf) -> None:
    before, after = (
        early_warning(portfolio, knows_the_rate(portfolio))
        for portfolio in (with_wave(1.0), with_wave(1.0, 2))
    )
    assert [one.n_left_out for one in before] == [0, 0, 0]
    assert [one.n_left_out for one in after] == [2, 2, 2]
    assert [one.observed for one in after] == [one.observed for one in before]


def test_a_wave_is_seen_where_no_model_of_fraud_is_in_force(
    with_wave: FraudsOf,
) -> None:
    portfolio = with_wave(2.5)
    _, _, since = early_warning(portfolio, None)
    assert since.is_alarm
    assert abs(since.by_model.ratio - since.as_before.ratio) < 1e-9
    said = sentence(since, "fraud", portfolio.settings.zone, has_model=False)
    assert "No model of it is in force" in said
    assert "The model expects" not in said


def test_a_wave_that_the_model_sees_is_one_all_the_same(with_wave: FraudsOf) -> None:
    portfolio = with_wave(2.5)
    bundle = replace(
        knows_the_rate(portfolio), calibration=LogOddsMap(float(np.log(2.0)))
    )
    together, *_ = early_warning(portfolio, bundle)
    assert together.is_alarm
    assert not together.by_model.is_alarm
    said = sentence(together, "fraud", portfolio.settings.zone)
    assert "The level has changed" in said


@pytest.mark.parametrize(
    ("observed", "by_model", "as_before", "answer"),
    [
        pytest.param(5, 14.0, 24.1, "the model sees a part of it", id="half way"),
        pytest.param(2, 7.3, 12.0, "too few outcomes are known to tell", id="few"),
        pytest.param(100, 97.0, 50.0, "and the model sees it", id="as many as it says"),
        pytest.param(100, 80.0, 85.0, "the model does not see it", id="the wrong way"),
    ],
)
def test_whether_the_model_sees_a_change_is_said_as_far_as_it_is_told(
    observed: int, by_model: float, as_before: float, answer: str
) -> None:
    n_learnt = 60 if observed < 10 else 10**6
    model, before = (
        expectation(observed, expected, n_learnt) for expected in (by_model, as_before)
    )
    if answer.endswith("does not see it"):  # no alarm of its own, and off all the same
        model = replace(model, low=1.01)
        before = replace(before, low=1.3)
    assert before.is_alarm
    assert not model.is_alarm
    one = YoungOutcomes(0, 1, observed, model, before)
    assert answer in sentence(one, "fraud", ZoneInfo("UTC"))


def test_one_wave_is_told_once(with_wave: FraudsOf) -> None:
    portfolio = with_wave(2.5)
    dates = early_warning(portfolio, knows_the_rate(portfolio))
    found = strongest(dates)
    assert found is not None
    one, n_alone = found
    assert n_alone == sum(date.is_alarm for date in dates[1:]) == 1
    zone = portfolio.settings.zone
    said = sentence(one, "fraud", zone, n_alone=n_alone)
    assert one.n_dates == 1
    assert "taken alone" not in said  # it is that one
    assert len(said) < 400
    of_all = sentence(dates[0], "fraud", zone, n_alone=n_alone)
    assert "1 date taken alone shows it, too." in of_all
    assert strongest(early_warning(with_wave(1.0), knows_the_rate(portfolio))) is None


def test_as_many_as_before_raise_no_alarm(with_wave: FraudsOf) -> None:
    portfolio = with_wave(1.0)
    dates = early_warning(portfolio, knows_the_rate(portfolio))
    assert [one.n_dates for one in dates] == [2, 1, 1]
    assert not any(one.is_alarm for one in dates)
    assert all(one.as_before.low < 1.0 < one.as_before.high for one in dates)


def test_who_cannot_be_labelled_is_not_expected_to_turn_bad(
    with_wave: FraudsOf,
) -> None:
    """A rejected row of two in five hides their outcomes: fewer of all are seen."""
    whole = with_wave(1.0)
    bundle = knows_the_rate(whole)
    hidden = {c: frozenset({"outcomes"}) for c in whole.customer_ids[: 2 * N // 5]}
    partly = early_warning(replace(whole, rejected=hidden), bundle)
    for one, other in zip(early_warning(whole, bundle), partly, strict=True):
        ratio = other.by_model.expected / one.by_model.expected
        assert ratio == pytest.approx(0.6, rel=0.1)
        assert not other.is_alarm


def test_a_table_no_label_relies_on_makes_no_date_younger(with_wave: FraudsOf) -> None:
    portfolio = with_wave(1.0)
    bundle = knows_the_rate(portfolio)
    behind = portfolio.observed_until - 60 * DAY_US
    settings = portfolio.settings.model_copy(
        update={
            "observed_until": {
                "outcomes": to_datetime(portfolio.observed_until),
                "access": to_datetime(behind),
            }
        }
    )
    observed = {"outcomes": portfolio.observed_until, "access": behind}
    late = replace(
        portfolio, settings=settings, observed=observed, observed_until=behind
    )
    before, after = early_warning(portfolio, bundle), early_warning(late, bundle)
    shared = {one.as_of: one for one in before if one.n_dates == 1}
    alone = [one for one in after if one.n_dates == 1 and one.as_of in shared]
    assert alone
    for one in alone:
        assert one.by_model == shared[one.as_of].by_model


def test_of_a_starter_nothing_is_said(with_wave: FraudsOf) -> None:
    portfolio = with_wave(1.0)
    starter = replace(knows_the_rate(portfolio), is_starter=True)
    assert early_warning(portfolio, starter) == ()
