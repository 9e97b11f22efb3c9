"""Mutations: deliberately leaky features must be caught by the very same checks."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import Phase, given, settings

from features.arrays import IntArray
from features.events import FOREVER, Columns, Events
from features.online.kernel_rows import KernelRows, RowReader
from features.online.rows import KnownColumns
from tests.parity.checks import (
    COMPILED,
    Compute,
    Vector,
    check_poison,
    check_truncation,
    online,
)
from tests.parity.histories import (
    CUSTOMERS,
    History,
    events_of,
    histories,
    microseconds,
    moment,
)

LEAKING = ("payments", "ageing")  # what the leaks below read


def _ignores_known_at(history: History, as_of: datetime) -> Vector:
    """Counts by event time alone."""
    events = [events_of(history, c).tables["payments"] for c in CUSTOMERS]
    at = microseconds(as_of)
    return np.array([[np.count_nonzero(e["event_at"] <= at)] for e in events], float)


def _reads_the_latest_version(history: History, as_of: datetime) -> Vector:
    """Takes rows known at as_of, but as they were corrected later."""
    at = microseconds(as_of)
    sums = []
    for c in CUSTOMERS:
        rows = events_of(history, c).tables["ageing"]
        stands = rows["superseded_at"] == FOREVER
        sums.append([float(rows["balance"][stands & (rows["event_at"] <= at)].sum())])
    return np.array(sums)


def _paid_later(history: History, as_of: datetime) -> Vector:
    """Whether what is pending now will have succeeded: the outcome itself."""
    found = []
    for c in CUSTOMERS:
        rows = events_of(history, c).tables["payments"]
        pending = rows["payment_id"][rows["status"] == "pending"]
        paid = rows["payment_id"][rows["status"] == "succeeded"]
        found.append([float(len(set(pending) & set(paid)))])
    return np.array(found)


@pytest.mark.parametrize(
    "leak", [_ignores_known_at, _reads_the_latest_version, _paid_later]
)
def test_a_leaky_feature_is_caught(leak: Compute) -> None:
    """By truncation, and by poison: the checks above are able to fail."""

    @settings(max_examples=400, database=None, phases=[Phase.generate])
    @given(history=histories(20, 30, tables=LEAKING), as_of=moment())
    def truncation(history: History, as_of: datetime) -> None:
        check_truncation(leak, history, as_of)

    @settings(max_examples=400, database=None, phases=[Phase.generate])
    @given(
        history=histories(20, 30, tables=LEAKING),
        as_of=moment(),
        later=histories(20, 30, tables=LEAKING),
    )
    def poison(history: History, as_of: datetime, later: History) -> None:
        check_poison(leak, history, as_of, later)

    with pytest.raises(AssertionError):
        truncation()
    with pytest.raises(AssertionError):
        poison()


def test_a_compiler_that_forgets_known_at_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same checks against the online compiler itself, with its filter gone."""
    monkeypatch.setattr(COMPILED, "kernel", None)

    def forgetful(self: KnownColumns, columns: Columns, as_of: IntArray) -> None:
        honest(self, {**columns, "known_at": columns["event_at"]}, as_of)

    honest = KnownColumns.__init__
    monkeypatch.setattr(KnownColumns, "__init__", forgetful)

    assert_truncation_fails()


@pytest.mark.skipif(COMPILED.kernel is None, reason="installed without a C compiler")
def test_a_kernel_that_forgets_known_at_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same of the kernel in C."""

    def forgetful(self: RowReader, events: Events) -> KernelRows:
        tables = {
            name: {**columns, "known_at": columns["event_at"]}
            for name, columns in events.tables.items()
        }
        return honest(self, replace(events, tables=tables))

    honest = RowReader.__call__
    monkeypatch.setattr(RowReader, "__call__", forgetful)
    assert_truncation_fails()


def assert_truncation_fails() -> None:
    @settings(max_examples=400, database=None, phases=[Phase.generate])
    @given(history=histories(min_size=10), as_of=moment())
    def truncation(history: History, as_of: datetime) -> None:
        check_truncation(online, history, as_of)

    with pytest.raises(AssertionError):
        truncation()
