"""What Odoo's refunds, credit notes and reversals give back."""

from pathlib import Path

import pytest

from tests.importing.odoo_books import BANK, Books, books, facts, run
from tests.importing.tables import Run, rows_of

__all__ = ["books", "run"]


def test_a_credit_note_reduces_what_it_reverses_and_its_refund_opens_nothing(
    books: Books, run: Run, portfolio: Path
) -> None:
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-02 10:00:00", 100)
    books.match(bill, paid, 100, "2026-03-02 10:00:00")
    move = next(m["id"] for m in books.rows["account.move"] if m["name"] == "INV/1")
    (note,) = books.move(
        "RINV/1",
        "2026-03-05 10:00:00",
        "out_refund",
        -40,
        reversed_entry_id=[move, "INV/1"],
    )
    (back,) = books.move("BNK/2", "2026-03-06 10:00:00", "entry", 40, journal=BANK)
    books.match(back, note, 40, "2026-03-06 10:00:00")
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}
    credited = [r for r in rows_of(portfolio, "invoices") if r["kind"] == "credit_note"]
    assert [(c["invoice_id"], c["applies_to"]) for c in credited] == [
        ("RINV/1", "INV/1")
    ]


def test_a_payment_that_was_reversed_and_made_anew_pays_once(
    books: Books, run: Run, portfolio: Path
) -> None:
    """Its reversal, and the reversal of that; each was matched with the last."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-10 10:00:00", 100)
    books.match(bill, paid, 100, "2026-03-10 10:00:00")
    run("2026-03-15")
    books.rows["account.partial.reconcile"].clear()
    first = next(m for m in books.rows["account.move"] if m["name"] == "BNK/1")
    (back,) = books.move(
        "BNK/2",
        "2026-03-20 10:00:00",
        "entry",
        100,
        journal=BANK,
        reversed_entry_id=[first["id"], "BNK/1"],
    )
    books.match(back, paid, 100, "2026-03-20 10:00:00")
    run("2026-04-01")
    assert facts(portfolio, "open", at="2026-04-01") == {"open": 100}
    second = next(m for m in books.rows["account.move"] if m["name"] == "BNK/2")
    again = books.payment(
        "BNK/3", "2026-04-10 10:00:00", 100, reversed_entry_id=[second["id"], "BNK/2"]
    )
    books.match(bill, again, 100, "2026-04-10 10:00:00")
    run()

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


@pytest.mark.parametrize("is_reversed", [False, True], ids=["refund", "reversal"])
def test_what_goes_back_is_of_the_part_that_stands(
    books: Books, run: Run, portfolio: Path, is_reversed: bool
) -> None:
    """The rest of a payment that was matched is nothing and gives nothing back."""
    bill = books.invoice("INV/1", "2026-03-01 10:00:00", 100)
    paid = books.payment("BNK/1", "2026-03-02 10:00:00", 100)
    books.match(bill, paid, 100, "2026-03-05 10:00:00")
    move = next(m["id"] for m in books.rows["account.move"] if m["name"] == "BNK/1")
    also = {"reversed_entry_id": [move, "BNK/1"]} if is_reversed else {}
    books.move("BNK/2", "2026-03-12 10:00:00", "entry", 100, journal=BANK, **also)  # type: ignore[arg-type]
    run()

    parts = {
        row["payment_id"]
        for row in rows_of(portfolio, "payments")
        if row["status"] in ("refunded", "returned")
    }
    assert parts == {"BNK/1 > INV/1"}


def refunds(portfolio: Path) -> list[tuple[str, str, float]]:
    return sorted(
        (str(row["refund_id"]), str(row["payment_id"]), float(str(row["amount"])))
        for row in rows_of(portfolio, "payments")
        if row["status"] == "refunded"
    )


def test_a_refund_of_more_than_one_payment_is_of_several(
    books: Books, run: Run, portfolio: Path
) -> None:
    for n, amount in enumerate((50, 40, 30), 1):
        books.payment(f"BNK/{n}", f"2026-03-0{n} 10:00:00", amount)
    for n, amount in ((8, 100), (9, 25)):
        books.move(f"BNK/{n}", f"2026-03-1{n} 10:00:00", "entry", amount, journal=BANK)
    report = run()

    assert refunds(portfolio) == [
        ("BNK/8", "BNK/1", 30),
        ("BNK/8", "BNK/2", 40),
        ("BNK/8", "BNK/3", 30),
        ("BNK/9", "BNK/1", 20),
    ]
    beyond = next(note for note in report.notes if "more than was paid" in note.text)
    assert (beyond.kind, beyond.n) == ("left out", 1)
    left_out = {s.what: float(s.left_out) for s in report.sums}
    assert left_out == {"receivable": 5}


def test_a_refund_is_not_of_a_payment_that_bounced_before(
    books: Books, run: Run, portfolio: Path
) -> None:
    books.payment("BNK/1", "2026-03-01 10:00:00", 100)
    bounced = books.payment("BNK/2", "2026-03-02 10:00:00", 100)
    move = next(m["id"] for m in books.rows["account.move"] if m["name"] == "BNK/2")
    (back,) = books.move(
        "BNK/3",
        "2026-03-05 10:00:00",
        "entry",
        100,
        journal=BANK,
        reversed_entry_id=[move, "BNK/2"],
    )
    books.match(back, bounced, 100, "2026-03-05 10:00:00")
    books.move("BNK/4", "2026-03-10 10:00:00", "entry", 100, journal=BANK)
    run()

    assert refunds(portfolio) == [("BNK/4", "BNK/1", 100)]
    assert facts(portfolio, "credit") == {"credit": 0}


def test_a_refund_takes_first_what_it_was_matched_with(
    books: Books, run: Run, portfolio: Path
) -> None:
    first = books.payment("BNK/1", "2026-03-01 10:00:00", 50)
    books.payment("BNK/2", "2026-03-02 10:00:00", 40)
    books.move("BNK/8", "2026-03-18 10:00:00", "entry", 60, journal=BANK)
    (out,) = books.move("BNK/9", "2026-03-19 10:00:00", "entry", 30, journal=BANK)
    books.match(out, first, 30, "2026-03-19 10:00:00")
    run()

    assert refunds(portfolio) == [
        ("BNK/8", "BNK/1", 20),
        ("BNK/8", "BNK/2", 40),
        ("BNK/9 > BNK/1", "BNK/1", 30),
    ]
