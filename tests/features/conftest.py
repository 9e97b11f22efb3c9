"""Portfolios made from rows written in a test."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import pyarrow as pa
import pytest

from features.contract import TABLES
from features.portfolio import Portfolio
from features.settings import PortfolioSettings

Rows: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
MakePortfolio: TypeAlias = Callable[[Rows, PortfolioSettings], Portfolio]


@pytest.fixture(scope="session")
def make_portfolio() -> MakePortfolio:
    """Rows by table → a portfolio; cells are texts, as in a CSV file.

    A table with an empty list is present and empty. No row may be rejected.
    """

    def make(tables: Rows, settings: PortfolioSettings) -> Portfolio:
        arrow = {name: _as_text(name, rows) for name, rows in tables.items()}
        portfolio = Portfolio.from_tables(arrow, settings)
        assert portfolio.rejects == ()
        return portfolio

    return make


def _as_text(table: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    required = [column.name for column in TABLES[table].columns if column.is_required]
    names = dict.fromkeys([*required, *(name for row in rows for name in row)])
    cells = {
        name: [None if row.get(name) is None else str(row[name]) for row in rows]
        for name in names
    }
    return pa.table({name: pa.array(c, pa.string()) for name, c in cells.items()})
