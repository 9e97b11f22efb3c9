"""Failed charges of what is overdue, and disputes that ended, as account facts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from features.account import account_facts
from features.facts import AccountFacts, PaymentAttempt
from features.moments import microseconds
from features.reading.rows import read_events
from features.settings import PortfolioSettings

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
Row = dict[str, Any]


def _invoice(name: str, due: str, amount: str = "100") -> Row:
    return {
        "invoice_id": name,
        "event_at": "2024-04-01T09:00:00Z",
        "due_at": due,
        "amount": amount,
    }


OLD, NEW, AHEAD = (
    _invoice("OLD", "2024-05-10"),
    _invoice("NEW", "2024-05-25"),
    _invoice("AHEAD", "2024-06-30"),
)


def _payment(name: str, status: str, day: str, **more: str) -> Row:
    return {
        "payment_id": name,
        "status": status,
        "event_at": f"2024-{day}T10:00:00Z",
        "amount": "100",
        "method": "card",
        **more,
    }


def _facts(payments: list[Row], *invoices: Row, disputes: Any = ()) -> AccountFacts:  # noqa: ANN401
    tables = {
        "customers": [{"event_at": "2024-01-01T00:00:00Z"}],
        "invoices": list(invoices or (OLD, NEW, AHEAD)),
        "payments": payments,
        "disputes": list(disputes),
    }
    settings = PortfolioSettings.model_validate({"tables": set(tables)})
    events, rejects = read_events("c", tables, settings)
    assert rejects == ()
    return account_facts(events, microseconds(AS_OF), settings)


def test_an_attempt_says_when_how_and_why_not() -> None:
    failed = _payment(
        "P",
        "failed",
        "05-20",
        invoice_id="OLD",
        failure_code="do_not_honor",
        instrument_id="card-1",
    )
    [attempt] = _facts([failed]).payment_attempts
    at = datetime(2024, 5, 20, 10, tzinfo=UTC)
    assert attempt == PaymentAttempt(
        at, "failed", "card", "do_not_honor", "OLD", "card-1"
    )


@pytest.mark.parametrize(
    ("payments", "named"),
    [
        pytest.param(
            [_payment("P", "failed", "04-02", invoice_id="OLD")],
            ["OLD"],
            id="a charge of an overdue invoice counts even before it was due",
        ),
        pytest.param(
            [_payment("P", "failed", "05-30", invoice_id="AHEAD")],
            [],
            id="one of an invoice that is not yet due does not",
        ),
        pytest.param(
            [_payment("P", "failed", "05-10"), _payment("Q", "failed", "05-09")],
            [None],
            id="one that names none counts from the due day on",
        ),
        pytest.param(
            [_payment("P", "failed", "05-20", invoice_id="?")],
            [],
            id="one of an invoice nobody knows is about something else",
        ),
        pytest.param(
            [
                _payment("P", "pending", "05-11", invoice_id="OLD"),
                _payment("P", "succeeded", "05-12", invoice_id="OLD"),
                _payment("P", "returned", "05-16", invoice_id="OLD"),
            ],
            ["OLD"],
            id="a payment that came back",
        ),
        pytest.param(
            [
                _payment("P", "failed", "05-11", invoice_id="NEW"),
                _payment("P", "pending", "05-31", invoice_id="NEW"),
            ],
            [],
            id="the latest state of a payment counts",
        ),
        pytest.param(
            [
                _payment("P", "failed", "05-11", invoice_id="OLD"),
                _payment("Q", "succeeded", "05-12", invoice_id="OLD"),
            ],
            [],
            id="what has been paid since does not count",
        ),
        pytest.param(
            [_payment("P", "failed", "05-30", known_at="2024-06-02T10:00:00Z")],
            [],
            id="what became known later does not exist",
        ),
    ],
)
def test_which_failed_payments_count(
    payments: list[Row], named: list[str | None]
) -> None:
    assert [a.invoice_id for a in _facts(payments).payment_attempts] == named


def test_without_arrears_nobody_looks_at_payments() -> None:
    failed = _payment("P", "failed", "05-20", invoice_id="AHEAD")
    assert _facts([failed], AHEAD).payment_attempts == ()


def test_an_item_says_until_when_it_was_disputed() -> None:
    dispute = {"dispute_id": "D", "kind": "billing", "invoice_id": "OLD"}
    disputes = [
        dispute | {"status": "opened", "event_at": "2024-04-05T10:00:00Z"},
        dispute | {"status": "won", "event_at": "2024-04-20T10:00:00Z"},
    ]
    old, new, _ = _facts([], disputes=disputes).items
    assert (old.disputed_until, old.days_overdue) == (date(2024, 4, 20), 22)
    assert new.disputed_until is None
