"""The starter never tells against a customer that they paid.

Whatever happened before, one more payment of an open invoice raises neither
probability, and what is bad news for a target never lowers that target's.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.account import account_facts
from features.facts import OpenItem
from features.online import OnlineCompiler
from features.targets import TARGETS, Target
from scoring.predictor import Predictor
from scoring.starter import starter
from tests.parity.histories import (
    CUSTOMERS,
    EVERYBODY,
    NOW,
    SETTINGS,
    History,
    Row,
    events_of,
    microseconds,
)

ANN = CUSTOMERS[0]
PREDICTORS = {target: Predictor(starter(target)) for target in TARGETS}
COMPILERS = {
    target: OnlineCompiler(predictor.bundle.feature_set, SETTINGS)
    for target, predictor in PREDICTORS.items()
}


def log_odds(history: History, target: Target) -> float:
    row = COMPILERS[target](events_of(history, ANN), microseconds(NOW))
    return float(PREDICTORS[target].log_odds(row[None])[0])


def open_items(history: History) -> tuple[OpenItem, ...]:
    return account_facts(events_of(history, ANN), microseconds(NOW), SETTINGS).items


def happening(at: datetime, **cells: object) -> Row:
    return {"customer_id": ANN, "event_at": at, "known_at": NOW, **cells}


def ago(days: int, **cells: object) -> Row:
    return happening(NOW - timedelta(days=days), **cells)


amounts = st.sampled_from((Decimal("0.01"), Decimal(20), Decimal(200), Decimal(9_000)))
parts = st.sampled_from((Decimal("0.01"), Decimal("0.5"), Decimal("0.97"), Decimal(1)))
ages = st.sampled_from((0, 1, 5, 14, 29, 31, 45, 89, 91, 200, 364, 366, 500))
codes = st.sampled_from((None, "insufficient_funds", "lost_or_stolen"))
instruments = st.sampled_from((None, "a", "b"))


@st.composite
def payments(draw: st.DrawFn, name: str, invoice: str, amount: Decimal) -> History:
    """Attempts to pay an invoice and what came of them: a part, all, or too much."""
    rows: list[tuple[str, Row]] = []
    for i in range(draw(st.integers(0, 2))):
        day, part = draw(ages), draw(parts)
        cells = {
            "payment_id": f"{name}-{i}",
            "amount": amount * part,
            "invoice_id": draw(st.sampled_from((invoice, invoice, None))),
            "instrument_id": draw(instruments),
            "failure_code": draw(codes),
        }
        ends = ("succeeded", "failed"), ("succeeded",), ("failed",), ("pending",)
        back = ("succeeded", "returned"), ("succeeded", "refunded")
        for status in draw(st.sampled_from((*ends, *ends, *back))):
            rows.append(("payments", ago(day, status=status, **cells)))
            day = max(0, day - 3)
    return rows


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Invoices with payments, a few written off, credited or contested; alerts."""
    rows = list(EVERYBODY)
    for name in "ABCD"[: draw(st.integers(1, 4))]:
        day, amount = draw(ages), draw(amounts)
        due = NOW - timedelta(days=day - draw(st.sampled_from((0, 14, 30))))
        about = {"due_at": due, "amount": amount}
        rows.append(("invoices", ago(day, invoice_id=name, **about)))
        rows += draw(payments(name, name, amount))
        if draw(st.integers(0, 7)) == 0:
            kind = draw(st.sampled_from(("credit_note", "write_off")))
            applies_to = draw(st.sampled_from((name, None)))
            cells = {"kind": kind, "applies_to": applies_to, "amount": amount / 2}
            rows.append(("invoices", ago(draw(ages), invoice_id=f"{name}2", **cells)))
        if draw(st.integers(0, 7)) == 0:
            status = draw(st.sampled_from(("opened", "lost", "won")))
            claim = {
                "dispute_id": name,
                "kind": "billing",
                "invoice_id": name,
                "amount": draw(st.sampled_from((None, amount, amount / 2))),
            }
            day = draw(ages)
            rows.append(("disputes", ago(day, status="opened", **claim)))
            if status != "opened":
                rows.append(("disputes", ago(day // 2, status=status, **claim)))
    for i in range(draw(st.integers(0, 2))):
        rows.append(("alerts", ago(draw(ages), alert_id=str(i), **draw(alerts))))
    return rows


alerts = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("spend_anomaly", "crypto_mining")),
        "confidence": st.sampled_from((None, "low", "high")),
        "status": st.sampled_from(("active", "investigating")),
    }
)


@given(
    history=histories(),
    which=st.integers(0, 3),
    part=parts,
    since_issue=st.sampled_from((0.0, 0.5, 0.9, 1.0)),
    is_named=st.booleans(),
    instrument=st.sampled_from((None, "a", "new")),
)
def test_one_more_payment_raises_neither_probability(
    history: History,
    which: int,
    part: Decimal,
    since_issue: float,
    is_named: bool,
    instrument: str | None,
) -> None:
    items = open_items(history)
    assume(items)
    item = items[which % len(items)]
    paid = happening(
        item.issued_at + since_issue * (NOW - item.issued_at),
        payment_id="one-more",
        status="succeeded",
        amount=Decimal(item.remainder) / 10_000 * part,
        invoice_id=item.invoice_id if is_named else None,
        instrument_id=instrument,
    )
    after = [*history, ("payments", paid)]
    for target in TARGETS:
        assert log_odds(after, target) <= log_odds(history, target) + 1e-9


@given(
    history=histories(),
    days_ago=st.integers(0, 400),
    instrument=st.sampled_from((None, "a", "new")),
    code=codes,
)
def test_one_more_failed_payment_lowers_neither_probability(
    history: History, days_ago: int, instrument: str | None, code: str | None
) -> None:
    cells = {"amount": 90, "instrument_id": instrument, "failure_code": code}
    failed = ago(days_ago, payment_id="one-more", status="failed", **cells)
    for target in TARGETS:
        before = log_odds(history, target)
        assert log_odds([*history, ("payments", failed)], target) >= before - 1e-9


@given(
    history=histories(),
    days_ago=st.integers(0, 400),
    cells=alerts,
)
def test_one_more_alert_lowers_neither_probability(
    history: History, days_ago: int, cells: Row
) -> None:
    alert = ago(days_ago, alert_id="one-more", **cells)
    for target in TARGETS:
        before = log_odds(history, target)
        assert log_odds([*history, ("alerts", alert)], target) >= before - 1e-9


@given(
    history=histories(),
    amount=st.sampled_from((Decimal("0.01"), Decimal(30), Decimal(5_000))),
    due_days_ago=st.integers(1, 400),
)
def test_one_more_overdue_invoice_does_not_lower_nonpayment(
    history: History, amount: Decimal, due_days_ago: int
) -> None:
    due = NOW - timedelta(days=due_days_ago)
    invoice = happening(
        due - timedelta(days=14), invoice_id="one-more", due_at=due, amount=amount
    )
    after = [*history, ("invoices", invoice)]
    # credit that was there may have paid it
    assume(any(item.invoice_id == "one-more" for item in open_items(after)))
    before = log_odds(history, "nonpayment")
    assert log_odds(after, "nonpayment") >= before - 1e-9


CREATED = ("customers", ago(500))
OVERDUE: History = [
    CREATED,
    ("invoices", ago(80, invoice_id="1", due_at=NOW - timedelta(50), amount=400)),
    ("invoices", ago(50, invoice_id="2", due_at=NOW - timedelta(20), amount=400)),
]
YOUNG: History = [
    ("customers", ago(6)),
    ("invoices", ago(5, invoice_id="1", due_at=NOW + timedelta(9), amount=20)),
    ("invoices", ago(1, invoice_id="2", due_at=NOW + timedelta(13), amount=900)),
    ("alerts", ago(1, alert_id="a", kind="spend_anomaly", status="active")),
]


@pytest.mark.parametrize(
    ("history", "amount", "target"),
    [
        pytest.param(OVERDUE, 200, "nonpayment", id="half of an overdue invoice"),
        pytest.param(OVERDUE, 400, "nonpayment", id="an invoice becomes one paid late"),
        pytest.param(YOUNG, 20, "fraud", id="a small first invoice under an alert"),
        pytest.param(YOUNG, 20, "nonpayment", id="an invoice that is not due yet"),
    ],
)
def test_a_payment_speaks_for_the_customer(
    history: History, amount: int, target: Target
) -> None:
    paid = ago(0, payment_id="p", status="succeeded", amount=amount, invoice_id="1")
    after = [*history, ("payments", paid)]
    assert log_odds(after, target) < log_odds(history, target)
