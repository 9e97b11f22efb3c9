"""Credit that Lago's invoices used, and the credit notes that have to explain it."""

from pathlib import Path

import pytest

from features.portfolio import Portfolio
from tests.importing.lago_imports import Import, book, facts, run
from tests.importing.lago_objects import CUSTOMER, Object, credit_note, invoice, page

__all__ = ["run"]
FIRST = invoice("in_1", "2026-03-01", 10_000)
SECOND = invoice("in_2", "2026-04-01", 8_000) | {"credit_notes_amount_cents": 2_000}
MADE = "2026-03-10T10:00:00Z"


def note(credit: int, name: str = "cn_1") -> Object:
    return credit_note(name, "in_1", MADE, credit=credit) | {"balance_amount_cents": 0}


@pytest.mark.parametrize("n_missing", [0, 1])
def test_credit_that_no_known_note_gave_is_named_and_protects(
    run: Import, portfolio: Path, n_missing: int
) -> None:
    """Of two notes of 15 and 5 the second is on a page that is not here."""
    notes = [note(1_500), note(500, "cn_2")][: 2 - n_missing]
    report = run(*book([FIRST, SECOND], [], notes))

    asked = [n.text for n in report.notes if "used more credit (5.0000 EUR" in n.text]
    assert len(asked) == n_missing
    assert report.is_clean == (n_missing == 0)
    protected = {CUSTOMER: frozenset({"invoices"})} if n_missing else {}
    assert Portfolio.open(portfolio).rejected == protected

    again = run(*book([FIRST, SECOND], [], [note(1_500), note(500, "cn_2")]))
    assert again.is_clean
    assert Portfolio.open(portfolio).rejected == {}
    assert facts(portfolio, "open", "credit") == {"open": 180, "credit": 0}


def test_credit_without_any_list_of_notes_is_named_with_what_to_add(
    run: Import, portfolio: Path
) -> None:
    pages = book([FIRST, SECOND])
    report = run(*(p for p in pages if "credit_notes" not in p))

    [text] = [n.text for n in report.notes if n.kind == "look at"]
    assert "import /api/v1/credit_notes with them" in text
    assert facts(portfolio, "open") == {"open": 180}


def test_credit_that_an_earlier_import_brought_explains_it(
    run: Import, portfolio: Path
) -> None:
    run(*book([FIRST], [], [note(2_000)]))
    report = run(page("invoices", SECOND))

    assert report.is_clean
    assert Portfolio.open(portfolio).rejected == {}


def test_credit_that_an_earlier_invoice_may_have_used_explains_no_later_one(
    run: Import, portfolio: Path
) -> None:
    """Of the note of 20 the second invoice took all; the third used another of 15."""
    third = invoice("in_3", "2026-05-01", 9_000) | {"credit_notes_amount_cents": 1_500}
    run(*book([FIRST, SECOND], [], [note(2_000)]))
    report = run(page("invoices", third))

    assert any("used more credit (15.0000 EUR" in n.text for n in report.notes)
    assert Portfolio.open(portfolio).rejected == {CUSTOMER: frozenset({"invoices"})}

    again = run(*book([FIRST, SECOND, third], [], [note(2_000), note(1_500, "cn_2")]))
    assert again.is_clean
    assert Portfolio.open(portfolio).rejected == {}
