"""Excel: a workbook with a sheet per table, or a file per table."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.parquet as pq
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


ERROR = "#N/A"  # of a look-up that found nothing


def _with_errors(file: Path, sheets: Sheets) -> None:
    """As `write`, from B3 on, with errors where cells say so."""
    with xlsxwriter.Workbook(file) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for i, row in enumerate(rows):
                for j, cell in enumerate(row):
                    if cell == ERROR:
                        sheet.write_formula(i + 2, j + 1, "=NA()", None, ERROR)
                    else:
                        sheet.write(i + 2, j + 1, cell)


def test_a_cell_with_an_error_is_no_empty_cell(tmp_path: Path) -> None:
    """A look-up that failed is not "unknown": its row is rejected, by its column."""
    day, due = "2026-06-30", "2026-07-30"
    sheets: Sheets = {
        "customers": [["customer_id", "segment"], ["a", "x"], ["b", "x"]],
        "invoices": [
            INVOICES,
            ["a", 1, day, due, 20],
            ["b", 2, day, due, ERROR],
            ["b", ERROR, day, due, 25],
            ["b", 3, day, due, 30],
        ],
    }
    _with_errors(tmp_path / "portfolio.xlsx", sheets)
    portfolio = Portfolio.open(tmp_path)
    found = {(x.rule, x.column): x for x in portfolio.rejects if x.table == "invoices"}
    example = found["bad_number", "amount"].example
    assert "portfolio.xlsx (sheet invoices)" in example
    assert "Excel's error #N/A" in example
    assert found["bad_text", "invoice_id"].n == 1
    assert sum(x.n for x in found.values()) == 2
    assert _column(portfolio, "invoices", "amount") == [200_000, 300_000]


def test_an_error_in_an_id_names_nobody_and_links_nobody(tmp_path: Path) -> None:
    """As the text `#N/A` it would make one customer, and one device, of many."""
    day = "2026-06-30"
    sheets: Sheets = {
        "customers": [
            ["customer_id", "event_at"],
            ["a", day],
            ["b", day],
            [ERROR, day],
        ],
        "invoices": [INVOICES, *([ERROR, i, day, day, 20] for i in (1, 2))],
        "access": [
            ["customer_id", "event_at", "kind", "device_id"],
            *([name, day, "login", ERROR] for name in ("a", "b")),
        ],
    }
    _with_errors(tmp_path / "portfolio.xlsx", sheets)
    portfolio = Portfolio.inspect(tmp_path)
    assert portfolio.customer_ids == ("a", "b")
    rejected = {(x.table, x.column): x.n for x in portfolio.rejects}
    assert rejected["access", "device_id"] == 2
    assert sum(n for (table, _), n in rejected.items() if table == "invoices") == 2


def test_whole_numbers_stay_whole(tmp_path: Path) -> None:
    """Excel stores every number with a point; whoever looks up an id has none."""
    rows = [INVOICES, ["a", 7, "2026-06-30", "2026-07-30", "x"]]
    write(tmp_path / "portfolio.xlsx", {"customers": CUSTOMERS, "invoices": rows})
    Portfolio.inspect(tmp_path).write_rejects(tmp_path)
    rejected = pq.read_table(tmp_path / "rejected" / "invoices.parquet")
    assert rejected["invoice_id"].to_pylist() == [7]


def test_a_row_is_named_by_the_number_that_excel_shows(tmp_path: Path) -> None:
    """The header is a row, and blank rows between are counted."""
    invoices = [[], INVOICES, ["007", "1", DAY, DAY, 5], [], ["7", "2", DAY, DAY, -3]]
    write(tmp_path / "portfolio.xlsx", {"customers": CUSTOMERS, "invoices": invoices})
    [reject] = Portfolio.open(tmp_path).report.rejects
    assert "row 5: '-3'" in reject.example


def test_a_day_number_of_excel_asks_for_the_format_of_a_date(tmp_path: Path) -> None:
    """A number may be anything, so it is not guessed to be a day."""
    invoices = [INVOICES, ["007", "1", 46203, DAY, 5]]
    write(tmp_path / "portfolio.xlsx", {"customers": CUSTOMERS, "invoices": invoices})
    [reject] = Portfolio.open(tmp_path).report.rejects
    assert (reject.column, reject.rule) == ("event_at", "bad_time")
    assert "give the column the format of a date" in reject.what_to_do


def test_a_row_of_a_csv_file_is_numbered_as_a_spreadsheet_shows_it(
    tmp_path: Path,
) -> None:
    write(tmp_path / "customers.xlsx", {"customers": CUSTOMERS})
    text = (
        "customer_id,invoice_id,event_at,due_at,amount\n7,2,2026-06-30,2026-07-30,-3\n"
    )
    (tmp_path / "invoices.csv").write_text(text)
    [reject] = Portfolio.open(tmp_path).report.rejects
    assert reject.example.startswith("invoices.csv row 2: ")
