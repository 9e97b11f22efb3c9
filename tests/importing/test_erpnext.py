"""What ERPNext's ledger becomes; rows as ERPNext's own tests expect them.

Each document's rows are those of its `test_payment_ledger_entry.py` (read on
2026-11-28): an invoice against itself, a payment against the invoice, a credit note
against itself, a journal entry against both. Names, types and options of the fields are
checked against `data/erpnext_fields.json`; docs/importing.md says what was read.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from importing import SOURCES, ImportSettings, import_files
from importing.errors import NothingToImportError, UnreadableFileError
from tests.importing.conftest import FirstActions
from tests.importing.tables import Run, facts_of, imports_of_books, rows_of

FIELDS = json.loads(
    (Path(__file__).parent / "data" / "erpnext_fields.json").read_text("utf-8")
)
ACME, EXPORTED = "Acme", "2026-06-01"
Row = dict[str, object]


class Books:
    """Documents and their rows in the ledger, checked against the DocTypes."""

    def __init__(self, currency: str = "EUR") -> None:
        self.documents: dict[str, list[Row]] = {doctype: [] for doctype in FIELDS}
        self.currency = currency
        self._numbers = count(1)

    def put(self, doctype: str, at: str, **values: object) -> Row:
        """One document; `at` is when it was submitted."""
        row: Row = {"creation": f"{at}.000000", "modified": f"{at}.000000"}
        row |= {"docstatus": 1, **values}
        fields = FIELDS[doctype]
        for name, value in values.items():
            kind = fields[name]
            if isinstance(kind, list):
                assert value in kind, name
            elif kind == "Check":
                assert value in (0, 1), name
            elif kind == "Date":
                datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC)
            elif kind == "Currency":
                Decimal(str(value))
        self.documents[doctype].append(row)
        return row

    def ledger(
        self,
        at: str,
        doctype: str,
        name: str,
        against: str,
        amount: float,
        **also: object,
    ) -> Row:
        """One row of the ledger, of a customer where nothing else is said."""
        usual: Row = {
            "delinked": 0,
            "account_currency": self.currency,
            "posting_date": at[:10],
            "account_type": "Receivable",
            "party_type": "Customer",
            "party": ACME,
        }
        return self.put(
            "Payment Ledger Entry",
            at,
            name=f"ple{next(self._numbers)}",
            voucher_type=doctype,
            voucher_no=name,
            against_voucher_no=against,
            amount_in_account_currency=amount,
            **(usual | also),
        )

    def customer(self, name: str = ACME, kind: str = "Company") -> None:
        self.put("Customer", "2025-01-10 09:00:00", name=name, customer_type=kind)

    def invoice(self, name: str, at: str, amount: float, **also: object) -> None:
        party = also.pop("party", ACME)
        usual = {"is_return": 0, "is_pos": 0, "due_date": at[:10]}
        self.put("Sales Invoice", at, name=name, **(usual | also))
        self.ledger(at, "Sales Invoice", name, name, amount, party=party)

    def credit_note(self, name: str, at: str, amount: float, of: str) -> None:
        self.invoice(name, at, -amount, is_return=1, return_against=of)

    def payment(self, name: str, at: str, *against: tuple[str, float]) -> None:
        """Money in; what is against no invoice is against itself."""
        mode = "Wire Transfer"
        self.put("Payment Entry", at, name=name, mode_of_payment=mode)
        for other, amount in against:
            self.ledger(at, "Payment Entry", name, other or name, -amount)

    def journal(
        self, name: str, at: str, kind: str, *against: tuple[str, float], **also: object
    ) -> None:
        """Rows of one customer, with their signs."""
        self.put("Journal Entry", at, name=name, voucher_type=kind, **also)
        for other, amount in against:
            self.ledger(at, "Journal Entry", name, other or name, amount)

    def write(self, folder: Path) -> list[Path]:
        """What GET /api/resource/DOCTYPE?fields=["*"] answers."""
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for doctype, rows in self.documents.items():
            files.append(folder / f"{doctype}.json")
            files[-1].write_text(json.dumps({"data": rows}), encoding="utf-8")
        return files


@pytest.fixture
def books() -> Books:
    made = Books()
    made.customer()
    return made


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    return tmp_path / "portfolio"


@pytest.fixture
def run(books: Books, tmp_path: Path) -> Run:
    return imports_of_books("erpnext", books.write, tmp_path, EXPORTED)


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
    assert any("1 customers are known" in note.text for note in report.notes)


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
