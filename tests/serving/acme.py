"""A customer with an invoice past due, and how tests ask about it."""

from collections.abc import Callable
from typing import Any

from httpx import Client

AT = "2026-05-01T06:00:00Z"
AS_OF = "2026-06-30T22:00:00Z"
CUSTOMER = {"event_at": "2024-03-01T09:00:00Z", "subject_kind": "legal_person"}
INVOICE = {"event_at": AT, "due_at": "2026-05-31", "amount": 100, "invoice_id": "1"}
_LOOKED_AT = "customers", "invoices", "payments", "disputes", "contacts", "holds"
OBSERVED = dict.fromkeys(_LOOKED_AT, AS_OF)

As = Callable[[str], dict[str, str]]  # the header of a key with a scope


def score(service: Client, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    body = {"customer_id": "acme", "as_of": AS_OF, **asked}
    answer = service.post("/v1/score", json=body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said
