"""What ERPNext's ledger becomes; rows as ERPNext's own tests expect them.

Each document's rows are those of its `test_payment_ledger_entry.py` (read on
2026-11-28): an invoice against itself, a payment against the invoice, a credit note
against itself, a journal entry against both. Names, types and options of the fields are
checked against `data/erpnext_fields.json`; docs/importing.md says what was read.
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing import SOURCES, ImportSettings, import_files
from importing.errors import NothingToImportError, UnreadableFileError
from tests.importing.conftest import FirstActions
from tests.importing.erpnext_books import ACME, EXPORTED, Books, books, run
from tests.importing.tables import Run, facts_of, rows_of

__all__ = ["books", "run"]


def test_a_payment_pays_the_invoice_that_it_is_against(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.invoice("SINV-2", "2026-03-10 10:00:00", 100)
    books.payment("PAY-1", "2026-03-20 10:00:00", ("SINV-2", 50))
    run()

    (paid,) = rows_of(portfolio, "payments")
    assert (paid["payment_id"], paid["invoice_id"]) == ("PAY-1 > SINV-2", "SINV-2")
    assert facts_of(portfolio, ACME, EXPORTED, "open") == {"open": 150}


def test_one_payment_pays_several_invoices_and_the_rest_is_credit(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.invoice("SINV-2", "2026-03-10 10:00:00", 100)
    books.payment(
        "PAY-1", "2026-03-20 10:00:00", ("SINV-1", 100), ("SINV-2", 100), ("", 30)
    )
    run()

    facts = facts_of(portfolio, ACME, EXPORTED, "open", "credit")
    assert facts == {"open": 0, "credit": 30}


def test_an_advance_is_credit_until_it_is_laid_on_an_invoice(
    books: Books, run: Run, portfolio: Path
) -> None:
    """Reconciling marks the old row as delinked and writes a new one."""
    books.payment("PAY-1", "2026-03-01 10:00:00", ("", 100))
    run("2026-03-02")
    assert facts_of(portfolio, ACME, "2026-03-02", "open") != {"open": 100}
    books.documents["Payment Ledger Entry"][-1]["delinked"] = 1
    books.invoice("SINV-1", "2026-03-10 10:00:00", 100)
    books.ledger("2026-03-20 10:00:00", "Payment Entry", "PAY-1", "SINV-1", -100)
    run()

    at = ("2026-03-05", "2026-03-15", EXPORTED)
    known = [facts_of(portfolio, ACME, day, "open", "credit") for day in at]
    assert known == [
        {"open": 0, "credit": 100},
        {"open": 0, "credit": 0},
        {"open": 0, "credit": 0},
    ]


def test_a_payment_that_is_laid_on_another_invoice_pays_once(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.invoice("SINV-2", "2026-03-02 10:00:00", 100)
    books.payment("PAY-1", "2026-03-20 10:00:00", ("SINV-1", 100))
    run("2026-04-01")
    books.documents["Payment Ledger Entry"][-1]["delinked"] = 1
    books.ledger("2026-04-10 10:00:00", "Payment Entry", "PAY-1", "SINV-2", -100)
    run()

    assert facts_of(portfolio, ACME, EXPORTED, "open") == {"open": 100}
    latest = {r["payment_id"]: r["retracted"] for r in rows_of(portfolio, "payments")}
    assert latest["PAY-1 > SINV-1"]


def test_a_cancelled_payment_never_was(books: Books, run: Run, portfolio: Path) -> None:
    """Cancelled, a document's rows are delinked, and reversed by delinked ones."""
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.payment("PAY-1", "2026-03-20 10:00:00", ("SINV-1", 100))
    run("2026-04-01")
    books.documents["Payment Ledger Entry"][-1]["delinked"] = 1
    books.documents["Payment Entry"][-1]["docstatus"] = 2
    books.ledger(
        "2026-04-10 10:00:00", "Payment Entry", "PAY-1", "SINV-1", 100, delinked=1
    )
    run()

    assert facts_of(portfolio, ACME, EXPORTED, "open") == {"open": 100}


def test_an_immutable_ledger_reverses_in_the_open(
    books: Books, run: Run, portfolio: Path
) -> None:
    """With that setting both rows stay, and come to nothing."""
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.invoice("SINV-2", "2026-03-02 10:00:00", 7)
    books.payment("PAY-1", "2026-03-03 10:00:00", ("SINV-2", 1))
    run("2026-04-01")
    books.documents["Sales Invoice"][0]["docstatus"] = 2
    books.ledger("2026-04-05 10:00:00", "Sales Invoice", "SINV-1", "SINV-1", -100)
    run()

    assert facts_of(portfolio, ACME, EXPORTED, "open", "credit") == {
        "open": 6,
        "credit": 0,
    }


def test_what_is_written_off_is_not_owed(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.payment("PAY-1", "2026-03-02 10:00:00", ("SINV-1", 30))
    books.journal("JV-1", "2026-05-10 10:00:00", "Write Off Entry", ("SINV-1", -70))
    run()

    facts = facts_of(portfolio, ACME, EXPORTED, "open", "written_off")
    assert facts == {"open": 0, "written_off": 70}


def test_an_invoice_paid_at_the_till_is_billed_and_paid(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100, is_pos=1)
    books.ledger("2026-03-01 10:00:00", "Sales Invoice", "SINV-1", "SINV-1", -80)
    report = run()

    assert facts_of(portfolio, ACME, EXPORTED, "open") == {"open": 20}
    assert [s.source for s in report.sums if s.what == "billed"] == [100]


def test_a_document_is_known_since_it_was_written_and_due_at_the_end_of_a_day(
    books: Books, run: Run, portfolio: Path
) -> None:
    """Backdated: of 27 March, written on 30 March, in summer time by then."""
    days = {"is_return": 0, "is_pos": 0, "due_date": "2026-03-29"}
    books.put("Sales Invoice", "2026-03-30 10:00:00", name="SINV-1", **days)
    row = books.ledger("2026-03-30 10:00:00", "Sales Invoice", "SINV-1", "SINV-1", 9)
    row["posting_date"] = "2026-03-27"
    run(timezone="Europe/Brussels")

    (bill,) = rows_of(portfolio, "invoices")
    assert bill["known_at"] == datetime(2026, 3, 30, 8, tzinfo=UTC)
    assert bill["event_at"] == datetime(2026, 3, 27, 22, 59, 59, 999_999, tzinfo=UTC)
    assert bill["due_at"] == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)


def test_what_a_journal_opens_again_is_not_due_before_its_invoice(
    books: Books, run: Run, portfolio: Path
) -> None:
    """A cheque bounced on 25 April, and its invoice is due on the 30th."""
    books.invoice("SINV-1", "2026-04-01 10:00:00", 90, due_date="2026-04-30")
    books.payment("PAY-1", "2026-04-20 10:00:00", ("SINV-1", 90))
    books.journal("JV-1", "2026-04-25 10:00:00", "Bank Entry", ("SINV-1", 90))
    run()

    assert [str(r["due_at"])[:10] for r in rows_of(portfolio, "invoices")] == [
        "2026-04-30",
        "2026-04-30",
    ]


def test_amounts_keep_their_places_and_their_currency(
    tmp_path: Path, portfolio: Path
) -> None:
    both = []
    for currency, amount in (("KWD", 10.005), ("JPY", 123456789012), ("EUR", 0.01)):
        books = Books(currency)
        books.invoice(f"SINV-{currency}", "2026-03-01 10:00:00", amount)
        both.append(books)
    for books in both[1:]:
        for doctype, rows in books.documents.items():
            for row in rows:
                row["name"] = f"{row['name']}-{books.currency}"
            both[0].documents[doctype] += rows
    settings = ImportSettings(currency="EUR")
    files = both[0].write(tmp_path / "export")
    report = import_files(SOURCES["erpnext"], files, portfolio, settings)

    billed = {(s.currency, s.source) for s in report.sums if s.what == "billed"}
    assert billed == {
        ("KWD", Decimal("10.005")),
        ("JPY", Decimal(123456789012)),
        ("EUR", Decimal("0.01")),
    }


def test_suppliers_and_drafts_are_left_out_and_counted(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.put(
        "Sales Invoice", "2026-03-01 10:00:00", name="SINV-2", is_return=0, is_pos=0
    )["docstatus"] = 0
    books.ledger(
        "2026-03-01 10:00:00",
        "Purchase Invoice",
        "PINV-1",
        "PINV-1",
        9,
        party_type="Supplier",
    )
    report = run()

    left_out = {n.text.split()[0]: n.n for n in report.notes if n.kind == "left out"}
    assert left_out == {"rows": 1, "drafts": 1}
    assert [r["invoice_id"] for r in rows_of(portfolio, "invoices")] == ["SINV-1"]


def test_the_same_export_again_adds_nothing(books: Books, run: Run) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.payment("PAY-1", "2026-03-02 10:00:00", ("SINV-1", 30), ("", 5))
    run()
    assert not [t for t in run("2026-06-02").tables if t.n_new]


def test_a_kind_of_journal_without_a_meaning_is_named(books: Books, run: Run) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.journal("JV-1", "2026-03-02 10:00:00", "Journal Entry", ("SINV-1", -10))
    books.documents["Journal Entry"][-1]["voucher_type"] = "Gift"
    report = run()

    (unknown,) = report.unknown_values
    assert (unknown.file, unknown.row, unknown.value) == (
        "Journal Entry.json",
        1,
        "Gift",
    )


def test_a_document_of_the_ledger_of_no_known_kind_is_named_and_protects(
    books: Books, run: Run
) -> None:
    books.invoice("SINV-1", "2026-03-01 10:00:00", 100)
    books.ledger("2026-03-02 10:00:00", "Wibble", "W-1", "SINV-1", -10)
    report = run()

    (unknown,) = report.unknown_values
    assert (unknown.column, unknown.value) == ("voucher_type", "Wibble")
    assert any("known: 1 customer" in note.text for note in report.notes)


def test_documents_without_the_ledger_are_refused(
    books: Books, tmp_path: Path, portfolio: Path
) -> None:
    files = [f for f in books.write(tmp_path) if f.name == "Sales Invoice.json"]
    with pytest.raises(NothingToImportError, match="payment_ledger_entry"):
        import_files(SOURCES["erpnext"], files, portfolio, ImportSettings())


def test_an_answer_without_fields_is_refused(tmp_path: Path, portfolio: Path) -> None:
    """Without `fields` the API gives names alone."""
    file = tmp_path / "Sales Invoice.json"
    file.write_text('{"data": [{"name": "SINV-1"}]}', encoding="utf-8")
    with pytest.raises(UnreadableFileError, match="docstatus"):
        import_files(SOURCES["erpnext"], [file], portfolio, ImportSettings())


def test_from_the_ledger_to_a_first_list_of_actions(
    books: Books, first_actions: FirstActions, tmp_path: Path
) -> None:
    books.customer("Good")
    books.invoice("SINV-1", "2026-01-01 10:00:00", 100)
    books.invoice("SINV-2", "2026-04-01 10:00:00", 100, party="Good")
    books.put("Payment Entry", "2026-04-02 10:00:00", name="PAY-1")
    books.ledger(
        "2026-04-02 10:00:00", "Payment Entry", "PAY-1", "SINV-2", -100, party="Good"
    )
    day = first_actions("erpnext", books.write(tmp_path / "export"), EXPORTED, ACME)

    assert day.actions["Good"] == "none"
    assert day.actions[ACME] in ("remind", "review")
    assert "100" in day.explained
