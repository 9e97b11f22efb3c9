"""Odoo: posted moves that were given other numbers, and lines without a due date."""

from pathlib import Path

import pytest

from tests.importing.odoo_books import Books, books, facts, portfolio, run
from tests.importing.tables import Run

__all__ = ["books", "portfolio", "run"]

MADE = "2026-03-01 10:00:00"


@pytest.mark.parametrize("days", [(), ("2026-04-01", "2026-05-01")])
def test_what_was_renumbered_is_owed_once(
    books: Books, run: Run, portfolio: Path, days: tuple[str, ...]
) -> None:
    """*Resequence* gives other numbers; the twin that kept its own is owed too."""
    amounts = (60, 40) if days else (100,)
    first, *_ = books.move("INV/1", MADE, "out_invoice", *amounts, due=days)
    books.move("INV/2", MADE, "out_invoice", *amounts, due=days)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 60)
    books.match(first, paid, 60, "2026-03-20 10:00:00")
    run("2026-05-01")
    books.rows["account.move"][0]["name"] = "INV/3"
    report = run()

    assert facts(portfolio, "open", "credit") == {"open": 140, "credit": 0}
    assert report.is_clean


def test_a_line_without_its_due_date_is_named(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/1", MADE, 100)
    books.rows["account.move.line"][0]["date_maturity"] = False
    report = run()

    texts = [note.text for note in report.notes if note.kind == "assumed"]
    assert texts == ["invoices without date_maturity are due on their own date"]
