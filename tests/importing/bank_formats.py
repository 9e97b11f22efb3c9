"""A portfolio that a file of a bank joins."""

from pathlib import Path

import pytest

from tests.importing.bank_files import (
    Entry,
    import_texts,
    iso,
    write_portfolio,
)

FIRST = "INV-2026-0001"


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    return write_portfolio(tmp_path / "portfolio")


def collected(portfolio: Path) -> None:
    entry = Entry(amount="100", family="IDDT", end_to_end=FIRST, currency="USD")
    import_texts(portfolio, iso("camt.054.001.08", entry))
