"""Chargebee: tax that customers pay to the state in place of a part of an invoice."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from tests.importing.chargebee_imports import (
    BILL,
    FAILED,
    Import,
    facts,
    run,
)
from tests.importing.chargebee_objects import CUSTOMER, customer, page, seconds
from tests.importing.tables import facts_of

__all__ = ["run"]

TAX = {"id": "tax_1", "amount": 2_345, "date": seconds("2026-03-10")}
LATER = datetime(2026, 6, 2, tzinfo=UTC)


def test_what_was_withheld_is_not_owed(run: Import, portfolio: Path) -> None:
    """`amount_due` is less by `linked_taxes_withheld`, as the API reference says."""
    report = run(page(customer(), FAILED, BILL | {"linked_taxes_withheld": [TAX]}))

    assert facts(portfolio, "open") == {"open": 100}
    sums = {s.what: s.source for s in report.sums}
    assert sums["taxes withheld"] == Decimal("23.45")


def test_what_is_withheld_no_more_is_owed_again(run: Import, portfolio: Path) -> None:
    run(page(customer(), FAILED, BILL | {"linked_taxes_withheld": [TAX]}))
    run(page(customer(), BILL | {"linked_taxes_withheld": []}), at=LATER)

    later = facts_of(portfolio, CUSTOMER, "2026-06-03", "open")
    assert (facts(portfolio, "open"), later) == ({"open": 100}, {"open": 123.45})
