"""One movement that a notice and a statement tell with other references."""

from pathlib import Path

import pytest

from tests.importing.bank_files import (
    Entry,
    became,
    import_texts,
    iso,
    write_portfolio,
)

FIRST = "INV-2026-0001"
STATEMENT = "camt.053.001.08"
NOTICE = "camt.054.001.08"


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    return write_portfolio(tmp_path / "portfolio")


@pytest.mark.parametrize(
    ("notice", "statement", "rule"),
    [
        pytest.param(
            {"end_to_end": "E1", "text": FIRST},
            {"end_to_end": "E1"},
            "",
            id="end to end",
        ),
        pytest.param(
            {"end_to_end": "E1", "structured": FIRST},
            {"structured": FIRST},
            "structured",
            id="structured",
        ),
        pytest.param(
            {"end_to_end": "E1", "text": FIRST}, {"text": FIRST}, "text", id="text"
        ),
        pytest.param(
            {"structured": FIRST, "end_to_end": "E1"},
            {"end_to_end": "E1", "text": FIRST},
            "end-to-end",
            id="end to end, and more",
        ),
        pytest.param(
            {"end_to_end": "E1", "text": FIRST, "reference": "R1"},
            {"reference": "R1"},
            "entry",
            id="entry",
        ),
        pytest.param(
            {"end_to_end": "E1", "reference": "R1"},
            {"text": FIRST, "reference": "R1"},
            "entry",
            id="text of the other",
        ),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True], ids=["notice first", "last"])
def test_a_notice_and_a_statement_with_other_references_tell_one_payment(
    portfolio: Path,
    notice: dict[str, str],
    statement: dict[str, str],
    rule: str,
    is_turned: bool,
) -> None:
    files = [
        iso(NOTICE, Entry(amount="100", **notice)),  # type: ignore[arg-type]
        iso(STATEMENT, Entry(amount="100", **statement)),  # type: ignore[arg-type]
    ]
    report = import_texts(portfolio, *(reversed(files) if is_turned else files))

    assert became(portfolio) == [("succeeded", 100, FIRST)]
    words = f"other references: same account, day and amount, and the same {rule}"
    [note] = [n for n in report.notes if (words if rule else "another file") in n.text]
    assert (note.kind, note.n) == ("left out", 1)
    assert report.is_clean


def test_two_payments_of_one_amount_stay_two(portfolio: Path) -> None:
    """Their end-to-end references differ, so one is no other telling of the other."""
    first = Entry(amount="100", end_to_end="E1", text=FIRST)
    second = Entry(amount="100", end_to_end="E2", text=FIRST)
    report = import_texts(portfolio, iso(NOTICE, first), iso(STATEMENT, second))

    assert became(portfolio) == [("succeeded", 100, FIRST)] * 2
    assert report.is_clean


@pytest.mark.parametrize(
    ("other", "payments"), [(STATEMENT, 2), (NOTICE, 1)], ids=["same form", "other"]
)
def test_another_number_of_the_bank_in_the_same_form_is_another_payment(
    portfolio: Path, other: str, payments: int
) -> None:
    first = Entry(amount="100", text=FIRST, end_to_end="E1", reference="R1")
    second = Entry(amount="100", text=FIRST, reference="R2")
    import_texts(portfolio, iso(STATEMENT, first), iso(other, second))

    assert became(portfolio) == [("succeeded", 100, FIRST)] * payments


def test_a_second_payment_imported_later_asks_somebody_to_look(
    portfolio: Path,
) -> None:
    """Only files that are read together can be compared by their references."""
    for reference in ("E1", "E2"):
        entry = Entry(amount="50", text="4711", end_to_end=reference)
        report = import_texts(portfolio, **{reference: iso(STATEMENT, entry)})

    assert not report.is_clean


def test_payments_that_may_be_one_are_named_and_both_count(portfolio: Path) -> None:
    notice = Entry(amount="100", end_to_end="E1", text=f"{FIRST} thanks")
    report = import_texts(
        portfolio, iso(NOTICE, notice), iso(STATEMENT, Entry(amount="100", text=FIRST))
    )

    assert became(portfolio) == [("succeeded", 100, FIRST)] * 2
    [note] = [n for n in report.notes if n.kind == "look at"]
    assert note.n == 1
    assert "0.txt row 1" in note.text


def test_a_statement_after_its_notice_was_imported(portfolio: Path) -> None:
    """One of its two payments was told by the notice; the other is new."""
    notice = Entry(amount="50", end_to_end="E1", text="4711")
    import_texts(portfolio, iso(NOTICE, notice))
    entries = [Entry(amount="50", text=text) for text in ("4711 a", "4711 b")]
    report = import_texts(portfolio, iso(STATEMENT, *entries))

    assert became(portfolio) == [("succeeded", 50, "4711")] * 2
    [note] = [n for n in report.notes if "earlier import" in n.text]
    assert (note.kind, note.n) == ("look at", 1)
    again = import_texts(portfolio, iso(STATEMENT, *entries))
    assert again.tables[0].n_new == 0


def test_a_return_is_of_nothing_that_was_only_announced_also_when_read_again(
    portfolio: Path,
) -> None:
    announced = Entry(amount="120", status="PDNG", text=FIRST)
    returned = Entry(amount="120", direction="DBIT", is_reversal=True, text=FIRST)
    text = iso(STATEMENT, returned, announced)
    first, again = import_texts(portfolio, text), import_texts(portfolio, text)

    assert became(portfolio) == [("pending", 120, FIRST)]
    assert [report.tables[0].n_new for report in (first, again)] == [1, 0]
