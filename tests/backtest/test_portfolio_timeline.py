"""What a backtest hands out day by day is what one customer's own facts say."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from advice.advisor import Advisor
from backtest.assumptions import Assumptions
from backtest.decision_days import DecisionDays
from backtest.errors import PeriodError
from backtest.portfolio_day import PortfolioHistory
from backtest.portfolio_timeline import MONEY, TimelineReader
from backtest.scores import scores
from decisions.rules.eligibility import is_plain
from features.account import account_facts
from features.facts import AccountFacts
from features.moments import microseconds
from features.portfolio import Portfolio


def unwatched(_done: int, _all: int) -> None:
    """Nobody watches."""


def without_history(facts: AccountFacts) -> AccountFacts:
    """Without what the policy does itself, and what no decision looks at."""
    return replace(
        facts,
        notices=(),
        access_off=(),
        actions_90d=(),
        fraud_stopped_at=None,
        known_until=None,
    )


@pytest.mark.slow
def test_facts_of_every_day_are_those_of_the_day(
    advisor: Advisor, portfolio: Portfolio
) -> None:
    zone = portfolio.settings.zone
    days = DecisionDays.between(
        date(2025, 6, 1), date(2025, 6, 30), zone, score_every=1
    )
    reader = TimelineReader(portfolio, days, with_notices=False, progress=unwatched)
    present = reader.present(days.scored)
    numbers = reader.take_facts_when_scored()
    as_of_scores = scores(advisor, portfolio, days, present, numbers, unwatched)
    # each customer is looked into on its own third of the days, if at all
    n_customers = len(portfolio.customer_ids)
    turn = np.arange(len(days))[:, None] // 10 + np.arange(n_customers)[None, :]
    is_looked_into = turn % 7 == 0
    timeline = reader.timeline(is_looked_into)
    history = PortfolioHistory(timeline, as_of_scores, days, zone)
    events = list(portfolio.iter_events())
    n_active = 0
    assert 0 < present.mean() < 1
    for day, at in enumerate(days.moments):
        today = history.on(day)
        facts = dict(zip(today.active.tolist(), today.facts, strict=True))
        quiet = set(today.quiet.tolist())
        assert set(np.flatnonzero(present[day])) == quiet | set(facts)
        assert not quiet & set(np.flatnonzero(is_looked_into[day]).tolist())
        for i, mine in enumerate(events):
            own = account_facts(mine, microseconds(at), portfolio.settings)
            own = without_history(own)
            if i in facts:
                n_active += 1
                assert without_history(facts[i]) == own
            elif i in quiet:
                assert is_plain(own)
                assert today.money[i, 0] == own.open
                assert today.money[i, MONEY.index("clv")] == own.clv
                money = today.money_of(np.array([i]))
                assert money["days_until_due"] == own.days_until_due
                assert money["usage_unbilled"] == own.usage_unbilled
            else:
                assert own.created_at is None or (own.is_departed and not own.open)
    assert n_active > 100


def test_scores_hold_until_the_next_ones(
    advisor: Advisor, portfolio: Portfolio
) -> None:
    zone = portfolio.settings.zone
    days = DecisionDays.between(
        date(2025, 6, 1), date(2025, 6, 10), zone, score_every=7
    )
    everybody = np.ones((2, len(portfolio.customer_ids)), dtype=bool)
    reader = TimelineReader(portfolio, days, with_notices=False, progress=unwatched)
    facts = reader.take_facts_when_scored()
    as_of_scores = scores(advisor, portfolio, days, everybody, facts, unwatched)
    assert days.scored == (0, 7)
    for target in ("fraud", "nonpayment"):
        first, before, after = (as_of_scores.on(day)[target] for day in (0, 6, 7))
        assert np.array_equal(first, before, equal_nan=True)
        assert not np.array_equal(before, after, equal_nan=True)


@pytest.mark.parametrize(
    ("first", "last", "every"),
    [
        pytest.param(date(2025, 2, 2), date(2025, 2, 1), 1, id="ends before it begins"),
        pytest.param(date(2025, 2, 1), date(2025, 2, 2), 0, id="no step"),
    ],
)
def test_a_period_without_days_is_refused(
    portfolio: Portfolio, first: date, last: date, every: int
) -> None:
    with pytest.raises(PeriodError):
        DecisionDays.between(first, last, portfolio.settings.zone, every=every)


def test_assumptions_outside_their_range_are_refused() -> None:
    with pytest.raises(PeriodError):
        Assumptions(delivered_share=1.5)
