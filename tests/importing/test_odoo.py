"""What Odoo's ledger becomes; rows as `search_read` answers them over JSON-RPC.

Names, types and selections of the fields are checked against `data/odoo_fields.json`;
docs/importing.md says what was read. `false` is nothing, `[id, "name"]` another row.
"""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing import SOURCES, ImportSettings, import_files
from importing.errors import NothingToImportError, UnreadableFileError
from tests.importing.conftest import FirstActions
from tests.importing.odoo_books import (
    ACME,
    CONTACT,
    EUR,
    EXPORTED,
    KWD,
    MISC,
    PARENT,
    Books,
    books,
    facts,
    run,
)
from tests.importing.tables import Run, rows_of

__all__ = ["books", "run"]


def test_a_payment_pays_what_it_was_matched_with(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    second = books.invoice("INV/2", "2026-03-10 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 60)
    books.match(second, paid, 50, "2026-03-20 10:00:00")
    run()

    rows = {r["payment_id"]: r["invoice_id"] for r in rows_of(portfolio, "payments")}
    assert rows == {"BNK/1 > INV/2": "INV/2", "BNK/1": None}
    assert facts(portfolio, "open") == {"open": 140}


def test_money_before_the_invoice_is_credit_until_they_are_matched(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/0", "2026-02-01 10:00:00", 1)
    paid = books.payment("BNK/1", "2026-03-01 10:00:00", 100)
    run("2026-03-02")
    bill = books.invoice("INV/1", "2026-03-10 10:00:00", 99)
    books.match(bill, paid, 99, "2026-03-20 10:00:00")
    run()

    days = ("2026-03-05", "2026-03-15", EXPORTED)
    known = [facts(portfolio, "open", "credit", at=day) for day in days]
    assert known == [
        {"open": 0, "credit": 99},
        {"open": 0, "credit": 0},
        {"open": 0, "credit": 0},
    ]


def test_a_match_that_is_undone_is_taken_back(
    books: Books, run: Run, portfolio: Path
) -> None:
    first = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    second = books.invoice("INV/2", "2026-03-02 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 100)
    books.match(first, paid, 100, "2026-03-20 10:00:00")
    run("2026-04-01")
    books.rows["account.partial.reconcile"].clear()
    books.match(second, paid, 100, "2026-04-10 10:00:00")
    run()

    assert facts(portfolio, "open") == {"open": 100}
    latest = {r["payment_id"]: r["retracted"] for r in rows_of(portfolio, "payments")}
    assert (latest["BNK/1 > INV/1"], latest["BNK/1 > INV/2"]) == (True, None)


def test_a_match_undone_and_made_anew_is_not_the_state_between(
    books: Books, run: Run, portfolio: Path
) -> None:
    """The rest of the payment was 100 and 70 before, and is 70 again: not 100."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 50)
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 100)
    books.match(bill, paid, 30, "2026-03-20 10:00:00")
    run("2026-04-01")
    books.undo(books.rows["account.partial.reconcile"][0])
    books.match(bill, paid, 30, "2026-04-10 10:00:00")
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 50}


def test_an_invoice_in_instalments_is_due_in_parts(
    books: Books, run: Run, portfolio: Path
) -> None:
    lines = books.move(
        "INV/1",
        "2026-03-01 10:00:00",
        "out_invoice",
        30,
        70,
        due=("2026-03-31", "2026-05-31"),
    )
    paid = books.payment("BNK/1", "2026-03-20 10:00:00", 30)
    books.match(lines[0], paid, 30, "2026-03-20 10:00:00")
    run()

    known = facts(portfolio, "open", "days_overdue", at="2026-05-30")
    assert known == {"open": 70, "days_overdue": 0}


def test_a_contact_owes_as_its_company_and_a_parent_may_pay(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100, partner=CONTACT)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 150, partner=PARENT)
    books.match(bill, paid, 100, "2026-03-10 10:00:00")
    run()

    parts = {
        r["payment_id"]: (r["customer_id"], r["paid_by"])
        for r in rows_of(portfolio, "payments")
    }
    assert parts == {
        "BNK/1 > INV/1": (str(ACME), str(PARENT)),
        "BNK/1": (str(PARENT), None),
    }
    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_payment_in_another_currency_closes_what_odoo_says(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 10.005, currency=KWD)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 30)
    books.match(bill, paid, 10.005, "2026-03-10 10:00:00", taken=28.5)
    report = run()

    rows = {
        r["payment_id"]: (r["amount"], r["currency"])
        for r in rows_of(portfolio, "payments")
    }
    assert rows == {
        "BNK/1 > INV/1": (Decimal("10.005"), "KWD"),
        "BNK/1": (Decimal("1.5"), "EUR"),
    }
    assert all(s.agrees for s in report.sums)


def test_a_payment_under_way_is_in_flight_until_it_is_not(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-05-01 10:00:00", 100)
    under_way = books.put(
        "account.payment",
        payment_type="inbound",
        partner_type="customer",
        partner_id=[ACME, "Acme"],
        amount=100,
        currency_id=[EUR, "EUR"],
        state="in_process",
        payment_method_code="sdd",
        create_date="2026-05-30 08:00:00",
    )
    run("2026-05-31")
    known = facts(portfolio, "open", "in_flight", at="2026-05-31")
    assert known == {"open": 100, "in_flight": 100}
    under_way["state"] = "rejected"
    books.match(
        bill,
        books.payment("BNK/1", "2026-05-31 10:00:00", 1),
        1,
        EXPORTED + " 00:00:00",
    )
    run()

    assert facts(portfolio, "open", "in_flight") == {"open": 99, "in_flight": 0}


def test_what_is_no_longer_posted_never_was(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    books.invoice("INV/2", "2026-03-01 10:00:00", 7)
    books.payment("BNK/1", "2026-03-02 10:00:00", 1)
    run("2026-04-01")
    books.rows["account.move"][0]["state"] = "cancel"
    report = run()

    assert facts(portfolio, "open") == {"open": 6}
    assert any(n.text == "moves in draft or cancelled" for n in report.notes)


def test_journal_entries_reduce_and_raise_what_is_owed_and_are_named(
    books: Books, run: Run, portfolio: Path
) -> None:
    """A write-off looks like any other entry: it is a credit note, and said so."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    (gone,) = books.move("MISC/1", "2026-04-01 10:00:00", "entry", -30, journal=MISC)
    books.match(bill, gone, 30, "2026-04-01 10:00:00")
    books.move("MISC/2", "2026-04-02 10:00:00", "entry", 5, journal=MISC)
    books.payment("BNK/1", "2026-05-02 10:00:00", 1)
    report = run()

    assert facts(portfolio, "open") == {"open": 74}
    texts = [n.text for n in report.notes if n.kind == "assumed"]
    assert any("also a write-off" in text for text in texts)
    assert any("debts of their own" in text for text in texts)


def test_moments_are_utc_and_days_are_the_portfolios(
    books: Books, run: Run, portfolio: Path
) -> None:
    """Brussels sprang forward on the 29th; made on the 30th, dated the 27th."""
    books.invoice(
        "INV/1",
        "2026-03-30 10:00:00",
        9,
        due="2026-03-29",
        date="2026-03-27",
    )
    run(timezone="Europe/Brussels")

    (bill,) = rows_of(portfolio, "invoices")
    assert bill["known_at"] == datetime(2026, 3, 30, 10, tzinfo=UTC)
    assert bill["event_at"] == datetime(2026, 3, 27, 22, 59, 59, 999_999, tzinfo=UTC)
    assert bill["due_at"] == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)


def test_the_database_says_what_the_api_says(
    books: Books, run: Run, tmp_path: Path, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100, partner=CONTACT)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 150, partner=PARENT)
    books.match(bill, paid, 100, "2026-03-10 10:00:00")
    run()
    files = books.write_csv(tmp_path / "database")
    other = tmp_path / "other"
    settings = ImportSettings(
        exported_at=datetime(2026, 6, 1, tzinfo=UTC), currency="EUR"
    )
    import_files(SOURCES["odoo"], files, other, settings)

    for table in ("customers", "invoices", "payments"):
        assert rows_of(other, table) == rows_of(portfolio, table)


def test_huge_amounts_keep_their_cents(books: Books, run: Run, portfolio: Path) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 9_999_999_999.99)
    run()
    assert rows_of(portfolio, "invoices")[0]["amount"] == Decimal("9999999999.99")


def test_the_same_export_again_adds_nothing(books: Books, run: Run) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 150)
    books.match(bill, paid, 100, "2026-03-12 10:00:00")
    run()
    assert not [t for t in run("2026-06-02").tables if t.n_new]


def test_what_is_of_nobody_or_means_nothing_is_left_out_and_named(
    books: Books, run: Run
) -> None:
    books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    books.move("MISC/1", "2026-03-01 10:00:00", "entry", 5, partner=None)
    books.invoice("INV/2", "2026-03-01 10:00:00", 9)
    books.rows["account.move"][-1]["state"] = "frozen"
    report = run()

    (unknown,) = report.unknown_values
    assert (unknown.file, unknown.row, unknown.value) == (
        "account.move.json",
        3,
        "frozen",
    )
    assert any("of no partner" in n.text for n in report.notes)


def test_a_table_without_which_nobody_knows_who_owes_is_asked_for(
    books: Books, tmp_path: Path, portfolio: Path
) -> None:
    files = [f for f in books.write(tmp_path) if "partial" not in f.name]
    with pytest.raises(NothingToImportError, match="account_partial_reconcile"):
        import_files(SOURCES["odoo"], files, portfolio, ImportSettings())


def test_an_answer_without_the_fields_is_refused(
    tmp_path: Path, portfolio: Path
) -> None:
    file = tmp_path / "account.move.line.json"
    file.write_text('{"result": [{"id": 1, "move_id": [1, "INV/1"]}]}', "utf-8")
    with pytest.raises(UnreadableFileError, match="account_type"):
        import_files(SOURCES["odoo"], [file], portfolio, ImportSettings())


def test_from_the_ledger_to_a_first_list_of_actions(
    books: Books, first_actions: FirstActions, tmp_path: Path
) -> None:
    books.invoice("INV/1", "2026-01-01 10:00:00", 100)
    bill = books.invoice("INV/2", "2026-04-01 10:00:00", 100, partner=PARENT)
    paid = books.payment("BNK/1", "2026-04-02 10:00:00", 100, partner=PARENT)
    books.match(bill, paid, 100, "2026-04-02 10:00:00")
    files = books.write(tmp_path / "export")
    day = first_actions("odoo", files, EXPORTED, str(ACME))

    assert day.actions[str(PARENT)] == "none"
    assert day.actions[str(ACME)] in ("remind", "review")
    assert "100" in day.explained


def test_rows_of_pages_that_overlap_count_once(
    books: Books, tmp_path: Path, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 60)
    books.match(bill, paid, 60, "2026-03-10 10:00:00")
    files = books.write(tmp_path / "export")
    pages = [file.with_name(f"{file.stem}-2{file.suffix}") for file in files]
    for file, page in zip(files, pages, strict=True):
        page.write_bytes(file.read_bytes())
    options = ImportSettings(currency="EUR")
    report = import_files(SOURCES["odoo"], [*files, *pages], portfolio, options)

    assert facts(portfolio, "open", "credit") == {"open": 40, "credit": 0}
    assert any("more than once" in note.text for note in report.notes)
