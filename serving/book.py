"""What was decided before: places taken of the policy's budgets, and the last word.

Counted by the moment asked about, so that a backfill of last month takes nothing of
today's budgets. A customer counts once a day, and never against itself.
"""

import json
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from decisions.actions import STOPS, Action
from decisions.case import BudgetUse
from decisions.policy_file.load import Policy
from decisions.steps.book import has_stop_budget, is_queue_full, stops_per_day
from decisions.terms import Terms
from features.moments import microseconds, to_datetime
from serving.answer import ScoreAnswer
from serving.decision_store import DecisionReader
from serving.places import Claim, Kind, Limit, Place

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
        named: notices asked for before, and when last, where no contacts are kept.
    """

    book: BudgetUse = field(default_factory=BudgetUse)
    previous: Action | None = None
    previous_at: datetime | None = None
    named: Mapping[str, datetime] = field(default_factory=dict)

    def to_json(self) -> str:
        at = None if self.previous_at is None else self.previous_at.isoformat()
        said = {**asdict(self.book), "previous": self.previous, "previous_at": at}
        said["named"] = {name: at.isoformat() for name, at in self.named.items()}
        return json.dumps(said, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Before":
        said: dict[str, Any] = json.loads(text)
        previous, at = said.pop("previous", None), said.pop("previous_at", None)
        moment = None if at is None else datetime.fromisoformat(at)
        named = {
            name: datetime.fromisoformat(day)
            for name, day in said.pop("named", {}).items()
        }
        return cls(BudgetUse(**said), previous, moment, named)


Places = defaultdict[str, set[int]]  # customer to moments, microseconds


@dataclass(frozen=True, slots=True)
class _Day:
    """Who took a place on one local day, from `begin` until before `end`."""

    begin: int
    end: int
    stop: Places = field(default_factory=lambda: defaultdict(set))
    review: Places = field(default_factory=lambda: defaultdict(set))

    def add(self, place: Place) -> None:
        if self.begin <= place.as_of < self.end:
            taken = self.stop if place.kind == "stop" else self.review
            taken[place.customer_id].add(place.as_of)


class Book:
    """Places taken, as all processes recorded them: in memory, read on as they come.

    What is decided at the same moment, here or in another process, is not known yet:
    `claim` says what a decision rests on, the store refuses to record it when that no
    longer holds, and then it is decided again. So no place is given twice.
    """

    def __init__(self, store: DecisionReader) -> None:
        self._store = store
        self._days: OrderedDict[tuple[ZoneInfo, date], _Day] = OrderedDict()
        self._last_place = store.last_place()

    def before(
        self,
        customer_id: str,
        as_of: datetime,
        policy: Policy,
        *,
        n_customers: int | None,
        is_stopped: bool,
        has_contacts: bool = True,
    ) -> Before:
        """What is known before deciding about one customer."""
        self._catch_up()
        terms = _terms(policy, as_of)
        moment, today = microseconds(as_of), as_of.astimezone(terms.zone).date()
        days = [self._day(terms.zone, today + _DAY * n) for n in (-1, 0, 1)]
        # an hour to either side: senders with several clocks arrive out of order
        lately = {
            who
            for day in days
            for who, moments in day.stop.items()
            if any(abs(at - moment) < _HOUR for at in moments)
        }
        book = BudgetUse(
            suspensions_last_hour=len(lately - {customer_id}),
            suspensions_today=len(days[1].stop.keys() - {customer_id}),
            reviews_today=len(days[1].review) - (customer_id in days[1].review),
            n_customers=n_customers,
            is_stopped=is_stopped,
        )
        oldest = microseconds(as_of - terms.stale_after)
        last = self._store.last_recommended(customer_id, oldest, moment)
        named = {} if has_contacts else self._named(customer_id, moment)
        if last is None:
            return Before(book, named=named)
        return Before(book, last.action, to_datetime(last.as_of), named)

    def _named(self, customer_id: str, before: int) -> dict[str, datetime]:
        """Notices asked for so far, and when last."""
        found = self._store.notices_named(customer_id, before)
        return {name: to_datetime(moment) for name, moment in found}

    def claim(self, answer: ScoreAnswer, policy: Policy, known: Before) -> Claim | None:
        """The place an answer takes, to be recorded with it; None if it takes none."""
        kind = _kind(answer)
        if kind is None:
            return None
        terms = _terms(policy, answer.as_of)
        day = self._day(terms.zone, answer.as_of.astimezone(terms.zone).date())
        moment = microseconds(answer.as_of)
        limits = tuple(_limits(kind, moment, day, terms, known.book))
        return Claim(kind, answer.customer_id, moment, day.begin, day.end, limits)

    def _catch_up(self) -> None:
        for place in self._store.places_since(self._last_place):
            for day in self._days.values():
                day.add(place)
            self._last_place = place.place_id

    def _day(self, zone: ZoneInfo, day: date) -> _Day:
        found = self._days.get((zone, day))
        if found is not None:
            self._days.move_to_end((zone, day))
            return found
        begin, end = (
            microseconds(datetime.combine(d, time(0), zone)) for d in (day, day + _DAY)
        )
        found = _Day(begin, end)
        for place in self._store.places_taken(begin, end):
            found.add(place)
        self._days[(zone, day)] = found
        if len(self._days) > _KEPT_DAYS:
            self._days.popitem(last=False)
        return found


def _terms(policy: Policy, at: datetime) -> Terms:
    return policy.in_force(at) or policy.latest


def _kind(answer: ScoreAnswer) -> Kind | None:
    """What goes on already takes no place, and no decision takes none."""
    if answer.action is None or answer.in_force:
        return None
    if answer.action == "review":
        return "review"
    return "stop" if answer.action in STOPS else None


def _limits(
    kind: Kind, moment: int, day: _Day, terms: Terms, book: BudgetUse
) -> Iterator[Limit]:
    """Of the budgets with room: a review for want of a stop needs no place free."""
    if kind == "review":
        capacity = terms.document.review.capacity_per_day
        if capacity is not None and not is_queue_full(terms, book):
            yield Limit(day.begin, day.end, capacity)
    elif has_stop_budget(terms, book):
        per_hour = terms.document.budget.per_hour
        if per_hour is not None:
            yield Limit(moment - _HOUR + 1, moment + _HOUR, per_hour)
        yield Limit(day.begin, day.end, stops_per_day(terms, book.n_customers))
