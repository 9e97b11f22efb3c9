"""Rows dated in the future by a mistyped year do not move the end of the data."""

import datetime as dt
from pathlib import Path

import pytest

from features.moments import microseconds, to_datetime
from features.outlook import outlook
from features.portfolio import Portfolio

NOW = microseconds(dt.datetime.now(dt.UTC))
USUAL = "customer_id,invoice_id,event_at,due_at,amount\n" + "".join(
    f"a,{n},2026-0{n}-01,2026-0{n}-15,10\n" for n in range(1, 6)
)
MISTYPED = "b,9,2150-01-01T00:00:00Z,2150-01-15,10\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    customers = "customer_id,event_at\na,2025-12-01\nb,2025-12-01\n"
    (tmp_path / "customers.csv").write_text(customers)
    (tmp_path / "invoices.csv").write_text(USUAL + MISTYPED)
    return tmp_path


def test_a_mistyped_year_is_named_and_does_not_move_the_horizon(folder: Path) -> None:
    read = Portfolio.open(folder, read_at=NOW)
    assert to_datetime(read.observed_until).date() == dt.date(2026, 5, 1)
    assert to_datetime(read.latest_known_at).date() == dt.date(2026, 5, 1)
    [said] = [one for one in read.warnings if "in the future" in one]
    assert said.startswith(
        "invoices: rows dated in the future, apart from all others: 1, such as"
        " 2150-01-01 of customer b;"
    )


def test_what_is_in_the_future_depends_on_the_moment_of_reading(folder: Path) -> None:
    later = microseconds(dt.datetime(2150, 2, 1, tzinfo=dt.UTC))
    read = Portfolio.open(folder, read_at=later)
    assert to_datetime(read.latest_known_at).date() == dt.date(2150, 1, 1)
    assert not any("in the future" in one for one in read.warnings)


def test_who_does_not_say_when_it_is_has_no_future(folder: Path) -> None:
    """No clock is read here: the same files always give the same portfolio."""
    read = Portfolio.open(folder)
    assert to_datetime(read.latest_known_at).date() == dt.date(2150, 1, 1)
    assert not read.rejected


def test_nobody_is_stopped_on_what_a_mistyped_year_hides(folder: Path) -> None:
    read = Portfolio.open(folder, read_at=NOW)
    assert read.rejected == {"b": frozenset({"invoices"})}
    assert read.events("b").rejected == {"invoices"}


def test_data_that_run_on_into_the_future_stay_as_they_are(folder: Path) -> None:
    """As those of a simulated portfolio may: there is no month without a row."""
    today = dt.datetime.now(dt.UTC).date()
    rows = USUAL.splitlines()[0] + "\n"
    for n in range(30):
        day = today + dt.timedelta(days=7 * (n - 20))
        rows += f"a,{n},{day},{day},10\n"
    (folder / "invoices.csv").write_text(rows)
    read = Portfolio.open(folder, read_at=NOW)
    assert to_datetime(read.latest_known_at).date() == today + dt.timedelta(days=63)
    assert not read.rejected


def test_data_that_all_lie_in_the_future_stay_as_they_are(folder: Path) -> None:
    (folder / "customers.csv").write_text("customer_id\na\n")
    rows = USUAL.replace("2026-", "2150-")
    (folder / "invoices.csv").write_text(rows)
    read = Portfolio.open(folder, read_at=NOW)
    assert to_datetime(read.latest_known_at).date() == dt.date(2150, 5, 1)


def test_none_said_of_a_later_day_counts_from_the_end_of_the_data(
    folder: Path,
) -> None:
    (folder / "portfolio.yaml").write_text("none: {disputes: 2026-07-01}")
    answers = {
        one.question: one.answer for one in outlook(Portfolio.open(folder, read_at=NOW))
    }
    assert answers["disputes"].endswith("lapses after 2026-10-28")
