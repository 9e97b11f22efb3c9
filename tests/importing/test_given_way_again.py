"""What a bank told stands again where the money is nowhere else, and only there."""

from datetime import UTC, datetime
from pathlib import Path

from importing import ImportReport
from importing.report import LOOK_AT
from tests.importing import chargebee_imports
from tests.importing.bank_files import Entry, import_texts, iso
from tests.importing.chargebee_objects import (
    CUSTOMER,
    customer,
    invoice,
    payment,
    seconds,
)
from tests.importing.erpnext_books import ACME, Books, books, run
from tests.importing.tables import Run, facts_of
from tests.importing.test_given_way import PAID, notes, owing, statement

__all__ = ["books", "owing", "run"]
changes = chargebee_imports.run  # of Chargebee: an export of what changed


def _owed(portfolio: Path, at: str) -> float | None:
    return facts_of(portfolio, ACME, at, "open")["open"]


def _give_way(books: Books, run: Run, portfolio: Path, n: int = 1) -> None:
    """The bank tells n payments of SINV-1, and then the books tell each."""
    run("2026-05-29")
    statement(portfolio, *[PAID] * n)
    for nth in range(1, n + 1):
        books.payment(f"PAY-{nth}", "2026-06-01 08:00:00", ("SINV-1", 605))
    run("2026-06-02")


def _take_out(books: Books, payment_id: str) -> dict[str, object]:
    """The row of the ledger that a payment has, which is there no more."""
    rows = books.documents["Payment Ledger Entry"]
    [row] = [row for row in rows if row["voucher_no"] == payment_id]
    rows.remove(row)
    return row


def _match_anew(books: Books, *against: tuple[str, int]) -> None:
    row = _take_out(books, "PAY-1")
    for other, amount in against:
        books.documents["Payment Ledger Entry"].append(
            row
            | {
                "name": f"anew-{other}",
                "against_voucher_no": other,
                "amount_in_account_currency": -amount,
            }
        )


def _stays_back(report: ImportReport) -> list[tuple[str, int]]:
    return notes(report, "stay taken back")


def test_a_payment_that_is_split_anew_does_not_count_twice(
    owing: Books, run: Run, portfolio: Path
) -> None:
    owing.invoice("SINV-3", "2026-04-10 09:00:00", 605)
    _give_way(owing, run, portfolio)
    _match_anew(owing, ("SINV-2", 300), ("SINV-3", 305))
    told = run("2026-06-03")

    assert _owed(portfolio, "2026-06-04") == 1210
    assert notes(told, "count again") == _stays_back(told) == []


def test_a_payment_that_is_matched_anew_for_less_is_named(
    owing: Books, run: Run, portfolio: Path
) -> None:
    _give_way(owing, run, portfolio)
    _match_anew(owing, ("SINV-2", 300))
    told = run("2026-06-03")

    assert _owed(portfolio, "2026-06-04") == 910
    assert _stays_back(told) == [(LOOK_AT, 1)]


def test_one_of_two_that_is_cancelled_stands_again(
    owing: Books, run: Run, portfolio: Path
) -> None:
    """The other one's money is its own: the bank told two."""
    _give_way(owing, run, portfolio, 2)
    assert _owed(portfolio, "2026-06-03") == 0
    _take_out(owing, "PAY-1")
    told = run("2026-06-03")

    assert notes(told, "count again (605.00 EUR") == [("assumed", 1)]
    assert _owed(portfolio, "2026-06-04") == 0
    again = run("2026-06-04")
    assert notes(again, "count (605.00 EUR") == [("assumed", 1)]
    assert again.is_clean


def test_what_other_money_may_be_stays_back_and_is_named(
    owing: Books, run: Run, portfolio: Path
) -> None:
    _give_way(owing, run, portfolio)
    _take_out(owing, "PAY-1")
    owing.payment("PAY-9", "2026-06-02 08:00:00", ("SINV-2", 605))
    told = run("2026-06-03")

    assert _stays_back(told) == [(LOOK_AT, 1)]
    assert _owed(portfolio, "2026-06-04") == 605
    assert _stays_back(run("2026-06-04")) == []


def test_one_replacement_keeps_one_back(
    owing: Books, run: Run, portfolio: Path
) -> None:
    _give_way(owing, run, portfolio, 2)
    _take_out(owing, "PAY-1")
    _take_out(owing, "PAY-2")
    owing.payment("PAY-9", "2026-06-02 08:00:00", ("SINV-2", 605))
    told = run("2026-06-03")

    assert _stays_back(told) == [(LOOK_AT, 1)]
    assert notes(told, "count again") == [("assumed", 1)]
    assert _owed(portfolio, "2026-06-04") == 0


def test_a_replacement_in_several_payments_keeps_it_back(
    owing: Books, run: Run, portfolio: Path
) -> None:
    _give_way(owing, run, portfolio)
    _take_out(owing, "PAY-1")
    owing.payment("PAY-8", "2026-06-02 08:00:00", ("SINV-1", 300))
    owing.payment("PAY-9", "2026-06-02 08:00:00", ("SINV-2", 305))

    assert _stays_back(run("2026-06-03")) == [(LOOK_AT, 1)]
    assert _owed(portfolio, "2026-06-04") == 605


def test_two_of_a_bank_beside_one_of_the_books_are_no_doubt_for_ever(
    owing: Books, run: Run, portfolio: Path
) -> None:
    run("2026-05-29")
    statement(portfolio, PAID, PAID)
    owing.payment("PAY-1", "2026-06-01 08:00:00", ("SINV-1", 605))
    run("2026-06-02")

    assert notes(run("2026-06-03"), "stand in the portfolio") == []
    assert _owed(portfolio, "2026-06-04") == 0


def test_an_earlier_export_may_have_told_what_took_its_place(
    changes: Run, portfolio: Path
) -> None:
    """Exports of what changed: the one that cancels does not tell the other again."""
    due = invoice("inv_1", "2026-05-01", 12345)
    others = invoice("inv_2", "2026-05-02", 50000)
    changes(_page(customer(), due, others), at=_june(1))
    entry = Entry(amount="123.45", text="inv_1", day="2026-06-01")
    made = "2026-06-02T06:00:00+02:00"
    text = iso("camt.053.001.08", entry, until="2026-06-01", made=made)
    import_texts(portfolio, text)
    first = _changed(payment("txn_1", "2026-06-02", 12345, "inv_1"), "2026-06-02")
    paid = {"status": "paid", "amount_paid": 12345, "amount_due": 0}
    changes(_page(_changed(due | paid, "2026-06-02"), first), at=_june(3))
    second = _changed(payment("txn_2", "2026-06-04", 12345, "inv_1"), "2026-06-04")
    changes(_page(second), at=_june(5))
    void = {"status": "voided", "linked_invoices": []}
    voided = _changed(first | void, "2026-06-05") | {"voided_at": seconds("2026-06-05")}
    told = changes(_page(voided), at=_june(6))

    assert notes(told, "count again") == []
    assert _stays_back(told) == [(LOOK_AT, 1)]
    assert facts_of(portfolio, CUSTOMER, "2026-06-07", "open")["open"] == 500


def _june(day: int) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC)


def _page(*objects: dict[str, object]) -> dict[str, object]:
    return {"list": [{str(one["object"]): one} for one in objects]}


def _changed(one: dict[str, object], day: str) -> dict[str, object]:
    return one | {"updated_at": seconds(day)}
