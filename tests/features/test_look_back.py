"""Accounts are the same without the rows that they do not look into."""

import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from features.account import facts_over_time, looks, shortened
from features.account.account import Account
from features.account.columns import fact_values
from features.account.many import histories as account_rows
from features.account.standing import Rules
from features.moments import microseconds
from features.portfolio import Portfolio
from tests.parity.histories import (
    BORDERS,
    EVERYBODY,
    NOW,
    SETTINGS,
    Row,
    portfolio_of,
    row_of,
    thrown,
)

AGES = sorted({*BORDERS, 61, 62, 63})  # days from the first moment asked about
TABLES = ("usage", "usage", "access", "invoices", "subscriptions", "payments")


def used(days_ago: int, late_days: int = 0) -> tuple[str, Row]:
    """A row of usage of `ann`, known so many days late."""
    event_at = NOW - timedelta(days=days_ago)
    known_at = event_at + timedelta(days=late_days)
    row: Row = {"event_at": event_at, "known_at": known_at, "cost": 7}
    return "usage", {"customer_id": "ann", "subscription_id": f"s{days_ago}", **row}


@pytest.fixture(scope="module", params=["subscriptions", "no subscriptions"])
def portfolio(request: pytest.FixtureRequest) -> Portfolio:
    """Rows thrown at random, and usage at each border alone, some of it late."""
    dice = random.Random(14)
    seeds = [replace(thrown(dice), table=dice.choice(TABLES)) for _ in range(400)]
    history = [(seed.table, row_of(seed)) for seed in seeds]
    late = [used(days, late_days=days - 1) for days in (64, 300)]
    present = SETTINGS.tables
    if request.param == "no subscriptions":
        present -= {"subscriptions"}
    return portfolio_of([*EVERYBODY, *history, *map(used, AGES), *late], present)


@pytest.mark.parametrize("age_days", [0, 27, 28, 35, 61, 62, 63, 91, 400])
def test_shortened_tables_give_the_same_accounts(
    portfolio: Portfolio, age_days: int
) -> None:
    since = NOW - timedelta(days=age_days)
    moments = [microseconds(since + timedelta(days=d)) for d in (0, 1, 62)]
    whole = portfolio.iter_events()
    short = portfolio.iter_events(sources=shortened(moments[0], portfolio.settings))
    for theirs in zip(whole, short, strict=True):
        facts = [list(facts_over_time(e, moments, portfolio.settings)) for e in theirs]
        assert facts[0] == facts[1]
    rules, ids = Rules(portfolio.settings), portfolio.customer_ids
    every = account_rows(portfolio, ids)
    recent = account_rows(portfolio, ids, usage_since=moments[0])
    for both in zip(every, recent, strict=True):
        one, other = (Account(rows, rules) for rows in both)
        for moment in moments:
            seen = fact_values(one.at(moment)), fact_values(other.at(moment))
            assert seen[0] == pytest.approx(seen[1], rel=0, abs=0, nan_ok=True)


def invoiced(days_ago: int) -> tuple[str, Row]:
    """An invoice of `ann`."""
    at = NOW - timedelta(days=days_ago)
    row: Row = {"event_at": at, "known_at": at, "due_at": at, "amount": 1000}
    return "invoices", {"customer_id": "ann", "invoice_id": f"i{days_ago}", **row}


def test_a_year_of_usage_counts_where_invoices_tell_what_recurs() -> None:
    rows = [*map(used, range(360)), *map(invoiced, range(5, 360, 30))]
    without = SETTINGS.tables - {"subscriptions"}
    portfolio = portfolio_of([*EVERYBODY, *rows], without)
    at, settings = microseconds(NOW), portfolio.settings
    told: list[int | None] = []
    for sources in (None, shortened(at, settings)):
        [ann] = portfolio.iter_events(["ann"], sources)
        [facts] = facts_over_time(ann, [at], settings)
        told.append(facts.recurring_monthly)
    assert told[0] == told[1]
    assert looks(portfolio, {"ann": [at]}, bool).facts[0].recurring_monthly == told[0]


def test_what_is_old_becomes_one_row() -> None:
    daily = portfolio_of([*EVERYBODY, *(used(days) for days in range(400))])
    sources = shortened(microseconds(NOW), daily.settings)
    [ann] = daily.iter_events(["ann"], sources)
    event_at = ann.tables["usage"]["event_at"].tolist()
    assert len(event_at) == 64  # days 0 to 62 and one row for all before
    assert event_at[0] == microseconds(NOW - timedelta(days=399))
    assert all(one < other for one, other in pairwise(event_at))
    assert ann.tables["usage"]["known_at"][0] == microseconds(NOW - timedelta(days=63))
