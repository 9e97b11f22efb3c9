"""Moments and local days: int64 microseconds since 1970 UTC, and calendar days.

A local day is counted from 1970-01-01 and ends where the next one begins, so it
may last 23 or 25 hours. A plain date stands for the last microsecond of its day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from features.arrays import IntArray
from features.contract import CLOCK_SKEW_US
from features.events import MISSING

DAY_US = 86_400_000_000
YEAR_US = 365 * DAY_US
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A year's distance from what `datetime` can hold leaves room for every time zone
EARLIEST = -62_104_060_800_000_000  # 0002-01-01
LATEST = 253_370_764_800_000_000  # 9999-01-01
# Rows tell of 1970 to 2200; a day more, for plain dates west of Greenwich
NO_END = 7_289_740_800_000_000  # 2201-01-02, and what stands for "no end"
DAY_ZERO = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)

Moments: TypeAlias = IntArray


class MomentError(ValueError):
    """A value that is no moment; `rule` is the row rule it breaks."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def microseconds(moment: datetime) -> int:
    """An aware moment → microseconds since 1970 UTC.

    Raises:
        MomentError: `naive_time` without an offset, `time_out_of_range`.

    >>> microseconds(datetime(1970, 1, 2, tzinfo=UTC)) == DAY_US
    True
    """
    counted = _counted(moment)
    if not EARLIEST < counted < LATEST:
        raise MomentError("time_out_of_range")
    return counted


def _counted(moment: datetime) -> int:
    """Within `EARLIEST` and `LATEST`, which stand for everything beyond."""
    if moment.tzinfo is None:
        raise MomentError("naive_time")
    since = moment - EPOCH
    counted = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return min(max(counted, EARLIEST), LATEST)


def to_datetime(moment: int) -> datetime:
    """Microseconds since 1970 UTC → aware UTC datetime."""
    return EPOCH + timedelta(0, 0, int(moment))  # by keyword it takes 1.7 times as long


def parse_moment(value: object, zone: ZoneInfo) -> int | None:
    """One cell of a moment: ISO 8601 with offset, or a plain date (its day's end).

    What a row may say of other centuries is a rule of its column; what lies beyond
    `EARLIEST` or `LATEST` is read as these.

    Raises:
        MomentError: `naive_time` or `bad_time`.

    >>> parse_moment("1970-01-01T01:00:00+01:00", ZoneInfo("UTC"))
    0
    >>> parse_moment("1970-01-01", ZoneInfo("UTC")) == DAY_US - 1
    True
    """
    if type(value) is str:
        return _parse_text(value, zone)
    if value is None:
        return None
    if isinstance(value, datetime):
        return _counted(value)
    if isinstance(value, date):
        return _plain_date(value, zone)
    raise MomentError("bad_time")


def _parse_text(text: str, zone: ZoneInfo) -> int | None:
    text = text.strip()
    if not text:
        return None
    # Only the extended form: `fromisoformat` reads far more, numbers among it
    if text[4:5] != "-" or text[7:8] != "-":
        raise MomentError("bad_time")
    try:
        if len(text) == 10:
            return _plain_text(text, zone)
        return _counted(datetime.fromisoformat(text))
    except MomentError:
        raise
    except (ValueError, OverflowError) as error:
        raise MomentError("bad_time") from error


@lru_cache(maxsize=65_536)
def _plain_text(text: str, zone: ZoneInfo) -> int:
    return _plain_date(date.fromisoformat(text), zone)


def _plain_date(day: date, zone: ZoneInfo) -> int:
    if day.year < 2:
        return EARLIEST
    if day.year > 9998:
        return LATEST
    return end_of_day(day.toordinal() - DAY_ZERO, zone)


class _Starts(dict[int, int]):
    """First moments of local days, each looked up once."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, day: int) -> int:
        midnight = datetime.fromordinal(day + DAY_ZERO).replace(tzinfo=self._zone)
        start = self[day] = (midnight - EPOCH) // _MICROSECOND
        return start


class LocalDays:
    """The calendar days of a time zone; `days_of` shares them.

    >>> days = days_of(ZoneInfo("Europe/Brussels"))
    >>> day = days.day(1_711_843_200_000_000)  # 2024-03-31, clocks go forward
    >>> (days.start(day + 1) - days.start(day)) // 3_600_000_000
    23
    """

    __slots__ = ("_starts",)

    def __init__(self, zone: ZoneInfo) -> None:
        self._starts = _Starts(zone)

    def start(self, day: int) -> int:
        """First microsecond of local calendar day `day` (counted from 1970-01-01).

        Where clocks skip midnight the day begins at the change; where midnight comes
        twice it begins at the first.
        """
        return self._starts[day]

    def day(self, moment: int) -> int:
        """The local calendar day in which a moment lies."""
        day = moment // DAY_US  # the day in UTC; the local one is at most one off
        if moment >= self._starts[day + 1]:
            return day + 1
        return day if moment >= self._starts[day] else day - 1


@cache
def days_of(zone: ZoneInfo) -> LocalDays:
    """The calendar days of a zone, made once."""
    return LocalDays(zone)


def end_of_day(day: int, zone: ZoneInfo) -> int:
    """Last microsecond of local calendar day `day`."""
    return days_of(zone).start(day + 1) - 1


def local_day(moment: int, zone: ZoneInfo) -> int:
    """The local calendar day of a moment, counted from 1970-01-01.

    >>> local_day(-1, ZoneInfo("UTC")), local_day(0, ZoneInfo("Asia/Tokyo"))
    (-1, 0)
    """
    return days_of(zone).day(moment)


def is_known_too_early(known_at: int, event_at: int, zone: ZoneInfo) -> bool:
    """Whether `known_at` precedes `event_at` by more than clocks and days explain.

    Five minutes are clock skew. An event of a plain date stands at the end of its
    day, so a clock time of that same day is not before it: a daily row is known once
    its day is over, and not an error.
    """
    if known_at >= event_at - CLOCK_SKEW_US:
        return False
    day = local_day(known_at, zone)
    return event_at != end_of_day(day, zone)


def local_days(moments: Moments, zone: ZoneInfo) -> Moments:
    """`local_day` of each moment; `MISSING` stays `MISSING`. Shape (n,)."""
    present = moments != MISSING
    days = np.full(len(moments), MISSING, np.int64)
    utc_days, which = np.unique(moments[present] // DAY_US, return_inverse=True)
    start = days_of(zone).start
    starts = np.array([start(int(d)) for d in utc_days], np.int64)
    ends = np.array([start(int(d) + 1) for d in utc_days], np.int64)
    known = moments[present]
    days[present] = utc_days[which] + (known >= ends[which]) - (known < starts[which])
    return days


def ends_of_days(days: Moments, zone: ZoneInfo) -> Moments:
    """`end_of_day` of each local calendar day. Shape (n,)."""
    distinct, which = np.unique(days, return_inverse=True)
    ends = np.array([end_of_day(int(d), zone) for d in distinct], np.int64)
    return ends[which]
