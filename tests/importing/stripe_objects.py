"""Objects of Stripe for tests: the published fixtures, with a test's own values."""

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FIXTURES = json.loads(
    (Path(__file__).parent / "data" / "stripe_fixtures.json").read_text("utf-8")
)
CUSTOMER = "cus_A"


def seconds(text: str) -> int:
    """Seconds since 1970 of an ISO date or moment, UTC where it says no offset."""
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def made(kind: str, **values: object) -> dict[str, Any]:
    """A fixture of that kind, with these values; what is inside is merged."""
    return _merged(copy.deepcopy(FIXTURES[kind]), values)


def _merged(base: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        inner = base.get(name)
        if isinstance(inner, dict) and isinstance(value, Mapping):
            base[name] = _merged(inner, value)
        else:
            base[name] = value
    return base


def customer(
    id_: str = CUSTOMER, created: str = "2026-01-01", **values: object
) -> dict[str, Any]:
    return made("customer", id=id_, created=seconds(created), **values)


def invoice(id_: str, issued: str, total: int, **values: object) -> dict[str, Any]:
    """A finalised, open invoice of `total` in the smallest unit, due 14 days later."""
    at = seconds(issued)
    base: dict[str, Any] = {
        "customer": CUSTOMER,
        "status": "open",
        "created": at,
        "due_date": at + 14 * 86400,
        "collection_method": "send_invoice",
        "total": total,
        "amount_due": total,
        "amount_remaining": total,
        "status_transitions": {"finalized_at": at},
        "parent": {"subscription_details": {"subscription": "sub_A"}},
    }
    return made("invoice", id=id_, **_merged(base, values))


def charge(id_: str, created: str, amount: int, **values: object) -> dict[str, Any]:
    """A captured card charge that succeeded."""
    base: dict[str, Any] = {
        "customer": CUSTOMER,
        "created": seconds(created),
        "amount": amount,
        "amount_captured": amount,
        "captured": True,
        "currency": "usd",
    }
    return made("charge", id=id_, **_merged(base, values))


def failed(
    id_: str, created: str, amount: int, reason: str, **values: object
) -> dict[str, Any]:
    base: dict[str, Any] = {
        "status": "failed",
        "captured": False,
        "amount_captured": 0,
        "paid": False,
        "failure_code": "card_declined",
        "outcome": {"reason": reason, "type": "issuer_declined"},
    }
    return charge(id_, created, amount, **_merged(base, values))


def debit(id_: str, created: str, amount: int, **values: object) -> dict[str, Any]:
    """A SEPA direct debit."""
    paid_with = {
        "type": "sepa_debit",
        "sepa_debit": {
            "bank_code": "37040044",
            "branch_code": None,
            "country": "DE",
            "fingerprint": "fp_bank",
            "last4": "3000",
            "mandate": None,
        },
    }
    made_ = charge(id_, created, amount, currency="eur", **values)
    return {**made_, "payment_method_details": paid_with}


def payment_of(invoice_id: str, payment_intent: str) -> dict[str, Any]:
    """How API versions since 2025-03-31 tie a payment to an invoice."""
    return made(
        "invoice_payment",
        id=f"inpay_{invoice_id}",
        invoice=invoice_id,
        payment={"type": "payment_intent", "payment_intent": payment_intent},
    )


def event(created: str, object_: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(object_["object"])
    return made("event", created=seconds(created), type=f"{kind}.updated") | {
        "data": {"object": dict(object_)}
    }


def page(url: str, *objects: Mapping[str, Any]) -> dict[str, Any]:
    return {"object": "list", "url": url, "has_more": False, "data": list(objects)}


def write_lines(path: Path, objects: Sequence[Mapping[str, Any]]) -> Path:
    text = "".join(json.dumps(o) + "\n" for o in objects)
    path.write_text(text, encoding="utf-8")
    return path
