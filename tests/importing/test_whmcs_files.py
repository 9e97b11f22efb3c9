"""WHMCS: what a file may lack, and words without a meaning."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    NothingToImportError,
    UnreadableFileError,
)
from importing.whmcs.columns import TABLES
from tests.importing.tables import write_csv
from tests.importing.whmcs_tables import (
    EXPORTED,
    Run,
    bill,
    client,
    item,
    run,
)

__all__ = ["run"]


def test_invoices_without_their_items_are_refused(run: Run, portfolio: Path) -> None:
    """Nobody could tell which of them only pay others, and would be owed twice."""
    with pytest.raises(NothingToImportError, match="export tblinvoiceitems"):
        run(invoices=[bill(1, "2026-03-01", "9")])
    assert not portfolio.exists()


def test_a_word_without_a_meaning_is_named(run: Run, portfolio: Path) -> None:
    report = run(
        invoices=[bill(1, "2026-03-01", "100"), bill(2, "2026-03-01", "9", "Paused")],
        invoiceitems=[item(1, "100"), item(2, "9")],
        accounts=[],
    )

    (unknown,) = report.unknown_values
    assert (unknown.file, unknown.row, unknown.value) == (
        "tblinvoices.csv",
        3,
        "Paused",
    )
    assert [s.left_out for s in report.sums if s.what == "billed"] == [9]


def test_a_bill_in_a_state_without_meaning_protects_its_client(
    run: Run, portfolio: Path
) -> None:
    bills = [bill(1, "2026-03-01", "100"), bill(2, "2026-03-01", "9", "Paused")]
    run(invoices=bills, invoiceitems=[item(1, "100")], accounts=[])

    assert Portfolio.open(portfolio).rejected == {"1": frozenset({"invoices"})}


def test_money_without_a_currency_is_refused(tmp_path: Path, portfolio: Path) -> None:
    rows = {"tblinvoices": [bill(1, "2026-03-01", "100")]}
    files = write_csv(tmp_path, rows, TABLES)
    with pytest.raises(NothingToImportError, match="tblclients and tblcurrencies"):
        import_files(SOURCES["whmcs"], files, portfolio, ImportSettings())


def test_a_file_that_is_no_table_is_refused_by_name(
    tmp_path: Path, portfolio: Path
) -> None:
    strange = tmp_path / "kittens.csv"
    strange.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UnreadableFileError, match=r"kittens\.csv"):
        import_files(SOURCES["whmcs"], [strange], portfolio, ImportSettings())


def test_tables_without_rows_say_that_there_is_none(run: Run, portfolio: Path) -> None:
    report = run(invoices=[bill(1, "2026-05-20", "9")], invoiceitems=[item(1, "9")])
    assert "payments" not in report.observed
    empty = portfolio.parent / "tblaccounts.csv"
    empty.write_text("id,userid,date,amountin,amountout,invoiceid\n", encoding="utf-8")
    folder = portfolio.parent / f"export-{EXPORTED}"
    files = [*sorted(folder.iterdir()), empty]
    settings = ImportSettings(
        exported_at=datetime(2026, 6, 1, tzinfo=UTC), currency="EUR"
    )
    report = import_files(SOURCES["whmcs"], files, portfolio, settings)

    assert "payments" in report.observed


def test_mysql_writes_no_header_for_a_table_without_rows(
    tmp_path: Path, portfolio: Path
) -> None:
    tables = {
        "tblclients": [client()],
        "tblcurrencies": [{"id": 1, "code": "EUR"}],
        "tblinvoices": [bill(1, "2026-05-20", "9")],
        "tblinvoiceitems": [item(1, "9")],
    }
    files = write_csv(tmp_path, tables, TABLES)
    for name in ("tblcredit.tsv", "tblorders.tsv"):
        files.append(tmp_path / name)
        files[-1].touch()
    report = import_files(SOURCES["whmcs"], files, portfolio, ImportSettings())

    assert {"invoices", "outcomes"} <= report.observed.keys()
    [note] = [n for n in report.notes if "have no rows" in n.text]
    assert (note.kind, note.n) == ("assumed", 2)
    assert report.is_clean


def test_an_empty_file_of_clients_is_an_export_that_failed(
    tmp_path: Path, portfolio: Path
) -> None:
    clients = tmp_path / "tblclients.tsv"
    clients.touch()
    with pytest.raises(UnreadableFileError, match="is empty"):
        import_files(SOURCES["whmcs"], [clients], portfolio, ImportSettings())


def test_invoices_without_the_credit_table_ask_for_it(run: Run) -> None:
    books = {"invoices": [bill(1, "2026-05-20", "9")], "invoiceitems": [item(1, "9")]}
    report = run(**books)

    [note] = [n for n in report.notes if "without tblcredit" in n.text]
    assert (note.kind, note.n) == ("look at", 1)
    assert "invoices" not in report.observed
    assert run(at="2026-06-02", **books, credit=[]).is_clean


def test_a_bill_of_another_client_than_before_is_named(run: Run) -> None:
    """Clients were merged; of two customers of one number the contract takes none."""
    clients = {"clients": [client(1), client(2)], "accounts": []}
    bills = [bill(1, "2026-03-01", "100"), bill(2, "2026-03-01", "9")]
    items = [item(1, "100"), item(2, "9")]
    run("2026-05-01", invoices=bills, invoiceitems=items, **clients)
    moved = [bills[0] | {"userid": 2}, bills[1]]
    report = run(invoices=moved, invoiceitems=items, **clients)

    (note,) = (n for n in report.notes if "another customer" in n.text)
    assert (note.n, "first 1 of 1, now of 2:" in note.text) == (1, True)
