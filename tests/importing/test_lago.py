"""What Lago's objects become, worked out by hand for each trap."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from features.portfolio import Portfolio
from importing import SOURCES, ImportSettings, import_files
from importing.errors import (
    RateMissingError,
)
from tests.importing.lago_imports import BILL, Import, book, facts, run
from tests.importing.lago_objects import (
    CUSTOMER,
    credit_note,
    customer,
    fee,
    invoice,
    lago_id,
    page,
    paid,
    payment,
    plan,
    subscription,
    webhook,
)
from tests.importing.lago_samples import SAMPLES
from tests.importing.tables import facts_of, rows_of

__all__ = ["run"]

SCHEMA = json.loads(
    (Path(__file__).parent / "data" / "lago_schema.json").read_text("utf-8")
)
# text by the client, a whole number by Lago's API description and its answers
del SCHEMA["subscription"]["properties"]["plan_amount_cents"]


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_sample_is_what_lagos_own_client_expects(kind: str) -> None:
    jsonschema.validate(SAMPLES[kind], SCHEMA[kind])


def test_the_check_sees_a_wrong_type() -> None:
    with pytest.raises(jsonschema.ValidationError, match="is not of type 'integer'"):
        jsonschema.validate(BILL | {"total_amount_cents": "12.3"}, SCHEMA["invoice"])


def test_a_payment_pays_the_invoice_it_names(run: Import, portfolio: Path) -> None:
    part = payment("p_1", "2026-03-05T10:00:00Z", 10_000, "in_1")
    run(*book([BILL], [part]))

    row = rows_of(portfolio, "payments")[0]
    assert (row["invoice_id"], row["amount"]) == (lago_id("in_1"), Decimal(100))
    assert facts(portfolio, "open") == {"open": 23.45}


def test_it_is_due_when_the_customers_own_day_is_over(
    run: Import, portfolio: Path
) -> None:
    """29 March 2026 has 23 hours in Brussels; it ends at 22:00 UTC."""
    run(*book([invoice("in_1", "2026-03-29", 100)]))

    due = rows_of(portfolio, "invoices")[0]["due_at"]
    assert due == datetime(2026, 3, 29, 21, 59, 59, 999_999, tzinfo=UTC)


def test_an_invoice_that_waited_in_draft_is_known_when_its_date_is_over(
    run: Import, portfolio: Path
) -> None:
    run(*book([BILL | {"created_at": "2026-02-26T08:00:00Z"}]))

    known = rows_of(portfolio, "invoices")[0]["known_at"]
    assert known == datetime(2026, 3, 1, 22, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("state", ["draft", "failed", "pending"])
def test_an_invoice_that_was_not_issued_is_left_out(
    run: Import, portfolio: Path, state: str
) -> None:
    report = run(*book([BILL | {"status": state}]))

    assert rows_of(portfolio, "invoices") == []
    assert any("not issued" in note.text for note in report.notes)


def test_an_invoice_in_a_state_without_meaning_protects_its_customer(
    run: Import, portfolio: Path
) -> None:
    known = invoice("in_1", "2026-03-01", 10000)
    report = run(*book([known, invoice("in_2", "2026-03-01", 900, status="blorp")]))

    assert [value.value for value in report.unknown_values] == ["blorp"]
    assert [s.left_out for s in report.sums if s.what == "invoices"] == [9]
    assert Portfolio.open(portfolio).rejected == {CUSTOMER: frozenset({"invoices"})}


def test_a_self_billed_invoice_is_owed_to_the_partner(
    run: Import, portfolio: Path
) -> None:
    report = run(*book([BILL | {"self_billed": True}]))

    assert rows_of(portfolio, "invoices") == []
    assert any("self-billed" in note.text for note in report.notes)
    billed = next(s for s in report.sums if s.what == "invoices")
    assert billed.left_out == Decimal("123.45")


def test_an_invoice_that_somebody_marked_as_paid_is_paid(
    run: Import, portfolio: Path
) -> None:
    report = run(*book([BILL | {"payment_status": "succeeded"}]))

    assert facts(portfolio, "open") == {"open": 0}
    assert any("beyond their payments" in note.text for note in report.notes)


def test_a_payment_that_comes_later_takes_the_place_of_the_mark(
    run: Import, portfolio: Path
) -> None:
    marked = BILL | {"payment_status": "succeeded"}
    run(*book([marked]), at=datetime(2026, 4, 1, tzinfo=UTC))
    run(*book([marked], [payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")]))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_payment_of_several_invoices_counts_once(
    run: Import, portfolio: Path
) -> None:
    other = invoice("in_2", "2026-04-01", 5_000)
    both = payment("p_1", "2026-05-01T00:00:00Z", 17_345, "in_1", "in_2")
    at = "2026-05-01T00:00:00Z"
    run(*book([paid(BILL, at), paid(other, at)], [both]))

    assert [p["invoice_id"] for p in rows_of(portfolio, "payments")] == [None]
    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_direct_debit_is_under_way_first(run: Import, portfolio: Path) -> None:
    debit = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1") | {
        "payment_provider_type": "gocardless"
    }
    run(*book([BILL], [debit]))

    states = [(p["status"], p["known_at"].day) for p in rows_of(portfolio, "payments")]
    assert states == [("pending", 5), ("succeeded", 10)]


@pytest.mark.parametrize("listed", ["succeeded", "failed"])
def test_the_list_of_payments_stands_over_a_webhook(
    run: Import, portfolio: Path, listed: str
) -> None:
    full = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    other = {"succeeded": "failed", "failed": "succeeded"}[listed]
    hook = webhook("payment.told", "payment", full | {"payment_status": other})
    run(*book([BILL], [full | {"payment_status": listed}]), hook)

    assert [p["status"] for p in rows_of(portfolio, "payments")] == [listed]


def test_a_failed_payment_pays_nothing(run: Import, portfolio: Path) -> None:
    lost = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    run(*book([BILL], [lost | {"payment_status": "failed"}]))

    assert facts(portfolio, "open") == {"open": 123.45}


def test_an_unpaid_top_up_of_a_wallet_is_an_invoice_that_is_named(
    run: Import, portfolio: Path
) -> None:
    """What a wallet paid is off the total already: only the rest is owed."""
    top_up = invoice("in_1", "2026-03-01", 5_000) | {"invoice_type": "credit"}
    used = invoice("in_2", "2026-04-01", 1_000) | {"prepaid_credit_amount_cents": 4_000}
    report = run(*book([top_up, used]), page("wallets", {"lago_id": lago_id("w")}))

    assert facts(portfolio, "open") == {"open": 60}
    assert {n.text.split(",")[0] for n in report.notes} >= {
        "objects of kind wallet",
        "invoices for prepaid credit that is not given before they are paid",
    }


@pytest.mark.parametrize(
    ("currency", "minor", "major"),
    [
        ("JPY", 500, "500"),
        ("HUF", 500, "500"),
        ("KWD", 12_340, "12.34"),
        ("TWD", 1_000, "10"),
        ("CLF", 12_345, "1.2345"),
    ],
)
def test_each_currency_has_the_unit_of_lagos_money_library(
    run: Import, portfolio: Path, currency: str, minor: int, major: str
) -> None:
    run(*book([invoice("in_1", "2026-03-01", minor) | {"currency": currency}]))

    assert rows_of(portfolio, "invoices")[0]["amount"] == Decimal(major)


def test_a_subscription_has_its_price_by_the_month(
    run: Import, portfolio: Path
) -> None:
    yearly = subscription("sub", "2026-01-01", 12_000)
    ended = {"status": "terminated", "terminated_at": "2026-04-01T00:00:00Z"}
    plans = page("plans", plan(interval="yearly"))
    run(*book([]), plans, page("subscriptions", yearly | ended))

    told = rows_of(portfolio, "subscriptions")
    assert [row["kind"] for row in told] == ["started", "ended"]
    assert told[0]["unit_price"] == Decimal(10)


def test_a_subscription_that_names_no_price_has_that_of_its_plan(
    run: Import, portfolio: Path
) -> None:
    silent = subscription("sub", "2026-01-01", 0)
    del silent["plan_amount_cents"], silent["plan_amount_currency"]
    plans = page("plans", plan(interval="yearly", cents=12_000))
    report = run(*book([]), plans, page("subscriptions", silent))

    [started] = rows_of(portfolio, "subscriptions")
    assert (started["billing"], started["unit_price"]) == ("license", Decimal(10))
    [assumed] = [note for note in report.notes if "of their plan" in note.text]
    assert assumed.n == 1


def test_a_subscription_without_any_price_is_counted(run: Import) -> None:
    silent = subscription("sub", "2026-01-01", 0) | {"plan_amount_cents": None}
    report = run(*book([]), page("subscriptions", silent))

    assert [note.n for note in report.notes if "without a price" in note.text] == [1]


def test_an_end_to_come_is_told_once_and_taken_back_when_removed(
    run: Import, portfolio: Path
) -> None:
    sub = subscription("sub", "2026-01-01", 1_000)
    ending = sub | {"ending_at": "2026-12-31T00:00:00Z"}
    sooner = sub | {"ending_at": "2026-09-30T00:00:00Z"}
    for day, state in enumerate([ending, ending, sooner, sub, sub], start=1):
        pages = page("plans", plan()), page("subscriptions", state)
        run(
            page("customers", customer()), *pages, at=datetime(2026, 6, day, tzinfo=UTC)
        )

    told = [
        (row["effective_at"].month, row["retracted"], row["known_at"].day)
        for row in rows_of(portfolio, "subscriptions")[1:]
    ]
    assert sorted(told, key=lambda row: row[2:] + row[:1]) == [
        (12, None, 1),
        (9, None, 3),
        (9, True, 4),
        (12, True, 4),
    ]


def test_day_by_day_is_the_same_account_as_all_at_once(tmp_path: Path) -> None:
    """Two invoices, a payment that fails first, a credit note that the second uses."""
    at = "2026-03-05T10:00:00Z"
    first, second = BILL, invoice("in_2", "2026-04-01", 7_000)
    second |= {"credit_notes_amount_cents": 3_000}
    failed = payment("p_0", "2026-03-02T10:00:00Z", 12_345, "in_1")
    failed |= {"payment_status": "failed"}
    full = payment("p_1", at, 12_345, "in_1")
    note = credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", credit=3_000)
    used = note | {"balance_amount_cents": 0, "credit_status": "consumed"}
    days = [
        ("2026-03-03", [first], [failed], []),
        ("2026-03-06", [paid(first, at)], [failed, full], []),
        ("2026-03-11", [paid(first, at)], [failed, full], [note]),
        ("2026-04-02", [paid(first, at), second], [failed, full], [used]),
    ]
    for day, bills, payments, notes in days:
        for place in ("daily", "whole"):
            file = tmp_path / f"{place}-{day}.ndjson"
            documents = book(bills, payments, notes)
            file.write_text("".join(json.dumps(d) + "\n" for d in documents), "utf-8")
            if place == "daily" or day == days[-1][0]:
                moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
                settings = ImportSettings(exported_at=moment, currency="EUR")
                import_files(SOURCES["lago"], [file], tmp_path / place, settings)

    names = ("open", "overdue", "credit")
    whole = facts_of(tmp_path / "whole", CUSTOMER, "2026-05-01", *names)
    assert whole == {"open": 70, "overdue": 70, "credit": 0}
    assert facts_of(tmp_path / "daily", CUSTOMER, "2026-05-01", *names) == whole


def test_a_price_in_another_currency_needs_a_rate(run: Import, portfolio: Path) -> None:
    sold = subscription("sub", "2026-01-01", 1_000, plan_amount_currency="USD")

    with pytest.raises(RateMissingError, match="USD"):
        run(*book([]), page("plans", plan()), page("subscriptions", sold))
    assert not portfolio.exists()


def test_fees_say_whose_subscription_an_invoice_is_for(
    run: Import, portfolio: Path
) -> None:
    run(*book([BILL | {"fees": [fee("in_1", "sub", 12_345)]}]))

    assert rows_of(portfolio, "invoices")[0]["subscription_id"] == lago_id("sub")


def test_what_a_customer_says_is_known_since_it_was_said(
    run: Import, portfolio: Path
) -> None:
    before = customer(country="DE", updated_at="2026-02-01T09:00:00Z")
    run(*book([]), webhook("customer.updated", "customer", before))

    versions = [
        (c["known_at"].month, c["country"]) for c in rows_of(portfolio, "customers")
    ]
    assert versions == [(1, None), (2, "DE"), (6, "BE")]
