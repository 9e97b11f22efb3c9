"""When a rung of the ladder opens: each part of its `when`, as a moment or a reason."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from decisions.actions import STOPS
from decisions.policy.ladder import State, When
from decisions.rules.clock import contested_days, n_unpaid
from decisions.rules.notices_served import ServedNotices
from decisions.rules.time_to_pay import after_notice
from decisions.terms import Terms
from features.facts import AccountFacts
from features.money import UNITS

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_CERTAINLY_OVER = 2  # days beyond those counted: no calendar needed


class LadderProgress:
    """One customer on the ladder at a moment; `days` are days on the clock of `zone`.

    A notice may go ahead of its rung: after a hard decline, or because one before it
    came late. What follows is then counted as if it had gone out on the rung's own day,
    so that no stop comes earlier. Days on which all that is overdue was contested are
    no part of the wait after a notice.
    """

    __slots__ = (
        "_contested",
        "_days",
        "_facts",
        "_in_time",
        "_reached",
        "_terms",
        "_told",
        "_zone",
        "at",
    )

    def __init__(
        self,
        terms: Terms,
        facts: AccountFacts,
        served: ServedNotices,
        days: int,
        at: datetime,
        zone: ZoneInfo,
    ) -> None:
        self._terms, self._facts, self._told = terms, facts, served
        self._days, self.at = days - terms.document.clock.grace_days, at
        self._contested = contested_days(terms, facts)
        self._zone = zone
        self._in_time: dict[str, datetime] = {}  # days on which notices were due
        self._reached = _LONG_AGO  # when the rungs before have opened

    def opens(self, state: State) -> tuple[datetime | None, str]:
        """When the condition of a rung holds, and what for.

        Returns:
            The moment, never before `at`; None where it does not come by time alone.
        """
        opens, code = self._opens(state.when, state.when.days_overdue)
        if opens is not None and self._reached > opens:
            return self._reached, "too_early"
        return opens, code

    def goes_ahead(self, state: State, opens: datetime | None) -> bool:
        """Whether the notice of a rung is due before the rung opens at `opens`."""
        if opens is None or opens <= self.at or state.notice is None:
            return False
        if state.action in STOPS:
            return False
        early, _ = self._opens(state.when, None)
        return early is not None and early <= self.at

    def pass_in_time(self, state: State, opens: datetime) -> None:
        """What follows counts from the rung's own day, whenever its notice went out."""
        self._reached = opens if opens > self.at else self.opened(state)
        if state.notice is not None:
            self._in_time[state.notice] = self._reached

    def opened(self, state: State) -> datetime:
        """Since when the conditions of a rung that has opened hold."""
        since = max(self._reached, self._after(state.when.days_overdue))
        ends = [end for end, _ in self._waits(state.when, exact=True)]
        return max([since, *(end for end in ends if end is not None)])

    def _opens(self, when: When, days: int | None) -> tuple[datetime | None, str]:
        """`days` None: whatever the clock says, and since notices really went out."""
        if when.unpaid_invoices or when.overdue_amount:
            short = self._owes_too_little(when)
            if short is not None:
                return None, short
        opens, code = self.at, "too_early"
        if days is not None and days > self._days:
            opens = self._after(days)
        for ends, why in self._waits(when, in_time=days is not None):
            if ends is None:
                return None, why
            if ends > opens:
                opens, code = ends, why
        return opens, code

    def _after(self, days: int) -> datetime:
        """When the clock shows so many days, also where that lies behind."""
        today = self.at.astimezone(self._zone).date()
        then = today + timedelta(days=days - self._days)
        return datetime.combine(then, time(0), self._zone).astimezone(UTC)

    def _owes_too_little(self, when: When) -> str | None:
        if when.unpaid_invoices and n_unpaid(self._facts) < when.unpaid_invoices:
            return "too_few_invoices"
        if when.overdue_amount:
            actionable = (self._facts.actionable or 0) / UNITS
            if actionable < when.overdue_amount:
                return "too_little_overdue"
        return None

    def _waits(
        self, when: When, *, in_time: bool = True, exact: bool = False
    ) -> Iterator[tuple[datetime | None, str]]:
        """Ends of the times that run from notices and from a suspension."""
        calendar = self._terms.calendar
        for is_business, since in (
            (False, when.days_since),
            (True, when.business_days_since),
        ):
            for name, days in since.items():
                proven = self._told.proven_at(name)
                if proven is None:
                    yield None, "notice_missing"
                    return
                if in_time and name in self._in_time:
                    proven = max(proven, self._in_time[name])
                if is_business or exact or self._is_hardly_over(proven, days):
                    contested = self._contested
                    ends = after_notice(
                        proven, days, calendar, contested, is_business=is_business
                    )
                    yield ends, "cure_period"
        if when.days_suspended:
            off = [a.at for a in self._facts.access_off if a.action in STOPS]
            if not off:
                yield None, "not_suspended"
                return
            yield calendar.after_days(min(off), when.days_suspended), "too_early"

    def _is_hardly_over(self, proven: datetime, days: int) -> bool:
        """Whether the calendar must say if the wait after a notice is over."""
        longest = days + len(self._contested) + _CERTAINLY_OVER
        return (self.at - proven).days <= longest
