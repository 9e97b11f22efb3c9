"""Lago: exports that come again, words that are new, files that do not fit."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    ImportingError,
    NothingToImportError,
    UnreadableFileError,
)
from tests.importing.conftest import FirstActions
from tests.importing.lago_imports import BILL, Import, book, run
from tests.importing.lago_objects import (
    CUSTOMER,
    customer,
    invoice,
    lago_id,
    page,
    paid,
    payment,
    plan,
)
from tests.importing.lago_samples import SAMPLES
from tests.importing.tables import rows_of

__all__ = ["run"]


def test_the_same_export_again_adds_nothing(run: Import, portfolio: Path) -> None:
    objects = book([BILL], [payment("p_1", "2026-03-05T10:00:00Z", 100, "in_1")])
    run(*objects)
    report = run(*objects, at=datetime(2026, 6, 2, tzinfo=UTC))

    assert sum(count.n_new for count in report.tables) == 0


def test_a_state_that_is_new_is_named_and_the_money_must_agree(
    run: Import, portfolio: Path
) -> None:
    attempt = payment("p_1", "2026-03-05T10:00:00Z", 100, "in_1")
    report = run(*book([BILL], [attempt | {"payment_status": "reversed"}]))

    (unknown,) = report.unknown_values
    assert (unknown.column, unknown.value) == ("payment_status", "reversed")
    assert Portfolio.open(portfolio).rejected == {CUSTOMER: frozenset({"payments"})}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total_amount_cents", 12.5),
        ("total_amount_cents", 10**30),
        ("created_at", "2026-03-01T08:00:00"),
        ("issuing_date", "soon"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_others_go_on(
    run: Import, portfolio: Path, field: str, value: object
) -> None:
    report = run(*book([BILL | {field: value}, invoice("in_2", "2026-04-01", 100)]))

    assert [(b.row, b.column) for b in report.bad_rows] == [(2, f"invoice.{field}")]
    assert len(rows_of(portfolio, "invoices")) == 1


def test_where_no_currency_could_be_read_the_first_bad_row_is_named(
    tmp_path: Path, portfolio: Path
) -> None:
    file = tmp_path / "invoices.json"
    unread = page("invoices", BILL | {"total_amount_cents": 12.5})
    file.write_text(json.dumps(unread | page("customers", customer())), "utf-8")
    with pytest.raises(ImportingError, match="not read were 1, the first invoices"):
        import_files(SOURCES["lago"], [file], portfolio, ImportSettings())


def test_a_broken_line_is_named(tmp_path: Path, portfolio: Path) -> None:
    file = tmp_path / "x.ndjson"
    file.write_text(json.dumps(page("invoices", BILL)) + '\n{"invoices": [\n', "utf-8")
    report = import_files(SOURCES["lago"], [file], portfolio, ImportSettings())

    assert [(b.row, b.column) for b in report.bad_rows] == [(2, "object")]


def test_bare_objects_are_of_the_kind_that_their_file_is_named_after(
    tmp_path: Path, portfolio: Path
) -> None:
    file = tmp_path / "invoices-2026.json"
    file.write_text(json.dumps([BILL], indent=1), "utf-8")
    import_files(SOURCES["lago"], [file], portfolio, ImportSettings())

    assert len(rows_of(portfolio, "invoices")) == 1


def test_files_of_something_else_are_refused(tmp_path: Path, portfolio: Path) -> None:
    other, text = tmp_path / "other.json", tmp_path / "text.json"
    other.write_text('{"object": "charge", "id": "ch_1"}', "utf-8")
    text.write_text("hello", "utf-8")

    with pytest.raises(NothingToImportError, match="no object of Lago"):
        import_files(SOURCES["lago"], [other], portfolio, ImportSettings())
    with pytest.raises(UnreadableFileError, match=r"text\.json"):
        import_files(SOURCES["lago"], [text], portfolio, ImportSettings())
    assert not portfolio.exists()


def test_an_empty_list_was_looked_at(run: Import, portfolio: Path) -> None:
    report = run(page("customers", customer()), page("payments"))

    assert {"customers", "payments"} == report.observed.keys()


def test_from_pages_to_a_first_list_of_actions(
    first_actions: FirstActions, tmp_path: Path
) -> None:
    """Who paid is left alone; who owes is reminded or looked at, and nobody stopped."""
    owing = customer("owing", lago_id=lago_id("owing"))
    pages = {
        "customers": page("customers", customer(), owing),
        "invoices": page(
            "invoices",
            paid(BILL, "2026-03-05T10:00:00Z"),
            invoice("in_2", "2026-03-01", 20_000, customer=owing),
        ),
        "payments": page("payments", SAMPLES["payment"]),
        "credit_notes": page("credit_notes"),
        "subscriptions": page("subscriptions", SAMPLES["subscription"]),
        "plans": page("plans", plan()),
    }
    files = []
    for name, content in pages.items():
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(content, indent=1), "utf-8")
    day = first_actions("lago", files, "2026-06-01", "owing")

    assert day.actions[CUSTOMER] == "none"
    assert day.actions["owing"] in ("remind", "review")
    assert "200" in day.explained
