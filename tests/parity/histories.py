"""Random histories: rows of every table, with all that goes wrong in real ones.

Times stand on the borders of windows; rows are late, corrected, retracted, duplicated,
and lack values.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st

from features.contract import TABLES, ColumnSpec
from features.events import Events
from features.portfolio import Portfolio
from features.reading.rows import read_events
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


ALL_TABLES = tuple(sorted(SETTINGS.tables))


@dataclass(frozen=True)
class Seed:
    """Where a row stands in time; `dice` decides the rest of its cells."""

    table: str
    customer_id: str
    event_at: datetime
    known_at: datetime
    dice: int


@st.composite
def seeds(draw: st.DrawFn, tables: Sequence[str]) -> Seed:
    border = timedelta(days=draw(st.sampled_from(BORDERS)))
    nudge = timedelta(microseconds=draw(st.sampled_from((-1, 0, 0, 1, 10**11))))
    event_at = NOW - border + nudge
    return Seed(
        draw(st.sampled_from(tables)),
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
LONG_AGO = NOW - timedelta(days=900)
EVERYBODY: History = [
    ("customers", {"customer_id": c, "event_at": LONG_AGO, "known_at": LONG_AGO})
    for c in CUSTOMERS
]


def paid_then_not(customer_id: str) -> History:
    """An invoice paid ten days late, then one never paid: arrears for certain."""
    rows: list[tuple[str, Row]] = []
    for name, days in (("paid", 80), ("unpaid", 70)):
        at = NOW - timedelta(days=days)
        common = {"customer_id": customer_id, "event_at": at, "known_at": at}
        invoice = {"invoice_id": name, "amount": Decimal(90), "due_at": at}
        rows.append(("invoices", {**common, **invoice}))
        if name == "paid":
            payment: Row = {
                "payment_id": name,
                "status": "succeeded",
                "invoice_id": name,
            }
            paid_at = at + timedelta(days=10)
            payment |= {"amount": Decimal(90), "event_at": paid_at, "known_at": paid_at}
            rows.append(("payments", {**common, **payment}))
    return rows


def histories(
    min_size: int = 1, max_size: int = 60, tables: Sequence[str] = ALL_TABLES
) -> st.SearchStrategy[History]:
    """Rows with their tables, of all customers together."""
    row = seeds(tables).map(lambda seed: (seed.table, row_of(seed)))
    rows = st.lists(row, min_size=min_size, max_size=max_size)
    return rows.map(lambda found: [*EVERYBODY, *found])


def moment() -> st.SearchStrategy[datetime]:
    days = st.sampled_from((0, 1, 3, 14, 40, 90))
    return days.map(lambda d: NOW - timedelta(days=d))


def moments() -> st.SearchStrategy[list[datetime]]:
    return st.lists(moment(), min_size=1, max_size=3)


def thrown(dice: random.Random) -> Seed:
    """A row's place in time without Hypothesis, for many at once."""
    event_at = NOW - timedelta(days=dice.choice(BORDERS), hours=dice.randrange(40))
    known = event_at + timedelta(minutes=dice.choice(LATE))
    table = dice.choice(ALL_TABLES)
    return Seed(table, dice.choice(CUSTOMERS), event_at, known, dice.randrange(10**6))


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


def portfolio_of(
    history: History, present: frozenset[str] = SETTINGS.tables
) -> Portfolio:
    tables = {}
    for table in present:
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
    events, rejects = read_events(customer_id, tables, SETTINGS)
    assert not rejects
    return events


def snapshots_of(as_ofs: Iterable[datetime]) -> pa.Table:
    pairs = [(c, microseconds(t)) for t in as_ofs for c in CUSTOMERS]
    return pa.table(
        {"customer_id": [c for c, _ in pairs], "as_of": [t for _, t in pairs]}
    )
