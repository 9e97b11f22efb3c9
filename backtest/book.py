"""Everybody on one day, as the policies will see them."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from backtest.changed import changed
from backtest.chronicle import ABSENT, MONEY, PARTICULAR, PLAIN, Chronicle
from backtest.plan import Days
from backtest.scores import Floats, Scores
from backtest.turns import advanced
from decisions.rules.eligibility import is_plain
from features.facts import AccountFacts

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Today:
    """One day's book.

    Args:
        day: place among the decision days. at: aware UTC moment.
        plain: customers about whom nothing is going on (places, rising).
        particular: places of all others; `facts` are theirs, as of `at`.
        money: (customers, 7) of `MONEY`, ten-thousandths, NaN unknown.
        p: per target (customers,), NaN where there is no score.
    """

    day: int
    at: datetime
    customer_ids: npt.NDArray[np.object_]
    subject_kind: npt.NDArray[np.object_]
    plain: Ints
    particular: Ints
    facts: tuple[AccountFacts, ...]
    money: Floats
    p: dict[str, Floats]
    nonpayment_given_fraud: float

    @property
    def customers(self) -> Ints:
        """Everybody in the book: the plain ones first."""
        return np.concatenate([self.plain, self.particular])

    def money_of(self, who: Ints) -> dict[str, Floats]:
        """Columns as `decisions.steps.columns.columns_of_plain` takes them."""
        return {name: self.money[who, k] for k, name in enumerate(MONEY)}

    def probabilities_of(self, who: Ints) -> dict[str, Floats]:
        rho = np.full(len(who), self.nonpayment_given_fraud)
        return {
            "p_fraud": self.p["fraud"][who],
            "p_nonpayment": self.p["nonpayment"][who],
            "nonpayment_given_fraud": rho,
        }


class Book:
    """Moves from day to day; facts in between are the last ones, their clocks moved."""

    def __init__(
        self, chronicle: Chronicle, scores: Scores, days: Days, zone: ZoneInfo
    ) -> None:
        n = len(chronicle.customer_ids)
        self._chronicle, self._scores = chronicle, scores
        self._days, self._zone = days, zone
        self._ids = np.array(chronicle.customer_ids, dtype=object)
        self._status = np.full(n, ABSENT)
        self._at_rest = np.zeros(n, dtype=bool)  # by their last whole facts
        self._money = np.full((n, len(MONEY)), np.nan)
        self._facts: dict[int, AccountFacts] = {}

    def on(self, day: int) -> Today:
        """The book of a day; days must come in order."""
        at = self._days.moments[day]
        news = self._chronicle.days[day]
        rows = news.rows()
        who = rows[:, 0].astype(np.int64)
        for i, found in news.facts.items():
            self._at_rest[i] = is_plain(found) and not self._chronicle.in_full
        demoted = (rows[:, 1] == PARTICULAR) & self._at_rest[who]
        status = self._status[who] = np.where(demoted, PLAIN, rows[:, 1])
        self._money[who] = rows[:, 2 : 2 + len(MONEY)]
        for i in who[self._status[who] != PARTICULAR].tolist():
            self._facts.pop(i, None)
        told = dict(news.facts)
        # whole facts of somebody at rest are told once, for whoever lost access
        once = {i: told.pop(i) for i in list(told) if self._status[i] != PARTICULAR}
        self._facts.update(told)
        facts = {i: self._as_of(f, at) for i, f in self._facts.items()}
        for row in rows[status == PARTICULAR]:
            i = int(row[0])
            if i not in told:
                facts[i] = self._facts[i] = _refreshed(facts[i], row[2:])
        facts |= {i: f for i, f in once.items() if self._status[i] == PLAIN}
        particular = np.array(sorted(facts), dtype=np.int64)
        numbers_do = self._status == PLAIN
        numbers_do[particular] = False
        return Today(
            day=day,
            at=at,
            customer_ids=self._ids,
            subject_kind=self._chronicle.subject_kind,
            plain=np.flatnonzero(numbers_do),
            particular=particular,
            facts=tuple(facts[i] for i in particular.tolist()),
            money=self._money,
            p=self._scores.on(day),
            nonpayment_given_fraud=self._scores.nonpayment_given_fraud,
        )

    def _as_of(self, facts: AccountFacts, at: datetime) -> AccountFacts:
        if facts.as_of == at:
            return facts
        zone = self._zone
        days = (at.astimezone(zone).date() - facts.as_of.astimezone(zone).date()).days
        return advanced(facts, at, days)


def _refreshed(facts: AccountFacts, numbers: Floats) -> AccountFacts:
    """Money that usage and time change, though nothing turned."""
    recurring, bound, usage, committed, clv = (
        None if np.isnan(value) else int(value) for value in numbers[1:6]
    )
    ratio = float(numbers[len(MONEY)])
    return changed(
        facts,
        recurring_monthly=recurring,
        recurring_committed=bound,
        usage_daily_cost=usage,
        committed=committed,
        clv=clv,
        usage_ratio=None if np.isnan(ratio) else ratio,
    )
