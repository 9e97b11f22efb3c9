"""ERPNext: credit notes, refunds and payments that bounced."""

from decimal import Decimal
from pathlib import Path

from tests.importing.erpnext_books import ACME, EXPORTED, Books, books, run
from tests.importing.tables import Run, facts_of, rows_of

__all__ = ["books", "run"]


def test_a_credit_note_reduces_the_invoice_it_returns(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.credit_note("SINV-2", "2026-03-05 10:00:00", 40, "SINV-1")
    books.payment("PAY-1", "2026-03-20 10:00:00", ("SINV-1", 10))
    run()

    note = next(r for r in rows_of(portfolio, "invoices") if r["kind"] == "credit_note")
    assert (note["invoice_id"], note["applies_to"]) == ("SINV-2", "SINV-1")
    assert facts_of(portfolio, ACME, EXPORTED, "open") == {"open": 50}


def test_a_journal_lays_a_credit_note_on_another_invoice(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.invoice("SINV-2", "2026-03-02 10:00:00", 100)
    books.invoice("SINV-3", "2026-03-05 10:00:00", -100, is_return=1)
    books.journal(
        "JV-1", "2026-03-06 10:00:00", "Credit Note", ("SINV-3", 100), ("SINV-2", -100)
    )
    books.payment("PAY-1", "2026-03-20 10:00:00", ("SINV-1", 60))
    run()

    rows = rows_of(portfolio, "invoices")
    notes = [
        (r["applies_to"], r["retracted"]) for r in rows if r["kind"] == "credit_note"
    ]
    assert ("SINV-2", None) in notes
    assert facts_of(portfolio, ACME, EXPORTED, "open") == {"open": 40}


def test_a_refund_after_a_credit_note_opens_nothing(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.payment("PAY-1", "2026-03-02 10:00:00", ("SINV-1", 100))
    books.credit_note("SINV-2", "2026-03-05 10:00:00", 40, "SINV-1")
    books.put("Payment Entry", "2026-03-06 10:00:00", name="PAY-2")
    books.ledger("2026-03-06 10:00:00", "Payment Entry", "PAY-2", "SINV-2", 40)
    run()

    facts = facts_of(portfolio, ACME, EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}


def test_an_advance_that_is_given_back_is_gone(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-02-01 10:00:00", 5)
    books.payment("PAY-1", "2026-03-02 10:00:00", ("SINV-1", 5), ("", 100))
    books.put("Payment Entry", "2026-03-06 10:00:00", name="PAY-2")
    books.ledger("2026-03-06 10:00:00", "Payment Entry", "PAY-2", "PAY-1", 60)
    run()

    facts = facts_of(portfolio, ACME, EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 40}


def test_a_payment_that_bounced_and_came_again_pays_once(
    books: Books, run: Run, portfolio: Path
) -> None:
    """A bank entry, its reversal, and the reversal of that."""
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.journal("JV-1", "2026-03-10 10:00:00", "Bank Entry", ("SINV-1", -100))
    books.journal(
        "JV-2", "2026-03-20 10:00:00", "Bank Entry", ("SINV-1", 100), reversal_of="JV-1"
    )
    run("2026-04-01")
    assert facts_of(portfolio, ACME, "2026-04-01", "open") == {"open": 100}
    books.journal(
        "JV-3",
        "2026-04-10 10:00:00",
        "Bank Entry",
        ("SINV-1", -100),
        reversal_of="JV-2",
    )
    run()

    facts = facts_of(portfolio, ACME, EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 0}
    assert "returned" in {p["status"] for p in rows_of(portfolio, "payments")}


def test_a_refund_of_more_than_one_payment_is_of_several(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.payment("PAY-1", "2026-03-02 10:00:00", ("", 100))
    books.payment("PAY-2", "2026-03-03 10:00:00", ("", 60))
    books.put("Payment Entry", "2026-03-06 10:00:00", name="PAY-3")
    books.ledger("2026-03-06 10:00:00", "Payment Entry", "PAY-3", "PAY-3", 130)
    run()

    given = {
        row["payment_id"]: Decimal(str(row["amount"]))
        for row in rows_of(portfolio, "payments")
        if row["status"] == "refunded"
    }
    assert given == {"PAY-1": 70, "PAY-2": 60}
    assert facts_of(portfolio, ACME, EXPORTED, "credit") == {"credit": 30}


def test_a_refund_is_not_of_a_payment_that_bounced_before(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.payment("PAY-1", "2026-03-02 10:00:00", ("", 100))
    bounced, back = "2026-03-10 10:00:00", "2026-03-20 10:00:00"
    books.journal("JV-1", bounced, "Bank Entry", ("SINV-1", -100))
    books.journal("JV-2", back, "Bank Entry", ("SINV-1", 100), reversal_of="JV-1")
    at = "2026-03-25 10:00:00"
    books.put("Payment Entry", at, name="PAY-2")
    books.ledger(at, "Payment Entry", "PAY-2", "PAY-2", 100)
    run()

    given = [r for r in rows_of(portfolio, "payments") if r["status"] == "refunded"]
    assert [row["payment_id"] for row in given] == ["PAY-1"]
    assert facts_of(portfolio, ACME, EXPORTED, "credit") == {"credit": 0}
