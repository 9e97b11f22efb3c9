"""Where a day begins and ends: local calendar days of a time zone, fast.

A day is a whole number, counted from 1970-01-01 like `invoices.due_on`; moments
are microseconds since 1970 UTC. Zone changes are looked up once per zone, so that
a bulk run asks a sorted list instead of the time zone database.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from features.moments import DAY_US

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR = 2100  # later moments keep the last offset known


class LocalDays:
    """The calendar days of one time zone. Use `local_days(zone)` to share them."""

    __slots__ = ("_changes", "_offsets", "_starts")

    def __init__(self, timezone: str) -> None:
        self._changes, self._offsets = _zone_changes(ZoneInfo(timezone))
        self._starts: dict[int, int] = {}

    def day(self, moment: int) -> int:
        """The local calendar day in which `moment` lies."""
        offsets = self._offsets
        if len(offsets) == 1:
            return (moment + offsets[0]) // DAY_US
        return (moment + offsets[bisect_right(self._changes, moment)]) // DAY_US

    def start(self, day: int) -> int:
        """The first moment of a local day (of the next one where it was skipped).

        >>> days = local_days("Europe/Brussels")
        >>> day = days.day(1_711_843_200_000_000)  # 2024-03-31, clocks go forward
        >>> (days.start(day + 1) - days.start(day)) // SECOND / 3600
        23.0
        """
        known = self._starts.get(day)
        if known is None:
            known = self._starts[day] = self._first_moment(day)
        return known

    def _first_moment(self, day: int) -> int:
        nearby = {
            self._offsets[bisect_right(self._changes, day * DAY_US + shift)]
            for shift in (-DAY_US, 0, DAY_US)
        }
        guesses = {day * DAY_US - offset for offset in nearby}
        first, last = min(guesses) - DAY_US, max(guesses) + DAY_US
        guesses.update(c for c in self._changes if first <= c <= last)
        return min(g for g in guesses if self.day(g) >= day > self.day(g - 1))


@cache
def local_days(timezone: str) -> LocalDays:
    """The calendar days of a zone of the IANA database, made once."""
    return LocalDays(timezone)


def _zone_changes(zone: ZoneInfo) -> tuple[list[int], list[int]]:
    """Moments at which the offset from UTC changes, and the offsets around them."""
    changes: list[int] = []
    offsets = [_offset(zone, 0)]
    end = (datetime(_LAST_YEAR, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
    for second in range(0, end, 86_400):
        while _offset(zone, second + 86_400) != offsets[-1]:
            change = _first_after(zone, second, second + 86_400, offsets[-1])
            changes.append(change * SECOND)
            offsets.append(_offset(zone, change))
            second = change  # noqa: PLW2901  (two changes within one day)
    return changes, offsets


def _first_after(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """The first second in (low, high] whose offset is not `offset`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, second: int) -> int:
    """Microseconds that local time is ahead of UTC."""
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)
