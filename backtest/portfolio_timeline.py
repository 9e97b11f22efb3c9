"""What was known of every customer on every day, read once and used by all policies.

On a given day a customer is in one of three states:

- `ABSENT`: not known yet, or departed without owing anything. Nobody decides about it.
- `QUIET`: nothing is going on. Eight amounts of money and the next due date say all
  that a policy looks at, so the customer stays in columns; most customers are quiet
  most of the time.
- `ACTIVE`: something is going on (arrears, a dispute, a hold …). The policy needs the
  whole account facts.

States and amounts are made where an account changes, and on the days on which scores
are made; whole facts only on days with a change, and only for active customers: at
once, but for those whom a policy looks into for their scores, which are not known yet.
In between, `PortfolioHistory` moves clocks.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from backtest.decision_days import DecisionDays
from features.account import FACT_NAMES, fact_values
from features.arrays import BoolArray, FloatArray, IntArray, TextArray
from features.facts import AccountFacts
from features.moments import microseconds
from features.portfolio import Portfolio
from features.timeline import (
    AccountMoney,
    AccountState,
    FactTimeline,
    fact_timelines,
    fast_replace,
)

ABSENT, QUIET, ACTIVE = 0, 1, 2
MONEY = AccountMoney._fields
_WIDTH = len(MONEY) + 3  # customer, state, money, ratio of usage
_REPORT_EVERY = 500  # customers between two reports of progress

Progress = Callable[[int, int], None]


@dataclass
class DayChanges:
    """What is new on one day: amounts of customers, and whole facts by customer.

    Customers are indices of `PortfolioTimeline.customer_ids`.
    """

    amounts: "array[float]" = field(default_factory=lambda: array("d"))
    facts: dict[int, AccountFacts] = field(default_factory=dict)

    def rows(self) -> FloatArray:
        """(n, 12): customer, state, `MONEY` in ten-thousandths, ratio of usage.

        NaN is unknown.
        """
        return np.array(self.amounts).reshape(-1, _WIDTH)


@dataclass(frozen=True)
class PortfolioTimeline:
    """Changes by day, for customers in the order of `customer_ids`.

    Args:
        customer_ids: all customers of the portfolio, sorted.
        subject_kind: (customers,) of the latest version, or None.
        days: what changes on each decision day.
        is_looked_into: (days, customers) whose whole facts are there, although they may
            show that nothing is going on.
    """

    customer_ids: tuple[str, ...]
    subject_kind: TextArray
    days: tuple[DayChanges, ...]
    is_looked_into: BoolArray


class _SeenState(NamedTuple):
    """How a customer stands on a day, and whether facts may differ from before."""

    day: int
    state: int
    is_changed: bool


class TimelineReader:
    """Reads a portfolio through: the states of everybody, then facts where needed.

    Args:
        portfolio: its tables say what was known when.
        days: on which decisions are made.
        with_notices: whether recorded notices count for the policies.
        progress: called with customers done and customers in all, of both passes.
    """

    def __init__(
        self,
        portfolio: Portfolio,
        days: DecisionDays,
        *,
        with_notices: bool,
        progress: Progress,
    ) -> None:
        self._portfolio, self._ids = portfolio, portfolio.customer_ids
        self._days = tuple(DayChanges() for _ in days.moments)
        self._decided_at = [microseconds(at) for at in days.moments]
        self._moments = np.array(self._decided_at, dtype=np.int64)
        self._scored = frozenset(days.scored)
        self._with_notices, self._progress = with_notices, progress
        self._subject_kind: TextArray = np.empty(len(self._ids), dtype=object)
        self._seen: list[list[_SeenState]] = []
        self._facts: list[dict[int, AccountFacts]] = []  # by customer, then by day
        self._numbers = array("d")  # `fact_values` by customer and scoring day
        timelines = fact_timelines(portfolio, since=self._decided_at[0])
        for customer, timeline in enumerate(timelines):
            self._facts.append({})
            self._seen.append(list(self._states(customer, timeline)))
            self._subject_kind[customer] = timeline.subject_kind
            if customer % _REPORT_EVERY == 0:
                progress(customer, 2 * len(self._ids))

    def present(self, starts: Sequence[int]) -> BoolArray:
        """(starts, customers) who is present on some day from a start to the next.

        Args:
            starts: indices of days, rising, the first of them 0.
        """
        present = np.zeros((len(starts), len(self._ids)), dtype=bool)
        is_present = np.zeros(len(self._ids), dtype=bool)
        for index, day in enumerate(self._days):
            rows = day.rows()
            is_present[rows[:, 0].astype(np.int64)] = rows[:, 1] != ABSENT
            present[np.searchsorted(starts, index, side="right") - 1] |= is_present
        return present

    def take_facts_when_scored(self) -> FloatArray:
        """(customers, scoring days, facts): the numbers of `FACT_NAMES`; called once.

        They are large, so the reader keeps none of them.
        """
        shape = (len(self._ids), len(self._scored), len(FACT_NAMES))
        numbers, self._numbers = self._numbers, array("d")
        return np.frombuffer(numbers).reshape(shape)

    def timeline(self, is_looked_into: BoolArray) -> PortfolioTimeline:
        """What changes, with whole facts wherever amounts do not suffice; called once.

        Args:
            is_looked_into: (days, customers) to whom amounts do not suffice although
                nothing is going on; the same from one scoring day to the next.
        """
        self._put_facts(is_looked_into)
        self._seen.clear()
        self._facts.clear()
        return PortfolioTimeline(
            self._ids, self._subject_kind, self._days, is_looked_into
        )

    def _states(self, customer: int, timeline: FactTimeline) -> Iterator[_SeenState]:
        """States of a customer; amounts go into the days, and facts are kept."""
        changes = timeline.change_points(with_notices=self._with_notices)
        changed_on = frozenset(self._first_days(changes).tolist())
        before, committed = ABSENT, None
        for day in sorted(changed_on | self._scored):
            standing = timeline.standing(self._decided_at[day])
            account = timeline.state(standing)
            if day in self._scored:
                self._numbers.extend(fact_values(standing))
            state = _state(account)
            is_changed = day in changed_on or account.money.committed != committed
            if _needs_facts(state, before, is_new=is_changed or state != before):
                facts = self._without_old_notices(timeline.facts(standing))
                self._facts[customer][day] = facts
            self._days[day].amounts.extend((customer, state, *_amounts(account)))
            yield _SeenState(day, state, is_changed)
            before, committed = state, account.money.committed

    def _put_facts(self, is_looked_into: BoolArray) -> None:
        """Whole facts to their days; those that are missing are read first."""
        missing: dict[int, list[int]] = {}
        for customer, known in enumerate(self._facts):
            looked_into = is_looked_into[:, customer].tolist()
            for day in _days_with_facts(self._seen[customer], looked_into):
                if day in known:
                    self._days[day].facts[customer] = known[day]
                else:
                    missing.setdefault(customer, []).append(day)
        ids = [self._ids[customer] for customer in missing]
        timelines = fact_timelines(self._portfolio, ids, self._decided_at[0])
        for done, (timeline, customer) in enumerate(
            zip(timelines, missing, strict=True)
        ):
            for day in missing[customer]:
                facts = timeline.facts(timeline.standing(self._decided_at[day]))
                self._days[day].facts[customer] = self._without_old_notices(facts)
            if done % 100 == 0:
                share = done * len(self._ids) // len(missing)
                self._progress(len(self._ids) + share, 2 * len(self._ids))

    def _first_days(self, moments: Sequence[int]) -> IntArray:
        """The decision days on which changes are first seen, each once."""
        days = np.searchsorted(self._moments, np.array(moments, dtype=np.int64))
        return np.unique(days[days < len(self._moments)])

    def _without_old_notices(self, facts: AccountFacts) -> AccountFacts:
        """Without those of the policy of that time, unless they count."""
        return facts if self._with_notices else fast_replace(facts, notices=())


def states_looked_into(
    states: FloatArray | IntArray, is_looked_into: BoolArray
) -> IntArray:
    """The states customers are dealt with in: whoever is looked into is active."""
    is_active = (states == QUIET) & is_looked_into
    return np.where(is_active, ACTIVE, states).astype(np.int64)


def _days_with_facts(seen: Sequence[_SeenState], looked_into: list[bool]) -> list[int]:
    """Days on which whole facts of a customer are needed."""
    days = []
    before, was_looked_into = ABSENT, False
    for day, at_rest, is_changed in seen:
        is_looked_into = looked_into[day]
        state = ACTIVE if at_rest == QUIET and is_looked_into else at_rest
        is_new = is_changed or state != before or is_looked_into != was_looked_into
        if _needs_facts(state, before, is_new=is_new):
            days.append(day)
        before, was_looked_into = state, is_looked_into
    return days


def _needs_facts(state: int, before: int, *, is_new: bool) -> bool:
    """Whether a customer is active and something may be new.

    Somebody who has just become quiet needs whole facts once more, because they say
    whether access that was taken away may return.
    """
    return is_new and ACTIVE in (state, before)


def _state(account: AccountState) -> int:
    if not account.is_present:
        return ABSENT
    return QUIET if account.is_quiet else ACTIVE


def _amounts(account: AccountState) -> Iterator[float]:
    for value in (*account.money, account.usage_ratio):
        yield float("nan") if value is None else float(value)
