"""`columns:` of portfolio.yaml: a table's own names, words, numbers and dates."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.account import account_facts
from features.errors import ColumnMappingError, SettingsError
from features.portfolio import Portfolio
from features.reading.mapping import ColumnMapping
from features.reading.spelling import date_format

MAPPED = """
name: office
timezone: Europe/Berlin
columns:
  invoices:
    invoice_id: beleg
    event_at: {from: datum, format: DD.MM.YYYY}
    due_at: {from: faellig, format: DD.MM.YYYY}
    amount: {from: betrag, decimal: ",", thousands: "."}
  payments:
    payment_id: nr
    status: {from: zustand, values: {bezahlt: succeeded, 01: failed, yes: pending}}
    amount: {decimal: ","}
    event_at: {from: gebucht, format: "DD.MM.YYYY hh:mm", timezone: Europe/Berlin}
    method: {value: bank_transfer}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "customers.csv").write_text("customer_id,event_at\n001,2026-01-01\n")
    (tmp_path / "portfolio.yaml").write_text(MAPPED)
    (tmp_path / "invoices.csv").write_text(
        "customer_id;beleg;datum;faellig;betrag;amount\r\n"
        '001;0007;1.2.2026;15.02.2026;1.234,50;"gross ""12"""\r\n'
        "001;0008;01.03.2026;15.03.2026;+7;x\r\n",
        encoding="utf-8-sig",
    )
    (tmp_path / "payments.csv").write_text(
        "customer_id\tnr\tgebucht\tzustand\tamount\tinvoice_id\n"
        "001\t1\t05.02.2026 9:30\tbezahlt\t1234,5\t0007\n"
        "001\t2\t05.07.2026 09:30\t01\t7\t0008\n"
        "001\t3\t06.07.2026 09:30\tyes\t7\t0008\n"
        "001\t4\t07.07.2026 09:30\tsucceeded\t6,99\t0008\n"
    )
    return tmp_path


def _rows(portfolio: Portfolio, table: str) -> list[dict[str, Any]]:
    return list(portfolio.tables[table].order_by("event_at").to_pyarrow().to_pylist())


def _moment(text: str) -> int:
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return round(since.total_seconds() * 1_000_000)


def test_an_attribute_may_serve_as_another_column_too(folder: Path) -> None:
    (folder / "customers.csv").write_text(
        "customer_id,event_at,acquisition\n001,2026-01-01,partner\n"
    )
    (folder / "portfolio.yaml").write_text(
        "attributes: {acquisition: {type: category}}\n"
        "columns: {customers: {channel: acquisition}}\n"
    )
    portfolio = Portfolio.open(folder)
    [row] = _rows(portfolio, "customers")
    assert (row["channel"], row["acquisition"]) == ("partner", "partner")
    assert not [text for text in portfolio.warnings if "acquisition" in text]


def test_an_offices_files_are_read_as_declared(folder: Path) -> None:
    portfolio = Portfolio.open(folder)
    assert portfolio.rejects == ()
    first, second = _rows(portfolio, "invoices")
    assert (first["invoice_id"], first["amount"]) == ("0007", 12_345_000)
    assert first["event_at"] + 1 == _moment("2026-02-01T23:00:00+00:00")
    assert (second["invoice_id"], second["amount"]) == ("0008", 70_000)
    payments = _rows(portfolio, "payments")
    assert [row["status"] for row in payments] == [
        "succeeded",
        "failed",
        "pending",
        "succeeded",
    ]
    assert payments[0]["event_at"] == _moment("2026-02-05T08:30:00+00:00")
    assert payments[1]["event_at"] == _moment("2026-07-05T07:30:00+00:00")
    assert {row["method"] for row in payments} == {"bank_transfer"}
    facts = account_facts(
        portfolio.events("001"), portfolio.latest_known_at, portfolio.settings
    )
    assert facts.open == 100  # 7 less 6.99


def test_the_column_that_gave_way_is_said(folder: Path) -> None:
    said = Portfolio.open(folder).warnings
    [gave_way] = [warning for warning in said if "gives way" in warning]
    assert gave_way.startswith("invoices: its own column 'amount' gives way")
    assert not any("datum" in w or "columns is no setting" in w for w in said)


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("1.5", "bad_number"),  # 1.5 or 15? neither was declared
        ("1,234.50", "bad_number"),
        ("12.34,5", "bad_number"),
        ("1.234.50", "bad_number"),
        ("€ 5", "bad_number"),
        ("", "missing_required"),
        ("-3,5", "negative_amount"),
    ],
)
def test_a_number_not_as_declared_is_rejected(
    folder: Path, cell: str, rule: str
) -> None:
    invoices = "customer_id;beleg;datum;faellig;betrag\n"
    (folder / "invoices.csv").write_text(
        f"{invoices}001;1;01.02.2026;01.02.2026;{cell}\n"
        "001;2;01.02.2026;01.02.2026;1.234\n"
    )
    portfolio = Portfolio.open(folder)
    assert [(r.rule, r.column, r.n) for r in portfolio.rejects] == [(rule, "amount", 1)]
    assert [row["amount"] for row in _rows(portfolio, "invoices")] == [12_340_000]
    [file] = portfolio.write_rejects(folder)
    [row] = pq.read_table(file).to_pylist()
    assert row["amount"] == (cell or None), "as found"


@pytest.mark.parametrize(
    "cell", ["2026-02-31", "31.02.2026", "1.2.26", "02/01/2026", "01.02.2026 10:00"]
)
def test_a_date_not_as_declared_is_rejected(folder: Path, cell: str) -> None:
    (folder / "invoices.csv").write_text(
        f"customer_id;beleg;datum;faellig;betrag\n001;1;{cell};01.02.2026;5\n"
    )
    [reject] = Portfolio.open(folder).rejects
    assert (reject.rule, reject.column) == ("bad_time", "event_at")


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ("{invoice: {amount: x}}", "unknown_table"),
        ("{invoices: {betrag: amount}}", "unknown_column"),
        ("{payments: {status: {bezahlt: paid}}}", "unknown_choice"),
        ("{payments: {status: {value: paid}}}", "unknown_choice"),
        ("{invoices: {amount: {from: netto}}}", "column_not_found"),
        ("{invoices: {kind: {decimal: ','}}}", "not_a_number"),
        ("{invoices: {amount: {format: DD.MM.YYYY}}}", "not_a_moment"),
        ("{invoices: {amount: {from: a, form: b}}}", "settings_invalid"),
        ("{invoices: {amount: {from: a, value: b}}}", "settings_invalid"),
        ("{invoices: {amount: {decimal: '.', thousands: '.'}}}", "settings_invalid"),
        ("{invoices: {amount: a, amount: b}}", "settings_invalid"),
        ("{invoices: {event_at: {format: DD.MM.YY}}}", "settings_invalid"),
        ("{invoices: {event_at: {format: MM.YYYY}}}", "settings_invalid"),
        ("{invoices: {event_at: {timezone: Mars}}}", "settings_invalid"),
        ("[invoices]", "settings_invalid"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(
    folder: Path, columns: str, code: str
) -> None:
    (folder / "portfolio.yaml").write_text(f"columns: {columns}")
    with pytest.raises(SettingsError) as refused:
        Portfolio.open(folder)
    assert refused.value.code == code


def test_words_of_ones_own_may_mean_nothing(folder: Path) -> None:
    """An empty text is a missing cell; an own word the map does not name stays."""
    (folder / "portfolio.yaml").write_text(
        "columns: {customers: {country: {from: land, values: {unbekannt: '', '': BE}}}}"
    )
    (folder / "customers.csv").write_text(
        "customer_id,event_at,land\na,2026-01-01,unbekannt\nb,2026-01-01,NA\n"
        "c,2026-01-01,\n"
    )
    for name in ("invoices.csv", "payments.csv"):
        (folder / name).unlink()
    rows = Portfolio.open(folder).tables["customers"].order_by("customer_id")
    assert rows.to_pyarrow()["country"].to_pylist() == [None, "NA", "BE"]


def test_a_warehouses_types_are_mapped_too(folder: Path) -> None:
    """Clock times, midnights that mean days, numbers for words, days as integers."""
    clock = [datetime(2026, 7, 5, 9, 30), datetime(2026, 10, 25, 2, 30)]  # noqa: DTZ001
    midnight = [datetime(2026, 7, 5), datetime(2026, 7, 6, 1)]  # noqa: DTZ001
    (folder / "portfolio.yaml").write_text(
        "timezone: Europe/Berlin\ncolumns:\n"
        "  payments: {event_at: {timezone: Europe/Berlin}, status: {1: succeeded}}\n"
        "  invoices: {event_at: {format: YYYYMMDD}, due_at: {format: YYYY-MM-DD}}\n"
    )
    (folder / "payments.csv").unlink()
    (folder / "invoices.csv").unlink()
    for unit in ("s", "ms", "us", "ns"):
        payments = {
            "customer_id": ["001"] * 2,
            "payment_id": [1, 2],
            "event_at": pa.array(clock, pa.timestamp(unit)),
            "status": [1, 1],
            "amount": [5.0, 5.0],
        }
        invoices = {
            "customer_id": ["001"] * 2,
            "invoice_id": ["1", "2"],
            "event_at": [20260705, 20260705],
            "due_at": pa.array(midnight, pa.timestamp(unit)),
            "amount": [5, 5],
        }
        pq.write_table(pa.table(payments), folder / "payments.parquet")
        pq.write_table(pa.table(invoices), folder / "invoices.parquet")
        portfolio = Portfolio.open(folder)
        assert [row["event_at"] for row in _rows(portfolio, "payments")] == [
            _moment("2026-07-05T07:30:00+00:00"),
            _moment("2026-10-25T00:30:00+00:00"),  # of the two: in summer time
        ]
        [invoice] = _rows(portfolio, "invoices")
        ends_at = _moment("2026-07-05T22:00:00+00:00") - 1
        assert (invoice["event_at"], invoice["due_at"]) == (ends_at, ends_at)
        [reject] = portfolio.rejects
        assert (reject.rule, reject.column) == ("bad_time", "due_at")


def test_texts_without_offset_were_written_in_the_declared_zone(folder: Path) -> None:
    (folder / "portfolio.yaml").write_text(
        "columns: {invoices: {event_at: {timezone: Europe/Berlin}}}"
    )
    (folder / "payments.csv").unlink()
    (folder / "invoices.csv").write_text(
        "customer_id,invoice_id,event_at,due_at,amount\n"
        "001,1,2026-07-05 09:30:00,2026-07-05,5\n"
        "001,2,2026-07-05T09:30:00Z,2026-07-05,5\n"
        "001,3,2026-07-05,2026-07-05,5\n"
    )
    portfolio = Portfolio.open(folder)
    assert portfolio.rejects == ()
    assert [row["event_at"] for row in _rows(portfolio, "invoices")] == [
        _moment("2026-07-05T07:30:00+00:00"),
        _moment("2026-07-05T09:30:00+00:00"),
        _moment("2026-07-06T00:00:00+00:00") - 1,
    ]


def test_a_date_format_says_its_pattern() -> None:
    assert date_format("YYYYMMDD") == (
        "([0-9]{4})([0-9]{2})([0-9]{2})",
        r"\1-0\2-0\3",
    )
    with pytest.raises(ValueError, match="no date format"):
        date_format("DD. MMMM YYYY")


def test_the_short_forms_mean_the_long_ones() -> None:
    assert ColumnMapping.model_validate({"from": "x"}).source == "x"
    assert issubclass(ColumnMappingError, SettingsError)
