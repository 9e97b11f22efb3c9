"""CSV files as offices make them, read without a word in portfolio.yaml."""

from pathlib import Path

import pytest

from features.errors import UnreadableTableError
from features.portfolio import Portfolio
from features.reading.csv_file import csv_parts, header


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_separators_ends_of_lines_and_boms(
    customers: Path, separator: str, end: str, encoding: str
) -> None:
    lines = [
        ["customer_id", "event_at", "segment", "country"],
        ["00123", "2026-01-01", '"smb, north; or\neast"', "NA"],
        ["123", "2026-01-01", "null", '""'],
    ]
    text = "".join(separator.join(cells) + end for cells in lines)
    customers.write_bytes(text.encode(encoding))
    rows = Portfolio.open(customers.parent).tables["customers"].order_by("customer_id")
    first, second = rows.to_pyarrow().to_pylist()
    assert (first["customer_id"], second["customer_id"]) == ("00123", "123")
    assert (first["segment"], first["country"]) == ("smb, north; or\neast", "NA")
    assert (second["segment"], second["country"]) == ("null", None)


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "\n\na,b\r\n\r\n"])
def test_a_header_alone_is_a_table_without_rows(customers: Path, text: str) -> None:
    customers.write_text(text, newline="")
    [part] = csv_parts(customers, "customers.csv", "customers")
    assert (part.rows.column_names, len(part.rows)) == (["a", "b"], 0)


def test_a_quoted_header_may_hold_the_separator(customers: Path) -> None:
    customers.write_text('"a\nb","c;d;e",f\n1,2,3\n')
    assert header(customers).names == ("a\nb", "c;d;e", "f")
    [part] = csv_parts(customers, "customers.csv", "customers")
    assert part.rows.to_pylist() == [{"a\nb": "1", "c;d;e": "2", "f": "3"}]


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_said(customers: Path, text: str) -> None:
    customers.write_text(text)
    with pytest.raises(UnreadableTableError, match="must name the columns"):
        Portfolio.open(customers.parent)


def test_lines_without_a_value_are_no_rows(customers: Path) -> None:
    """A spreadsheet leaves them; as rows of nobody they would spoil the whole table."""
    text = "customer_id,event_at,segment\r\n,,\r\n1,2026-01-01,a\r\n\r\n,,\r\n,,\r\n"
    customers.write_text(text, newline="")
    portfolio = Portfolio.open(customers.parent)
    assert list(portfolio.customer_ids) == ["1"]
    [found] = portfolio.report.tables
    assert (found.n_read, found.n_rejected) == (1, 0)
    customers.write_text("customer_id,event_at,segment\n,,\n", newline="")
    assert not sum(len(part.rows) for part in csv_parts(customers, "", ""))


def test_a_line_of_nobody_with_a_value_is_still_reported(customers: Path) -> None:
    customers.write_text("customer_id,event_at\n,2026-01-01\n1,2026-01-01\n")
    [found] = Portfolio.open(customers.parent).report.tables
    assert (found.n_read, found.n_rejected) == (2, 1)
