"""What must not change a feature, as checks that any computation can be put to."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.online import OnlineCompiler
from tests.parity.histories import (
    CUSTOMERS,
    SETTINGS,
    History,
    Row,
    events_of,
    microseconds,
)

FEATURES = feature_set(SETTINGS)
Vector = npt.NDArray[np.float64]


def with_values(features: FeatureSet) -> FeatureSet:
    """Vocabularies that know most, not all, of the values there are."""
    known = ("a", "b", "card", "cheque", "corporate", "disposable", "legal_person")
    return FeatureSet(features.features, dict.fromkeys(features.categories, known))


KNOWN = with_values(FEATURES)
COMPILED = OnlineCompiler(KNOWN, SETTINGS)
Compute = Callable[[History, datetime], Vector]


def online(history: History, as_of: datetime) -> Vector:
    """One row per customer."""
    at = microseconds(as_of)
    return np.array([COMPILED(events_of(history, c), at) for c in CUSTOMERS])


def assert_same(found: Vector, expected: Vector) -> None:
    """Missing equals missing; numbers to the last bit."""
    missing_alike = np.isnan(found) & np.isnan(expected)
    differ = np.argwhere(~((found == expected) | missing_alike))
    names = KNOWN.names if found.shape[1] > 1 else ("leak",)
    assert not differ.size, [
        (names[i], found[r, i], expected[r, i]) for r, i in differ[:5]
    ]


def known_at(row: Row) -> datetime:
    known = row["known_at"]
    assert isinstance(known, datetime)
    return known


def check_truncation(compute: Compute, history: History, as_of: datetime) -> None:
    """What was not known yet might as well not exist."""
    known = [(t, row) for t, row in history if known_at(row) <= as_of]
    assert_same(compute(history, as_of), compute(known, as_of))


def check_poison(
    compute: Compute, history: History, as_of: datetime, later: History
) -> None:
    """Rows learned later change nothing, corrections and retractions among them."""
    poison = []
    for table, row in later:
        late = max(known_at(row), as_of + timedelta(microseconds=1))
        poison.append((table, {**row, "known_at": late}))
    assert_same(compute([*history, *poison], as_of), compute(history, as_of))


def check_late_arrival(compute: Compute, history: History, as_of: datetime) -> None:
    """Learned one microsecond after as_of counts from then on, not before."""
    before = [(t, row) for t, row in history if known_at(row) <= as_of]
    just_after = as_of + timedelta(microseconds=1)
    late = [
        (t, {**row, "known_at": just_after})
        for t, row in history
        if known_at(row) > as_of and row["event_at"] <= as_of  # type: ignore[operator]
    ]
    assert_same(compute([*before, *late], as_of), compute(before, as_of))


def check_order(
    compute: Compute, history: History, as_of: datetime, dice: random.Random
) -> None:
    """Neither the order of rows nor exact duplicates matter.

    But for refunds: those that no refund_id tells apart add up.
    """
    twice = dice.sample(history, len(history) // 2)
    told_apart = [x for x in twice if x[1].get("status") != "refunded"]
    shuffled = [*history, *told_apart]
    dice.shuffle(shuffled)
    assert_same(compute(shuffled, as_of), compute(history, as_of))
