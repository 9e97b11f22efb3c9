"""What Lago's credit notes, disputes and voided invoices become."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.importing.lago_imports import BILL, Import, book, facts, run
from tests.importing.lago_objects import (
    credit_note,
    customer,
    invoice,
    lago_id,
    page,
    paid,
    payment,
    webhook,
)
from tests.importing.tables import rows_of

__all__ = ["run"]


def test_a_credit_note_that_a_later_invoice_used_counts_once(
    run: Import, portfolio: Path
) -> None:
    """Lago has taken the 30 off the total of the second invoice already."""
    later = invoice("in_2", "2026-04-01", 7_000) | {"credit_notes_amount_cents": 3_000}
    note = credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", credit=3_000)
    used = note | {"balance_amount_cents": 0, "credit_status": "consumed"}
    full = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    run(*book([paid(BILL, "2026-03-05T10:00:00Z"), later], [full], [used]))

    assert facts(portfolio, "open", "credit") == {"open": 70, "credit": 0}


def test_credit_notes_count_once_whichever_import_tells_of_them(
    run: Import, portfolio: Path
) -> None:
    """Of 100 another invoice's credit note paid 40: 60 are owed, in each order."""
    at = "2026-02-02T00:00:00Z"
    used = invoice("in_1", "2026-03-01", 6_000, credit_notes_amount_cents=4_000)
    first = paid(invoice("in_0", "2026-02-01", 4_000), at)
    note = credit_note("cn_1", "in_0", "2026-02-10T10:00:00Z", credit=4_000)
    note |= {"balance_amount_cents": 0, "credit_status": "consumed"}
    pages = [
        page("customers", customer()),
        page("invoices", first, used),
        page("payments", payment("p_0", at, 4_000, "in_0")),
    ]
    run(*pages, webhook("credit_note.created", "credit_note", note))
    assert facts(portfolio, "open", "credit") == {"open": 60, "credit": 0}

    report = run(*pages, at=datetime(2026, 6, 2, tzinfo=UTC))
    assert sum(count.n_new for count in report.tables) == 0


def test_credit_notes_that_nobody_knows_are_named(run: Import, portfolio: Path) -> None:
    used = invoice("in_1", "2026-03-01", 6_000, credit_notes_amount_cents=4_000)
    report = run(page("customers", customer()), page("invoices", used))

    assert [i["amount"] for i in rows_of(portfolio, "invoices")] == [Decimal(60)]
    assert any("import /api/v1/credit_notes" in note.text for note in report.notes)


@pytest.mark.parametrize("voided", ["2026-04-10T10:00:00Z", "2026-03-10T10:00:00Z"])
def test_a_voided_credit_note_keeps_what_was_used_of_it(
    run: Import, portfolio: Path, voided: str
) -> None:
    """Of 30 the next invoice used 10; the rest was voided, and the note says 0 now."""
    later = invoice("in_2", "2026-04-01", 9_000) | {"credit_notes_amount_cents": 1_000}
    note = credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", credit=3_000) | {
        "balance_amount_cents": 0,
        "credit_status": "voided",
        "updated_at": voided,
    }
    full = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    run(*book([paid(BILL, "2026-03-05T10:00:00Z"), later], [full], [note]))

    assert facts(portfolio, "open", "credit") == {"open": 90, "credit": 0}
    amounts = [r["amount"] for r in rows_of(portfolio, "invoices") if r["applies_to"]]
    assert amounts == [Decimal(30), Decimal(10)]


def test_a_refund_after_a_credit_note_opens_nothing(
    run: Import, portfolio: Path
) -> None:
    full = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    back = credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", refund=2_000, credit=500)
    run(*book([paid(BILL, "2026-03-05T10:00:00Z")], [full], [back]))

    refund = rows_of(portfolio, "payments")[-1]
    assert (refund["status"], refund["amount"]) == ("refunded", Decimal(20))
    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 5}


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_a_refund_that_did_not_arrive_stays_credit(
    run: Import, portfolio: Path, state: str
) -> None:
    full = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    back = credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", refund=2_000)
    bills = [paid(BILL, "2026-03-05T10:00:00Z")]
    report = run(*book(bills, [full], [back | {"refund_status": state}]))

    assert facts(portfolio, "credit") == {"credit": 20}
    assert any("refunds under way or failed" in note.text for note in report.notes)


def test_an_offset_reduces_its_own_invoice(run: Import, portfolio: Path) -> None:
    off = credit_note("cn_1", "in_1", "2026-03-10T10:00:00Z", offset=2_345)
    run(*book([BILL], [], [off]))

    assert facts(portfolio, "open") == {"open": 100}


def test_a_lost_dispute_of_an_invoice_that_lago_never_calls_overdue(
    run: Import, portfolio: Path
) -> None:
    """Lago leaves it out of its overdue invoices; nobody paid it all the same."""
    lost = BILL | {"payment_dispute_lost_at": "2026-04-01T00:00:00Z"}
    run(*book([lost]))

    states = [(d["kind"], d["status"]) for d in rows_of(portfolio, "disputes")]
    assert sorted(states) == [
        ("chargeback_other", "lost"),
        ("chargeback_other", "opened"),
    ]
    assert facts(portfolio, "open", "overdue") == {"open": 123.45, "overdue": 123.45}


@pytest.mark.parametrize("is_wrapped", [True, False], ids=["as sent", "as documented"])
def test_a_lost_dispute_of_a_paid_invoice_has_its_reason_in_the_webhook(
    run: Import, portfolio: Path, is_wrapped: bool
) -> None:
    """Lago's source wraps the invoice; its API description does not."""
    lost = paid(BILL, "2026-04-01T00:00:00Z") | {
        "payment_dispute_lost_at": "2026-04-01T00:00:00Z"
    }
    reason = {"provider_error": "fraudulent"}
    body = {"invoice": lost} | reason if is_wrapped else lost | reason
    hook = webhook("invoice.payment_dispute_lost", "payment_dispute_lost", body)
    full = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    run(*book([lost], [full]), hook)

    dispute = rows_of(portfolio, "disputes")[-1]
    assert (dispute["kind"], dispute["payment_id"]) == (
        "chargeback_fraud",
        lago_id("p_1"),
    )
    assert facts(portfolio, "open") == {"open": 0}


def test_a_lost_dispute_keeps_the_reason_that_a_webhook_told(
    run: Import, portfolio: Path
) -> None:
    lost = BILL | {"payment_dispute_lost_at": "2026-04-01T00:00:00Z"}
    body = lost | {"provider_error": "fraudulent"}
    kind = "payment_dispute_lost"
    run(*book([lost]), webhook(f"invoice.{kind}", kind, body))
    run(*book([lost]), at=datetime(2026, 6, 2, tzinfo=UTC))

    kinds = [dispute["kind"] for dispute in rows_of(portfolio, "disputes")]
    assert kinds == ["chargeback_fraud", "chargeback_fraud"]


def test_open_disputes_are_not_told_so_disputes_were_never_looked_at(
    run: Import, portfolio: Path
) -> None:
    lost = BILL | {"payment_dispute_lost_at": "2026-04-01T00:00:00Z"}
    report = run(*book([lost]))

    assert rows_of(portfolio, "disputes")
    assert "disputes" not in report.observed


def test_a_voided_invoice_asks_for_nothing_and_its_payment_is_credit(
    run: Import, portfolio: Path
) -> None:
    void = {"status": "voided", "voided_at": "2026-04-02T00:00:00Z"}
    part = payment("p_1", "2026-03-05T10:00:00Z", 2_000, "in_1")
    run(*book([BILL | void], [part]))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 20}


def test_a_voided_invoice_with_a_credit_note_is_not_given_back_twice(
    run: Import, portfolio: Path
) -> None:
    """Lago's own credit note gives the 123.45 back; it was paid back."""
    void = {"status": "voided", "voided_at": "2026-04-02T00:00:00Z"}
    full = payment("p_1", "2026-03-05T10:00:00Z", 12_345, "in_1")
    back = credit_note("cn_1", "in_1", "2026-04-02T00:00:00Z", refund=12_345)
    run(*book([paid(BILL, "2026-03-05T10:00:00Z") | void], [full], [back]))

    assert facts(portfolio, "open", "credit") == {"open": 0, "credit": 0}
