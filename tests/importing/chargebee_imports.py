"""Imports of Chargebee's resources, and the bill that most tests pay."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.importing.chargebee_objects import (
    CUSTOMER,
    invoice,
    payment,
)
from tests.importing.tables import Run, facts_of, imports_of_documents

EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)
Import = Run


@pytest.fixture
def run(tmp_path: Path) -> Import:
    return imports_of_documents("chargebee", tmp_path, EXPORTED)


def facts(portfolio: Path, *names: str) -> dict[str, float | None]:
    return facts_of(portfolio, CUSTOMER, "2026-06-01", *names)


BILL = invoice("inv_1", "2026-03-01", 12_345)
PAID = BILL | {"status": "paid", "amount_paid": 12_345, "amount_due": 0}
FULL = payment("txn_1", "2026-03-05", 12_345, "inv_1")
FAILED = payment("txn_0", "2026-03-02", 12_345, "inv_1", status="failure")
