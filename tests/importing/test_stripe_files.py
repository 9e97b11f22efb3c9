"""Stripe: exports that come again, and files that do not fit."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    NothingToImportError,
    UnreadableFileError,
    UnreadableValueError,
)
from tests.importing.stripe_imports import Import, run
from tests.importing.stripe_objects import (
    CUSTOMER,
    charge,
    customer,
    debit,
    event,
    invoice,
    made,
    page,
    seconds,
    write_lines,
)
from tests.importing.tables import rows_of

__all__ = ["run"]


def test_the_same_export_again_adds_nothing(run: Import, portfolio: Path) -> None:
    objects = [
        customer(address={"country": "BE"}),
        invoice("in_1", "2026-03-01", 10_000),
        debit("py_1", "2026-03-02", 10_000, invoice="in_1"),
        made(
            "dispute",
            id="dp_1",
            charge="py_1",
            status="lost",
            created=seconds("2026-04-01"),
        ),
    ]
    run(*objects)
    before = {
        t: len(rows_of(portfolio, t))
        for t in ("customers", "invoices", "payments", "disputes")
    }
    report = run(*objects, at=datetime(2026, 6, 9, tzinfo=UTC))

    assert [t.table for t in report.tables if t.n_new] == []
    assert before == {t: len(rows_of(portfolio, t)) for t in before}


def test_a_later_export_corrects_without_changing_the_past(
    run: Import, portfolio: Path
) -> None:
    later = datetime(2026, 6, 9, tzinfo=UTC)
    run(customer(), invoice("in_1", "2026-03-01", 10_000))
    run(customer(), invoice("in_1", "2026-03-01", 9_000), at=later)

    known = [(i["known_at"], i["amount"]) for i in rows_of(portfolio, "invoices")]
    assert known == [(datetime(2026, 3, 1, tzinfo=UTC), 100), (later, 90)]
    assert "2026-06-09" in (portfolio / "portfolio.yaml").read_text("utf-8")


def test_a_word_without_a_meaning_is_named_and_protects_its_customer(
    run: Import, portfolio: Path
) -> None:
    odd = made(
        "dispute", id="dp_1", charge="ch_1", reason="buyers_remorse", status="lost",
        created=seconds("2026-04-01"),
    )  # fmt: skip
    report = run(customer(), charge("ch_1", "2026-03-02", 100), odd)

    (unknown,) = report.unknown_values
    assert (unknown.row, unknown.column, unknown.value) == (
        3,
        "reason",
        "buyers_remorse",
    )
    assert Portfolio.open(portfolio).rejected == {CUSTOMER: frozenset({"disputes"})}


def test_a_broken_line_is_named_and_the_others_go_on(
    tmp_path: Path, portfolio: Path
) -> None:
    file = write_lines(
        tmp_path / "x.ndjson", [customer(), made("charge", currency=None)]
    )
    file.write_text(file.read_text("utf-8") + "{broken\n", encoding="utf-8")
    report = import_files(
        SOURCES["stripe"], [file], portfolio, ImportSettings(currency="EUR")
    )

    assert [(b.row, b.column) for b in report.bad_rows] == [
        (3, "object"),
        (2, "currency"),
    ]
    assert [c["customer_id"] for c in rows_of(portfolio, "customers")] == [CUSTOMER]


@pytest.mark.parametrize("form", ["lines", "page", "events"])
def test_an_amount_that_is_no_number_is_named_and_not_taken_as_missing(
    tmp_path: Path, portfolio: Path, form: str
) -> None:
    """DuckDB would leave the cell empty, and the charge would count in full."""
    objects = [customer(), charge("ch_1", "2026-03-02", 100, amount_captured="none")]
    file = tmp_path / "x.json"
    if form == "page":
        file.write_text(json.dumps(page("/v1/mixed", *objects), indent=1), "utf-8")
    else:
        events = [event("2026-03-02", o) for o in objects]
        write_lines(file, events if form == "events" else objects)
    report = import_files(
        SOURCES["stripe"], [file], portfolio, ImportSettings(currency="EUR")
    )

    assert [(b.row, b.column) for b in report.bad_rows] == [(2, "amount_captured")]
    assert rows_of(portfolio, "customers")


def test_an_empty_list_was_looked_at(tmp_path: Path, portfolio: Path) -> None:
    file = tmp_path / "page.json"
    pages = [page("/v1/customers", customer()), page("/v1/disputes")]
    file.write_text("\n".join(json.dumps(p, indent=1) for p in pages), encoding="utf-8")
    report = import_files(
        SOURCES["stripe"], [file], portfolio, ImportSettings(currency="EUR")
    )

    assert {"customers", "disputes"} == report.observed.keys()
    assert rows_of(portfolio, "disputes") == []


def test_files_of_something_else_are_refused(tmp_path: Path, portfolio: Path) -> None:
    other = write_lines(tmp_path / "other.ndjson", [{"object": "kitten", "id": "k"}])
    text = tmp_path / "text.json"
    text.write_text("hello", encoding="utf-8")

    with pytest.raises(NothingToImportError, match="no object of Stripe"):
        import_files(SOURCES["stripe"], [other], portfolio, ImportSettings())
    with pytest.raises(UnreadableFileError, match=r"text\.json"):
        import_files(SOURCES["stripe"], [text], portfolio, ImportSettings())
    assert not portfolio.exists()


def test_an_amount_that_no_table_can_hold_ends_the_import_in_one_line(
    run: Import, portfolio: Path
) -> None:
    with pytest.raises(UnreadableValueError, match="correct it in the file"):
        run(customer(), invoice("in_1", "2026-03-01", 10**30))
    assert not (portfolio / "portfolio.yaml").exists()


@pytest.mark.parametrize("kind", ["customer", "invoice"])
def test_an_object_that_was_deleted_is_counted_and_stops_nobody(
    run: Import, portfolio: Path, kind: str
) -> None:
    gone = {"id": "gone", "object": kind, "deleted": True}
    report = run(
        gone,
        customer(),
        invoice("in_1", "2026-03-01", 10_000, customer="gone"),
    )

    assert report.bad_rows == ()
    assert not [note for note in report.notes if note.kind == "look at"]
    assert [note.n for note in report.notes if f"deleted {kind}" in note.text] == [1]
    assert [row["invoice_id"] for row in rows_of(portfolio, "invoices")] == ["in_1"]
