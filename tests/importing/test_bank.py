"""Who paid which invoice, and what undoes a payment."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing.errors import OtherPortfolioError
from tests.importing.bank_files import (
    INVOICES,
    Entry,
    became,
    import_texts,
    iso,
    payments,
    write_billed_payment,
    write_billed_payments,
    write_portfolio,
)
from tests.importing.bank_movements import FIRST, STATEMENT, debit, portfolio
from tests.importing.tables import facts_of

__all__ = ["portfolio"]

MESSAGES = ("camt.053.001.02", "camt.053.001.08", "camt.053.001.12", "camt.054.001.08")


@pytest.mark.parametrize("message", MESSAGES)
def test_a_transfer_pays_the_invoice_it_names(portfolio: Path, message: str) -> None:
    report = import_texts(portfolio, iso(message, Entry(amount="100", text=FIRST)))

    assert report.is_clean
    [row] = payments(portfolio)
    assert (row["customer_id"], row["status"], row["invoice_id"], row["method"]) == (
        "acme",
        "succeeded",
        FIRST,
        "bank_transfer",
    )
    # known when the day of the booking is over in Brussels, not when it was exported
    day_is_over = datetime(2026, 2, 3, 22, 59, 59, 999999, UTC)
    assert row["event_at"] == row["known_at"] == day_is_over


@pytest.mark.parametrize(
    ("said", "invoice", "rule"),
    [
        pytest.param({"structured": FIRST}, FIRST, "document number", id="document"),
        # check digits by ISO 7064 modulo 97, worked out by hand
        pytest.param({"structured": "RF714711"}, "4711", "check digits", id="RF"),
        pytest.param(
            {"text": "RF71 4711 bill"}, "4711", "in the text", id="RF in text"
        ),
        pytest.param({"end_to_end": FIRST}, FIRST, "end-to-end", id="end to end"),
        pytest.param({"text": "pay inv 2026/0001!"}, FIRST, "text", id="in parts"),
        pytest.param(
            {"text": "20260303123456789 inv 2026-0001"}, FIRST, "text", id="beside"
        ),
        pytest.param({"text": "Rechnung 4711"}, "4711", "in the text", id="number"),
    ],
)
def test_rules_that_find_an_invoice(
    portfolio: Path, said: dict[str, str], invoice: str, rule: str
) -> None:
    report = import_texts(portfolio, iso(STATEMENT, Entry(amount="5", **said)))  # type: ignore[arg-type]

    assert became(portfolio) == [("succeeded", 5, invoice)]
    assert [
        note for note in report.notes if note.kind == "matched" and rule in note.text
    ]
    assert invoice in report.lists[0].file.read_text()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"text": "thanks"}, id="no reference, though the amount fits"),
        pytest.param({"text": "for the year 2027"}, id="a year is no number"),
        pytest.param({"text": "47 11"}, id="digits in parts"),
        pytest.param({"text": "14711"}, id="part of a number"),
        pytest.param({"structured": "RF724711"}, id="wrong check digits"),
        pytest.param({"text": f"{FIRST} 4711"}, id="two customers"),
    ],
)
def test_nothing_is_guessed(portfolio: Path, said: dict[str, str]) -> None:
    report = import_texts(portfolio, iso(STATEMENT, Entry(amount="33", **said)))  # type: ignore[arg-type]

    assert payments(portfolio) == []
    [unmatched] = report.lists
    assert unmatched.n == 1
    assert "33.0000,EUR" in unmatched.file.read_text()
    [received] = report.sums
    assert (received.source, received.left_out) == (Decimal(33), Decimal(33))
    assert received.portfolio == 0


def test_a_statement_imported_again_writes_the_same_lists_once(
    portfolio: Path,
) -> None:
    statement = iso(STATEMENT, Entry(amount="33", text="thanks"))
    [first] = import_texts(portfolio, statement).lists
    [again] = import_texts(portfolio, statement).lists

    assert (first.is_new, again.is_new) == (True, False)
    assert again.file == first.file
    assert len(list(first.file.parent.iterdir())) == 1


def test_beside_another_source_of_payments_it_says_who_vouches_for_them(
    portfolio: Path,
) -> None:
    write_billed_payment(portfolio)
    report = import_texts(portfolio, iso(STATEMENT, Entry(amount="100", text=FIRST)))

    assert (report.observed, report.told_by_others) == ({}, ("payments",))


def test_a_list_of_references_names_invoices(portfolio: Path) -> None:
    listed = "reference,invoice_id\n21 00000 00003 13947 14300 09017,4711\n,4711\n,\n"
    said = iso(STATEMENT, Entry(amount="50", structured="210000000003139471430009017"))
    report = import_texts(portfolio, said, references_csv=listed)

    assert became(portfolio) == [("succeeded", 50, "4711")]
    assert [(bad.file, bad.row) for bad in report.bad_rows] == [("references.csv", 3)]


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("220", [("succeeded", 100, FIRST), ("succeeded", 120, "INV-2026-0002")]),
        ("200", [("succeeded", 200, None)]),
    ],
)
def test_one_transfer_for_two_invoices(
    portfolio: Path, amount: str, expected: list[tuple[str, float, str | None]]
) -> None:
    text = f"{FIRST} and INV-2026-0002"
    import_texts(portfolio, iso(STATEMENT, Entry(amount=amount, text=text)))

    assert sorted(became(portfolio), key=lambda row: row[1]) == expected
    assert {row["customer_id"] for row in payments(portfolio)} == {"acme"}


def test_a_parent_pays_invoices_of_two_customers_that_add_up(portfolio: Path) -> None:
    paid = Entry(amount="150", text=f"{FIRST}, 4711")
    import_texts(portfolio, iso(STATEMENT, paid))

    by_customer = {row["customer_id"]: row["amount"] for row in payments(portfolio)}
    assert by_customer == {"acme": 100, "beta": 50}


def test_a_batch_lists_its_transactions(portfolio: Path) -> None:
    batch = (debit("100", ""), debit("50", "", end_to_end="4711"))
    whole = Entry(amount="149", family="IDDT", batch=batch)
    report = import_texts(portfolio, iso(STATEMENT, whole))

    assert sorted(became(portfolio)) == [
        ("succeeded", 50, "4711"),
        ("succeeded", 100, FIRST),
    ]
    assert report.is_clean


def test_a_notice_lists_what_the_statement_sums_up(portfolio: Path) -> None:
    batch = (debit("100", ""), debit("50", "", end_to_end="4711"))
    whole = Entry(amount="150", reference="B-1")
    report = import_texts(
        portfolio,
        iso(STATEMENT, whole),
        iso("camt.054.001.08", Entry(amount="150", reference="B-1", batch=batch)),
    )

    assert len(became(portfolio)) == 2
    assert sum(s.left_out for s in report.sums) == 0


def test_the_same_movement_in_two_files_counts_once(portfolio: Path) -> None:
    twice = (Entry(amount="50", text="4711"), Entry(amount="50", text="4711"))
    for _ in range(2):
        import_texts(portfolio, iso(STATEMENT, *twice), iso("camt.054.001.08", *twice))

    assert became(portfolio) == [("succeeded", 50, "4711")] * 2
    assert len({row["payment_id"] for row in payments(portfolio)}) == 2


def test_what_another_source_told_is_not_counted_again(portfolio: Path) -> None:
    write_billed_payment(portfolio)
    twice = [Entry(amount="100", text=FIRST, day=day) for day in ("2026-02-03",) * 2]
    report = import_texts(portfolio, iso(STATEMENT, *twice))

    assert [row["amount"] for row in payments(portfolio)] == [100]
    # the billing system's own rows say how far its payments were looked at
    assert report.observed == {}
    assert "observed_until" not in (portfolio / "portfolio.yaml").read_text("utf-8")
    assert facts_of(portfolio, "acme", "2026-04-30", "open") == {"open": 20}


@pytest.mark.parametrize("n_imports", [1, 2])
def test_payments_as_csv_get_another_file_of_csv(
    portfolio: Path, n_imports: int
) -> None:
    (portfolio / "payments").mkdir()
    (portfolio / "payments/part-0.csv").write_text(
        "payment_id,status,customer_id,event_at,amount,invoice_id\n"
        "p1,succeeded,acme,2026-02-02,30,INV-2026-0001\n",
        "utf-8",
    )
    paid = Entry(amount="120", text="INV-2026-0002", day="2026-02-06")
    for _ in range(n_imports):
        import_texts(portfolio, iso(STATEMENT, paid, until="2026-02-06"))

    assert len(list((portfolio / "payments").iterdir())) == 2
    assert facts_of(portfolio, "acme", "2026-04-30", "open") == {"open": 70}


def test_payments_in_two_forms_are_refused(portfolio: Path) -> None:
    write_billed_payment(portfolio)
    (portfolio / "payments/more.xlsx").touch()
    with pytest.raises(OtherPortfolioError, match="save them all as CSV"):
        import_texts(portfolio, iso(STATEMENT, Entry(amount="120", text=FIRST)))


def test_announced_money_is_under_way(portfolio: Path) -> None:
    soon = Entry(amount="100", text=FIRST, status="PDNG")
    import_texts(portfolio, iso(STATEMENT, soon))
    assert became(portfolio) == [("pending", 100, FIRST)]

    import_texts(portfolio, iso(STATEMENT, Entry(amount="100", text=FIRST)))
    assert [row[0] for row in became(portfolio)] == ["pending", "succeeded"]
    assert len({row["payment_id"] for row in payments(portfolio)}) == 1


def test_money_announced_and_booked_in_one_import_pays_its_invoice(
    portfolio: Path,
) -> None:
    """Both tell one payment, and the invoice is named once, not twice."""
    entries = [Entry(amount="100", text=FIRST, status=s) for s in ("PDNG", "BOOK")]
    import_texts(portfolio, iso(STATEMENT, *entries))

    assert became(portfolio) == [("pending", 100, FIRST), ("succeeded", 100, FIRST)]
    assert len({row["payment_id"] for row in payments(portfolio)}) == 1


@pytest.mark.parametrize(
    ("amount", "currency"), [("12000", "JPY"), ("0.125", "KWD"), ("1e1", "EUR")]
)
def test_amounts_of_other_currencies(
    portfolio: Path, amount: str, currency: str
) -> None:
    xml = iso(STATEMENT, Entry(amount="7", text=FIRST), opening="0", closing="0")
    said = xml.replace('Ccy="EUR">7<', f'Ccy="{currency}">{amount}<')
    import_texts(portfolio, said)

    [row] = payments(portfolio)
    assert (float(row["amount"]), row["currency"]) == (float(amount), currency)


@pytest.mark.parametrize(
    ("day", "over"),
    [
        ("2026-03-28", datetime(2026, 3, 28, 22, 59, 59, 999999, UTC)),
        ("2026-03-29", datetime(2026, 3, 29, 21, 59, 59, 999999, UTC)),
    ],
)
def test_the_day_on_which_clocks_change(
    portfolio: Path, day: str, over: datetime
) -> None:
    paid = Entry(amount="100", text=FIRST, day=day)
    import_texts(portfolio, iso(STATEMENT, paid))

    assert payments(portfolio)[0]["known_at"] == over


def test_a_transaction_that_is_less_than_its_entry_leaves_a_difference(
    portfolio: Path,
) -> None:
    text = iso("camt.053.001.08", Entry(amount="100", end_to_end="INV-2026-0001"))
    head, _, tail = text.rpartition('<Amt Ccy="EUR">100</Amt>')
    report = import_texts(portfolio, head + '<Amt Ccy="EUR">60</Amt>' + tail)

    assert became(portfolio) == [("succeeded", 60, "INV-2026-0001")]
    assert [n.n for n in report.notes if n.text.startswith("differences")] == [1]
    assert not report.bad_rows


def test_a_currency_without_a_rate_is_asked_for(portfolio: Path) -> None:
    pounds = Entry(amount="33.00", currency="GBP", end_to_end="INV-2026-0001")
    report = import_texts(portfolio, iso("camt.054.001.08", pounds))

    texts = [note.text for note in report.notes]
    assert any("GBP, which has no rate" in text for text in texts)
    assert not any("at the portfolio's rate" in text for text in texts)
    assert not report.is_clean


def test_zeros_behind_an_amount_are_no_decimals(portfolio: Path) -> None:
    entry = Entry(amount="100.0000000", end_to_end="INV-2026-0001")
    report = import_texts(portfolio, iso("camt.053.001.08", entry))

    assert report.bad_rows == ()
    assert [str(row["amount"]) for row in payments(portfolio)] == ["100.0000"]


def test_another_currency_and_its_decimals_are_named(portfolio: Path) -> None:
    report = import_texts(
        portfolio,
        iso(
            "camt.054.001.08",
            Entry(amount="99.99", currency="JPY", end_to_end="INV-2026-0001"),
        ),
    )

    texts = [note.text for note in report.notes]
    assert any("another currency than the invoice" in text for text in texts)
    assert any("more decimals" in text and "0.txt row 1" in text for text in texts)
    assert not report.is_clean


def test_a_statement_looks_until_its_last_day(portfolio: Path) -> None:
    paid = Entry(amount="100", text=FIRST)
    report = import_texts(
        portfolio,
        iso(STATEMENT, paid, until="2026-02-03", made="2026-02-20T09:00:00Z"),
        iso(STATEMENT, account="BE43068999999501", until="2026-02-01"),
    )

    # the account that ends first says how far both look
    until = datetime(2026, 2, 1, 22, 59, 59, 999999, UTC)
    assert report.observed == {"payments": until}


def test_balances_that_do_not_follow_are_named(portfolio: Path) -> None:
    xml = iso(STATEMENT, Entry(amount="100", text=FIRST), closing="90")
    report = import_texts(portfolio, xml)

    [bad] = report.bad_rows
    assert (bad.column, report.is_clean) == ("closing balance", False)
    assert "0 and 100 of entries are not 90" in bad.problem


def test_statements_need_invoices_first(tmp_path: Path) -> None:
    with pytest.raises(OtherPortfolioError, match="import that first"):
        import_texts(tmp_path / "none", iso(STATEMENT))
    assert not (tmp_path / "none").exists()


def test_a_number_of_two_customers_names_none(tmp_path: Path) -> None:
    both = f"{INVOICES}{FIRST},beta,2026-01-05,2026-02-05,100\n"
    portfolio = write_portfolio(tmp_path / "portfolio", both)
    import_texts(portfolio, iso(STATEMENT, Entry(amount="100", text=FIRST)))

    assert payments(portfolio) == []


def test_part_of_a_transfer_may_be_told_by_another_source(portfolio: Path) -> None:
    write_billed_payment(portfolio)
    both = Entry(amount="220", text=f"{FIRST} INV-2026-0002")
    report = import_texts(portfolio, iso(STATEMENT, both))

    assert became(portfolio) == [("succeeded", 120, "INV-2026-0002")]
    [received] = report.sums
    assert (int(received.source), int(received.left_out)) == (220, 100)


@pytest.mark.parametrize(("listed", "n"), [("", 0), ("X4711,4711\n", 1)])
def test_a_number_of_the_bank_names_no_invoice_but_by_the_list(
    portfolio: Path, listed: str, n: int
) -> None:
    number = "X4711" if listed else "4711"
    said = iso(STATEMENT, Entry(amount="50", text="somebody else")).replace(
        "<Refs>", f"<Refs><AcctSvcrRef>{number}</AcctSvcrRef>"
    )
    import_texts(portfolio, said, list_csv=f"reference,invoice_id\n{listed}")

    assert len(payments(portfolio)) == n


def test_an_instalment_is_the_one_of_its_days_that_another_source_told(
    portfolio: Path,
) -> None:
    write_billed_payments(portfolio, {"2026-02-02": 30, "2026-03-02": 30})
    second = Entry(amount="30", text=FIRST, day="2026-03-03")
    import_texts(portfolio, iso(STATEMENT, second, until="2026-03-03"))

    assert payments(portfolio) == []
    assert facts_of(portfolio, "acme", "2026-04-30", "open") == {"open": 160}


def test_what_another_source_told_of_no_invoice_is_named(portfolio: Path) -> None:
    write_billed_payments(portfolio, {"2026-02-02": 100}, invoice=None)
    report = import_texts(portfolio, iso(STATEMENT, Entry(amount="100", text=FIRST)))

    assert len(payments(portfolio)) == 1
    looks = [(n.kind, n.n) for n in report.notes if "names no invoice" in n.text]
    assert looks == [("look at", 1)]
