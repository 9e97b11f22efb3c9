"""Columns of any plain type that can be read, and the rule of those that cannot."""

from decimal import Decimal

import pyarrow as pa
import pytest

from features.portfolio import Portfolio
from tests.features.test_portfolio import CUSTOMERS, NOON, NOON_US, SETTINGS


@pytest.mark.parametrize(
    ("column", "cells", "expected"),
    [
        ("amount", pa.array([Decimal("19.99")], pa.decimal128(18, 4)), 199_900),
        ("amount", pa.array([Decimal("19.99")], pa.decimal128(38, 20)), 199_900),
        ("amount", pa.array([Decimal("19.99")], pa.decimal256(50, 2)), 199_900),
        ("amount", pa.array([19.99], pa.float64()), 199_900),
        ("amount", pa.array([19.99], pa.float32()), 199_900),
        ("amount", pa.array([20], pa.int16()), 200_000),
        ("amount", pa.array([20], pa.uint64()), 200_000),
        ("amount", pa.array(["19.99"], pa.large_string()), 199_900),
        ("amount", pa.array(["19.99"]).dictionary_encode(), 199_900),
        ("event_at", pa.array([NOON], pa.timestamp("s", "UTC")), NOON_US),
        ("event_at", pa.array([NOON], pa.timestamp("ms", "Europe/Brussels")), NOON_US),
        ("event_at", pa.array([NOON], pa.timestamp("ns", "UTC")), NOON_US),
        ("due_at", pa.array([NOON.date()], pa.date32()), 1_772_405_999_999_999),
        ("due_at", pa.array([NOON.date()], pa.date64()), 1_772_405_999_999_999),
        ("retracted", pa.array([False]), False),
        ("retracted", pa.array([0], pa.int8()), False),
        ("retracted", pa.array([0.0]), False),
        ("retracted", pa.array(["False"]), False),
        ("kind", pa.array(["invoice"]).dictionary_encode(), "invoice"),
        ("kind", pa.array(["invoice"], pa.string_view()), "invoice"),
        ("applies_to", pa.array([7], pa.int64()), "7"),
        ("applies_to", pa.array([7.0]), "7"),
        ("applies_to", pa.array([b"seven"]), "seven"),
        ("applies_to", pa.nulls(1), None),
    ],
)
def test_any_plain_type_is_read(column: str, cells: pa.Array, expected: object) -> None:
    row = {"event_at": [NOON], "invoice_id": ["i"], "due_at": [NOON], "amount": [1]}
    invoices = pa.table({"customer_id": ["a"], **row, column: cells})
    tables = {"customers": CUSTOMERS, "invoices": invoices}
    portfolio = Portfolio.from_tables(tables, SETTINGS)
    assert not portfolio.rejects
    [read] = portfolio.tables["invoices"].to_pyarrow()[column].to_pylist()
    assert read == expected


@pytest.mark.parametrize(
    ("column", "cells", "rule"),
    [
        ("event_at", pa.array([NOON.replace(tzinfo=None)]), "naive_time"),
        ("event_at", pa.array([10**15], pa.timestamp("s", "UTC")), "time_out_of_range"),
        ("event_at", pa.array([NOON_US]), "bad_time"),
        ("due_at", pa.array([10**8], pa.date32()), "time_out_of_range"),
        ("amount", pa.array([True]), "bad_number"),
        ("amount", pa.array([float("inf")]), "bad_number"),
        ("amount", pa.array([float("nan")]), "missing_required"),
        ("amount", pa.array([NOON]), "bad_number"),
        ("amount", pa.array([[1]]), "bad_number"),
        ("amount", pa.array([1e12]), "amount_too_large"),
        ("applies_to", pa.array([7.5]), "bad_text"),
        ("applies_to", pa.array([b"\xff"]), "bad_text"),
        ("applies_to", pa.array([NOON], pa.timestamp("ns", "UTC")), "bad_text"),
        ("retracted", pa.array([0.5]), "bad_boolean"),
    ],
)
def test_types_that_cannot_be_read(column: str, cells: pa.Array, rule: str) -> None:
    row = {"event_at": [NOON], "invoice_id": ["i"], "due_at": [NOON], "amount": [1]}
    invoices = pa.table({"customer_id": ["a"], **row, column: cells})
    tables = {"customers": CUSTOMERS, "invoices": invoices}
    [reject] = Portfolio.from_tables(tables, SETTINGS).rejects
    assert (reject.rule, reject.column, reject.n) == (rule, column, 1)
