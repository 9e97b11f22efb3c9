"""Odoo: posted moves that were given other numbers, and lines without a due date."""

from pathlib import Path

import pytest

from tests.importing.odoo_books import Books, books, facts, run
from tests.importing.tables import Run

__all__ = ["books", "run"]

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


def test_one_new_number_takes_back_one_invoice(
    books: Books, run: Run, portfolio: Path
) -> None:
    """A later export lacks the twin of what was renumbered: it is owed as it was."""
    first = books.invoice("INV/1", MADE, 100)
    twin = books.invoice("INV/2", MADE, 100)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 60)
    books.match(first, paid, 60, "2026-03-20 10:00:00")
    run("2026-05-01")
    lines, moves = books.rows["account.move.line"], books.rows["account.move"]
    books.rows["account.move.line"] = [line for line in lines if line["id"] != twin]
    books.rows["account.move"] = [move for move in moves if move["name"] != "INV/2"]
    moves[0]["name"] = "INV/3"
    run()

    assert facts(portfolio, "open", "credit") == {"open": 140, "credit": 0}


def test_a_credit_note_takes_no_other_ones_place(
    books: Books, run: Run, portfolio: Path
) -> None:
    """Of two that are alike a later export lacks one: the other is no new number."""
    for n in (1, 2):
        bill = books.invoice(f"INV/{n}", MADE, 100)
        (credit,) = books.move(f"CN/{n}", MADE, "out_refund", -40)
        books.match(bill, credit, 40, MADE)
    books.payment("BNK/1", "2026-03-20 10:00:00", 60)
    run("2026-05-01")
    rows = books.rows["account.move"]
    lacking = {row["id"] for row in rows if row["name"] in ("INV/2", "CN/2")}
    for model, move in (("account.move", "id"), ("account.move.line", "move_id")):
        books.rows[model] = [
            row for row in books.rows[model] if _number(row[move]) not in lacking
        ]
    run()

    assert facts(portfolio, "open", "credit") == {"open": 60, "credit": 0}


def _number(cell: object) -> object:
    """The number of a row, or of the one that a cell names."""
    return cell[0] if isinstance(cell, list) else cell


def test_a_line_without_its_due_date_is_named(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/1", MADE, 100)
    books.rows["account.move.line"][0]["date_maturity"] = False
    report = run()

    texts = [note.text for note in report.notes if note.kind == "assumed"]
    assert texts == ["invoices without date_maturity are due on their own date"]
