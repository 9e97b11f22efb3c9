"""How much of the policy's budgets is used, as all processes recorded it.

Counted by the moment asked about, so that a backfill of last month takes nothing of
today's budgets. A customer counts once a day, and never against itself.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from decisions.actions import STOPS, Action
from decisions.case import BudgetUse, Clock
from decisions.policy_file.load import Policy
from decisions.steps.reserve import has_stop_budget, is_queue_full, stops_per_day
from decisions.terms import Terms
from features.moments import microseconds, to_datetime
from serving.answer import ScoreAnswer
from serving.prior_decisions import PriorDecisions
from store.budget_slots import BudgetSlot, Limit, Reservation, SlotKind
from store.decisions import DecisionReader

_HOUR = 3_600_000_000  # microseconds
_KEPT_DAYS = 64
_DAY = timedelta(days=1)

MomentsByCustomer = defaultdict[str, set[int]]  # microseconds since 1970 UTC


@dataclass(frozen=True, slots=True)
class _Day:
    """Slots taken on one local day, from `begin` until before `end`."""

    begin: int
    end: int
    stop: MomentsByCustomer = field(default_factory=lambda: defaultdict(set))
    review: MomentsByCustomer = field(default_factory=lambda: defaultdict(set))

    def add(self, slot: BudgetSlot) -> None:
        if self.begin <= slot.as_of < self.end:
            taken = self.stop if slot.kind == "stop" else self.review
            taken[slot.customer_id].add(slot.as_of)


class BudgetLedger:
    """Slots taken of the budgets: kept in memory, and read on as they are committed.

    What is decided at the same moment, here or in another process, is not known yet.
    So `reservation` says what a decision rests on; the store refuses to record it when
    that no longer holds, and then it is decided again. No slot is given twice.

    Args:
        store: whose slots are counted.
        watched: whose alarms of monitoring stop automation; default: `store`.
    """

    def __init__(
        self, store: DecisionReader, watched: DecisionReader | None = None
    ) -> None:
        self._store, self._watched = store, watched or store
        self._days: OrderedDict[tuple[ZoneInfo, date], _Day] = OrderedDict()
        self._last_slot_id = store.last_slot_id()

    def prior_decisions(
        self,
        customer_id: str,
        as_of: datetime,
        policy: Policy,
        *,
        n_customers: int | None,
        is_stopped: bool,
        has_contacts: bool = True,
    ) -> PriorDecisions:
        """What is known before deciding about one customer."""
        terms = _terms(policy, as_of)
        moment, today = microseconds(as_of), as_of.astimezone(terms.zone).date()
        oldest = microseconds(as_of - terms.stale_after)
        known = self._store.known_before(
            customer_id, self._last_slot_id, oldest, moment
        )
        self._take(known.slots)
        days = [self._day(terms.zone, today + _DAY * n) for n in (-1, 0, 1)]
        # an hour to either side: senders with several clocks arrive out of order
        within_the_hour = {
            who
            for day in days
            for who, moments in day.stop.items()
            if any(abs(at - moment) < _HOUR for at in moments)
        }
        alarm = known.alarm
        if self._watched is not self._store:
            alarm = self._watched.standing_alarm()
        budget_use = BudgetUse(
            suspensions_last_hour=len(within_the_hour - {customer_id}),
            suspensions_today=len(days[1].stop.keys() - {customer_id}),
            reviews_today=len(days[1].review) - (customer_id in days[1].review),
            n_customers=n_customers,
            is_stopped=is_stopped,
            alarm=cast("Clock | None", alarm),
        )
        named = {} if has_contacts else self._named(customer_id, moment)
        if known.last is None:
            return PriorDecisions(budget_use, named=named)
        # what was recorded is an action: the store keeps it as the answer said it
        previous, at = cast("Action", known.last.action), to_datetime(known.last.as_of)
        return PriorDecisions(budget_use, previous, at, named)

    def reservation(
        self, answer: ScoreAnswer, policy: Policy, prior: PriorDecisions
    ) -> Reservation | None:
        """The slot an answer takes, to be recorded with it; None if it takes none."""
        kind = _kind(answer)
        if kind is None:
            return None
        terms = _terms(policy, answer.as_of)
        day = self._day(terms.zone, answer.as_of.astimezone(terms.zone).date())
        moment = microseconds(answer.as_of)
        limits = tuple(_limits(kind, moment, day, terms, prior.budget_use))
        return Reservation(kind, answer.customer_id, moment, day.begin, day.end, limits)

    def _named(self, customer_id: str, before: int) -> dict[str, datetime]:
        """Notices asked for so far, and when last."""
        last = self._store.last_notices(customer_id, before)
        return {name: to_datetime(moment) for name, moment in last.items()}

    def _take(self, slots: Iterable[BudgetSlot]) -> None:
        """What was committed since the last time, in order."""
        for slot in slots:
            for day in self._days.values():
                day.add(slot)
            self._last_slot_id = slot.slot_id

    def _day(self, zone: ZoneInfo, on: date) -> _Day:
        known = self._days.get((zone, on))
        if known is not None:
            self._days.move_to_end((zone, on))
            return known
        begin, end = (
            microseconds(datetime.combine(d, time(0), zone)) for d in (on, on + _DAY)
        )
        day = _Day(begin, end)
        for slot in self._store.slots_taken(begin, end):
            day.add(slot)
        self._days[(zone, on)] = day
        if len(self._days) > _KEPT_DAYS:
            self._days.popitem(last=False)
        return day


def _terms(policy: Policy, at: datetime) -> Terms:
    return policy.in_force(at) or policy.latest


def _kind(answer: ScoreAnswer) -> SlotKind | None:
    """What goes on already takes no slot, and no decision takes none."""
    if answer.action is None or answer.permission.in_force:
        return None
    if answer.action == "review":
        return "review"
    return "stop" if answer.action in STOPS else None


def _limits(
    kind: SlotKind, moment: int, day: _Day, terms: Terms, budget_use: BudgetUse
) -> Iterator[Limit]:
    """Of the budgets with room: a review for want of a stop needs no slot free."""
    if kind == "review":
        capacity = terms.document.review.capacity_per_day
        if capacity is not None and not is_queue_full(terms, budget_use):
            yield Limit(day.begin, day.end, capacity)
    elif has_stop_budget(terms, budget_use):
        per_hour = terms.document.budget.per_hour
        if per_hour is not None:
            yield Limit(moment - _HOUR + 1, moment + _HOUR, per_hour)
        yield Limit(day.begin, day.end, stops_per_day(terms, budget_use.n_customers))
