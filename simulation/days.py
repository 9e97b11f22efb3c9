"""Local days of a run as numbers, and their moments in UTC."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from simulation.streams import Floats, Ints

DAYS_BEFORE = 3_700  # the oldest customer is at most ten years older than the data
DAYS_AFTER = 500
MINUTE_US = 60_000_000


class Days:
    """Day 0 is the first local day of the first month.

    >>> days = Days(date(2024, 7, 1), months=2, timezone="Europe/Brussels")
    >>> days.month_starts.tolist()[:3]
    [0, 31, 62]
    >>> days.observed_until
    datetime.datetime(2024, 8, 31, 22, 0, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, start_on: date, months: int, timezone: str) -> None:
        first = start_on.replace(day=1)
        starts = [_months_later(first, m) for m in range(months + 8)]
        self.month_starts: Ints = np.array(
            [(day - first).days for day in starts], dtype=np.int64
        )
        zone = ZoneInfo(timezone)
        n_days = int(self.month_starts[-1]) + DAYS_AFTER
        midnights = [
            datetime.combine(first + timedelta(days=d), time.min, zone)
            for d in range(-DAYS_BEFORE, n_days)
        ]
        self._midnights: Ints = np.array(
            [int(m.timestamp()) * 1_000_000 for m in midnights], dtype=np.int64
        )
        self.first_weekday = first.weekday()
        self.observed_until = self.moment(int(self.month_starts[months]))

    def moment(self, day: int) -> datetime:
        """Return when a local day begins."""
        us = int(self._midnights[day + DAYS_BEFORE])
        return datetime.fromtimestamp(us / 1_000_000, UTC)

    def midnight(self, day: Ints) -> Ints:
        """UTC microseconds at which local days begin."""
        last = len(self._midnights) - 1
        return self._midnights[np.clip(day + DAYS_BEFORE, 0, last)]

    def office_hours(self, day: Ints, u: Floats) -> Ints:
        """Whole minutes between 8 and 20 o'clock (clocks change at night)."""
        return self.midnight(day) + (480 + (u * 720).astype(np.int64)) * MINUTE_US

    def end(self, day: Ints) -> Ints:
        """Return the last microsecond of local days."""
        return self.midnight(day + 1) - 1

    def weekdays(self, days: npt.NDArray[np.int64]) -> Ints:
        return (days + self.first_weekday) % 7


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)
