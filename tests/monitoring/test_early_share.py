"""How much of the outcomes is known so early rests on few customers, or on none."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from advice.population import Population
from features.feature_set import FeatureSet
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from monitoring.early_outcomes import STEP_DAYS, EarlyOutcomes, _cohort, _Cohorts

N = 400  # customers of each cohort
STEPS = np.arange(20, 0, -1)
P = 0.01


def cohorts(delays: dict[tuple[int, int], float]) -> _Cohorts:
    """Twenty cohorts; `delays`: by (steps back, customer), days until it was known."""
    back = np.repeat(STEPS, N)
    who = np.tile(np.arange(N), len(STEPS))
    delay = np.full(len(back), np.inf)
    for (step, number), days in delays.items():
        delay[(back == step) & (who == number)] = days
    pairs = pa.table(
        {
            "customer_id": [f"c{n}" for n in who],
            "as_of": -back * STEP_DAYS * DAY_US,
        }
    )
    is_mature = back >= 14
    return _Cohorts("fraud", pairs, back, delay, is_mature, np.zeros_like(is_mature))


def seen(known: _Cohorts, age: int) -> EarlyOutcomes | None:
    n = int((known.back <= 3).sum())
    ids = known.pairs["customer_id"].filter(pa.array(known.back <= 3))
    empty = FeatureSet((), {})
    p = np.full(n, P)
    population = Population(0, ids, empty, np.empty((n, 0)), p, {}, {})
    customers = pa.table({"customer_id": [f"c{i}" for i in range(N)]})
    portfolio = Portfolio.from_tables({"customers": customers}, PortfolioSettings())
    return _cohort(known, known, population, age, portfolio)


LATE = {(step, step): 80.0 for step in range(14, 21)}  # seven, none known soon


def test_where_no_mature_outcome_was_known_so_soon_nothing_is_expected() -> None:
    """The first outcome that is known early was a thousand million times too many."""
    early = LATE | {(7, 50): 20.0, (2, 60): 20.0}
    assert seen(cohorts(early), 2) is None


def test_a_share_that_one_customer_tells_is_not_certain() -> None:
    """Five where 0.5 are expected, by one of eight: it may well have been four."""
    recent = {(step, 50 + step): 20.0 for step in range(4, 14)}  # their rest is to come
    now = {(2, n): 5.0 for n in range(100, 105)}
    one = seen(cohorts(LATE | {(14, 70): 20.0} | recent | now), 2)
    assert one is not None
    assert one.observed == 5
    assert one.share_known == pytest.approx(1 / 8)
    assert not one.by_model.is_alarm


def test_many_customers_tell_the_share_and_a_wave_rings() -> None:
    told = {
        (step, n): n % 14 + 1.0 for step in range(4, 21) for n in range(step, 380, 95)
    }
    wave = {(2, n): 5.0 for n in range(100, 130)}
    one = seen(cohorts(told | wave), 2)
    assert one is not None
    assert one.share_known == 1.0
    assert "unlike_model" in [cause.code for cause in one.causes()]
    calm = seen(cohorts(told | dict(list(wave.items())[:4])), 2)
    assert calm is not None
    assert not list(replace(calm, parts=()).causes())
