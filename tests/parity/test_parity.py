"""Online equals batch, and the future changes nothing: for every feature there is.

Histories are rows of every table with times on the borders of windows, late rows,
corrections, retractions, duplicates and missing values. A batch call is dear, so an
example holds several customers, each looked at from several moments.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.batch import feature_table, matrix
from features.catalogue import CATALOGUE, feature_set
from features.contract import TABLES, ColumnSpec
from features.events import Events
from features.feature_set import FeatureSet
from features.online import OnlineCompiler
from features.portfolio import Portfolio
from features.settings import Attribute, PortfolioSettings

Row = dict[str, object]
NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
CUSTOMERS = ("ann", "bob", "eve")
BORDERS = (0, 1, 2, 7, 14, 28, 30, 35, 56, 60, 84, 90, 91, 175, 180, 365, 366)
LATE = (0, 0, 0, 1, 1440, 3 * 1440, 40 * 1440)  # minutes between event and knowledge
SETTINGS = PortfolioSettings(
    currency="EUR",
    rates={"USD": Decimal("0.92")},
    timezone="Europe/Brussels",
    attributes={
        "headcount": Attribute(type="number"),
        "deposit": Attribute(type="money"),
        "sector": Attribute(type="category"),
        "is_audited": Attribute(type="boolean"),
    },
    tables=frozenset(TABLES) - {"snapshots"},
)


@dataclass(frozen=True)
class Seed:
    """Where a row stands in time; `dice` decides the rest of its cells."""

    table: str
    customer_id: str
    event_at: datetime
    known_at: datetime
    dice: int


@st.composite
def seeds(draw: st.DrawFn) -> Seed:
    border = timedelta(days=draw(st.sampled_from(BORDERS)))
    nudge = timedelta(microseconds=draw(st.sampled_from((-1, 0, 0, 1, 10**11))))
    event_at = NOW - border + nudge
    return Seed(
        draw(st.sampled_from([*sorted(SETTINGS.tables)])),
        draw(st.sampled_from(CUSTOMERS)),
        event_at,
        event_at + timedelta(minutes=draw(st.sampled_from(LATE))),
        draw(st.integers(0, 10**6)),
    )


def _cell(spec: ColumnSpec, dice: random.Random, seed: Seed) -> object:
    if not spec.is_required and spec.name != "retracted" and dice.random() < 0.2:
        return None
    match spec.kind:
        case "choice":
            return dice.choice(spec.choices)
        case "boolean":
            return dice.random() < (0.06 if spec.name == "retracted" else 0.5)
        case "money":
            cents = dice.choice((0, 1, 999, 20_000, 123_456_789_01))
            sign = -1 if spec.may_be_negative and dice.random() < 0.3 else 1
            return Decimal(sign * cents) / 100
        case "number" | "integer":
            return float(dice.choice((0, 1, 3, 30, 61, 400)))
        case "moment" | "day":
            return seed.event_at + timedelta(days=dice.choice((-30, 0, 14, 60)))
        case _:
            if spec.name == "currency":
                return dice.choice((None, None, "EUR", "USD"))
            return dice.choice(("a", "b", "c", "é"))


def row_of(seed: Seed) -> Row:
    """A row of the contract; small pools of keys make corrections and duplicates."""
    dice = random.Random(seed.dice)
    fixed = {
        "customer_id": seed.customer_id,
        "event_at": seed.event_at,
        "known_at": seed.known_at,
    }
    columns = SETTINGS.columns[seed.table]
    row = {c.name: _cell(c, dice, seed) for c in columns if c.name not in fixed}
    row |= fixed
    if "due_at" in row:
        row["due_at"] = seed.event_at + timedelta(days=14)
    for name in TABLES[seed.table].key:  # ids belong to one customer
        if name.endswith("_id") and name != "customer_id" and row[name] is not None:
            row[name] = f"{seed.customer_id}-{row[name]}"
    return row


History = Sequence[tuple[str, Row]]


def histories(
    min_size: int = 1, max_size: int = 60
) -> st.SearchStrategy[list[tuple[str, Row]]]:
    """Rows with their tables, of all customers together."""
    row = seeds().map(lambda seed: (seed.table, row_of(seed)))
    return st.lists(row, min_size=min_size, max_size=max_size)


def moments() -> st.SearchStrategy[list[datetime]]:
    days = st.sampled_from((0, 1, 3, 14, 40, 90))
    return st.lists(days.map(lambda d: NOW - timedelta(days=d)), min_size=1, max_size=3)


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


ARROW = {
    "moment": pa.timestamp("us", "UTC"),
    "day": pa.timestamp("us", "UTC"),
    "money": pa.decimal128(20, 4),
    "number": pa.float64(),
    "integer": pa.float64(),
    "boolean": pa.bool_(),
}


def portfolio_of(history: History) -> Portfolio:
    tables = {}
    for table in SETTINGS.tables:
        schema = pa.schema(
            [(c.name, ARROW.get(c.kind, pa.string())) for c in SETTINGS.columns[table]]
        )
        rows = [row for name, row in history if name == table]
        tables[table] = pa.Table.from_pylist(rows, schema=schema)
    return Portfolio.from_tables(tables, SETTINGS)


def events_of(history: History, customer_id: str) -> Events:
    tables: dict[str, list[Row]] = {}
    for table, row in history:
        if row["customer_id"] == customer_id:
            tables.setdefault(table, []).append(row)
    events, rejects = Events.from_rows(customer_id, tables, SETTINGS)
    assert not rejects
    return events


def snapshots_of(as_ofs: Iterable[datetime]) -> pa.Table:
    pairs = [(c, microseconds(t)) for t in as_ofs for c in CUSTOMERS]
    return pa.table(
        {"customer_id": [c for c, _ in pairs], "as_of": [t for _, t in pairs]}
    )


FEATURES = feature_set(SETTINGS)
Vector = npt.NDArray[np.float64]


def with_values(features: FeatureSet) -> FeatureSet:
    """Vocabularies that know most, not all, of the values there are."""
    known = {
        name: ("a", "b", "card", "cheque", "corporate", "disposable", "legal_person")
        for name in features.categories
    }
    return FeatureSet(features.features, known)


KNOWN = with_values(FEATURES)


def online(history: History, as_of: datetime, features: FeatureSet = KNOWN) -> Vector:
    """One row per customer."""
    compiled = OnlineCompiler(features, SETTINGS)
    at = microseconds(as_of)
    return np.array([compiled(events_of(history, c), at) for c in CUSTOMERS])


def batch(history: History, as_of: datetime, features: FeatureSet = KNOWN) -> Vector:
    """One row per customer."""
    table = feature_table(portfolio_of(history), snapshots_of([as_of]), features)
    return matrix(table, features)


def assert_same(found: Vector, expected: Vector, names: Sequence[str]) -> None:
    """Missing equals missing; numbers to 1e-9 relative."""
    close = np.isclose(found, expected, rtol=1e-9, atol=0.0, equal_nan=True)
    differ = np.argwhere(~close)
    assert not differ.size, [
        (names[i], found[r, i], expected[r, i]) for r, i in differ[:5]
    ]


def test_every_feature_of_the_catalogue_is_under_test() -> None:
    assert set(FEATURES.names) == {f.name for f in CATALOGUE} | set(SETTINGS.attributes)


@settings(max_examples=25)
@given(history=histories(min_size=20, max_size=90), as_ofs=moments())
def test_batch_equals_online(history: History, as_ofs: list[datetime]) -> None:
    snapshots = snapshots_of(as_ofs)
    table = feature_table(portfolio_of(history), snapshots, KNOWN)
    assert table["customer_id"].equals(snapshots["customer_id"])
    assert table["as_of"].equals(snapshots["as_of"])
    expected = np.concatenate([online(history, as_of) for as_of in as_ofs])
    assert_same(matrix(table, KNOWN), expected, KNOWN.names)
