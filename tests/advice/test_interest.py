"""Interest from a customer's events: on what was owed each day, by the ledger."""

from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from decisions import Policy, default_policy
from decisions.follow_up.fees import interest_accrued
from decisions.policy_file.load import parse_document
from features.account import account_facts
from features.moments import microseconds
from features.reading.rows import read_events
from features.settings import PortfolioSettings

Row: TypeAlias = dict[str, Any]
AS_OF = datetime(2026, 6, 15, 10, tzinfo=UTC)
INVOICE = {"invoice_id": "a", "event_at": "2026-01-01", "due_at": "2026-01-31"}
SETTINGS = PortfolioSettings.model_validate(
    {
        "timezone": "Europe/Brussels",
        "materiality": 25,
        "tables": ["customers", "invoices", "payments", "disputes", "contacts"],
    }
)


def _terms() -> Policy:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["fees"] = {"interest": {"annual_rate": 0.1}}
    return Policy(parse_document(values, "test"))


TERMS = _terms().latest


def _interest(payments: list[Row], *documents: Row, **more: list[Row]) -> float | None:
    tables = {
        "customers": [{"event_at": "2025-01-01"}],
        "invoices": [INVOICE | {"amount": "1000"}, *documents],
        "payments": payments,
        **more,
    }
    events, rejected = read_events("c", tables, SETTINGS)
    assert rejected == ()
    facts = account_facts(events, microseconds(AS_OF), SETTINGS)
    return interest_accrued(TERMS, facts, AS_OF)


def _paid(day: str, amount: str, name: str = "p1", **more: str) -> Row:
    paid = {"payment_id": name, "status": "succeeded", "event_at": day}
    return paid | {"amount": amount, "invoice_id": "a"} | more


CREDITED = {"invoice_id": "cn", "kind": "credit_note", "applies_to": "a"}
# of 1,000 due on 31 January, on 15 June; rate 10 %
EURO_DAYS = 0.1 / 365


@pytest.mark.parametrize(
    ("payments", "documents", "expected"),
    [
        pytest.param([], [], 1000 * 135, id="nothing was paid"),
        pytest.param(
            [_paid("2026-05-31", "900")], [], 1000 * 120 + 100 * 15, id="a part was"
        ),
        pytest.param(
            [_paid("2026-05-31", "400"), _paid("2026-05-31", "500", "p2")],
            [],
            1000 * 120 + 100 * 15,
            id="in two payments",
        ),
        pytest.param(
            [_paid("2026-01-15", "900")], [], 100 * 135, id="before it was due"
        ),
        pytest.param(
            [],
            [CREDITED | {"event_at": "2026-05-31", "amount": "900"}],
            100 * 135,
            id="what was credited was never owed",
        ),
        pytest.param(
            [_paid("2026-05-31", "900"), _paid("2026-06-02", "900", status="returned")],
            [],
            1000 * 135,
            id="a payment that came back never happened",
        ),
        pytest.param(
            [_paid("2026-06-14", "900", status="pending", method="bank_transfer")],
            [],
            100 * 135,
            id="money on its way",
        ),
        pytest.param([_paid("2026-05-31", "1000")], [], 0, id="settled"),
    ],
)
def test_interest_runs_on_what_the_ledger_says_was_owed(
    payments: list[Row], documents: list[Row], expected: float
) -> None:
    found = _interest(payments, *documents)
    assert found == pytest.approx(expected * EURO_DAYS, abs=1e-4)


def test_what_is_contested_bears_no_interest() -> None:
    dispute = {"dispute_id": "d", "kind": "billing", "status": "opened"}
    dispute |= {"event_at": "2026-06-01", "invoice_id": "a", "amount": "400"}
    found = _interest([_paid("2026-05-31", "500")], disputes=[dispute])
    assert found == pytest.approx((500 * 120 + 100 * 135) * EURO_DAYS, abs=1e-4)
