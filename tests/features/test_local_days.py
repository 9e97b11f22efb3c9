"""Local days: against the time zone database, and where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.moments import days_of, microseconds

SECOND = 1_000_000
ZONES = [
    "UTC",
    "Europe/Brussels",
    "America/Sao_Paulo",  # midnight was skipped when summer began
    "Pacific/Apia",  # 30 December 2011 was skipped
    "Australia/Lord_Howe",  # half an hour of summer time
]
DAY_ZERO = date(1970, 1, 1)


@given(st.sampled_from(ZONES), st.integers(0, 4_000_000_000))
def test_a_moment_lies_in_its_local_day(zone: str, second: int) -> None:
    at = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(zone))
    expected = (at.date() - DAY_ZERO).days
    assert days_of(ZoneInfo(zone)).day(second * SECOND) == expected


@given(st.sampled_from(ZONES), st.integers(0, 46_000))
def test_a_day_starts_with_its_first_moment(zone: str, day: int) -> None:
    days = days_of(ZoneInfo(zone))
    start = days.start(day)
    assert days.day(start) >= day > days.day(start - 1)


@pytest.mark.parametrize(
    ("on", "hours"),
    [
        pytest.param("2024-03-30", 24, id="an ordinary day"),
        pytest.param("2024-03-31", 23, id="clocks go forward"),
        pytest.param("2024-10-27", 25, id="clocks go back"),
    ],
)
def test_how_long_a_day_lasts(on: str, hours: int) -> None:
    days = days_of(ZoneInfo("Europe/Brussels"))
    day = (date.fromisoformat(on) - DAY_ZERO).days
    assert days.start(day + 1) - days.start(day) == hours * 3600 * SECOND


def test_a_day_that_was_skipped_starts_with_the_next() -> None:
    days = days_of(ZoneInfo("Pacific/Apia"))
    skipped = (date(2011, 12, 30) - DAY_ZERO).days
    assert days.start(skipped) == days.start(skipped + 1)
    at = microseconds(datetime(2011, 12, 30, 10, tzinfo=UTC))
    assert days.start(skipped) == at
    before = microseconds(datetime(2011, 12, 30, 10, tzinfo=UTC) - timedelta(seconds=1))
    assert days.day(before) == skipped - 1
