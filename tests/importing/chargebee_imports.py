"""Imports of Chargebee's resources, and the bill that most tests pay."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from tests.importing.chargebee_objects import (
    CUSTOMER,
    invoice,
    payment,
)
from tests.importing.tables import facts_of

EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)
Import = Callable[..., ImportReport]


@pytest.fixture
def run(tmp_path: Path) -> Import:
    def _run(*documents: Mapping[str, Any], at: datetime = EXPORTED) -> ImportReport:
        file = tmp_path / f"export-{at:%Y%m%d}.ndjson"
        file.write_text("".join(json.dumps(d) + "\n" for d in documents), "utf-8")
        settings = ImportSettings(exported_at=at, currency="EUR")
        return import_files(
            SOURCES["chargebee"], [file], tmp_path / "portfolio", settings
        )

    return _run


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    return tmp_path / "portfolio"


def facts(portfolio: Path, *names: str) -> dict[str, float | None]:
    return facts_of(portfolio, CUSTOMER, "2026-06-01", *names)


BILL = invoice("inv_1", "2026-03-01", 12_345)
PAID = BILL | {"status": "paid", "amount_paid": 12_345, "amount_due": 0}
FULL = payment("txn_1", "2026-03-05", 12_345, "inv_1")
FAILED = payment("txn_0", "2026-03-02", 12_345, "inv_1", status="failure")
