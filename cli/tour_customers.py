"""The invented customers of `forbear tour`, as a billing system would send them."""

from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]
LATE, SUSPECT, OBJECTING, LATER = "birch", "cedar", "delta", "elm"
CUSTOMERS = (LATE, SUSPECT, OBJECTING, LATER)


def subscription_of(customer_id: str) -> str:
    """The one that the customer has."""
    return f"sub-{customer_id}"


def ago(**span: float) -> str:
    """A moment before now, ISO 8601, UTC."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def rows_of(customer_id: str) -> Rows:
    """What is known of a customer when the tour begins."""
    if customer_id == SUSPECT:
        return _of(customer_id, _newcomer())
    if customer_id == OBJECTING:
        return _of(customer_id, _account(180, paid=(160, 130, 100, 70), unpaid=(6,)))
    late = _account(180, paid=(160, 130), unpaid=(75, 45, 15))
    return _of(customer_id, {**late, **_notices()})


def promise(customer_id: str) -> Rows:
    """All that is overdue is promised, for in ten days."""
    until = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    row = {"kind": "promise_made", "event_at": ago(), "until": until}
    return _of(customer_id, {"contacts": [{**row, "promise_id": "p1"}]})


def _of(customer_id: str, rows: Rows) -> Rows:
    """The rows with the customer's id, and with ids that nobody else has."""
    names = ("invoice_id", "payment_id", "promise_id", "subscription_id")
    return {
        table: [
            {"customer_id": customer_id}
            | {k: f"{v}-{customer_id}" if k in names else v for k, v in row.items()}
            for row in listed
        ]
        for table, listed in rows.items()
    }


def _account(
    tenure_days: float, paid: tuple[float, ...], unpaid: tuple[float, ...]
) -> Rows:
    """Invoices by how many days ago they fell due; what was paid was 20 days late."""
    invoices = [_invoice(n, days, 900) for n, days in enumerate((*paid, *unpaid), 1)]
    payments = [
        _payment(n, days - 20, 900, invoice=n) for n, days in enumerate(paid, 1)
    ]
    return _begun(tenure_days) | {"invoices": invoices, "payments": payments}


def _newcomer() -> Rows:
    """Since five days, with a large bill."""
    first = _payment(1, 5, 100, invoice=1)
    large = _invoice(2, 3, 4_000) | {"due_at": ago(days=-11)}
    invoices = [_invoice(1, 5, 100), large]
    return _begun(5.5, monthly_margin=300) | {
        "invoices": invoices,
        "payments": [first],
    }


def _begun(tenure_days: float, monthly_margin: float = 90) -> Rows:
    since = ago(days=tenure_days)
    worth = {"monthly_margin": monthly_margin, "expected_lifetime_months": 8}
    begun = {"event_at": since, "subject_kind": "legal_person", "segment": "business"}
    subscription = {"subscription_id": "sub", "kind": "started", "event_at": since}
    billed = {"billing": "license", "quantity": 75, "unit_price": 12}
    return {"customers": [begun | worth], "subscriptions": [subscription | billed]}


def _invoice(n: int, due_days_ago: float, amount: float) -> Row:
    due_at, issued_at = ago(days=due_days_ago), ago(days=due_days_ago + 0.4)
    moments = {"event_at": issued_at, "due_at": due_at}
    return {"invoice_id": str(n), "amount": amount} | moments


def _payment(n: int, days_ago: float, amount: float, invoice: int) -> Row:
    row = {"payment_id": f"pay{n}", "status": "succeeded", "amount": amount}
    named = {"invoice_id": str(invoice), "method": "card"}
    return row | named | {"event_at": ago(days=days_ago)}


def _notices() -> Rows:
    """Every notice of the ladder, delivered."""
    sent = (("reminder_1", 70), ("reminder_2", 60), ("final_notice", 50))
    return {
        "contacts": [
            {"kind": "notice_delivered", "notice": notice, "event_at": ago(days=days)}
            for notice, days in sent
        ]
    }
