"""A timeline's promise: between two change points nothing but clocks moves."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings

from features.account import facts_over_time
from features.facts import AccountFacts
from features.moments import microseconds
from features.timeline import FactTimeline, fact_timelines, moved_forward
from tests.parity.histories import (
    NOW,
    SETTINGS,
    History,
    events_of,
    histories,
    portfolio_of,
)

# What slides with every moment is looked at with the numbers of a state, or not at all.
SLIDING = {
    "recurring_monthly": None,
    "recurring_committed": None,
    "usage_daily_cost": None,
    "usage_unbilled": None,
    "usage_ratio": None,
    "committed": None,
    "clv": None,
    "assumed": (),
    "subscriptions": (),
    "actions_90d": (),
    "access_off": (),
    "measures": (),
    "fraud_stopped_at": None,
    "known_until": None,
}
TABLES = (
    "invoices",
    "payments",
    "disputes",
    "contacts",
    "holds",
    "overrides",
    "alerts",
    "outcomes",
    "subscriptions",
    "ageing",
    "links",
)


def still(facts: AccountFacts) -> AccountFacts:
    """Without what slides; ages are sums of days, so their last bits may differ."""
    age = facts.report_age_days
    rounded = None if age is None else round(age, 6)
    return replace(facts, **SLIDING, report_age_days=rounded)  # type: ignore[arg-type]


def goings_on(facts: AccountFacts) -> tuple[object, ...]:
    """What the policies must see in full where there is any of it."""
    return (
        facts.overdue,
        facts.contested,
        facts.in_flight,
        facts.promises,
        facts.disputes,
        facts.holds,
        facts.overrides,
        facts.evidence,
        facts.has_open_appeal,
    )


def timelines_of(history: History) -> dict[str, FactTimeline]:
    portfolio = portfolio_of(history)
    return {line.customer_id: line for line in fact_timelines(portfolio)}


@pytest.mark.slow
@given(histories(max_size=25, tables=TABLES))
@settings(max_examples=25)
def test_between_change_points_only_clocks_move(history: History) -> None:
    for customer_id, timeline in timelines_of(history).items():
        horizon = microseconds(NOW + timedelta(days=200))
        changes = timeline.change_points()
        assert changes == sorted(set(changes))
        changes = [*(m for m in changes if m < horizon), horizon]
        events = events_of(history, customer_id)
        # as of each change, and of the last moment before the next one
        moments = [m for a, b in pairwise(changes) for m in (a, b - 1)]
        facts = list(facts_over_time(events, moments, SETTINGS))
        for first, last in zip(facts[::2], facts[1::2], strict=True):
            moved = moved_forward(first, last.as_of, SETTINGS.zone)
            assert still(moved) == still(last)


@pytest.mark.slow
@given(histories(max_size=25, tables=TABLES))
@settings(max_examples=25)
def test_a_timeline_has_the_facts_of_an_account(history: History) -> None:
    for customer_id, timeline in timelines_of(history).items():
        changes = timeline.change_points()
        events = events_of(history, customer_id)
        for facts in facts_over_time(events, changes, SETTINGS):
            standing = timeline.standing(microseconds(facts.as_of))
            assert timeline.facts(standing) == replace(
                facts, access_off=(), actions_90d=(), fraud_stopped_at=None, measures=()
            )


@pytest.mark.slow
@given(histories(max_size=25, tables=TABLES))
@settings(max_examples=25)
def test_a_quiet_customer_has_nothing_going_on(history: History) -> None:
    for customer_id, timeline in timelines_of(history).items():
        events = events_of(history, customer_id)
        changes = timeline.change_points()
        for facts in facts_over_time(events, changes, SETTINGS):
            state = timeline.at(microseconds(facts.as_of))
            assert state.money.open == facts.open
            assert state.money.clv == facts.clv
            if state.is_quiet:
                assert not any(goings_on(facts))
