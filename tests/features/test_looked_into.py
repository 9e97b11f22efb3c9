"""Rows that nobody looks into may go: features and accounts stay the same."""

import random
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from features.account import account_facts, looks
from features.batch import feature_table
from features.batch.looked_into import begins_of
from features.catalogue import feature_set
from features.catalogue.families import USAGE
from features.events import FOREVER
from features.feature import Feature, LatestAttribute, TimeSince
from features.feature_set import FeatureSet
from features.moments import microseconds
from features.portfolio import Portfolio
from features.reading.old_rows import old_as_one
from tests.parity.histories import (
    BORDERS,
    CUSTOMERS,
    EVERYBODY,
    NOW,
    SETTINGS,
    Row,
    portfolio_of,
    row_of,
    thrown,
)

AT = microseconds(NOW)
AGES = sorted({*BORDERS, 61, 62, 63, 89, 92, 400})
LATE_DAYS = (0, 0, 1, 40, 95)


def used(days_ago: int, late_days: int, microseconds_later: int) -> tuple[str, Row]:
    event_at = (
        NOW - timedelta(days=days_ago) + timedelta(microseconds=microseconds_later)
    )
    row: Row = {"event_at": event_at, "known_at": event_at + timedelta(late_days)}
    name = f"s{days_ago}-{late_days}-{microseconds_later}"
    return "usage", {"customer_id": "ann", "subscription_id": name, "cost": 7, **row}


def shortened(portfolio: Portfolio, begin: int) -> Portfolio:
    """The portfolio with one row for all that lies before a moment."""
    names = [
        name for name in portfolio.tables["usage"].columns if name != "customer_id"
    ]
    rows = old_as_one('"usage"', names, begin)
    portfolio.connection.con.execute(f"CREATE TABLE short AS {rows}").fetchall()
    short = portfolio.connection.table("short")
    return replace(portfolio, tables={**portfolio.tables, "usage": short})


@pytest.mark.parametrize("seed", range(3))
def test_features_and_facts_are_the_same_without_the_rows_before(seed: int) -> None:
    dice = random.Random(seed)
    rows = [
        used(days, dice.choice(LATE_DAYS), later)
        for days in AGES
        for later in (-1, 0, 1)
    ]
    others = [replace(thrown(dice), table="usage") for _ in range(80)]
    history = [*EVERYBODY, *rows, *((one.table, row_of(one)) for one in others)]
    whole = portfolio_of(history)
    features = feature_set(whole.settings)
    begins = begins_of([features], whole.settings, AT)
    short = shortened(whole, begins["usage"])
    counts = [p.tables["usage"].count().to_pyarrow().as_py() for p in (whole, short)]
    assert counts[1] < counts[0]
    pairs = pa.table(
        {"customer_id": list(CUSTOMERS), "as_of": pa.array([AT] * 3, pa.int64())}
    )
    assert feature_table(short, pairs, features).equals(
        feature_table(whole, pairs, features)
    )
    short.connection.con.execute("DROP TABLE usage").fetchall()
    short.connection.con.execute("ALTER TABLE short RENAME TO usage").fetchall()
    seen = looks(short, dict.fromkeys(CUSTOMERS, (AT,)), lambda _: True)
    again = portfolio_of(history)
    expected = [
        account_facts(events, AT, again.settings) for events in again.iter_events()
    ]
    assert seen.facts == expected


def test_the_longest_window_counts_and_what_facts_read() -> None:
    day = 86_400_000_000
    assert begins_of([], SETTINGS, AT) == {"usage": AT - 62 * day}
    features = [feature_set(SETTINGS)]
    assert begins_of(features, SETTINGS, AT) == {"usage": AT - 91 * day}
    by_invoices = SETTINGS.model_copy(
        update={"tables": SETTINGS.tables - {"subscriptions"}}
    )
    assert begins_of(features, by_invoices, AT) == {"usage": AT - 365 * day}
    assert begins_of(features, SETTINGS, FOREVER) == {"usage": FOREVER - 91 * day}


@pytest.mark.parametrize(
    "definition", [TimeSince("usage", "first"), LatestAttribute("usage", "quantity")]
)
def test_a_feature_without_a_window_looks_at_all_rows(
    definition: TimeSince | LatestAttribute,
) -> None:
    own: Feature = USAGE.feature(
        "usage_of_ever", definition, unit="days", staff="{value}", why="a test"
    )
    assert begins_of([FeatureSet((own,))], SETTINGS, AT) == {}
