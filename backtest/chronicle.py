"""What the portfolio knew of every customer on every day, made once for all policies.

Facts are made where something turns and handed out day by day. A customer about whom
nothing is going on is nine numbers; everybody else is whole account facts.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from backtest.changed import changed
from backtest.plan import Days
from backtest.turns import AlertRow, HoldRow, OtherRows, OutcomeRow, first_days, turns
from features.account import facts_over_time
from features.account.account import Account
from features.account.history import History
from features.account.many import histories, rows_by_customer
from features.account.rows import Row
from features.account.standing import Rules, Standing
from features.account.worth import worth
from features.events import MISSING
from features.facts import AccountFacts
from features.moments import microseconds
from features.portfolio import Portfolio

ABSENT, PLAIN, PARTICULAR = 0, 1, 2
MONEY = (
    "open",
    "recurring_monthly",
    "recurring_committed",
    "usage_daily_cost",
    "committed",
    "clv",
    "run_up",
)
_STRIDE = len(MONEY) + 3  # customer, status, money, ratio of usage
_FRAUD_SIGNS = frozenset({"fraud", "account_takeover"})

Progress = Callable[[int, int], None]


class _Version(Row, frozen=True):
    subject_kind: str | None


@dataclass
class Day:
    """What is new on one day: customers as numbers, and facts by customer."""

    numbers: array[float] = field(default_factory=lambda: array("d"))
    facts: dict[int, AccountFacts] = field(default_factory=dict)

    def rows(self) -> npt.NDArray[np.float64]:
        """(n, 10): customer, status, `MONEY` in ten-thousandths, ratio of usage.

        NaN is unknown.
        """
        return np.array(self.numbers).reshape(-1, _STRIDE)


@dataclass(frozen=True)
class Chronicle:
    """News by day, for customers in the order of `customer_ids`.

    `in_full`: whole facts of everybody, also of those at rest.
    """

    customer_ids: tuple[str, ...]
    subject_kind: npt.NDArray[np.object_]
    days: tuple[Day, ...]
    in_full: bool

    def in_book(self, starts: Sequence[int]) -> npt.NDArray[np.bool_]:
        """(starts, customers) who is in the book on some day from a start to the next.

        Args:
            starts: places of days, rising, the first of them 0.
        """
        found = np.zeros((len(starts), len(self.customer_ids)), dtype=bool)
        is_in = np.zeros(len(self.customer_ids), dtype=bool)
        for place, day in enumerate(self.days):
            rows = day.rows()
            is_in[rows[:, 0].astype(np.int64)] = rows[:, 1] != ABSENT
            found[np.searchsorted(starts, place, side="right") - 1] |= is_in
        return found


def chronicle(
    portfolio: Portfolio,
    days: Days,
    *,
    with_notices: bool,
    progress: Progress,
    in_full: bool = False,
) -> Chronicle:
    """Read the portfolio through, customer by customer.

    Args:
        portfolio: its tables say what was known when.
        days: on which decisions are made.
        with_notices: whether recorded notices count for the policies.
        progress: called with customers done and customers in all.
        in_full: whole facts of everybody, for policies that look at more than numbers.
    """
    reader = _Reader(portfolio, days, with_notices=with_notices, in_full=in_full)
    ids = portfolio.customer_ids
    for i, history in enumerate(histories(portfolio, ids)):
        reader.read(i, history)
        if i % 500 == 0:
            progress(i, 2 * len(ids))
    places = {customer_id: i for i, customer_id in enumerate(ids)}
    asked = {ids[i]: moments for i, moments in reader.particular.items()}
    for done, events in enumerate(portfolio.iter_events(asked)):
        theirs, place = asked[events.customer_id], places[events.customer_id]
        moments = [reader.decided_at[day] for day in theirs]
        over_time = facts_over_time(events, moments, portfolio.settings)
        for day, facts in zip(theirs, over_time, strict=True):
            untouched = _untouched(facts, with_notices=with_notices)
            reader.days[day].facts[place] = untouched
        if done % 100 == 0:
            progress(len(ids) + done * len(ids) // len(asked), 2 * len(ids))
    kinds = np.array([reader.kinds.get(i) for i in ids], dtype=object)
    return Chronicle(ids, kinds, tuple(reader.days), in_full)


def _untouched(facts: AccountFacts, *, with_notices: bool) -> AccountFacts:
    """Without what the policy of that time did: its actions, and its notices."""
    notices = facts.notices if with_notices else ()
    notices = tuple(replace(notice, policy=None) for notice in notices)
    return changed(facts, notices=notices, access_off=(), actions_90d=())


class _Reader:
    """Finds for each customer the days with news, and who is in a particular state."""

    def __init__(
        self, portfolio: Portfolio, days: Days, *, with_notices: bool, in_full: bool
    ) -> None:
        self.rules = Rules(portfolio.settings)
        self.decided_at = [microseconds(at) for at in days.moments]
        self.days = [Day() for _ in days.moments]
        self.particular: defaultdict[int, list[int]] = defaultdict(list)
        self._moments = np.array(self.decided_at, dtype=np.int64)
        self._always = frozenset(days.scored)
        self._with_notices, self._at_rest = with_notices, PLAIN
        if in_full:
            self._at_rest = PARTICULAR
        tables = portfolio.tables
        self._holds = rows_by_customer(tables["holds"], HoldRow)
        self._alerts = rows_by_customer(tables["alerts"], AlertRow)
        self._outcomes = rows_by_customer(tables["outcomes"], OutcomeRow)
        versions = rows_by_customer(tables["customers"], _Version)
        self.kinds = {
            customer_id: rows[-1].subject_kind for customer_id, rows in versions.items()
        }

    def read(self, i: int, history: History) -> None:
        others = OtherRows(
            self._holds.get(history.customer_id, ()),
            self._alerts.get(history.customer_id, ()),
            self._outcomes.get(history.customer_id, ()),
        )
        account = Account(history, self.rules)
        changes = turns(history, others, self.rules, with_notices=self._with_notices)
        windows = list(_windows(history, others))
        turned = frozenset(first_days(changes, self._moments).tolist())
        was, committed = ABSENT, None
        for day in sorted(turned | self._always):
            at = self.decided_at[day]
            standing = account.at(at)
            status = _status(standing, windows, self._at_rest)
            # whoever comes to rest is looked at in full once more: access may return
            is_new = day in turned or status != was or standing.committed != committed
            if PARTICULAR in (status, was) and is_new:
                self.particular[i].append(day)
            self.days[day].numbers.extend((i, status, *_numbers(standing, self.rules)))
            was, committed = status, standing.committed


def _status(standing: Standing, windows: list[tuple[int, int]], at_rest: int) -> int:
    """Superset of `decisions`' own idea: when in doubt the whole facts are made."""
    at = standing.as_of
    customer = standing.customer
    if customer is None or (standing.is_departed and not standing.open):
        return ABSENT
    busy = (
        standing.overdue
        or standing.contested
        or standing.in_flight
        or standing.promises
        or any(dispute.is_open_at(at) for dispute in standing.disputes)
        or any(row.kind.startswith("appeal_") for row in standing.contacts)
        or any(start <= at < end for start, end in windows)
    )
    return PARTICULAR if busy else at_rest


def _numbers(standing: Standing, rules: Rules) -> Iterator[float]:
    usage, brings_in = standing.usage, worth(standing, rules)
    for value in (
        standing.open,
        brings_in.recurring_monthly,
        standing.recurring_committed,
        usage.daily_cost if usage else None,
        standing.committed,
        brings_in.clv,
        standing.run_up,
        usage.ratio if usage else None,
    ):
        yield np.nan if value is None else float(value)


def _windows(history: History, others: OtherRows) -> Iterator[tuple[int, int]]:
    """Spans in which a hold or a sign of fraud may be in force."""
    forever = np.iinfo(np.int64).max
    for hold in others.holds:
        yield hold.known_at, forever if hold.until == MISSING else hold.until + 1
    for outcome in others.outcomes:
        if outcome.kind in _FRAUD_SIGNS:
            yield outcome.known_at, forever
    for dispute in history.disputes:
        if dispute.kind == "chargeback_fraud":
            yield dispute.known_at, forever
    yield from _alerted(others.alerts)


def _alerted(rows: Sequence[AlertRow]) -> Iterator[tuple[int, int]]:
    spans: dict[str, list[int]] = {}
    for row in rows:
        span = spans.setdefault(row.alert_id, [row.known_at, np.iinfo(np.int64).max])
        if row.status == "resolved" and row.resolved_reason != "fraud":
            span[1] = row.known_at
    return ((start, end) for start, end in spans.values())
