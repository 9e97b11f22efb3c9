"""What was known of every customer on every day, read once and used by all policies.

On a given day a customer is in one of three states:

- `ABSENT`: not known yet, or departed without owing anything. Nobody decides about it.
- `QUIET`: nothing is going on. Eight amounts of money and the next due date say all
  that a policy looks at, so the customer stays in columns; most customers are quiet
  most of the time.
- `ACTIVE`: something is going on (arrears, a dispute, a hold …). The policy needs the
  whole account facts.

States and amounts are made where an account changes, and on the days on which scores
are made; whole facts only on days with a change, and only for active customers. In
between, `PortfolioHistory` moves clocks.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from backtest.decision_days import DecisionDays
from features.account import facts_over_time
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
        has_facts: (customers,) whole facts are there, while they are quiet, too.
    """

    customer_ids: tuple[str, ...]
    subject_kind: TextArray
    days: tuple[DayChanges, ...]
    has_facts: BoolArray

    def present(self, starts: Sequence[int]) -> BoolArray:
        """(starts, customers) who is present on some day from a start to the next.

        Args:
            starts: indices of days, rising, the first of them 0.
        """
        present = np.zeros((len(starts), len(self.customer_ids)), dtype=bool)
        is_present = np.zeros(len(self.customer_ids), dtype=bool)
        for index, day in enumerate(self.days):
            rows = day.rows()
            is_present[rows[:, 0].astype(np.int64)] = rows[:, 1] != ABSENT
            present[np.searchsorted(starts, index, side="right") - 1] |= is_present
        return present


def portfolio_timeline(
    portfolio: Portfolio,
    days: DecisionDays,
    *,
    with_notices: bool,
    progress: Progress,
    all_facts: bool = False,
) -> PortfolioTimeline:
    """Read the portfolio through, customer by customer.

    Args:
        portfolio: its tables say what was known when.
        days: on which decisions are made.
        with_notices: whether recorded notices count for the policies.
        progress: called with customers done and customers in all.
        all_facts: whole facts of everybody, for policies to which amounts of quiet
            customers do not suffice.
    """
    reader = _Reader(days, with_notices=with_notices, all_facts=all_facts)
    ids = portfolio.customer_ids
    kinds = np.empty(len(ids), dtype=object)
    for customer, timeline in enumerate(fact_timelines(portfolio)):
        reader.read_states(customer, timeline)
        kinds[customer] = timeline.subject_kind
        if customer % _REPORT_EVERY == 0:
            progress(customer, 2 * len(ids))
    reader.read_facts(portfolio, progress)
    has_facts = np.full(len(ids), all_facts)
    return PortfolioTimeline(ids, kinds, tuple(reader.days), has_facts)


def with_facts_of(
    timeline: PortfolioTimeline,
    portfolio: Portfolio,
    days: DecisionDays,
    customers: IntArray,
    *,
    with_notices: bool,
) -> PortfolioTimeline:
    """The same timeline, with whole facts of further customers on all days.

    Args:
        timeline: of the portfolio.
        portfolio: it was read from.
        days: on which decisions are made.
        customers: indices, rising, of customers to whom amounts do not suffice.
        with_notices: as it was read.
    """
    customers = customers[~timeline.has_facts[customers]]
    ids = [timeline.customer_ids[customer] for customer in customers.tolist()]
    reader = _Reader(days, with_notices=with_notices, all_facts=True)
    for customer, own in zip(
        customers.tolist(), fact_timelines(portfolio, ids), strict=True
    ):
        reader.read_states(customer, own)
    reader.read_facts(portfolio, lambda _done, _all: None)
    changes = zip(timeline.days, reader.days, strict=True)
    days_with = tuple(
        # of two rows the later one stands
        DayChanges(day.amounts + more.amounts, day.facts | more.facts)
        for day, more in changes
    )
    has_facts = timeline.has_facts.copy()
    has_facts[customers] = True
    return replace(timeline, days=days_with, has_facts=has_facts)


class _Reader:
    """Fills the days: first states and amounts of everybody, then whole facts."""

    def __init__(
        self, days: DecisionDays, *, with_notices: bool, all_facts: bool
    ) -> None:
        self.days = [DayChanges() for _ in days.moments]
        self._decided_at = [microseconds(at) for at in days.moments]
        self._moments = np.array(self._decided_at, dtype=np.int64)
        self._scored = frozenset(days.scored)
        self._with_notices = with_notices
        self._quiet = ACTIVE if all_facts else QUIET
        self._days_with_facts: defaultdict[int, list[int]] = defaultdict(list)

    def read_states(self, customer: int, timeline: FactTimeline) -> None:
        """States and amounts of a customer, and the days on which facts are needed."""
        changes = timeline.change_points(with_notices=self._with_notices)
        changed_on = frozenset(self._first_days(changes).tolist())
        before, committed = ABSENT, None
        for day in sorted(changed_on | self._scored):
            account = timeline.at(self._decided_at[day])
            state = self._state(account)
            is_new = (
                day in changed_on
                or state != before
                or account.money.committed != committed
            )
            # Somebody who has just become quiet needs whole facts once more, because
            # they say whether access that was taken away may return.
            if ACTIVE in (state, before) and is_new:
                self._days_with_facts[customer].append(day)
            self.days[day].amounts.extend((customer, state, *_amounts(account)))
            before, committed = state, account.money.committed

    def read_facts(self, portfolio: Portfolio, progress: Progress) -> None:
        """Whole facts on the days on which `read_states` saw a need for them."""
        ids = portfolio.customer_ids
        index = {customer_id: i for i, customer_id in enumerate(ids)}
        needed = {ids[i]: days for i, days in self._days_with_facts.items()}
        for done, events in enumerate(portfolio.iter_events(needed)):
            days = needed[events.customer_id]
            moments = [self._decided_at[day] for day in days]
            over_time = facts_over_time(events, moments, portfolio.settings)
            customer = index[events.customer_id]
            for day, facts in zip(days, over_time, strict=True):
                self.days[day].facts[customer] = self._without_old_policy(facts)
            if done % 100 == 0:
                progress(len(ids) + done * len(ids) // len(needed), 2 * len(ids))

    def _first_days(self, moments: Sequence[int]) -> IntArray:
        """The decision days on which changes are first seen, each once."""
        days = np.searchsorted(self._moments, np.array(moments, dtype=np.int64))
        return np.unique(days[days < len(self._moments)])

    def _state(self, account: AccountState) -> int:
        if not account.is_present:
            return ABSENT
        return self._quiet if account.is_quiet else ACTIVE

    def _without_old_policy(self, facts: AccountFacts) -> AccountFacts:
        """Without the actions of the policy of that time, and without its notices."""
        return fast_replace(
            facts,
            notices=facts.notices if self._with_notices else (),
            access_off=(),
            actions_90d=(),
            fraud_stopped_at=None,
        )


def _amounts(account: AccountState) -> Iterator[float]:
    for value in (*account.money, account.usage_ratio):
        yield float("nan") if value is None else float(value)
