"""When a rung of the ladder opens: each part of its `when`, a moment or a reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from decisions.actions import Action
from decisions.clock import n_unpaid
from decisions.exposure import UNITS
from decisions.policy.ladder import State, When
from decisions.terms import Terms
from decisions.told import Told
from features.facts import AccountFacts

STOP_ACTIONS: tuple[Action, ...] = ("suspend", "block")
_CERTAINLY_OVER = timedelta(days=2)  # beyond the days counted: no calendar needed


@dataclass(frozen=True, slots=True)
class Climb:
    """One customer on the ladder at a moment; `days` are days on the clock."""

    terms: Terms
    facts: AccountFacts
    told: Told
    days: int
    at: datetime

    def opens(self, state: State) -> tuple[datetime | None, str]:
        """When the condition of a rung holds, and what for.

        Returns:
            The moment, never before `at`; None where it does not come by time alone.
        """
        short = self._owes_too_little(state.when)
        if short is not None:
            return None, short
        missing_days = state.when.days_overdue + self._grace - self.days
        opens, code = self.at, "too_early"
        if missing_days > 0:
            opens = self.terms.calendar.after_days(self.at, missing_days - 1)
        for ends, why in self._waits(state.when):
            if ends is None:
                return None, why
            if ends > opens:
                opens, code = ends, why
        return opens, code

    @property
    def _grace(self) -> int:
        return self.terms.document.clock.grace_days

    def _owes_too_little(self, when: When) -> str | None:
        if when.unpaid_invoices and n_unpaid(self.facts) < when.unpaid_invoices:
            return "too_few_invoices"
        if when.overdue_amount:
            actionable = (self.facts.actionable or 0) / UNITS
            if actionable < when.overdue_amount:
                return "too_little_overdue"
        return None

    def _waits(self, when: When) -> Iterator[tuple[datetime | None, str]]:
        """Ends of the times that run from notices and from a suspension."""
        calendar = self.terms.calendar
        counted = [(n, d, calendar.after_days) for n, d in when.days_since.items()]
        counted += [
            (n, d, calendar.after_business_days)
            for n, d in when.business_days_since.items()
        ]
        for name, days, after in counted:
            proven = self.told.proven_at(name)
            if proven is None:
                yield None, "notice_missing"
                return
            over = timedelta(days=days) + _CERTAINLY_OVER
            if after == calendar.after_days and self.at - proven > over:
                continue
            yield after(proven, days), "cure_period"
        if when.days_suspended:
            off = [a.at for a in self.facts.access_off if a.action in STOP_ACTIONS]
            if not off:
                yield None, "not_suspended"
                return
            yield calendar.after_days(min(off), when.days_suspended), "too_early"
