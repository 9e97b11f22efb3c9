"""An import of Stripe's exports, and what it says."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from tests.importing import stripe_exports as exports

EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)


Import = Callable[..., ImportReport]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    def _run(*files: Path, portfolio: str = "portfolio") -> ImportReport:
        settings = ImportSettings(exported_at=EXPORTED, currency="USD")
        return import_files(SOURCES["stripe"], files, tmp_path / portfolio, settings)

    return _run


def balance(category: str, gross: str, day: int, **values: object) -> exports.Row:
    return {
        "balance_transaction_id": f"txn_{category}",
        "created_utc": f"2026-03-{day:02d} 10:00:00",
        "currency": "usd",
        "gross": gross,
        "reporting_category": category,
        "customer_id": "cus_A",
        "charge_id": "ch_1",
        "payment_method_type": "card",
        **values,
    }
