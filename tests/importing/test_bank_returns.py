"""What undoes a payment: returns, reversals, refunds, rejected collections."""

from pathlib import Path

import pytest

from tests.importing.bank_files import (
    Entry,
    became,
    import_texts,
    iso,
    payments,
    rejections,
    write_billed_payment,
)
from tests.importing.bank_movements import FIRST, STATEMENT, debit, portfolio

__all__ = ["portfolio"]


def returned(amount: str, day: str, **said: object) -> Entry:
    facts = {"direction": "DBIT", "subfamily": "UPDD", "reason": "AM04"} | said
    return debit(amount, day, **facts)


@pytest.mark.parametrize("how", ["subfamily", "reversal", "reason"])
def test_a_return_undoes_its_payment(portfolio: Path, how: str) -> None:
    ways: dict[str, dict[str, object]] = {
        "subfamily": {"subfamily": "UPDD", "reason": ""},
        "reversal": {"is_reversal": True, "subfamily": "ESDD", "reason": ""},
        "reason": {"reason": "AC04", "subfamily": "ESDD"},
    }
    import_texts(
        portfolio,
        iso(
            STATEMENT,
            debit("100", "2026-02-03"),
            returned("100", "2026-02-06", **ways[how]),
        ),
    )

    first, last = payments(portfolio)
    assert (first["status"], last["status"]) == ("succeeded", "returned")
    assert first["payment_id"] == last["payment_id"]
    assert last["failure_code"] == ("invalid_account" if how == "reason" else None)


def test_a_return_bears_the_reference_of_what_came(portfolio: Path) -> None:
    """The text of the payment named its invoice; the return has the reference alone."""
    came = debit("100", "2026-02-03", end_to_end="E2E-15", text=FIRST)
    back = returned("100", "2026-02-06", end_to_end="E2E-15")
    report = import_texts(portfolio, iso(STATEMENT, came, back))

    assert became(portfolio) == [("succeeded", 100, FIRST), ("returned", 100, FIRST)]
    assert len({row["payment_id"] for row in payments(portfolio)}) == 1
    assert all(s.agrees for s in report.sums)


@pytest.mark.parametrize(
    "came",
    [
        pytest.param([("100", "2026-02-02"), ("100", "2026-02-03")], id="came twice"),
        pytest.param([("60", "2026-02-03")], id="another amount"),
        pytest.param([("100", "2026-02-09")], id="came later"),
    ],
)
def test_a_reference_that_decides_nothing_returns_nothing(
    portfolio: Path, came: list[tuple[str, str]]
) -> None:
    entries = [debit(*one, end_to_end="RENT", text=FIRST) for one in came]
    back = returned("100", "2026-02-06", end_to_end="RENT")
    report = import_texts(portfolio, iso(STATEMENT, *entries, back, until="2026-02-09"))

    assert {row[0] for row in became(portfolio)} == {"succeeded"}
    assert any("a return without its payment" in n.text for n in report.notes)


def test_a_return_in_a_later_file_finds_its_payment(portfolio: Path) -> None:
    import_texts(portfolio, iso(STATEMENT, debit("100", "2026-02-03")))
    later = iso(STATEMENT, returned("100", "2026-02-06"), until="2026-02-06")
    for _ in range(2):  # and the same file once more adds nothing
        report = import_texts(portfolio, later)

    assert became(portfolio) == [("succeeded", 100, FIRST), ("returned", 100, FIRST)]
    assert len({row["payment_id"] for row in payments(portfolio)}) == 1
    assert report.tables[0].n_new == 0


def test_what_a_bank_takes_for_a_return_is_no_part_of_it(portfolio: Path) -> None:
    charged = returned("103.50", "2026-02-06", instructed="100")
    report = import_texts(
        portfolio, iso(STATEMENT, debit("100", "2026-02-03"), charged)
    )

    assert became(portfolio)[1] == ("returned", 100, FIRST)
    assert report.is_clean  # the balances add up with what the bank took
    assert [n.n for n in report.notes if n.text.startswith("differences")] == [1]


def test_a_reversal_of_a_reversal(portfolio: Path) -> None:
    """The bank takes a return back: the money is there again."""
    again = debit("100", "2026-02-09", subfamily="UPDD", is_reversal=True)
    entries = (debit("100", "2026-02-03"), returned("100", "2026-02-06"), again)
    report = import_texts(portfolio, iso(STATEMENT, *entries))

    assert [row[0] for row in became(portfolio)] == [
        "succeeded",
        "returned",
        "succeeded",
    ]
    first, _, last = payments(portfolio)
    assert first["payment_id"] != last["payment_id"]
    assert [s.agrees for s in report.sums] == [True, True]


def test_a_reversal_without_a_return_pays_nothing(portfolio: Path) -> None:
    again = debit("100", "2026-02-09", subfamily="UPDD", is_reversal=True)
    import_texts(portfolio, iso(STATEMENT, again))

    assert payments(portfolio) == []


def test_a_refund_and_one_that_comes_back(portfolio: Path) -> None:
    paid = Entry(amount="100", text=FIRST)
    refund = Entry(
        amount="40", direction="DBIT", family="ICDT", text=FIRST, day="2026-02-10"
    )
    back = Entry(amount="40", text=FIRST, reason="AC04", day="2026-02-12")
    import_texts(portfolio, iso(STATEMENT, paid, refund))
    assert became(portfolio) == [("succeeded", 100, FIRST), ("refunded", 40, FIRST)]

    import_texts(portfolio, iso(STATEMENT, back, until="2026-02-12"))
    gone = payments(portfolio)[-1]
    assert (gone["status"], gone["amount"], gone["retracted"]) == ("refunded", 40, True)
    assert gone["refund_id"] == payments(portfolio)[1]["refund_id"]


def test_our_own_payments_are_no_refunds(portfolio: Path) -> None:
    """A supplier's number may look like an invoice of ours that nobody paid."""
    spent = Entry(amount="40", direction="DBIT", family="ICDT", text=FIRST)
    report = import_texts(portfolio, iso(STATEMENT, spent))

    assert payments(portfolio) == []
    assert report.lists == ()


@pytest.mark.parametrize("message", ["pain.002.001.03", "pain.002.001.10"])
@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("AM04", "insufficient_funds"),
        ("AC01", "invalid_account"),
        ("AC04", "invalid_account"),
        ("MD01", "invalid_account"),
        ("MS02", "do_not_honor"),
    ],
)
def test_a_rejected_collection_failed(
    portfolio: Path, message: str, reason: str, code: str
) -> None:
    entry = Entry(amount="100", end_to_end=FIRST, status="RJCT", reason=reason)
    accepted = Entry(amount="120", end_to_end="INV-2026-0002", status="ACSC")
    report = import_texts(portfolio, rejections(message, entry, accepted))

    [row] = payments(portfolio)
    assert (row["status"], row["invoice_id"], row["failure_code"]) == (
        "failed",
        FIRST,
        code,
    )
    assert report.observed == {}  # a report on collections does not show who paid


def test_a_reason_without_a_meaning_is_named(portfolio: Path) -> None:
    entry = Entry(amount="100", end_to_end=FIRST, status="RJCT", reason="ZZ99")
    report = import_texts(portfolio, rejections("pain.002.001.10", entry))

    [unknown] = report.unknown_values
    assert (unknown.file, unknown.row, unknown.value) == ("0.txt", 1, "ZZ99")


def test_a_return_of_a_payment_that_another_source_told(portfolio: Path) -> None:
    write_billed_payment(portfolio)
    import_texts(portfolio, iso(STATEMENT, returned("100", "2026-02-06")))

    [row] = payments(portfolio)
    assert (row["payment_id"], row["status"]) == ("p1", "returned")


def test_a_return_without_its_payment_asks_to_look(portfolio: Path) -> None:
    paid = Entry(amount="100", family="IDDT", end_to_end="INV-2026-0001")
    report = import_texts(
        portfolio,
        iso("camt.054.001.08", paid),
        iso(
            "camt.054.001.08",
            returned("100", "2026-02-05", end_to_end="INV-2026-0001", currency="USD"),
        ),
    )

    texts = [note.text for note in report.notes if note.kind == "look at"]
    assert any("another currency than the payment" in text for text in texts)
    assert not report.is_clean


def test_a_collection_of_two_invoices_is_returned_whole(portfolio: Path) -> None:
    text = f"{FIRST} INV-2026-0002"
    collected = debit("220", "2026-02-03", end_to_end="", text=text)
    back = returned("220", "2026-02-06", end_to_end="", text=text)
    import_texts(portfolio, iso(STATEMENT, collected, back))

    assert [row[0] for row in became(portfolio)] == ["succeeded"] * 2 + ["returned"] * 2
    assert len({row["payment_id"] for row in payments(portfolio)}) == 2


def test_a_return_in_another_currency_is_not_of_that_payment(portfolio: Path) -> None:
    back = returned("100", "2026-02-06", currency="USD")
    import_texts(portfolio, iso(STATEMENT, debit("100", "2026-02-03"), back))

    assert [row[0] for row in became(portfolio)] == ["succeeded"]
