"""Money of Chargebee's that goes back: returns, refunds, chargebacks."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.importing.chargebee_imports import (
    BILL,
    FULL,
    PAID,
    Import,
    facts,
    run,
)
from tests.importing.chargebee_objects import (
    credit_note,
    customer,
    dispute,
    page,
    refund,
    seconds,
    transaction,
)
from tests.importing.tables import rows_of

__all__ = ["run"]


def test_a_refund_that_was_voided_later_is_none(run: Import, portfolio: Path) -> None:
    back = refund("txn_2", "2026-03-10", 12_345, "txn_1")
    run(page(customer(), PAID, FULL, back))
    later = datetime(2026, 6, 2, tzinfo=UTC)
    run(page(customer(), PAID, FULL, back | {"status": "voided"}), at=later)

    refunds = [p for p in rows_of(portfolio, "payments") if p["refund_id"]]
    assert [p["retracted"] for p in refunds] == [None, True]


def test_a_refund_after_a_credit_note_opens_nothing(
    run: Import, portfolio: Path
) -> None:
    note = credit_note("cn_1", "inv_1", "2026-03-10", 3_000, status="refunded")
    back = refund("txn_2", "2026-03-10", 3_000, "txn_1")
    run(page(customer(), PAID, FULL, note, back))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}


def test_a_refund_of_an_offline_payment_names_it_by_another_field(
    run: Import, portfolio: Path
) -> None:
    cash = FULL | {"payment_method": "cash"}
    back = transaction(
        *("txn_2", "2026-03-10", 3_000),
        type="refund",
        payment_method="cash",
        reference_transaction_id="txn_1",
    )
    run(page(customer(), PAID, cash, back))

    told = rows_of(portfolio, "payments")[-1]
    assert (told["payment_id"], told["refund_id"]) == ("txn_1", "txn_2")


def test_a_direct_debit_that_fails_late_was_paid_and_came_back(
    run: Import, portfolio: Path
) -> None:
    debit = FULL | {
        "payment_method": "direct_debit",
        "settled_at": seconds("2026-03-08"),
    }
    late = debit | {"status": "late_failure", "updated_at": seconds("2026-03-20")}
    run(page(customer(), BILL | {"status": "not_paid"}, late))

    states = [(p["status"], p["known_at"].day) for p in rows_of(portfolio, "payments")]
    assert states == [("pending", 5), ("succeeded", 8), ("returned", 20)]
    assert facts(portfolio, "open") == {"open": 123.45}


def test_a_reversal_of_its_own_says_when_and_why(run: Import, portfolio: Path) -> None:
    back = transaction(
        *("txn_2", "2026-03-15", 12_345),
        type="payment_reversal",
        reference_transaction_id="txn_1",
        error_code="insufficient_funds",
    )
    run(page(customer(), BILL | {"status": "not_paid"}, FULL, back))

    told = rows_of(portfolio, "payments")[-1]
    assert (told["status"], told["failure_code"]) == ("returned", "insufficient_funds")
    assert told["known_at"] == datetime(2026, 3, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("of_payment", "of_reversal"),
    [
        ({"reversal_transaction_id": "txn_2"}, {}),
        ({}, {"linked_payments": [{"id": "txn_1", "status": "success"}]}),
    ],
)
def test_a_payment_and_its_reversal_may_name_each_other_either_way(
    run: Import,
    portfolio: Path,
    of_payment: dict[str, object],
    of_reversal: dict[str, object],
) -> None:
    back = transaction("txn_2", "2026-03-15", 12_345, type="payment_reversal")
    taken = FULL | {"linked_invoices": [], **of_payment}
    run(page(customer(), BILL | {"status": "not_paid"}, taken, back | of_reversal))

    assert facts(portfolio, "open", "credit") == {"open": 123.45, "credit": 0}


def test_a_reversal_that_failed_itself_returns_nothing(
    run: Import, portfolio: Path
) -> None:
    back = transaction(
        *("txn_2", "2026-03-15", 12_345),
        type="payment_reversal",
        status="failure",
        reference_transaction_id="txn_1",
    )
    run(page(customer(), PAID, FULL, back))

    assert facts(portfolio, "open") == {"open": 0}


def test_a_chargeback_is_a_dispute_and_neither_refund_nor_credit(
    run: Import, portfolio: Path
) -> None:
    taken = refund("txn_2", "2026-04-01", 12_345, "txn_1", payment_method="chargeback")
    note = credit_note("cn_1", "inv_1", "2026-04-01", 12_345, reason_code="chargeback")
    report = run(page(customer(), PAID, FULL, taken, note))

    states = [(d["status"], d["payment_id"]) for d in rows_of(portfolio, "disputes")]
    assert sorted(states) == [("lost", "txn_1"), ("opened", "txn_1")]
    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}
    left = {s.what: s.left_out for s in report.sums}
    assert left["refunds"] == left["credit notes and write-offs"] == Decimal("123.45")


def test_a_dispute_of_a_paid_transaction_has_its_kind_and_end(
    run: Import, portfolio: Path
) -> None:
    taken = refund("txn_2", "2026-04-01", 12_345, "txn_1", payment_method="chargeback")
    won = dispute("dis_1", "txn_1", "2026-04-01", 12_345, status="won") | {
        "updated_at": seconds("2026-05-01")
    }
    run(page(customer(), PAID, FULL, taken, won))

    told = [(d["kind"], d["status"]) for d in rows_of(portfolio, "disputes")]
    assert told == [("chargeback_fraud", "opened"), ("chargeback_fraud", "won")]
