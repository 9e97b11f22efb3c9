"""What is added of a table to what is there, row by row."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from importing.joining import add_new
from tests.importing.tables import rows_of

Row = dict[str, Any]
Add = Callable[..., list[Row]]


def day(number: int) -> datetime:
    return datetime(2026, 6, number, tzinfo=UTC)


@pytest.fixture
def add(tmp_path: Path) -> Add:
    """Imports rows of a table, as text by column; returns all that is there then."""

    def _add(table: str, at: datetime, *rows: str) -> list[Row]:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            made = " UNION ALL BY NAME ".join(f"SELECT {row}" for row in rows)
            connection.execute(f"CREATE TABLE made_{table} AS {made}")
            add_new(connection, table, tmp_path, at)
            folder = tmp_path / table
            folder.mkdir(exist_ok=True)
            connection.execute(
                f"COPY (FROM new_{table}) TO '{folder}/{at:%d}.parquet' "
                "(FORMAT parquet)"
            )
        return rows_of(tmp_path, table)

    return _add


def invoice(amount: int, of: str = "NULL", known: int = 1) -> str:
    return (
        f"'c' AS customer_id, TIMESTAMPTZ '2026-06-01 00:00Z' AS event_at, "
        f"TIMESTAMPTZ '2026-06-{known:02} 00:00Z' AS known_at, 'in' AS invoice_id, "
        f"'invoice' AS kind, {amount}::DECIMAL(18, 4) AS amount, "
        f"{of}::VARCHAR AS subscription_id"
    )


def customer(on: int, country: str = "NULL", is_valid: str = "NULL") -> str:
    moment = f"TIMESTAMPTZ '2026-06-{on:02} 00:00Z'"
    return (
        f"'c' AS customer_id, {moment} AS event_at, {moment} AS known_at, "
        f"{country}::VARCHAR AS country, {is_valid}::BOOLEAN AS is_tax_id_valid"
    )


def hold(until: str) -> str:
    return (
        "'c' AS customer_id, TIMESTAMPTZ '2026-06-01 00:00Z' AS event_at, "
        "TIMESTAMPTZ '2026-06-01 00:00Z' AS known_at, 'exemption' AS kind, "
        f"{until}::TIMESTAMPTZ AS until"
    )


def test_a_row_that_only_says_less_is_no_news(add: Add) -> None:
    add("invoices", day(2), invoice(100, "'sub'"))

    assert len(add("invoices", day(3), invoice(100))) == 1


def test_a_correction_keeps_what_it_leaves_empty(add: Add) -> None:
    add("invoices", day(2), invoice(100, "'sub'"))
    told = add("invoices", day(3), invoice(90))

    assert [(r["amount"], r["subscription_id"], r["known_at"].day) for r in told] == [
        (100, "sub", 1),
        (90, "sub", 3),
    ]
    assert add("invoices", day(4), invoice(90)) == told


def test_versions_of_one_import_are_filled_in_their_order(add: Add) -> None:
    add("invoices", day(2), invoice(100, "'old'"))
    later = (invoice(90, "'new'", known=3), invoice(80, known=4))
    told = add("invoices", day(5), *later)

    assert [r["subscription_id"] for r in told] == ["old", "new", "new"]
    assert add("invoices", day(6), *later) == told


def test_an_older_export_is_not_filled_with_what_became_known_later(add: Add) -> None:
    add("invoices", day(8), invoice(100, "'sub'", known=7))
    told = add("invoices", day(5), invoice(90))

    assert [(r["known_at"].day, r["subscription_id"]) for r in told] == [
        (5, None),
        (7, "sub"),
    ]


def test_a_hold_that_has_no_end_any_more_is_a_correction(add: Add) -> None:
    add("holds", day(2), hold("TIMESTAMPTZ '2026-06-20 00:00Z'"))

    assert [r["until"] for r in add("holds", day(3), hold("NULL"))][1] is None


def test_what_a_customer_was_told_of_goes_on(add: Add) -> None:
    """A webhook says that the tax id is valid, the list of the same import does not."""
    rows = (customer(1), customer(2, is_valid="true"), customer(3, "'BE'"))
    told = add("customers", day(3), *rows)

    assert [(r["country"], r["is_tax_id_valid"]) for r in told] == [
        (None, None),
        (None, True),
        ("BE", True),
    ]
    assert add("customers", day(4), *rows[:2], customer(4, "'BE'")) == told
