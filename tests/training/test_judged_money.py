"""The money of judged rows is what a decision would have read at their moment."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from features.catalogue import feature_set
from features.moments import microseconds
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from training import judged_money
from training.judged_money import money_of
from training.rows import Rows

SETTINGS = PortfolioSettings.model_validate(
    {"currency": "EUR", "timezone": "UTC", "labels": {"nonpayment": {"from": "events"}}}
)
IDS = ("acme", "bolt", "coil")
FIRST = microseconds(datetime(2026, 3, 1, tzinfo=UTC))
LATER = microseconds(datetime(2026, 4, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """Nobody states a charge or a margin; acme is billed 100 a month and is late."""
    billed = ["2026-01-05", "2026-02-05", "2026-03-05"]
    tables = {
        "customers": {
            "customer_id": list(IDS),
            "event_at": ["2025-12-01"] * 3,
            "monthly_margin": [None, 10.0, None],
            "expected_lifetime_months": [None, 12.0, None],
        },
        "invoices": {
            "invoice_id": ["i1", "i2", "i3"],
            "customer_id": ["acme"] * 3,
            "event_at": billed,
            "due_at": ["2026-01-20", "2026-02-20", "2026-03-20"],
            "amount": [100.0] * 3,
        },
        "payments": {
            "payment_id": ["p1"],
            "customer_id": ["acme"],
            "event_at": ["2026-01-10"],
            "status": ["succeeded"],
            "amount": [100.0],
            "invoice_id": ["i1"],
        },
    }
    arrow = {name: pa.table(columns) for name, columns in tables.items()}
    return Portfolio.from_tables(arrow, SETTINGS)


@pytest.fixture
def rows(portfolio: Portfolio) -> Rows:
    """Not in the order of their moments: acme later, bolt, acme first, coil."""
    features = feature_set(portfolio.settings)
    return Rows(
        np.full((4, len(features.names)), np.nan),
        np.zeros(4),
        np.array([0, 1, 0, 2]),
        np.array([LATER, FIRST, FIRST, FIRST]),
        np.zeros(4, dtype=np.int64),
        features,
    )


def test_a_lifetime_value_that_nobody_states_is_assumed_as_decisions_do(
    portfolio: Portfolio, rows: Rows
) -> None:
    money = money_of(portfolio, rows, IDS)
    assert np.asarray(money.face.open).tolist() == [200.0, 0.0, 100.0, 0.0]
    assert money.days_overdue.tolist() == [40.0, 0.0, 9.0, 0.0]
    # 300 in 90 days, of which 18 % is margin, for 24 months (CONTRACT 2.7)
    assert np.asarray(money.face.recurring)[0] == 100.0
    assert money.clv[0] == pytest.approx(0.18 * 24 * 100.0)
    assert money.clv[1] == 120.0  # stated
    assert money.is_assumed.tolist()[:2] == [1.0, 0.0]
    assert money.is_known.tolist() == [True, True, True, False]  # never billed


def test_of_many_rows_those_of_some_customers_are_priced(
    portfolio: Portfolio, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judged_money, "MOST_PRICED", 3)
    many = replace(rows, as_of=rows.as_of + 1)
    is_known = money_of(portfolio, many, IDS).is_known
    assert 1 <= is_known.sum() <= 3
    assert is_known[0] == is_known[2]  # all rows of a customer, or none
