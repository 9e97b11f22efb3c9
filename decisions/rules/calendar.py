"""When a suspension (stop) for non-payment may happen next: business days and hours.

Counts full days of grace as well, in the policy's timezone. Configured in
`decisions.policy.calendar`.
"""

from bisect import bisect_right
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from decisions.policy.calendar import Calendar
from decisions.policy.public_holidays import last_known_year, public_holidays


class WorkingCalendar:
    """The policy's calendar, with its business days counted once."""

    def __init__(self, calendar: Calendar, zone: ZoneInfo) -> None:
        self.zone = zone
        self._calendar = calendar
        self._off = frozenset(calendar.days_off)
        country = calendar.country
        self._last_year = last_known_year(country) if country else MAXYEAR
        self._days = lru_cache(maxsize=64)(self._business_days_of)
        self._end = lru_cache(maxsize=4096)(self._end_of_business_days)
        self.is_business_day = lru_cache(maxsize=4096)(self._is_business_day)
        self.may_stop_from = lru_cache(maxsize=64)(self._may_stop_from)

    def _is_business_day(self, day: date) -> bool:
        """Whether the reseller works on this local day."""
        rules = self._calendar
        if day.isoweekday() not in rules.working_days or day in self._off:
            return False
        if rules.country is None:
            return True
        return day not in public_holidays(
            rules.country, rules.subdivision, rules.categories, day.year
        )

    def _business_days_of(self, year: int) -> tuple[date, ...]:
        first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
        days = map(date.fromordinal, range(first, last + 1))
        return tuple(day for day in days if self.is_business_day(day))

    def local_day(self, moment: datetime) -> date:
        """The calendar's date at a moment."""
        return moment.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """The first moment of a local day, UTC."""
        return datetime.combine(day, time(0), self.zone).astimezone(UTC)

    def after_days(self, since: datetime, n_days: int) -> datetime:
        """The moment `n_days` full local days after the day of `since` are over."""
        return self.start_of(self.local_day(since) + timedelta(days=n_days + 1))

    def after_business_days(self, since: datetime, n_days: int) -> datetime:
        """The moment `n_days` full business days after the day of `since` are over."""
        if n_days == 0:
            return self.after_days(since, 0)
        return self._end(self.local_day(since), n_days)

    def _end_of_business_days(self, first: date, n_days: int) -> datetime:
        year, days = first.year, self._days(first.year)
        last = bisect_right(days, first) + n_days - 1
        while last >= len(days):
            last, year = last - len(days), year + 1
            days = self._days(year)
        return self.start_of(days[last] + timedelta(days=1))

    def _may_stop_from(self, moment: datetime) -> tuple[datetime | None, str | None]:
        """Earliest moment from `moment` on at which access may be taken away.

        Returns the moment and, where it is not `moment` itself, why: `day_off`,
        `eve_of_day_off`, `outside_hours`, or `holidays_unknown` from the year on of
        which no holidays are known; where it reaches that year, the moment is None.
        """
        local = moment.astimezone(self.zone)
        code = self._closed(local)
        if code is None:
            return moment, None
        day = local.date()
        if local.time() >= self._calendar.from_time:
            day += timedelta(days=1)
        while self._closed_day(day):
            if day.year > self._last_year:
                return None, code
            day += timedelta(days=1)
        opening = datetime.combine(day, self._calendar.from_time, self.zone)
        return opening.astimezone(UTC), code

    def _closed_day(self, day: date) -> str | None:
        if day.year > self._last_year:
            return "holidays_unknown"
        if not self.is_business_day(day):
            return "day_off"
        eve = self._calendar.not_before_day_off
        if eve and not self.is_business_day(day + timedelta(days=1)):
            return "eve_of_day_off"
        return None

    def _closed(self, local: datetime) -> str | None:
        closed = self._closed_day(local.date())
        if closed:
            return closed
        rules, now = self._calendar, local.time()
        late = rules.cut_off is not None and now >= rules.cut_off
        return "outside_hours" if late or now < rules.from_time else None
