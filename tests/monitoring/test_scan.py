"""The scan of daily events: what it counts, what it learns from, what rings."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.fraud_signs import FraudSigns
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from monitoring.fraud_signs import FraudSignsScan, _daily, _day
from monitoring.scan import (
    BAND_STARTS,
    DailyEvents,
    Scan,
    ScanCell,
    _batches,
    _Look,
    _smallest_seen,
    scan,
)

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


def events(n_early: int, n_late: int, every: int = 1) -> DailyEvents:
    """Customers of long ago; events over two years, and over the last 30 days."""
    rng = np.random.default_rng(3)
    early = rng.integers(-720, -30, n_early) // every * every
    day = np.concatenate([early, rng.integers(-30, 0, n_late)])
    return DailyEvents(np.full(5_000, -2_000), day, np.full(len(day), -2_000))


@given(
    joined=st.lists(st.integers(-900, -1), min_size=1, max_size=20),
    first=st.integers(-400, -60),
    days=st.integers(1, 60),
)
def test_customer_days_are_counted_as_one_by_one(
    joined: list[int], first: int, days: int
) -> None:
    counted = DailyEvents(np.array(joined), np.array([-500]), np.array([-900]))
    by_band = np.zeros(len(BAND_STARTS))
    for day in range(first, first + days):
        for since in (day - at for at in joined if at <= day):
            by_band[np.searchsorted(BAND_STARTS, since, "right") - 1] += 1
    seen = counted.exposure(first, first + days, -(10**6), 0)
    np.testing.assert_array_equal(seen, by_band)


def test_as_many_as_usual_ring_nothing_and_three_times_as_many_do() -> None:
    usual, more = scan(events(460, 20)), scan(events(460, 60))
    assert usual is not None
    assert more is not None
    assert not usual.is_alarm
    assert more.is_alarm
    assert more.strongest.observed == 60
    assert more.strongest.expected == pytest.approx(20, rel=0.15)


def test_few_events_or_days_tell_nothing() -> None:
    assert scan(events(15, 3)) is None
    few = np.array([], np.int64)
    assert scan(DailyEvents(few, few, few)) is None
    day = np.arange(-150, 0)
    assert scan(DailyEvents(day * 0 - 900, day, day * 0 - 900)) is None


def test_events_heard_of_once_a_month_swing_more_and_ring_less() -> None:
    """30 at once are no rise where they always come so."""
    batched = scan(replace_last(events(460, 0, every=30), 30))
    assert batched is not None
    assert batched.batches > 5.0
    assert not batched.is_alarm


def test_a_portfolio_that_grows_has_no_batches() -> None:
    """Ten times as many customers after two years: more signs, one by one."""
    rng = np.random.default_rng(5)
    joined = np.concatenate([np.full(2_000, -2_000), rng.integers(-720, 0, 18_000)])
    day = rng.integers(-720, 0, len(joined))
    has_sign = (day >= joined) & (rng.random(len(joined)) < 0.2)
    grown = DailyEvents(joined, day[has_sign], joined[has_sign])
    look = _Look.of(grown, 0)
    learnt, _ = look.counts(grown.event_day, grown.event_joined)
    assert _batches(grown, look, look.rates(learnt)) == 1.0


def replace_last(some: DailyEvents, n: int) -> DailyEvents:
    """With n events on yesterday, at once."""
    day = np.append(some.event_day, np.full(n, -1))
    return replace(some, event_day=day, event_joined=np.full(len(day), -2_000))


def test_no_event_is_compared_with_itself() -> None:
    """Neither those of the windows nor those of who joined lately are learnt from."""
    look = _Look.of(
        DailyEvents(np.arange(-900, 0), np.arange(-500, 0), -1 - np.arange(500)), 0
    )
    day = np.array([-61, -60, -100, -100])
    joined = np.array([-181, -900, -180, -181])
    learnt, _ = look.counts(day, joined)
    assert learnt.sum() == 2  # the first and the last


def test_the_smallest_seen_falls_with_what_is_expected() -> None:
    few, many = _smallest_seen(5.0, 100.0, 3.0), _smallest_seen(100.0, 2_000.0, 3.0)
    assert few is not None
    assert many is not None
    assert 1.25 < many < 1.6 < few
    assert _smallest_seen(0.0, 100.0, 3.0) is None


def test_days_end_at_the_moment() -> None:
    moments = np.array([0, 1, DAY_US, DAY_US + 1]) - 2 * DAY_US
    assert _day(moments, 0).tolist() == [-3, -2, -2, -1]


def test_a_sign_counts_from_when_it_was_known_though_it_was_cleared() -> None:
    at = [datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 5, tzinfo=UTC)]
    tables = {
        "customers": pa.table(
            {"customer_id": ["a"], "event_at": [datetime(2025, 12, 31, tzinfo=UTC)]}
        ),
        "outcomes": pa.table(
            {
                "customer_id": ["a", "a"],
                "event_at": at,
                "kind": ["fraud", "fraud_cleared"],
                "source": ["review", "review"],
            }
        ),
    }
    settings = PortfolioSettings(name="one", currency="EUR", observed_until=MOMENT)
    portfolio = Portfolio.from_tables(tables, settings)
    until = portfolio.observed_until
    first = FraudSigns(portfolio).first_ever_known(until)
    assert first == {"a": int(at[0].timestamp() * 1e6)}
    daily = _daily(portfolio, first, until)
    assert daily.event_day.tolist() == [(at[0] - MOMENT).days - 1]
    assert daily.event_joined.tolist() == [-61]


def test_the_cause_says_whose_signs_rose() -> None:
    weak = ScanCell(14, False, 9, 8.0, 0.1, 2.0)
    strong = ScanCell(90, True, 30, 10.0, 9.0, 2.0)
    [cause] = FraudSignsScan(Scan(200, 3.0, 1.0, (weak, strong))).causes()
    assert cause.code == "fraud_signs_rose"
    assert "30 first signs of those who joined in the last 90 days" in cause.why
    assert not list(FraudSignsScan(Scan(200, 9.5, 1.0, (weak, strong))).causes())
