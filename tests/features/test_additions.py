"""Events with rows added are the events that reading all the rows gives."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.additions import with_rows
from features.contract import TABLES
from features.events import FOREVER, Columns, Events
from features.moments import microseconds
from features.reading.rows import read_events
from tests.parity.histories import (
    NOW,
    SETTINGS,
    History,
    Row,
    events_of,
    histories,
    moment,
)


def assert_same(one: Events, other: Events) -> None:
    for table in TABLES:
        assert_same_columns(one.tables[table], other.tables[table])


def assert_same_columns(one: Columns, other: Columns) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].dtype == other[name].dtype
        assert one[name].tolist() == pytest.approx(other[name].tolist(), nan_ok=True)


def read(history: History, table: str, row: Mapping[str, Any]) -> Events:
    """The history with one more row, read as any other."""
    return events_of([*history, (table, {"customer_id": "ann", **row})], "ann")


@given(history=histories(), at=moment())
def test_a_payment_added_is_a_payment_read(history: History, at: datetime) -> None:
    row: Row = {"payment_id": "new", "status": "succeeded", "invoice_id": "ann-a"}
    said = {**row, "event_at": at, "known_at": at, "amount": 12.5}
    moments = dict.fromkeys(("event_at", "known_at"), microseconds(at))
    added = with_rows(
        events_of(history, "ann"), {"payments": [{**row, **moments, "amount": 125_000}]}
    )
    assert_same(added, read(history, "payments", said))


@given(history=histories(), days=st.integers(1, 399))  # 400: known too early
def test_a_later_version_ends_the_one_before(history: History, days: int) -> None:
    """A correction, between versions that are known earlier and later."""
    at, known = NOW - timedelta(days=400), NOW - timedelta(days=days, seconds=7)
    old = {"kind": "promise_made", "notice": None, "event_at": at, "known_at": at}
    newer = {**old, "known_at": NOW - timedelta(days=200)}
    ann = {"customer_id": "ann"}
    history = [*history, ("contacts", {**old, **ann}), ("contacts", {**newer, **ann})]
    row = {"kind": "promise_made", "amount": 70_000, "event_at": microseconds(at)}
    added = with_rows(
        events_of(history, "ann"),
        {"contacts": [{**row, "known_at": microseconds(known)}]},
    )
    said = {**old, "known_at": known, "amount": 7}
    assert_same(added, read(history, "contacts", said))


def test_on_a_tie_the_added_row_stands() -> None:
    at = microseconds(NOW)
    report = {"event_at": at, "known_at": at, "days_past_due": 3.0}
    events, _ = read_events("ann", {}, SETTINGS)
    once = with_rows(events, {"ageing": [{**report, "balance": 900}]})
    twice = with_rows(once, {"ageing": [{**report, "balance": 0}]})
    ageing = twice.tables["ageing"]
    assert ageing["balance"].tolist() == [0]
    assert ageing["superseded_at"].tolist() == [FOREVER]
    assert once.tables["ageing"]["balance"].tolist() == [900]


def test_the_events_added_to_are_left_as_they_were() -> None:
    at = microseconds(NOW)
    history: History = [
        ("alerts", {"customer_id": "ann", "alert_id": "a", "status": "active"})
    ]
    rows = [(t, {**r, "event_at": NOW, "kind": "crypto_mining"}) for t, r in history]
    events = events_of(rows, "ann")
    before = {n: c.copy() for n, c in events.tables["alerts"].items()}
    row = {"alert_id": "a", "status": "active", "event_at": at, "known_at": at + 1}
    with_rows(events, {"alerts": [row]})
    for name, column in before.items():
        np.testing.assert_array_equal(events.tables["alerts"][name], column)
