"""Numbers worked out by hand, through both compilers: parity alone cannot see that
both are wrong in the same way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import nan, sqrt

import numpy as np
import pyarrow as pa
import pytest

from features.batch import feature_table, matrix
from features.catalogue import feature_set
from features.contract import TABLES
from features.feature import (
    Aggregate,
    CountryMismatch,
    Definition,
    Difference,
    Feature,
    LatestAttribute,
    Ratio,
    TimeSince,
    Trend,
)
from features.feature_rows import Above, And, Equals, In, Not, Present, Window
from features.feature_set import FeatureSet
from features.online import OnlineCompiler
from features.portfolio import Portfolio
from features.reading.rows import read_events
from features.settings import PortfolioSettings

AS_OF = datetime(2025, 3, 1, tzinfo=UTC)
SETTINGS = PortfolioSettings(tables=frozenset(TABLES) - {"snapshots"})
Row = dict[str, object]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def payment(name: str, status: str, amount: str, days: float, **more: object) -> Row:
    key = {"payment_id": name, "status": status, "amount": Decimal(amount)}
    return {"customer_id": "c", "event_at": ago(days), **key, **more}


PAYMENTS = [
    payment("p1", "failed", "10.00", 7),  # exactly on the border: outside 7 days
    payment("p2", "failed", "20.10", 6.999, failure_code="expired_card"),
    payment("p3", "succeeded", "30.20", 3, card_country="FR", method="card"),
    payment("p4", "succeeded", "0.30", 1, method="wallet"),
    payment("p4", "refunded", "0.10", 0.5),
    payment("p5", "succeeded", "99.00", 2, known_at=AS_OF + timedelta(seconds=1)),
    payment("p6", "succeeded", "5.00", 9),
    payment("p6", "succeeded", "7.00", 9, known_at=ago(4)),  # a correction
    payment("p7", "failed", "1.00", 2),
    payment("p7", "failed", "1.00", 2, known_at=ago(1), retracted=True),
]
CUSTOMERS: list[Row] = [
    {
        "customer_id": "c",
        "event_at": ago(100),
        "created_at": ago(40),
        "country": "BE",
        "is_trial": True,
        "credit_limit": Decimal("50.00"),
        "email_kind": "free",
    },
    {"customer_id": "c", "event_at": ago(50), "created_at": ago(40), "country": "BE"},
]
USAGE: list[Row] = [
    {"customer_id": "c", "event_at": ago(3), "cost": Decimal("4.00")},
    {"customer_id": "c", "event_at": ago(2), "cost": Decimal("-6.50")},
    {"customer_id": "c", "event_at": ago(20), "cost": Decimal("5.00")},
]
TABLES_OF_ROWS: dict[str, list[Row]] = {
    "payments": PAYMENTS,
    "customers": CUSTOMERS,
    "usage": USAGE,
}
SUCCEEDED = Equals("status", "succeeded")


def paid(how: str = "sum", window: Window | None = None) -> Aggregate:
    return Aggregate("payments", how, "amount", SUCCEEDED, window)  # type: ignore[arg-type]


def count(where: object, days: int | None = None) -> Aggregate:
    window = None if days is None else Window(days)
    return Aggregate("payments", "count", None, where, window)  # type: ignore[arg-type]


# paid: 30.20 (3 days), 0.30 (1 day), 7.00 (9 days, corrected); p5 is not known yet
CASES: list[tuple[str, Definition, float]] = [
    ("a row as old as the window is outside", count(Equals("status", "failed"), 7), 1),
    ("one microsecond of window more", count(Equals("status", "failed"), 8), 2),
    ("all failures, the retracted one gone", count(Equals("status", "failed")), 2),
    ("known rows only", count(SUCCEEDED), 3),
    ("missing satisfies no filter", count(Equals("method", "card")), 1),
    ("but its negation", count(Not(Equals("method", "card")), 4), 2),
    ("one of two", count(In("status", ("failed", "refunded"))), 3),
    ("both", count(And(SUCCEEDED, Present("method"))), 2),
    ("more than in ten-thousandths", count(Above("amount", 70_000)), 3),
    ("exact sum of the corrected rows", paid(), 37.5),
    ("sum in a window", paid(window=Window(5)), 30.5),
    ("sum of days 2 to 9", paid(window=Window(8, before=2)), 37.2),
    ("sum of none is 0", paid(window=Window(1)), 0.0),
    ("mean", paid("mean"), 12.5),
    ("mean of none is unknown", paid("mean", Window(1)), nan),
    ("maximum", paid("max"), 30.2),
    ("minimum", paid("min", Window(5)), 0.3),
    ("maximum of none is unknown", paid("max", Window(1)), nan),
    ("population deviation", paid("std", Window(5)), 14.95),
    ("deviation of three", paid("std"), sqrt((17.7**2 + 12.2**2 + 5.5**2) / 3)),
    ("distinct", Aggregate("payments", "distinct", "method"), 2),
    (
        "distinct in a window",
        Aggregate("payments", "distinct", "method", None, Window(2)),
        1,
    ),
    ("since the last", TimeSince("payments", "last", SUCCEEDED), 1.0),
    ("since the first", TimeSince("payments", "first", SUCCEEDED), 9.0),
    ("never", TimeSince("payments", "last", Equals("status", "returned")), nan),
    ("too long ago to look", TimeSince("payments", "last", SUCCEEDED, Window(1)), nan),
    ("days since a moment", LatestAttribute("customers", "created_at"), 40.0),
    (
        "the latest version counts, missing or not",
        LatestAttribute("customers", "is_trial"),
        nan,
    ),
    ("the version before", LatestAttribute("customers", "is_trial", back=1), 1.0),
    ("money", LatestAttribute("customers", "credit_limit", back=1), 50.0),
    ("no such version", LatestAttribute("customers", "credit_limit", back=2), nan),
    (
        "is it that text",
        LatestAttribute("customers", "email_kind", back=1, equals="free"),
        1.0,
    ),
    (
        "it is not",
        LatestAttribute("customers", "email_kind", back=1, equals="corporate"),
        0.0,
    ),
    (
        "latest that has the value",
        LatestAttribute("payments", "method", Present("method"), equals="wallet"),
        1.0,
    ),
    ("a correction of usage", Aggregate("usage", "sum", "cost"), 2.5),
    ("never below 0", Aggregate("usage", "sum", "cost", window=Window(7)), 0.0),
    (
        "nor as a part of a ratio",
        Ratio(
            Aggregate("usage", "sum", "cost", window=Window(7)),
            Aggregate("usage", "sum", "cost", window=Window(28, before=7)),
        ),
        0.0,
    ),
    ("ratio", Ratio(paid(window=Window(5)), paid(), scale=2.0), 61 / 37.5),
    ("nothing to divide by", Ratio(paid(), paid(window=Window(1))), nan),
    ("difference", Difference(paid(), paid(window=Window(5))), 7.0),
    (
        "trend",
        Trend(paid(window=Window(5)), paid(window=Window(5, before=5))),
        23.5 / 37.5,
    ),
    ("trend of nothing", Trend(paid(window=Window(1)), paid(window=Window(1))), 0.0),
    (
        "countries differ",
        CountryMismatch(
            LatestAttribute("payments", "card_country", Present("card_country")),
            LatestAttribute("customers", "country"),
        ),
        1.0,
    ),
    (
        "one country unknown",
        CountryMismatch(
            LatestAttribute("customers", "ip_country"),
            LatestAttribute("customers", "country"),
        ),
        nan,
    ),
]
FEATURES = FeatureSet(
    tuple(
        Feature(
            name=name,
            definition=definition,
            unit="",
            family="",
            staff_text="",
            customer_text="",
            why="",
        )
        for name, definition, _ in CASES
    )
)
EXPECTED = [expected for _, _, expected in CASES]
AT = int(AS_OF.timestamp()) * 1_000_000


def in_columns(rows: list[Row]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


@pytest.fixture(scope="module")
def batch() -> list[float]:
    portfolio = Portfolio.from_tables(
        {table: in_columns(rows) for table, rows in TABLES_OF_ROWS.items()}, SETTINGS
    )
    snapshots = pa.table({"customer_id": ["c"], "as_of": [AT]})
    found: list[float] = matrix(
        feature_table(portfolio, snapshots, FEATURES), FEATURES
    )[0].tolist()
    return found


@pytest.fixture(scope="module")
def online() -> list[float]:
    events, rejects = read_events("c", TABLES_OF_ROWS, SETTINGS)
    assert not rejects
    found: list[float] = OnlineCompiler(FEATURES, SETTINGS)(events, AT).tolist()
    return found


@pytest.mark.parametrize("case", range(len(CASES)), ids=[name for name, *_ in CASES])
def test_the_number_is_what_a_person_gets(
    case: int, batch: list[float], online: list[float]
) -> None:
    assert batch[case] == pytest.approx(EXPECTED[case], rel=1e-12, nan_ok=True)
    assert online[case] == pytest.approx(EXPECTED[case], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("where", [None, Present("quantity")], ids=str)
def test_a_number_as_small_as_the_mark_of_missing_money_is_a_number(
    where: Present | None,
) -> None:
    """Money and moments have that mark, numbers do not."""
    asked = LatestAttribute("subscriptions", "quantity", where)
    features = FeatureSet((replace(FEATURES.features[0], definition=asked),))
    smallest = -(2.0**63)
    rows: list[Row] = [
        {
            "customer_id": "c",
            "subscription_id": "s",
            "kind": kind,
            "event_at": ago(days),
            "quantity": quantity,
        }
        for kind, days, quantity in (("started", 9, 2.0), ("renewed", 2, smallest))
    ]
    tables = {"customers": CUSTOMERS, "subscriptions": rows}
    portfolio = Portfolio.from_tables(
        {name: in_columns(each) for name, each in tables.items()}, SETTINGS
    )
    snapshots = pa.table({"customer_id": ["c"], "as_of": [AT]})
    in_batch = matrix(feature_table(portfolio, snapshots, features), features)
    assert in_batch.tolist() == [[smallest]]
    events, rejects = read_events("c", tables, SETTINGS)
    assert not rejects
    compiled = OnlineCompiler(features, SETTINGS)
    assert compiled(events, AT).tolist() == [smallest]
    compiled.kernel = None
    assert compiled(events, AT).tolist() == [smallest]


def test_a_customer_nobody_knows_anything_about_has_a_row_all_the_same() -> None:
    events, _ = read_events("new", {}, SETTINGS)
    features = feature_set(SETTINGS)
    row = OnlineCompiler(features, SETTINGS)(events, AT)
    by_name = dict(zip(features.names, row, strict=True))
    assert by_name["payments_failed_7d"] == 0.0
    assert np.isnan(by_name["customer_age_days"])
