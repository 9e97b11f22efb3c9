"""Pages that are missing, and errors in their place: nothing of it is passed over."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import UnreadableFileError
from tests.importing import chargebee_objects, lago_objects, stripe_objects

Page = dict[str, Any]


def imported(folder: Path, source: str, files: Mapping[str, Page]) -> ImportReport:
    paths = []
    for name, page in files.items():
        paths.append(folder / name)
        paths[-1].write_text(json.dumps(page), "utf-8")
    settings = ImportSettings(exported_at=datetime(2026, 6, 1, tzinfo=UTC))
    return import_files(SOURCES[source], paths, folder / "portfolio", settings)


def lago(number: int, following: int | None) -> Page:
    day = f"2026-03-0{number}T10:00:00Z"
    paid = lago_objects.payment(f"p_{number}", day, 100, f"in_{number}")
    page = lago_objects.page("payments", paid)
    return page | {"meta": {"current_page": number, "next_page": following}}


def chargebee(number: int, following: str | None) -> Page:
    paid = chargebee_objects.payment(
        f"txn_{number}", f"2026-03-0{number}", 100, f"inv_{number}"
    )
    page = chargebee_objects.page(paid)
    return page | ({"next_offset": following} if following else {})


def stripe(number: int, *, has_more: bool) -> Page:
    charge = stripe_objects.charge(f"ch_{number}", f"2026-03-0{number}", 100)
    return stripe_objects.page("/v1/charges", charge) | {"has_more": has_more}


@pytest.mark.parametrize(
    ("source", "pages", "is_whole"),
    [
        ("lago", [lago(1, 2), lago(2, None)], True),
        ("lago", [lago(1, 2)], False),
        ("lago", [lago(1, 2), lago(3, None)], False),
        ("chargebee", [chargebee(1, "a"), chargebee(2, None)], True),
        ("chargebee", [chargebee(1, "a"), chargebee(2, "b")], False),
        ("stripe", [stripe(1, has_more=True), stripe(2, has_more=False)], True),
        ("stripe", [stripe(1, has_more=True)], False),
    ],
)
def test_a_list_that_lacks_a_page_was_not_looked_at(
    tmp_path: Path, source: str, pages: list[Page], *, is_whole: bool
) -> None:
    files = {f"payments-{n}.json": page for n, page in enumerate(pages)}
    report = imported(tmp_path, source, files)

    asked = [n.text for n in report.notes if "a page is missing" in n.text]
    assert (asked == []) == is_whole
    assert ("payments" in report.observed) == is_whole
    assert report.is_clean == is_whole


def test_a_page_is_of_what_was_asked_for_whatever_stands_first(tmp_path: Path) -> None:
    """As the API reference prints a list of customers: the card before the customer."""
    card = {"card": {"customer_id": "cus_1", "object": "card"}}
    entry = card | {"customer": chargebee_objects.customer()}
    page = {"list": [entry], "next_offset": "a"}
    files = {"customers-1.json": page, "payments-1.json": chargebee(1, None)}
    report = imported(tmp_path, "chargebee", files)

    [missing] = [n.text for n in report.notes if "a page is missing" in n.text]
    assert "customer after customers-1.json" in missing
    assert "customers" not in report.observed


@pytest.mark.parametrize(
    ("source", "page", "error"),
    [
        ("lago", lago(1, None), {"status": 429, "error": "Too Many Requests"}),
        (
            "lago",
            lago(1, None),
            {
                "status": 422,
                "error": "Unprocessable Entity",
                "code": "validation_errors",
                "error_details": {"per_page": ["value_is_invalid"]},
            },
        ),
        (
            "chargebee",
            chargebee(1, None),
            {"message": "Sorry", "api_error_code": "api_request_limit_exceeded"},
        ),
    ],
)
def test_an_error_in_place_of_a_page_is_named(
    tmp_path: Path, source: str, page: Page, error: Page
) -> None:
    files = {"payments-1.json": page, "payments-2.json": error}
    report = imported(tmp_path, source, files)

    assert [(bad.file, bad.column) for bad in report.bad_rows] == [
        ("payments-2.json", "object")
    ]
    again = imported(tmp_path, source, files | {"payments-2.json": page})
    assert again.is_clean


@pytest.mark.parametrize("content", ["", "\n"])
@pytest.mark.parametrize("source", ["lago", "chargebee", "stripe", "killbill"])
def test_a_file_of_nothing_is_refused(
    tmp_path: Path, source: str, content: str
) -> None:
    file = tmp_path / "payments.json"
    file.write_text(content)
    with pytest.raises(UnreadableFileError, match=r"payments\.json is empty"):
        import_files(SOURCES[source], [file], tmp_path / "shop", ImportSettings())
