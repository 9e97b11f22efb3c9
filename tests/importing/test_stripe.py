"""What Stripe's objects become, worked out by hand for each trap."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from features.account import fact_table
from features.portfolio import Portfolio
from features.snapshots import latest_snapshots
from tests.importing.stripe_imports import EXPORTED, Import, run
from tests.importing.stripe_objects import (
    CUSTOMER,
    charge,
    customer,
    debit,
    event,
    failed,
    invoice,
    made,
    payment_of,
    seconds,
)
from tests.importing.tables import rows_of

__all__ = ["run"]


def facts(portfolio: Path, *names: str) -> dict[str, float]:
    """Account facts of customer A when the export was made."""
    opened = Portfolio.open(portfolio)
    moment = int(EXPORTED.timestamp() * 1e6)
    table = fact_table(opened, latest_snapshots(opened, moment))
    row = next(r for r in table.to_pylist() if r["customer_id"] == CUSTOMER)
    return {name: row[name] for name in names}


def test_a_charge_pays_the_invoice_it_names(run: Import, portfolio: Path) -> None:
    bill = invoice("in_1", "2026-03-01", 12_345, status="paid", currency="usd")
    run(customer(), bill, charge("ch_1", "2026-03-05", 12_345, invoice="in_1"))

    payment = rows_of(portfolio, "payments")[0]
    assert (payment["invoice_id"], payment["amount"]) == ("in_1", Decimal("123.45"))
    assert facts(portfolio, "open") == {"open": 0}


def test_since_2025_the_invoice_payment_ties_them(run: Import, portfolio: Path) -> None:
    bill = invoice("in_1", "2026-03-01", 12_345, status="paid")
    paid = charge("ch_1", "2026-03-05", 12_345, payment_intent="pi_1")
    run(customer(), bill, paid, payment_of("in_1", "pi_1"))

    assert [p["invoice_id"] for p in rows_of(portfolio, "payments")] == ["in_1"]


def test_a_partial_capture_pays_what_was_captured(run: Import, portfolio: Path) -> None:
    part = charge("ch_1", "2026-03-05", 10_000, amount_captured=4_000, invoice="in_1")
    run(customer(), invoice("in_1", "2026-03-01", 10_000), part)

    assert facts(portfolio, "open") == {"open": 60}


def test_what_was_authorised_only_pays_nothing(run: Import, portfolio: Path) -> None:
    held = charge(
        "ch_1", "2026-03-05", 10_000, captured=False, amount_captured=0, invoice="in_1"
    )
    report = run(customer(), invoice("in_1", "2026-03-01", 10_000), held)

    assert rows_of(portfolio, "payments") == []
    assert any("never captured" in note.text for note in report.notes)


@pytest.mark.parametrize(
    ("currency", "minor", "major"),
    [
        ("jpy", 500, "500"),
        ("kwd", 12_340, "12.34"),
        ("isk", 50_000, "500"),
        ("huf", 100, "1"),
    ],
)
def test_each_currency_has_its_own_smallest_unit(
    run: Import, portfolio: Path, currency: str, minor: int, major: str
) -> None:
    run(customer(), invoice("in_1", "2026-03-01", minor, currency=currency))

    assert rows_of(portfolio, "invoices")[0]["amount"] == Decimal(major)


def test_a_refund_after_a_credit_note_opens_nothing(
    run: Import, portfolio: Path
) -> None:
    """100 paid, 30 credited and given back: nothing is owed or in credit."""
    bill = invoice("in_1", "2026-03-01", 10_000, status="paid")
    paid = charge("ch_1", "2026-03-02", 10_000, invoice="in_1", amount_refunded=3_000)
    note = made(
        "credit_note",
        id="cn_1",
        customer=CUSTOMER,
        invoice="in_1",
        amount=3_000,
        total=3_000,
        created=seconds("2026-03-10"),
        currency="usd",
        voided_at=None,
        refunds=[{"amount_refunded": 3_000, "refund": "re_1", "type": "refund"}],
    )
    back = made(
        "refund", id="re_1", charge="ch_1", amount=3_000, created=seconds("2026-03-11")
    )
    run(customer(), bill, paid, note, back)

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


@pytest.mark.parametrize("captured", [5_000, 4_000], ids=["whole", "less"])
def test_a_charge_that_pays_two_invoices_counts_once(
    run: Import, portfolio: Path, captured: int
) -> None:
    paid = invoice("in_1", "2026-03-01", 3_000, status="paid", amount_remaining=0)
    parts = [
        payment_of("in_1", "pi_1") | {"status": "paid", "amount_paid": 3_000},
        payment_of("in_2", "pi_1") | {"status": "paid", "amount_paid": 2_000},
    ]
    report = run(
        customer(),
        paid,
        invoice("in_2", "2026-03-02", 5_000, amount_remaining=3_000),
        charge("ch_1", "2026-03-20", captured, payment_intent="pi_1"),
        *parts,
    )

    money = [
        (row["payment_id"], row["amount"]) for row in rows_of(portfolio, "payments")
    ]
    assert money == [("ch_1", Decimal(captured) / 100)]
    told = [n.n for n in report.notes if n.kind == "look at"]
    assert told == ([1] if captured < 5_000 else [])
    if captured == 5_000:
        assert facts(portfolio, "open", "credit") == {"open": 30, "credit": 0}


def test_a_refund_that_only_the_charge_tells_of_is_counted(
    run: Import, portfolio: Path
) -> None:
    paid = charge("ch_1", "2026-03-02", 10_000, invoice="in_1", amount_refunded=3_000)
    report = run(customer(), invoice("in_1", "2026-03-01", 10_000), paid)

    refund = rows_of(portfolio, "payments")[-1]
    assert (refund["status"], refund["amount"]) == ("refunded", Decimal(30))
    assert any("without listing them" in note.text for note in report.notes)


def test_a_dispute_of_a_paid_charge_leaves_the_invoice_paid(
    run: Import, portfolio: Path
) -> None:
    bill = invoice("in_1", "2026-03-01", 10_000, status="paid")
    lost = made(
        "dispute",
        id="dp_1",
        charge="ch_1",
        amount=10_000,
        reason="fraudulent",
        status="lost",
        created=seconds("2026-04-01"),
    )
    paid = charge("ch_1", "2026-03-02", 10_000, invoice="in_1", disputed=True)
    run(customer(), bill, paid, lost)

    kinds = [(d["kind"], d["status"]) for d in rows_of(portfolio, "disputes")]
    assert kinds == [("chargeback_fraud", "opened"), ("chargeback_fraud", "lost")]
    assert facts(portfolio, "open") == {"open": 0}


def test_a_lost_dispute_without_a_date_is_known_since_the_export(
    run: Import, portfolio: Path
) -> None:
    lost = made(
        "dispute",
        id="dp_1",
        charge="ch_1",
        status="lost",
        created=seconds("2026-04-01"),
    )
    run(customer(), charge("ch_1", "2026-03-02", 10_000), lost)

    assert rows_of(portfolio, "disputes")[-1]["known_at"] == EXPORTED


def test_an_inquiry_that_was_closed_is_withdrawn(run: Import, portfolio: Path) -> None:
    closed = made(
        "dispute",
        id="dp_1",
        charge="ch_1",
        status="warning_closed",
        created=seconds("2026-04-01"),
    )
    run(customer(), charge("ch_1", "2026-03-02", 10_000), closed)

    assert [d["status"] for d in rows_of(portfolio, "disputes")] == [
        "opened",
        "withdrawn",
    ]


def test_a_bank_that_takes_a_debit_back_returns_the_payment(
    run: Import, portfolio: Path
) -> None:
    """Stripe shows a returned SEPA debit as a dispute; here the invoice opens again."""
    returned = made(
        "dispute",
        id="dp_1",
        charge="py_1",
        amount=10_000,
        reason="insufficient_funds",
        status="lost",
        currency="eur",
        created=seconds("2026-03-12"),
    )
    bill = invoice("in_1", "2026-03-01", 10_000, currency="eur")
    run(customer(), bill, debit("py_1", "2026-03-02", 10_000, invoice="in_1"), returned)

    assert rows_of(portfolio, "disputes") == []
    assert facts(portfolio, "open") == {"open": 100}


def test_a_debit_is_under_way_before_it_succeeds(run: Import, portfolio: Path) -> None:
    run(customer(), debit("py_1", "2026-03-02", 10_000))

    known = [
        (p["status"], p["known_at"].date().isoformat())
        for p in rows_of(portfolio, "payments")
    ]
    assert known == [("pending", "2026-03-02"), ("succeeded", "2026-03-07")]


def test_events_say_when_a_debit_succeeded(run: Import, portfolio: Path) -> None:
    pending = debit("py_1", "2026-03-02", 10_000, status="pending")
    paid = debit("py_1", "2026-03-02", 10_000)
    run(customer(), event("2026-03-02", pending), event("2026-03-10T08:00", paid))

    known = [
        (p["status"], p["known_at"].date().isoformat())
        for p in rows_of(portfolio, "payments")
    ]
    assert known == [("pending", "2026-03-02"), ("succeeded", "2026-03-10")]


def test_a_failure_says_why(run: Import, portfolio: Path) -> None:
    reasons = ["insufficient_funds", "stolen_card", "generic_decline"]
    tries = [failed(f"ch_{r}", "2026-03-02", 100, r) for r in reasons]
    run(customer(), *tries)

    codes = {p["payment_id"]: p["failure_code"] for p in rows_of(portfolio, "payments")}
    assert codes == {
        "ch_insufficient_funds": "insufficient_funds",
        "ch_stolen_card": "lost_or_stolen",
        "ch_generic_decline": "do_not_honor",
    }


def test_void_and_uncollectible_invoices_are_not_owed(
    run: Import, portfolio: Path
) -> None:
    void = invoice(
        "in_void",
        "2026-03-01",
        5_000,
        status="void",
        status_transitions={"voided_at": seconds("2026-03-03")},
    )
    gone = invoice(
        "in_gone", "2026-03-01", 7_000, status="uncollectible",
        status_transitions={"marked_uncollectible_at": seconds("2026-05-01")},
    )  # fmt: skip
    run(customer(), void, gone, charge("ch_1", "2026-03-05", 100, customer="cus_B"))

    assert facts(portfolio, "open", "written_off") == {"open": 0, "written_off": 70}


def test_what_a_person_marked_as_paid_is_paid(run: Import, portfolio: Path) -> None:
    bill = invoice(
        "in_1", "2026-03-01", 10_000, status="paid",
        status_transitions={"paid_at": seconds("2026-03-20")},
    )  # fmt: skip
    report = run(customer(), bill, charge("ch_1", "2026-03-05", 100, customer="cus_B"))

    assert facts(portfolio, "open") == {"open": 0}
    assert any("a readable charge in these files" in note.text for note in report.notes)


def test_what_the_balance_paid_is_not_paid_twice(run: Import, portfolio: Path) -> None:
    """A credit of 30 was granted; the invoice of 100 took it and a charge of 70."""
    granted = made(
        "customer_balance_transaction",
        id="cbtxn_1",
        customer=CUSTOMER,
        amount=-3_000,
        type="adjustment",
        created=seconds("2026-02-01"),
    )
    bill = invoice(
        "in_1",
        "2026-03-01",
        10_000,
        status="paid",
        starting_balance=-3_000,
        ending_balance=0,
    )
    run(customer(), granted, bill, charge("ch_1", "2026-03-02", 7_000, invoice="in_1"))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_attributes_of_today_are_not_told_of_the_past(
    run: Import, portfolio: Path
) -> None:
    run(customer(created="2026-01-01", address={"country": "BE"}), currency="EUR")

    known = [(c["known_at"], c["country"]) for c in rows_of(portfolio, "customers")]
    assert known == [(datetime(2026, 1, 1, tzinfo=UTC), None), (EXPORTED, "BE")]


def test_a_yearly_price_is_told_by_the_month(run: Import, portfolio: Path) -> None:
    item = made("subscription")["items"]["data"][0]
    item["price"] |= {"unit_amount": 120_000, "unit_amount_decimal": "120000"}
    item["price"]["recurring"]["interval"] = "year"
    sold = made(
        "subscription", id="sub_A", customer=CUSTOMER, status="active",
        items={"data": [item | {"quantity": 3}]}, start_date=seconds("2026-01-10"),
        created=seconds("2026-01-10"), canceled_at=None, ended_at=None, cancel_at=None,
    )  # fmt: skip
    run(customer(), invoice("in_1", "2026-03-01", 100), sold)

    row = rows_of(portfolio, "subscriptions")[0]
    assert (row["quantity"], row["unit_price"]) == (3, Decimal(100))


def test_warnings_and_reviews_are_signs_of_fraud(run: Import, portfolio: Path) -> None:
    warned = made(
        "radar.early_fraud_warning",
        id="issfr_1",
        charge="ch_1",
        created=seconds("2026-04-01"),
    )
    held = made(
        "review",
        id="prv_1",
        charge="ch_1",
        open=False,
        closed_reason="refunded_as_fraud",
        created=seconds("2026-03-02"),
    )
    run(customer(), charge("ch_1", "2026-03-02", 100), warned, held)

    alerts = {(a["alert_id"], a["status"]) for a in rows_of(portfolio, "alerts")}
    assert alerts == {("issfr_1", "active"), ("prv_1", "active"), ("prv_1", "resolved")}
    strengths = {(o["source"], o["strength"]) for o in rows_of(portfolio, "outcomes")}
    assert strengths == {("issfr_1", "warning"), ("prv_1", "analyst")}
