"""Excel: a workbook with a sheet per table, or a file per table."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import xlsxwriter

from features.errors import MixedFormatsError, UnreadableTableError
from features.portfolio import Portfolio

Sheets: TypeAlias = Mapping[str, Sequence[Any]]

DAY = dt.date(2026, 6, 30)
NOON = dt.datetime(2026, 6, 30, 12)  # noqa: DTZ001 - as Excel stores it
MIDNIGHT = dt.datetime(2026, 7, 1)  # noqa: DTZ001
CUSTOMERS: list[list[Any]] = [["customer_id", "event_at"], ["007", DAY], [7, DAY]]
INVOICES = ["customer_id", "invoice_id", "event_at", "due_at", "amount"]


def write(file: Path, sheets: Sheets) -> None:
    """Dates in a date format, clock times in one with hours."""
    with xlsxwriter.Workbook(file) as workbook:
        day = workbook.add_format({"num_format": "dd.mm.yyyy"})
        clock = workbook.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    if isinstance(cell, dt.datetime):
                        sheet.write_datetime(i, j, cell, clock)
                    elif isinstance(cell, dt.date):
                        sheet.write_datetime(i, j, cell, day)
                    else:
                        sheet.write(i, j, cell)


def _column(portfolio: Portfolio, table: str, name: str) -> list[Any]:
    rows = portfolio.tables[table]
    return list(
        rows.order_by(*dict.fromkeys(["event_at", name])).to_pyarrow()[name].to_pylist()
    )


def _moment(text: str) -> int:
    since = dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return since // dt.timedelta(microseconds=1)


END = _moment("2026-07-01T00:00:00+00:00") - 1


def test_a_workbook_has_a_sheet_per_table(tmp_path: Path) -> None:
    rows = [
        [],
        ["", *INVOICES],
        ["", "007", "0001", DAY, DAY, 19.99],
        [],
        ["", 7, 2, DAY, "2026-06-30", "20"],
        ["", " ", "", "", "", ""],
    ]
    sheets: Sheets = {
        "Customers": CUSTOMERS,
        "invoices ": rows,
        "Notes": [],
        "payment": [],
    }
    write(tmp_path / "portfolio.xlsx", sheets)
    portfolio = Portfolio.open(tmp_path)
    assert portfolio.rejects == ()
    assert portfolio.customer_ids == ("007", "7")
    assert _column(portfolio, "invoices", "invoice_id") == ["0001", "2"]
    assert _column(portfolio, "invoices", "amount") == [199_900, 200_000]
    assert _column(portfolio, "invoices", "due_at") == [END, END]
    said = " | ".join(portfolio.warnings)
    assert "sheet 'Notes' is no table of the contract and was ignored" in said
    assert "sheet 'payment' is no table" in said
    assert "did you mean payments?" in said


def test_a_file_per_table(tmp_path: Path) -> None:
    write(tmp_path / "customers.xlsx", {"Sheet1": CUSTOMERS})
    write(tmp_path / "invoices.xlsx", {"Notes": [["x"]], "Invoices": [INVOICES]})
    portfolio = Portfolio.open(tmp_path)
    assert portfolio.customer_ids == ("007", "7")
    assert _column(portfolio, "customers", "event_at") == [END, END]
    assert "invoices" in portfolio.settings.tables


def test_a_clock_time_needs_its_zone(tmp_path: Path) -> None:
    """A midnight in a column of clock times is one; it is no plain date."""
    rows = [[*CUSTOMERS[0], "created_at"], ["a", NOON, DAY], ["b", MIDNIGHT, DAY]]
    write(tmp_path / "customers.xlsx", {"Sheet1": [*rows, ["c", DAY, DAY]]})
    (tmp_path / "portfolio.yaml").write_text(
        "columns: {customers: {event_at: {timezone: Europe/Berlin}}}"
    )
    assert _column(Portfolio.open(tmp_path), "customers", "event_at") == [
        _moment("2026-06-29T22:00:00+00:00"),
        _moment("2026-06-30T10:00:00+00:00"),
        _moment("2026-06-30T22:00:00+00:00"),
    ]
    invoices = [INVOICES, ["a", "1", NOON, DAY, 5], ["a", "2", DAY, DAY, 5]]
    write(tmp_path / "invoices.xlsx", {"Sheet1": invoices})
    [reject] = Portfolio.open(tmp_path).rejects
    assert (reject.rule, reject.column, reject.n) == ("naive_time", "event_at", 2)


def test_true_numbers_and_dates_stand_beside_written_ones(tmp_path: Path) -> None:
    """A declared spelling is for what was typed as text."""
    rows = [
        INVOICES,
        ["7", "1", DAY, DAY, 1234.5],
        ["7", "2", "30.06.2026", "30.6.2026", "1.234,5"],
        ["7", "3", DAY, DAY, 1234],
        ["7", "4", DAY, DAY, 0.00005],
    ]
    write(tmp_path / "portfolio.xlsx", {"customers": CUSTOMERS, "invoices": rows})
    (tmp_path / "portfolio.yaml").write_text(
        "columns: {invoices: {event_at: {format: DD.MM.YYYY},"
        " due_at: {format: DD.MM.YYYY}, amount: {decimal: ',', thousands: .}}}"
    )
    portfolio = Portfolio.open(tmp_path)
    assert portfolio.rejects == ()
    amounts = [0, 12_340_000, 12_345_000, 12_345_000]
    assert _column(portfolio, "invoices", "amount") == amounts
    assert set(_column(portfolio, "invoices", "due_at")) == {END}


def test_a_sheet_that_cannot_be_told_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "customers.xlsx", {"One": CUSTOMERS, "Two": CUSTOMERS})
    with pytest.raises(UnreadableTableError, match="name one sheet customers"):
        Portfolio.open(tmp_path)
    write(tmp_path / "customers.xlsx", {"One": []})
    with pytest.raises(UnreadableTableError, match="must name the columns"):
        Portfolio.open(tmp_path)
    (tmp_path / "customers.xlsx").write_text("customer_id\na\n")
    with pytest.raises(UnreadableTableError, match="cannot be read as Excel"):
        Portfolio.open(tmp_path)


def test_a_table_in_a_workbook_and_in_a_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "portfolio.xlsx", {"customers": CUSTOMERS})
    (tmp_path / "customers.csv").write_text("customer_id\na\n")
    with pytest.raises(MixedFormatsError, match=r"a sheet of portfolio\.xlsx"):
        Portfolio.open(tmp_path)


def test_a_cell_with_an_error_is_no_empty_cell(tmp_path: Path) -> None:
    """A look-up that failed is not "unknown": its row is rejected, by its column."""
    with xlsxwriter.Workbook(tmp_path / "portfolio.xlsx") as workbook:
        customers = workbook.add_worksheet("customers")
        for i, row in enumerate([["customer_id", "segment"], ["a", "x"], ["b", "x"]]):
            customers.write_row(i + 2, 1, row)  # the area starts at B3
        invoices = workbook.add_worksheet("invoices")
        invoices.write_row(0, 27, INVOICES)
        for i, (customer, amount) in enumerate([("a", 20), ("b", "#N/A"), ("b", 30)]):
            invoices.write_row(i + 1, 27, [customer, i, "2026-06-30", "2026-07-30"])
            if amount == "#N/A":
                invoices.write_formula(i + 1, 31, "=NA()", None, amount)
            else:
                invoices.write(i + 1, 31, amount)
        invoices.write_formula(9, 27, "=1/0", None, "#DIV/0!")  # beyond the table
    portfolio = Portfolio.open(tmp_path)
    said = {
        (found.rule, found.column): found.n
        for found in portfolio.rejects
        if found.table == "invoices"
    }
    assert said["bad_number", "amount"] == 1
    assert sum(said.values()) == 2  # the second is the row of the lonely error
    assert _column(portfolio, "invoices", "amount") == [200_000, 300_000]
