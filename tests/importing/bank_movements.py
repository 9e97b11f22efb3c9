"""Bookings that a test puts into a statement."""

from pathlib import Path

import pytest

from tests.importing.bank_files import (
    Entry,
    write_portfolio,
)

STATEMENT = "camt.053.001.08"


FIRST = "INV-2026-0001"


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    return write_portfolio(tmp_path / "portfolio")


def debit(amount: str, day: str, **said: object) -> Entry:
    facts = {"end_to_end": FIRST, "family": "IDDT", "day": day} | said
    return Entry(amount=amount, **facts)  # type: ignore[arg-type]
