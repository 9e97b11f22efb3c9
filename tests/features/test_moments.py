"""Moments, plain dates and local days, on the days when clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.events import MISSING
from features.moments import (
    DAY_US,
    MomentError,
    days_of,
    end_of_day,
    ends_of_days,
    is_known_too_early,
    local_day,
    local_days,
    microseconds,
    parse_moment,
    to_datetime,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Brussels",
        "America/Sao_Paulo",  # clocks once changed at midnight
        "America/Havana",  # midnight comes twice
        "Asia/Kathmandu",
        "Pacific/Kiritimati",
        "Pacific/Niue",
    )
]
moments = st.integers(-(10**6) * 600_000_000, 10**6 * 2_800_000_000).map(to_datetime)


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("day", "end", "hours"),
    [
        pytest.param("2026-01-15", "2026-01-15T22:59:59.999999Z", 24, id="winter"),
        pytest.param("2026-07-15", "2026-07-15T21:59:59.999999Z", 24, id="summer"),
        pytest.param("2026-03-29", "2026-03-29T21:59:59.999999Z", 23, id="spring"),
        pytest.param("2026-10-25", "2026-10-25T22:59:59.999999Z", 25, id="autumn"),
    ],
)
def test_a_plain_date_is_its_days_end(day: str, end: str, hours: int) -> None:
    assert parse_moment(day, BRUSSELS) == parse_moment(end, BRUSSELS)
    number = _day(day)
    length = end_of_day(number, BRUSSELS) + 1 - days_of(BRUSSELS).start(number)
    assert length == hours * DAY_US // 24


def test_a_day_begins_where_clocks_skip_midnight() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    began = to_datetime(days_of(zone).start(_day("2018-11-04")))
    assert began == datetime(2018, 11, 4, 3, tzinfo=UTC)


@given(moment=moments, zone=st.sampled_from(ZONES))
def test_local_day_is_the_calendars(moment: datetime, zone: ZoneInfo) -> None:
    counted = microseconds(moment)
    expected = (moment.astimezone(zone).date() - date(1970, 1, 1)).days
    assert local_day(counted, zone) == expected
    assert local_days(np.array([counted, MISSING]), zone).tolist() == [
        expected,
        MISSING,
    ]


@given(day=st.integers(-7_000, 30_000), zone=st.sampled_from(ZONES))
def test_days_follow_one_another(day: int, zone: ZoneInfo) -> None:
    end = end_of_day(day, zone)
    assert local_day(end, zone) == day
    assert local_day(end + 1, zone) == day + 1
    assert ends_of_days(np.array([day, day + 1, day]), zone).tolist() == [
        end,
        end_of_day(day + 1, zone),
        end,
    ]


@given(moment=moments)
def test_moments_survive_the_way_there_and_back(moment: datetime) -> None:
    assert to_datetime(microseconds(moment)) == moment
    assert parse_moment(moment.isoformat(), BRUSSELS) == microseconds(moment)


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-30T22:00:00Z",
        "2026-06-30 22:00:00+00:00",
        "2026-07-01T00:00+02:00",
        "2026-06-30T22:00:00.000000+00:00",
        " 2026-06-30T22:00:00Z ",
    ],
)
def test_iso_forms(text: str) -> None:
    expected = microseconds(datetime(2026, 6, 30, 22, tzinfo=UTC))
    assert parse_moment(text, BRUSSELS) == expected


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("2026-06-30T22:00:00", "naive_time"),
        (datetime(2026, 6, 30), "naive_time"),  # noqa: DTZ001 - naive on purpose
        ("20260630T220000Z", "bad_time"),
        ("2026-06-30T25:00:00Z", "bad_time"),
        ("2026-6-30", "bad_time"),
        ("0000-01-01", "bad_time"),
        (1_782_856_800, "bad_time"),
        (True, "bad_time"),
    ],
)
def test_what_is_no_moment(value: object, rule: str) -> None:
    with pytest.raises(MomentError) as raised:
        parse_moment(value, BRUSSELS)
    assert raised.value.rule == rule


def test_dates_and_datetimes_are_read_as_their_texts() -> None:
    day, moment = date(2026, 6, 30), datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert parse_moment(day, BRUSSELS) == parse_moment("2026-06-30", BRUSSELS)
    later = moment.astimezone(BRUSSELS) + timedelta(microseconds=1)
    assert parse_moment(later, BRUSSELS) == microseconds(moment) + 1
    assert parse_moment(None, BRUSSELS) is parse_moment(" ", BRUSSELS) is None


@pytest.mark.parametrize(
    ("known_at", "event_at", "is_early"),
    [
        pytest.param("2026-03-29T08:00:00Z", "2026-03-29", False, id="same local day"),
        pytest.param("2026-03-28T23:00:00Z", "2026-03-29", False, id="at its start"),
        pytest.param("2026-03-28T22:59:59Z", "2026-03-29", True, id="the day before"),
        pytest.param(
            "2026-03-29T08:00:00Z", "2026-03-29T12:00:00Z", True, id="a clock time"
        ),
        pytest.param(
            "2026-03-29T11:55:00Z", "2026-03-29T12:00:00Z", False, id="clock skew"
        ),
    ],
)
def test_a_daily_row_may_be_stamped_during_its_day(
    known_at: str, event_at: str, is_early: bool
) -> None:
    zone = ZoneInfo("Europe/Brussels")
    known, event = parse_moment(known_at, zone), parse_moment(event_at, zone)
    assert known is not None
    assert event is not None
    assert is_known_too_early(known, event, zone) is is_early
