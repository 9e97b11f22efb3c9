"""Chargebee: exports that come again, words that are new, files that do not fit."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    NothingToImportError,
    UnreadableFileError,
)
from tests.importing.chargebee_imports import (
    BILL,
    FAILED,
    FULL,
    PAID,
    Import,
    facts,
    run,
)
from tests.importing.chargebee_objects import (
    CUSTOMER,
    customer,
    event,
    invoice,
    page,
    payment,
    subscription,
)
from tests.importing.conftest import FirstActions
from tests.importing.tables import rows_of

__all__ = ["run"]


@pytest.mark.parametrize(
    ("currency", "minor", "major"),
    [("JPY", 500, "500"), ("KWD", 1_234, "12.34"), ("HUF", 500, "5")],
)
def test_a_currency_has_no_decimals_or_two(
    run: Import, portfolio: Path, currency: str, minor: int, major: str
) -> None:
    run(page(customer(), invoice("inv_1", "2026-03-01", minor, currency_code=currency)))

    assert rows_of(portfolio, "invoices")[0]["amount"] == Decimal(major)


def test_an_answer_that_names_a_resource_twice_tells_both(
    tmp_path: Path, portfolio: Path
) -> None:
    """Such an object is no map, and reading it as one would lose it in silence."""
    bills = (json.dumps(invoice(f"inv_{n}", "2026-03-01", 100)) for n in (1, 2))
    both = ", ".join(f'"invoice": {bill}' for bill in bills)
    file = tmp_path / "invoices.json"
    file.write_text(f'{{"list": [{{{both}}}, 4, null]}}', "utf-8")
    import_files(SOURCES["chargebee"], [file], portfolio, ImportSettings())

    told = {row["invoice_id"] for row in rows_of(portfolio, "invoices")}
    assert told == {"inv_1", "inv_2"}


def test_a_decline_keeps_the_gateways_word_where_none_is_shared(
    run: Import, portfolio: Path
) -> None:
    stolen = FAILED | {"error_detail": {"decline_code": "stolen_card"}}
    odd = payment("txn_9", "2026-03-03", 100, "inv_1", status="failure")
    run(page(customer(), BILL, stolen, odd | {"error_code": "E_4711"}))

    codes = [p["failure_code"] for p in rows_of(portfolio, "payments")]
    assert codes == ["lost_or_stolen", "e_4711"]


def test_the_same_export_again_adds_nothing(run: Import, portfolio: Path) -> None:
    objects = page(customer(), BILL, FULL, subscription("sub_1", "2026-01-01", 1_000))
    run(objects)
    report = run(objects, at=datetime(2026, 6, 2, tzinfo=UTC))

    assert sum(count.n_new for count in report.tables) == 0


def test_a_status_that_is_new_is_named(run: Import, portfolio: Path) -> None:
    report = run(page(customer(), BILL, FULL | {"status": "refused"}))

    (unknown,) = report.unknown_values
    assert (unknown.column, unknown.value) == ("status", "refused")
    assert Portfolio.open(portfolio).rejected == {CUSTOMER: frozenset({"payments"})}


@pytest.mark.parametrize("total", ["much", 12.5, 10**30])
def test_an_amount_that_is_no_whole_number_is_named(
    run: Import, portfolio: Path, total: object
) -> None:
    report = run(page(customer(), BILL | {"total": total}, FAILED))

    assert [(b.row, b.column) for b in report.bad_rows] == [(2, "invoice.total")]


def test_a_list_of_events_is_read_like_webhooks(run: Import, portfolio: Path) -> None:
    made = event("invoice_generated", "2026-03-01", BILL)
    report = run({"list": [{"event": made}]}, page(customer(), FAILED))

    assert facts(portfolio, "open") == {"open": 123.45}
    assert "invoices" not in report.observed


def test_an_empty_page_is_of_the_kind_that_its_file_is_named_after(
    tmp_path: Path, portfolio: Path
) -> None:
    files = [tmp_path / "customers-1.json", tmp_path / "disputes.json"]
    files[0].write_text(json.dumps(page(customer()), indent=1), "utf-8")
    files[1].write_text('{"list": []}', "utf-8")
    settings = ImportSettings(currency="EUR")
    report = import_files(SOURCES["chargebee"], files, portfolio, settings)

    assert report.observed.keys() == {"customers", "disputes"}
    assert rows_of(portfolio, "disputes") == []


def test_a_resource_that_is_null_says_nothing_of_its_file(
    tmp_path: Path, portfolio: Path
) -> None:
    """As beside a customer who has no card: it is no empty list of disputes."""
    file = tmp_path / "disputes.json"
    entries = [entry | {"card": None} for entry in page(customer())["list"]]
    file.write_text(json.dumps({"list": entries}), "utf-8")
    settings = ImportSettings(currency="EUR")
    report = import_files(SOURCES["chargebee"], [file], portfolio, settings)

    assert report.observed.keys() == {"customers"}


def test_files_of_something_else_are_refused(tmp_path: Path, portfolio: Path) -> None:
    other, text = tmp_path / "other.json", tmp_path / "text.json"
    other.write_text('{"object": "charge", "id": "ch_1"}', "utf-8")
    text.write_text("hello", "utf-8")

    with pytest.raises(NothingToImportError, match="no object of Chargebee"):
        import_files(SOURCES["chargebee"], [other], portfolio, ImportSettings())
    with pytest.raises(UnreadableFileError, match=r"text\.json"):
        import_files(SOURCES["chargebee"], [text], portfolio, ImportSettings())


def test_from_pages_to_a_first_list_of_actions(
    first_actions: FirstActions, tmp_path: Path
) -> None:
    """Who paid is left alone; who owes is reminded or looked at, and nobody stopped."""
    lists = {
        "customers": page(customer(), customer("owing")),
        "invoices": page(
            PAID,
            invoice("inv_2", "2026-03-01", 20_000)
            | {
                "customer_id": "owing",
                "status": "not_paid",
            },
        ),
        "transactions": page(FULL),
        "credit_notes": page(),
        "subscriptions": page(subscription("sub_1", "2026-01-01", 1_000)),
        "disputes": page(),
    }
    files = []
    for name, content in lists.items():
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(content, indent=1), "utf-8")
    day = first_actions("chargebee", files, "2026-06-01", "owing")

    assert day.actions[CUSTOMER] == "none"
    assert day.actions["owing"] in ("remind", "review")
    assert "200" in day.explained


def test_a_link_that_says_nothing_is_named_and_its_invoice_counts(
    run: Import, portfolio: Path
) -> None:
    odd = invoice("inv_1", "2026-03-01", 100) | {"linked_payments": [{}, 5, None]}
    report = run(page(customer(), odd))

    assert {bad.column for bad in report.bad_rows} == {"linked_payment.applied_amount"}
    assert [row["invoice_id"] for row in rows_of(portfolio, "invoices")] == ["inv_1"]
