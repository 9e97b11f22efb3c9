"""What Stripe's CSV exports become; the same facts as its objects say."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from importing import SOURCES, ImportReport, ImportSettings, import_files
from importing.errors import NothingToImportError, UnreadableFileError
from tests.importing import stripe_exports as exports
from tests.importing.stripe_export_runs import Import, balance, run
from tests.importing.tables import rows_of

__all__ = ["run"]


def notes_of(report: ImportReport, kind: str) -> list[str]:
    return [note.text for note in report.notes if note.kind == kind]


def paid_page(tmp_path: Path, *rows_: exports.Row) -> Path:
    return exports.write(tmp_path / "payments.csv", exports.PAYMENTS, rows_)


def test_a_page_of_payments_says_what_the_objects_say(
    run: Import, tmp_path: Path
) -> None:
    """Yen have no decimals, dinars three; what was never tried is no payment."""
    page = exports.write(
        tmp_path / "unified_payments.csv",
        exports.PAYMENTS,
        [
            exports.payment(
                "ch_1", "2026-03-05 10:00:00", "1,250.50", amount_refunded="30.00",
                refunded_date="2026-03-09 12:00:00", status="Partially Refunded",
                invoice_id="in_1", card_fingerprint="fp_1",
            ),
            exports.payment(
                "ch_2", "2026-04-05 10:00:00", "10.00", status="Failed",
                captured="false", decline_reason="insufficient_funds",
            ),
            exports.payment(
                "ch_3", "2026-04-07 10:00:00", "5000", currency="jpy",
                disputed_amount="5000", dispute_date="2026-05-01 00:00:00",
                dispute_reason="fraudulent", dispute_status="needs_response",
            ),
            exports.payment("ch_4", "2026-04-08 10:00:00", "1.500", currency="kwd"),
            exports.payment("", "2026-04-09 10:00:00", "10.00", status="Canceled"),
        ],
    )  # fmt: skip
    report = run(page)

    read = rows_of(tmp_path / "portfolio", "payments")
    assert [(p["payment_id"], p["status"], p["amount"], p["currency"]) for p in read] \
        == [
        ("ch_1", "succeeded", Decimal("1250.50"), "USD"),
        ("ch_1", "refunded", Decimal(30), "USD"),
        ("ch_2", "failed", Decimal(10), "USD"),
        ("ch_3", "succeeded", Decimal(5000), "JPY"),
        ("ch_4", "succeeded", Decimal("1.5"), "KWD"),
    ]  # fmt: skip
    assert read[0]["invoice_id"] == "in_1"
    assert read[1]["event_at"] == datetime(2026, 3, 9, 12, tzinfo=UTC)
    assert read[2]["failure_code"] == "insufficient_funds"
    (dispute,) = rows_of(tmp_path / "portfolio", "disputes")
    assert (dispute["kind"], dispute["payment_id"]) == ("chargeback_fraud", "ch_3")
    assert [t.split(",")[0] for t in notes_of(report, "look at")] == [
        "rows are in JPY",
        "rows are in KWD",
    ]
    assert not report.bad_rows
    assert not report.unknown_values
    assert any("never tried" in note.text for note in report.notes)


def test_sigma_has_smallest_units_and_the_dashboard_major_ones(
    run: Import, tmp_path: Path
) -> None:
    """Both documented: the amounts are the same money."""
    page = exports.write(
        tmp_path / "payments.csv",
        exports.PAYMENTS,
        [
            exports.payment("ch_1", "2026-03-05 10:00:00", "1250.50"),
            exports.payment("ch_2", "2026-03-05 10:00:00", "5000", currency="jpy"),
            exports.payment("ch_3", "2026-03-05 10:00:00", "1.500", currency="kwd"),
        ],
    )
    table = tmp_path / "charges.csv"
    table.write_text(
        "id,amount,amount_refunded,captured,created,currency,customer_id,invoice_id,"
        "payment_method_type,status\n"
        "ch_1,125050,0,true,2026-03-05 10:00:00.000,usd,cus_A,,card,succeeded\n"
        "ch_2,5000,0,true,2026-03-05 10:00:00.000,jpy,cus_A,,card,succeeded\n"
        "ch_3,1500,0,true,2026-03-05 10:00:00.000,kwd,cus_A,,card,succeeded\n",
        encoding="utf-8",
    )
    run(page, portfolio="dashboard")
    run(table, portfolio="sigma")

    assert rows_of(tmp_path / "dashboard", "payments") == rows_of(
        tmp_path / "sigma", "payments"
    )


def test_tables_of_sigma_become_the_tables_here(run: Import, tmp_path: Path) -> None:
    tables = {
        "customers": "id,created,address_country\ncus_A,2026-01-01 00:00:00.000,be\n",
        "invoices": (
            "id,amount_due,charge_id,currency,customer_id,date,due_date,status,"
            "subscription_id,total,status_transitions_finalized_at,"
            "status_transitions_marked_uncollectible_at\n"
            "in_1,7000,,usd,cus_A,2026-03-01,2026-03-15,uncollectible,sub_1,7000,"
            "2026-03-01 01:00:00.000,2026-05-01 00:00:00.000\n"
        ),
        "subscriptions": (
            "id,customer_id,status,created,start,canceled_at,cancel_at_period_end,"
            "current_period_end,ended_at\n"
            "sub_1,cus_A,active,2026-01-10,2026-01-10,2026-05-20,true,2026-06-10,\n"
        ),
        "subscription_items": (
            "subscription_id,quantity,plan_amount,plan_currency,plan_interval,"
            "plan_interval_count\nsub_1,3,120000,usd,year,1\n"
        ),
        "charges": (
            "id,amount,amount_refunded,captured,created,currency,customer_id,status\n"
            "ch_1,100,0,true,2026-03-05,usd,cus_A,succeeded\n"
        ),
        "disputes": (
            "id,amount,charge_id,created,currency,reason,status\n"
            "dp_1,100,ch_1,2026-04-05,usd,duplicate,needs_response\n"
        ),
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    report = run(*(tmp_path / f"{name}.csv" for name in tables))

    portfolio = tmp_path / "portfolio"
    bills = rows_of(portfolio, "invoices")
    assert [(b["kind"], b["amount"]) for b in bills] == [
        ("invoice", 70),
        ("write_off", 70),
    ]
    started, cancelled = rows_of(portfolio, "subscriptions")
    assert (started["quantity"], started["unit_price"]) == (3, Decimal(100))
    assert cancelled["effective_at"] == datetime(2026, 6, 10, tzinfo=UTC)
    assert [d["kind"] for d in rows_of(portfolio, "disputes")] == ["chargeback_other"]
    assert rows_of(portfolio, "customers")[-1]["country"] == "BE"
    looked_at = {"customers", "subscriptions", "invoices", "payments", "disputes"}
    assert report.observed.keys() == looked_at


def test_pages_of_the_dashboard_become_the_tables_here(
    run: Import, tmp_path: Path
) -> None:
    files = [
        exports.write(
            tmp_path / "invoices.csv",
            exports.INVOICES,
            [exports.invoice("in_1", "2026-03-01 00:00", "1,250.50")],
        ),
        exports.write(
            tmp_path / "subscriptions.csv",
            exports.SUBSCRIPTIONS,
            [
                {
                    "id": "sub_1", "Customer ID": "cus_A", "Plan": "p", "Quantity": 2,
                    "Currency": "usd", "Interval": "month", "Amount": "10.00",
                    "Status": "active", "Created (UTC)": "2026-01-10 00:00",
                }
            ],
        ),
        exports.write(
            tmp_path / "customers.csv",
            exports.CUSTOMERS,
            [{"id": "cus_A", "Created (UTC)": "2026-01-01 00:00"}],
        ),
    ]  # fmt: skip
    report = run(*files)

    portfolio = tmp_path / "portfolio"
    assert [b["amount"] for b in rows_of(portfolio, "invoices")] == [Decimal("1250.50")]
    (started,) = rows_of(portfolio, "subscriptions")
    assert (started["quantity"], started["unit_price"]) == (2, Decimal(10))
    assert report.observed.keys() == {"customers", "invoices", "subscriptions"}
    assert any("several units" in note.text for note in report.notes)


def test_amounts_with_a_decimal_comma_are_read(run: Import, tmp_path: Path) -> None:
    page = exports.write(
        tmp_path / "payments.csv",
        exports.PAYMENTS,
        [
            exports.payment("ch_1", "2026-03-05 10:00", "1.250,50"),
            exports.payment("ch_2", "2026-03-05 10:00", "0,25"),
        ],
    )
    run(page)

    amounts = [p["amount"] for p in rows_of(tmp_path / "portfolio", "payments")]
    assert amounts == [Decimal("1250.50"), Decimal("0.25")]


@pytest.mark.parametrize("amount", ["1,234", "12 EUR", "1.2.3", "-"])
def test_an_amount_that_may_mean_two_things_is_named(
    run: Import, tmp_path: Path, amount: str
) -> None:
    page = exports.write(
        tmp_path / "payments.csv",
        exports.PAYMENTS,
        [
            exports.payment("ch_1", "2026-03-05 10:00", "1.00"),
            exports.payment("ch_2", "2026-03-05 10:00", amount),
        ],
    )
    report = run(page)

    assert [(b.row, b.column) for b in report.bad_rows] == [(3, "amount")]


def test_an_export_in_another_time_zone_is_refused(run: Import, tmp_path: Path) -> None:
    header = [name.replace("(UTC)", "(CET)") for name in exports.PAYMENTS]
    page = exports.write(tmp_path / "payments.csv", header, [])

    with pytest.raises(UnreadableFileError, match="choose UTC"):
        run(page)


def test_an_export_without_its_columns_is_refused(run: Import, tmp_path: Path) -> None:
    header = [name for name in exports.PAYMENTS if name != "Customer ID"]
    page = exports.write(tmp_path / "payments.csv", header, [])
    other = exports.write(tmp_path / "other.csv", ["a", "b"], [])

    with pytest.raises(UnreadableFileError, match="no column customer id: choose all"):
        run(page)
    with pytest.raises(UnreadableFileError, match=r"other\.csv: name it after"):
        run(other)


def test_an_export_of_which_nothing_can_be_read_says_why(tmp_path: Path) -> None:
    american = exports.payment("ch_1", "03/05/2026 10:00", "1.00")
    page = exports.write(tmp_path / "payments.csv", exports.PAYMENTS, [american])

    with pytest.raises(NothingToImportError, match=r"row 2, created .* a moment such"):
        import_files(
            SOURCES["stripe"], [page], tmp_path / "p", ImportSettings(currency="USD")
        )


def test_a_page_without_a_row_was_looked_at(run: Import, tmp_path: Path) -> None:
    report = run(exports.write(tmp_path / "payments.csv", exports.PAYMENTS, []))

    assert report.observed.keys() == {"payments", "disputes"}
    assert rows_of(tmp_path / "portfolio", "payments") == []


def test_a_state_without_a_meaning_is_named(run: Import, tmp_path: Path) -> None:
    odd = exports.payment("ch_1", "2026-03-05 10:00", "1.00", status="Teleported")
    page = exports.write(tmp_path / "payments.csv", exports.PAYMENTS, [odd])
    report = run(page)

    assert {(u.column, u.value) for u in report.unknown_values} == {
        ("status", "teleported")
    }


@pytest.mark.parametrize(
    ("currency", "amount"), [("jpy", "12.345"), ("usd", "1.234"), ("kwd", "1.2345")]
)
def test_an_amount_with_more_decimals_than_its_currency_is_named(
    run: Import, tmp_path: Path, currency: str, amount: str
) -> None:
    """In a browser of Germany 12.345 yen are twelve thousand."""
    lines = [
        exports.payment("ch_1", "2026-03-05 10:00", "1.00"),
        exports.payment("ch_2", "2026-03-05 10:00", amount, currency=currency),
    ]
    moved = [
        balance("charge", "1.00", 5, source_id="ch_1"),
        balance(
            "charge", "1.00", 5, charge_id="ch_2", source_id="ch_2",
            customer_facing_amount=amount, customer_facing_currency=currency,
        ),
    ]  # fmt: skip
    report = run(
        exports.write(tmp_path / "payments.csv", exports.PAYMENTS, lines),
        exports.write(tmp_path / "balance.csv", exports.BALANCE, moved),
    )

    assert [(b.file, b.row, b.column) for b in report.bad_rows] == [
        ("payments.csv", 3, "amount"),
        ("balance.csv", 3, "customer_facing_amount"),
    ]
    read = rows_of(tmp_path / "portfolio", "payments")
    assert [p["payment_id"] for p in read] == ["ch_1"]


def test_a_charge_without_its_customer_is_of_the_customer_whose_invoice_it_pays(
    run: Import, tmp_path: Path
) -> None:
    bills = exports.write(
        tmp_path / "invoices.csv",
        exports.INVOICES,
        [exports.invoice("in_1", "2026-03-01 10:00:00", "29.00")],
    )
    at = "2026-03-05 10:00:00"
    guest = {"customer_id": "", "amount_refunded": "5.00", "refunded_date": at}
    report = run(
        bills,
        paid_page(
            tmp_path,
            exports.payment("ch_1", at, "29.00", invoice_id="in_1", **guest),
            exports.payment("ch_2", at, "7.00", **guest),
        ),
    )

    paid = rows_of(tmp_path / "portfolio", "payments")
    assert {(p["payment_id"], p["customer_id"]) for p in paid} == {("ch_1", "cus_A")}
    left_out = {s.what: s.left_out for s in report.sums}
    assert left_out == {"invoices": 0, "payments": 7, "refunds": 5}
    assert any("name no customer" in text for text in notes_of(report, "assumed"))


def test_a_charge_of_a_later_import_without_its_customer_is_of_the_invoices(
    run: Import, tmp_path: Path
) -> None:
    bill = exports.invoice("in_1", "2026-03-01 10:00:00", "29.00")
    run(exports.write(tmp_path / "invoices.csv", exports.INVOICES, [bill]))
    paid = {"invoice_id": "in_1", "customer_id": ""}
    run(paid_page(tmp_path, exports.payment("c", "2026-03-05 10:00:00", "29", **paid)))

    [row] = rows_of(tmp_path / "portfolio", "payments")
    assert row["customer_id"] == "cus_A"


def test_money_that_the_portfolio_will_refuse_is_named_at_once(
    run: Import, tmp_path: Path
) -> None:
    at = "2026-03-05 10:00:00"
    report = run(
        paid_page(
            tmp_path,
            exports.payment("ch_1", at, "29.00"),
            exports.payment("ch_2", at, "29.00", currency="xyz"),
            exports.payment("ch_3", at, "-29.00"),
        )
    )

    rate, negative = notes_of(report, "look at")
    assert rate.startswith("rows are in XYZ, which has no rate")
    assert negative.startswith("rows of an amount below zero")
    assert not report.is_clean


def test_a_word_that_two_maps_read_is_named_once(run: Import, tmp_path: Path) -> None:
    wibble = exports.payment("ch_1", "2026-03-05 10:00:00", "29.00", status="Wibble")
    report = run(paid_page(tmp_path, wibble))

    assert [(u.value, u.n) for u in report.unknown_values] == [("wibble", 1)]


def test_what_was_paid_without_a_charge_is_said_in_money(
    run: Import, tmp_path: Path
) -> None:
    """The table compares what Stripe has; what stands beyond it is told beside it."""
    paid = exports.invoice("in_1", "2026-03-01 10:00:00", "29.00", status="paid")
    bills = exports.write(tmp_path / "invoices.csv", exports.INVOICES, [paid])
    other = exports.payment("ch_1", "2026-03-05 10:00:00", "7.00")
    report = run(bills, paid_page(tmp_path, other))

    told = [t for t in notes_of(report, "assumed") if "a readable charge" in t]
    assert told[0].endswith("29.0000 USD beyond the payments of the table")
