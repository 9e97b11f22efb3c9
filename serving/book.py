"""What was decided before: places taken of the policy's budgets, and the last word.

Counted by the moment asked about, so that a backfill of last month takes nothing of
today's budgets. A customer counts once a day, and never against itself.
"""

import json
from collections import OrderedDict
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from decisions.actions import SEVERITY, Action
from decisions.case import BookState
from decisions.policy.load import Policy
from features.moments import microseconds, to_datetime
from serving.answer import ScoreAnswer
from serving.decision_store import DecisionReader

_HOUR = 3_600_000_000  # microseconds
_KEPT_DAYS = 64
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Before:
    """What a decision knew of earlier ones; recorded with it.

    Args:
        book: of the other customers.
        previous: the action last recommended to this customer, while the policy would
            still rest on data of that moment. previous_at: when that was.
    """

    book: BookState = field(default_factory=BookState)
    previous: Action | None = None
    previous_at: datetime | None = None

    def to_json(self) -> str:
        at = None if self.previous_at is None else self.previous_at.isoformat()
        said = {**asdict(self.book), "previous": self.previous, "previous_at": at}
        return json.dumps(said, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Before":
        said: dict[str, Any] = json.loads(text)
        previous, at = said.pop("previous", None), said.pop("previous_at", None)
        moment = None if at is None else datetime.fromisoformat(at)
        return cls(BookState(**said), previous, moment)


@dataclass(slots=True)
class _Day:
    """Who took a place on one local day, and for which moment (microseconds)."""

    stops: dict[str, int] = field(default_factory=dict)
    reviews: dict[str, int] = field(default_factory=dict)

    def take(self, customer_id: str, as_of: int, action: str) -> None:
        if action == "review":
            self.reviews.setdefault(customer_id, as_of)
        elif SEVERITY[action] >= SEVERITY["suspend"]:
            self.stops.setdefault(customer_id, as_of)


class Book:
    """Places taken, in memory; restored from the recorded decisions when asked for.

    An answer counts from the moment it is made, not when its commit returns: of many
    concurrent requests none sees a place as free that another one was given.
    """

    def __init__(self, store: DecisionReader) -> None:
        self._store = store
        self._days: OrderedDict[tuple[ZoneInfo, date], _Day] = OrderedDict()

    def before(
        self, customer_id: str, as_of: datetime, policy: Policy, *, is_stopped: bool
    ) -> Before:
        """What is known before deciding about one customer."""
        terms = policy.in_force(as_of) or policy.latest
        moment, today = microseconds(as_of), as_of.astimezone(terms.zone).date()
        days = [self._day(terms.zone, today + _DAY * n) for n in (-1, 0, 1)]
        # an hour to either side: senders with several clocks arrive out of order
        lately = {
            who
            for day in days
            for who, at in day.stops.items()
            if abs(at - moment) < _HOUR
        }
        book = BookState(
            suspensions_last_hour=len(lately - {customer_id}),
            suspensions_today=len(days[1].stops.keys() - {customer_id}),
            reviews_today=len(days[1].reviews) - (customer_id in days[1].reviews),
            is_stopped=is_stopped,
        )
        oldest = microseconds(as_of - terms.stale_after)
        last = self._store.last_recommended(customer_id, oldest, moment)
        if last is None:
            return Before(book)
        return Before(book, last.action, to_datetime(last.as_of))

    def take(self, answer: ScoreAnswer, policy: Policy) -> None:
        """Count an answer that is about to be recorded."""
        if answer.action is None or answer.in_force:
            return
        terms = policy.in_force(answer.as_of) or policy.latest
        day = self._day(terms.zone, answer.as_of.astimezone(terms.zone).date())
        day.take(answer.customer_id, microseconds(answer.as_of), answer.action)

    def recount(self) -> None:
        """Forget what was counted: an answer could not be recorded."""
        self._days.clear()

    def _day(self, zone: ZoneInfo, day: date) -> _Day:
        found = self._days.get((zone, day))
        if found is not None:
            self._days.move_to_end((zone, day))
            return found
        found = _Day()
        begin, end = (
            microseconds(datetime.combine(d, time(0), zone)) for d in (day, day + _DAY)
        )
        for taken in self._store.places_taken(begin, end):
            found.take(taken.customer_id, taken.as_of, taken.action)
        self._days[(zone, day)] = found
        if len(self._days) > _KEPT_DAYS:
            self._days.popitem(last=False)
        return found
