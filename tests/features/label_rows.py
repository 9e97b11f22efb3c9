"""Rows and settings for labels worked out by hand. Each snapshot is 2024-03-01, UTC.

The window of 90 days ends with 2024-05-30T00:00. Invoice I1 of 100 is due on
2024-02-01: days_overdue reaches 60 on the first moment of 2024-04-01.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pyarrow as pa

from features.labels import labels
from features.moments import microseconds
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.targets import Target

Tables: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
MakePortfolio: TypeAlias = Callable[[Tables, PortfolioSettings], Portfolio]

AS_OF = microseconds(datetime(2024, 3, 1, tzinfo=UTC))
CUSTOMER = {"customer_id": "c", "event_at": "2023-06-01", "created_at": "2023-06-01"}
I1 = {
    "invoice_id": "I1",
    "event_at": "2024-01-15",
    "due_at": "2024-02-01",
    "amount": 100,
}
LOOKED_AT = {
    "payment_id": "P0",
    "event_at": "2023-07-01",
    "status": "failed",
    "amount": 1,
}
S1 = {"subscription_id": "S1", "kind": "started", "event_at": "2023-06-01"}
MATURE = "2024-12-31T00:00:00Z"


def paid(on: str, amount: float = 100) -> dict[str, Any]:
    return {
        "payment_id": f"P{on}",
        "event_at": on,
        "status": "succeeded",
        "amount": amount,
    }


def unallocated(on: str, amount: float = 100) -> dict[str, Any]:
    return {**paid(on, amount), "invoice_id": "I-of-nobody"}


def ended(on: str) -> dict[str, Any]:
    return {"subscription_id": "S1", "kind": "ended", "event_at": on}


def action(name: str, on: str, reason: str) -> dict[str, Any]:
    return {"action": name, "event_at": on, "reason": reason}


def document(kind: str, on: str, amount: float = 100) -> dict[str, Any]:
    return {"invoice_id": kind, "kind": kind, "event_at": on, "amount": amount}


def dispute(status: str, on: str, kind: str = "billing") -> dict[str, Any]:
    return {"dispute_id": "D1", "kind": kind, "status": status, "event_at": on}


def outcome(kind: str, on: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"kind": kind, "event_at": on, "source": kind, **more}


def label_of(
    make_portfolio: MakePortfolio,
    target: Target,
    tables: Tables,
    **settings: Any,  # noqa: ANN401
) -> dict[str, Any]:
    if "invoices" in tables:
        tables = {"payments": [LOOKED_AT], **tables}
    full = {
        name: [{"customer_id": "c", **row} for row in rows]
        for name, rows in {"customers": [CUSTOMER], "payments": [], **tables}.items()
    }
    stated = {"observed_until": MATURE, **settings}
    portfolio = make_portfolio(full, PortfolioSettings.model_validate(stated))
    snapshots = pa.table({"customer_id": ["c"], "as_of": [AS_OF]})
    [row] = labels(portfolio, snapshots, target).to_pylist()
    found: dict[str, Any] = row
    return found
