"""Amounts and dates that no rule forbids and nobody means are told."""

from typing import Any

import pyarrow as pa

from features.portfolio import Portfolio
from features.settings import PortfolioSettings


def _warnings(*odd: dict[str, Any]) -> list[str]:
    customer: dict[str, Any] = {"customer_id": "a", "event_at": "2025-01-01T00:00:00Z"}
    usual = [
        customer | {"invoice_id": f"i{n}", "due_at": "2025-02-01", "amount": 10.0 * n}
        for n in range(1, 30)
    ]
    rows = usual + [usual[0] | one for one in odd]
    tables = {"customers": [customer], "invoices": rows}
    read = {name: pa.Table.from_pylist(some) for name, some in tables.items()}
    portfolio = Portfolio.from_tables(read, PortfolioSettings())
    return [line for line in portfolio.warnings if "that is meant" in line]


def test_an_amount_far_from_all_others_is_told_with_an_example() -> None:
    absurd = {"invoice_id": "x", "amount": 99_999_999_999.0}
    [line] = _warnings(absurd)
    assert line == (
        "invoices: rows with an amount above 10,000 times what 90 % of the rows stay"
        " below: 1, such as x; the largest is 99,999,999,999.00. Look whether that is"
        " meant"
    )


def test_a_due_date_of_another_century_is_told() -> None:
    [line] = _warnings({"invoice_id": "y", "due_at": "2199-01-01"})
    assert "ten years after their issue: 1, such as y" in line


def test_a_large_invoice_among_small_ones_is_not() -> None:
    assert not _warnings({"invoice_id": "z", "amount": 500_000.0})


def test_the_largest_amount_that_is_allowed_among_its_like_is_read() -> None:
    """10,000 times as much is beyond a whole number of 64 bits."""
    rows = [{"invoice_id": f"k{n}", "amount": 100_000_000_000.0} for n in range(300)]
    assert not _warnings(*rows)
