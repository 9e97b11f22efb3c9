"""Imports of Lago's objects, and the bill that most tests pay."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.importing.lago_objects import (
    CUSTOMER,
    Object,
    customer,
    invoice,
    page,
    payment,
)
from tests.importing.tables import Run, facts_of, imports_of_documents

EXPORTED = datetime(2026, 6, 1, tzinfo=UTC)
Import = Run


@pytest.fixture
def run(tmp_path: Path) -> Import:
    return imports_of_documents("lago", tmp_path, EXPORTED)


def facts(portfolio: Path, *names: str) -> dict[str, float | None]:
    return facts_of(portfolio, CUSTOMER, "2026-06-01", *names)


def book(
    invoices: list[Object],
    payments: list[Object] | None = None,
    notes: list[Object] | None = None,
) -> list[Object]:
    """Pages of the lists that money is in; where nobody paid, one attempt failed."""
    attempt = payment("p_0", "2026-03-02T10:00:00Z", 1, "in_0", payment_status="failed")
    return [
        page("customers", customer()),
        page("invoices", *invoices),
        page("payments", *(payments or [attempt])),
        page("credit_notes", *(notes or [])),
    ]


BILL = invoice("in_1", "2026-03-01", 12_345)
