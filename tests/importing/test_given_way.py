"""A payment that a bank and the billing system tell counts once, in either order."""

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from importing import ImportReport
from tests.importing.bank_files import Entry, import_texts, iso
from tests.importing.erpnext_books import ACME, Books, books, run
from tests.importing.tables import Run, facts_of

__all__ = ["books", "run"]
PAID = Entry(amount="605", text="SINV-1", day="2026-05-30")


def statement(folder: Path, *entries: Entry) -> ImportReport:
    made = "2026-05-31T06:00:00+02:00"
    text = iso("camt.053.001.08", *entries, until="2026-05-30", made=made)
    return import_texts(folder, text)


def notes(report: ImportReport, words: str) -> list[tuple[str, int]]:
    return [(n.kind, n.n) for n in report.notes if words in n.text]


@pytest.fixture
def owing(books: Books) -> Books:
    """Two invoices of one amount."""
    books.invoice("SINV-1", "2026-03-09 09:00:00", 605)
    books.invoice("SINV-2", "2026-04-09 09:00:00", 605)
    return books


@pytest.mark.parametrize("is_bank_first", [True, False])
def test_it_counts_once_in_either_order(
    owing: Books, run: Run, portfolio: Path, is_bank_first: bool
) -> None:
    run("2026-05-29")
    if is_bank_first:
        statement(portfolio, PAID)
        assert facts_of(portfolio, ACME, "2026-06-01", "open") == {"open": 605}
    owing.payment("PAY-1", "2026-06-01 08:00:00", ("SINV-1", 605))
    told = run("2026-06-02")
    again = statement(portfolio, PAID)
    run("2026-06-03")

    assert facts_of(portfolio, ACME, "2026-06-04", "open") == {"open": 605}
    gave_way = notes(told, "a bank told before")
    assert gave_way == ([("left out", 1)] if is_bank_first else [])
    assert notes(again, "told by another source") == [("left out", 1)]
    assert again.tables[0].n_new == 0
    assert told.is_clean
    assert all(sum_.agrees for sum_ in told.sums)


def test_each_gives_way_to_one(owing: Books, run: Run, portfolio: Path) -> None:
    run("2026-05-29")
    statement(portfolio, PAID, PAID)
    owing.payment("PAY-1", "2026-06-01 08:00:00", ("SINV-1", 605))
    run("2026-06-02")
    run("2026-06-03")
    assert facts_of(portfolio, ACME, "2026-06-04", "open") == {"open": 0}

    owing.payment("PAY-2", "2026-06-03 08:00:00", ("SINV-1", 605))
    told = run("2026-06-04")
    assert notes(told, "a bank told before") == [("left out", 1)]
    assert facts_of(portfolio, ACME, "2026-06-05", "open") == {"open": 0}


def test_what_came_back_of_it_came_back(
    owing: Books, run: Run, portfolio: Path
) -> None:
    run("2026-05-29")
    back = Entry(
        amount="605",
        direction="DBIT",
        is_reversal=True,
        text="SINV-1",
        day="2026-05-30",
    )
    statement(portfolio, PAID, back)
    owing.payment("PAY-1", "2026-05-30 08:00:00", ("SINV-1", 605))
    told = run("2026-06-02")

    assert notes(told, "a bank told before") == [("left out", 1)]
    assert facts_of(portfolio, ACME, "2026-06-03", "open") == {"open": 1210}


def test_what_gave_way_stands_again_when_the_other_is_cancelled(
    owing: Books, run: Run, portfolio: Path
) -> None:
    run("2026-05-29")
    statement(portfolio, PAID)
    owing.payment("PAY-1", "2026-06-01 08:00:00", ("SINV-1", 605))
    run("2026-06-02")
    for row in owing.documents["Payment Ledger Entry"]:
        row["delinked"] = int(row["voucher_no"] == "PAY-1")
    told = run("2026-06-03")

    assert notes(told, "count again") == [("assumed", 1)]
    assert facts_of(portfolio, ACME, "2026-06-04", "open") == {"open": 605}
    again = [run("2026-06-04"), statement(portfolio, PAID)]
    assert [notes(report, "count again") for report in again] == [[], []]
    assert facts_of(portfolio, ACME, "2026-06-05", "open") == {"open": 605}
    owing.payment("PAY-2", "2026-06-01 08:00:00", ("SINV-1", 605))
    assert notes(run("2026-06-05"), "a bank told before") == [("left out", 1)]
    assert facts_of(portfolio, ACME, "2026-06-06", "open") == {"open": 605}


def test_money_that_is_matched_anew_does_not_count_twice(
    owing: Books, run: Run, portfolio: Path
) -> None:
    """The ledger has it still, of another invoice: what the bank told stays back."""
    run("2026-05-29")
    statement(portfolio, PAID)
    owing.payment("PAY-1", "2026-06-01 08:00:00", ("SINV-1", 605))
    run("2026-06-02")
    for row in owing.documents["Payment Ledger Entry"]:
        if row["voucher_no"] == "PAY-1":
            row["against_voucher_no"] = "SINV-2"
    told = run("2026-06-03")

    assert notes(told, "count again") == []
    assert facts_of(portfolio, ACME, "2026-06-04", "open") == {"open": 605}


def test_both_tellings_in_an_older_portfolio_are_named(
    owing: Books, run: Run, portfolio: Path
) -> None:
    """Nothing gave way in imports before that rule."""
    run("2026-05-29")
    statement(portfolio, PAID)
    owing.payment("PAY-1", "2026-06-01 08:00:00", ("SINV-1", 605))
    run("2026-06-02")
    for part in (portfolio / "payments").glob("erpnext-*.parquet"):
        rows = pq.read_table(part)
        pq.write_table(rows.filter(pc.field("retracted").is_null()), part)
    assert facts_of(portfolio, ACME, "2026-06-03", "open") == {"open": 0}

    assert notes(run("2026-06-03"), "stand in the portfolio") == [("look at", 1)]


@pytest.mark.parametrize("is_bank_first", [True, False])
def test_where_no_invoice_is_named_somebody_looks(
    owing: Books, run: Run, portfolio: Path, is_bank_first: bool
) -> None:
    run("2026-05-29")
    if is_bank_first:
        statement(portfolio, PAID)
    owing.payment("PAY-1", "2026-06-01 08:00:00", ("", 605))
    report = run("2026-06-02")
    if not is_bank_first:
        report = statement(portfolio, PAID)

    assert notes(report, "same customer and amount") == [("look at", 1)]
    assert not report.is_clean
    again = run("2026-06-03") if is_bank_first else statement(portfolio, PAID)
    assert again.is_clean


def test_an_export_that_is_too_old_beside_a_statement_is_named(
    owing: Books, run: Run, portfolio: Path
) -> None:
    """A list as of the statement would say no decision of everybody."""
    before = run("2026-05-25")
    assert before.left_behind == {}
    behind = statement(portfolio, PAID).left_behind
    assert set(behind) == {"customers", "invoices", "payments"}
    assert {f"{moment:%Y-%m-%d}" for moment in behind.values()} == {"2026-05-25"}
    run("2026-05-31")
    assert statement(portfolio, PAID).left_behind == {}
