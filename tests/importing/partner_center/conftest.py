"""Imports of Partner Center's files, and what stands in the portfolio afterwards."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from tests.importing.partner_center.objects import (
    INVOICE_COLUMNS,
    USAGE_COLUMNS,
    write_csv,
)

EXPORTED = datetime(2026, 7, 8, tzinfo=UTC)
Rows = list[dict[str, Any]]
Read = Callable[[str], Rows]
Import = Callable[..., ImportReport]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    def _run(
        *files: Path,
        at: datetime = EXPORTED,
        currency: str | None = "EUR",
        rates: Mapping[str, float] | None = None,
    ) -> ImportReport:
        settings = ImportSettings(exported_at=at, currency=currency, rates=rates or {})
        return import_files(
            SOURCES["partner-center"], files, tmp_path / "portfolio", settings
        )

    return _run


@pytest.fixture
def rows(tmp_path: Path) -> Read:
    def _rows(table: str) -> Rows:
        read: Rows = pq.read_table(tmp_path / "portfolio" / table).to_pylist()
        told = (row for row in read if row["event_at"])  # no time: left out
        return sorted(told, key=lambda row: (row["event_at"], str(row)))

    return _rows


def end_of(day: str) -> datetime:
    begin = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    return begin + timedelta(days=1) - timedelta(microseconds=1)


def invoice(tmp_path: Path, *lines: dict[str, Any]) -> Path:
    return write_csv(tmp_path / "invoice.csv", INVOICE_COLUMNS, lines)


def usage(tmp_path: Path, *lines: dict[str, Any], name: str = "usage.csv") -> Path:
    return write_csv(tmp_path / name, USAGE_COLUMNS, lines)


def log(rows: Read) -> list[tuple[Any, ...]]:
    return [
        (r["kind"], f"{r['event_at']:%m-%d}", r["quantity"], r["unit_price"])
        for r in rows("subscriptions")
    ]
