"""Online equals batch, and the future changes nothing: for every feature there is.

Histories are rows of every table with times on the borders of windows, late rows,
corrections, retractions, duplicates and missing values. A batch call is dear, so an
example holds several customers, each looked at from several moments.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from features.batch import feature_table, matrix
from features.catalogue import CATALOGUE, feature_set
from features.contract import TABLES, ColumnSpec
from features.events import FOREVER, Columns, Events
from features.feature_set import FeatureSet
from features.online import OnlineCompiler
from features.online_rows import KnownRows
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


ALL_TABLES = tuple(sorted(SETTINGS.tables))
LEAKING = ("payments", "ageing")  # what the leaks below read


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
    """Neither the order of rows nor exact duplicates matter."""
    shuffled = [*history, *dice.sample(history, len(history) // 2)]
    dice.shuffle(shuffled)
    assert_same(compute(shuffled, as_of), compute(history, as_of))


def test_every_feature_of_the_catalogue_is_under_test() -> None:
    assert set(FEATURES.names) == {f.name for f in CATALOGUE} | set(SETTINGS.attributes)


@settings(max_examples=4, phases=[Phase.generate])  # to shrink takes minutes
@given(history=histories(min_size=60, max_size=200), as_ofs=moments())
def test_batch_equals_online(history: History, as_ofs: list[datetime]) -> None:
    snapshots = snapshots_of(as_ofs)
    table = feature_table(portfolio_of(history), snapshots, KNOWN)
    assert table["customer_id"].equals(snapshots["customer_id"])
    assert table["as_of"].equals(snapshots["as_of"])
    expected = np.concatenate([online(history, as_of) for as_of in as_ofs])
    assert_same(matrix(table, KNOWN), expected)


HERS = {(table, "eve") for table in ("invoices", "payments", "disputes")}


def test_batch_equals_online_where_every_feature_has_a_value() -> None:
    """Many rows of every table: no feature is empty for all customers."""
    dice = random.Random(7)
    rows = [(seed.table, row_of(seed)) for seed in map(thrown, [dice] * 2_500)]
    rows = [(t, row) for t, row in rows if (t, row["customer_id"]) not in HERS]
    history = [*EVERYBODY, *rows, *paid_then_not("eve")]
    as_ofs = [NOW, NOW - timedelta(days=1), NOW - timedelta(days=90)]
    table = feature_table(portfolio_of(history), snapshots_of(as_ofs), KNOWN)
    found = matrix(table, KNOWN)
    assert_same(found, np.concatenate([online(history, t) for t in as_ofs]))
    n_known = np.count_nonzero(~np.isnan(found), axis=0).tolist()
    assert not [name for name, n in zip(KNOWN.names, n_known, strict=True) if not n]


@given(history=histories(), as_of=moment())
def test_truncation_changes_nothing(history: History, as_of: datetime) -> None:
    check_truncation(online, history, as_of)


@given(history=histories(), as_of=moment(), later=histories())
def test_the_future_changes_nothing(
    history: History, as_of: datetime, later: History
) -> None:
    check_poison(online, history, as_of, later)


@given(history=histories(), as_of=moment())
def test_late_arrivals_count_only_from_when_they_are_known(
    history: History, as_of: datetime
) -> None:
    check_late_arrival(online, history, as_of)


@given(history=histories(), as_of=moment(), dice=st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(
    history: History, as_of: datetime, dice: random.Random
) -> None:
    check_order(online, history, as_of, dice)


def test_a_late_row_changes_features_once_it_is_known() -> None:
    """The other half: nothing is ignored for good."""
    failed = {
        "customer_id": "ann",
        "payment_id": "p1",
        "status": "failed",
        "amount": 10,
        "event_at": NOW - timedelta(days=2),
        "known_at": NOW,
    }
    at = KNOWN.names.index("payments_failed_7d")
    before = online([("payments", failed)], NOW - timedelta(microseconds=1))
    after = online([("payments", failed)], NOW)
    assert (before[0, at], after[0, at]) == (0.0, 1.0)


# Leaks that have been written by somebody, somewhere.


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

    def forgetful(self: KnownRows, columns: Columns, as_of: int) -> None:
        honest(self, {**columns, "known_at": columns["event_at"]}, as_of)

    honest = KnownRows.__init__
    monkeypatch.setattr(KnownRows, "__init__", forgetful)

    @settings(max_examples=400, database=None, phases=[Phase.generate])
    @given(history=histories(min_size=10), as_of=moment())
    def truncation(history: History, as_of: datetime) -> None:
        check_truncation(online, history, as_of)

    with pytest.raises(AssertionError):
        truncation()
