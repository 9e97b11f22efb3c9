"""Labels of non-payment worked out by hand (CONTRACT section 3)."""

from typing import Any

import pyarrow as pa
import pytest

from features.contract import MEASURES
from features.labels import labels
from features.settings import PortfolioSettings
from tests.features.label_rows import (
    AS_OF,
    CUSTOMER,
    I1,
    MATURE,
    S1,
    MakePortfolio,
    Tables,
    action,
    dispute,
    document,
    ended,
    label_of,
    outcome,
    paid,
    unallocated,
)

NONPAYMENT = [
    pytest.param({"invoices": [I1]}, 1, id="never paid"),
    pytest.param(
        {"invoices": [I1], "payments": [paid("2024-03-31T23:59:59Z")]},
        0,
        id="paid a second before the sixtieth day",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [paid("2024-04-01T00:00:01Z")]},
        1,
        id="paid a second after it began",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [paid("2024-03-20", 75)]},
        0,
        id="what is left is not material",
    ),
    pytest.param(
        {"invoices": [{**I1, "due_at": "2024-03-31"}]},
        1,
        id="the sixtieth day begins with the window's last moment",
    ),
    pytest.param(
        {"invoices": [{**I1, "due_at": "2024-04-01"}]},
        0,
        id="the sixtieth day begins after the window",
    ),
    pytest.param(
        {
            "invoices": [I1],
            "payments": [
                paid("2024-03-10"),
                {**paid("2024-03-10"), "event_at": "2024-03-20", "status": "returned"},
            ],
        },
        1,
        id="paid and returned is not paid",
    ),
    pytest.param(
        {
            "invoices": [I1],
            "disputes": [
                dispute("opened", "2024-03-10"),
                dispute("won", "2024-05-08"),
            ],
        },
        0,
        id="days under dispute do not count: 37 before and 22 after it",
    ),
    pytest.param(
        {
            "invoices": [I1],
            "disputes": [
                dispute("opened", "2024-03-10"),
                dispute("won", "2024-05-07"),
            ],
        },
        1,
        id="one day of dispute less makes sixty",
    ),
    pytest.param(
        {
            "invoices": [I1],
            "disputes": [
                dispute("opened", "2024-03-10"),
                dispute("lost", "2024-03-20"),
            ],
        },
        0,
        id="what a lost dispute contested is not owed",
    ),
    pytest.param(
        {
            "invoices": [
                {**I1, "due_at": "2024-05-01"},
                document("write_off", "2024-03-20"),
            ],
        },
        1,
        id="written off within the window",
    ),
    pytest.param(
        {
            "invoices": [
                {**I1, "due_at": "2024-05-01"},
                document("write_off", "2024-06-20"),
            ],
            "payments": [paid("2024-06-19")],
        },
        0,
        id="written off after the window, paid before",
    ),
    pytest.param(
        {
            "subscriptions": [S1, ended("2024-04-15")],
            "invoices": [{**I1, "due_at": "2024-05-20"}],
        },
        1,
        id="departed in the window with a debt overdue at its end",
    ),
    pytest.param(
        {
            "subscriptions": [S1, ended("2024-04-15")],
            "invoices": [{**I1, "due_at": "2024-05-20"}],
            "payments": [paid("2024-05-25")],
        },
        0,
        id="departed with a debt and paid it",
    ),
    pytest.param(
        {
            "subscriptions": [S1, ended("2024-04-15")],
            "invoices": [I1],
            "payments": [paid("2024-03-05")],
        },
        None,
        id="departed without debt: the rest was not observed",
    ),
    pytest.param(
        {
            "subscriptions": [S1, ended("2024-06-15")],
            "invoices": [I1],
            "payments": [paid("2024-03-05")],
        },
        0,
        id="departed after the window",
    ),
    pytest.param(
        {"invoices": [I1], "actions": [action("suspend", "2024-03-15", "fraud")]},
        None,
        id="suspected of fraud before the sixtieth day",
    ),
    pytest.param(
        {"invoices": [I1], "actions": [action("suspend", "2024-04-15", "fraud")]},
        1,
        id="suspected of fraud after it",
    ),
    pytest.param(
        {
            "invoices": [{**I1, "due_at": "2024-07-01"}],
            "actions": [action("block", "2024-04-15", "fraud")],
        },
        None,
        id="suspected of fraud and nothing happened",
    ),
    pytest.param(
        {"invoices": [I1], "actions": [action("suspend", "2024-02-20", "fraud")]},
        None,
        id="already off for fraud",
    ),
    pytest.param(
        {
            "invoices": [I1],
            "actions": [
                action("suspend", "2024-02-20", "fraud"),
                action("reactivate", "2024-02-25", "fraud"),
            ],
        },
        1,
        id="off for fraud and on again before the snapshot",
    ),
    pytest.param(
        {
            "invoices": [I1],
            "payments": [paid("2024-03-25")],
            "actions": [action("suspend", "2024-03-15", "nonpayment")],
        },
        0,
        id="a suspension for non-payment censors nothing and is no label",
    ),
    *(
        pytest.param(
            {
                "invoices": [I1],
                "payments": [paid("2024-03-25")],
                "actions": [action(measure, "2024-03-15", "nonpayment")],
            },
            0,
            id=f"neither does a measure: {measure}",
        )
        for measure in MEASURES
    ),
    pytest.param(
        {"ageing": [{"event_at": "2024-04-30", "balance": 100, "days_past_due": 60}]},
        1,
        id="an ageing report of sixty days",
    ),
    pytest.param(
        {"ageing": [{"event_at": "2024-04-30", "balance": 100}]},
        None,
        id="an ageing report that does not say how late its balance is",
    ),
    pytest.param(
        {"ageing": [{"event_at": "2024-02-15", "balance": 100}]},
        None,
        id="the last ageing report, before the window, does not say it",
    ),
    pytest.param(
        {
            "ageing": [
                {"event_at": "2024-04-01", "balance": 100},
                {"event_at": "2024-04-30", "balance": 100, "days_past_due": 60},
            ]
        },
        1,
        id="an ageing report of sixty days after one that does not say",
    ),
    pytest.param(
        {"ageing": [{"event_at": "2024-04-30", "balance": 25, "days_past_due": 90}]},
        0,
        id="an ageing report without a material balance",
    ),
    pytest.param(
        {"outcomes": [outcome("nonpayment", "2024-04-30")]},
        1,
        id="no billing at all: from outcomes",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [unallocated("2024-02-01")]},
        None,
        id="money for an unknown invoice may have paid it",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [unallocated("2024-03-31", 80)]},
        None,
        id="or have left what is not material",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [unallocated("2024-03-31", 70)]},
        1,
        id="it would not have been enough",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [unallocated("2024-01-14")]},
        1,
        id="it came before the invoice",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [unallocated("2024-04-10")]},
        1,
        id="it came too late",
    ),
    pytest.param(
        {
            "invoices": [
                {**I1, "due_at": "2024-05-01"},
                document("write_off", "2024-03-20"),
            ],
            "payments": [unallocated("2024-03-10")],
        },
        None,
        id="what was written off may have been paid",
    ),
    pytest.param(
        {
            "subscriptions": [S1, ended("2024-04-15")],
            "invoices": [{**I1, "due_at": "2024-05-20"}],
            "payments": [unallocated("2024-05-25")],
        },
        None,
        id="who left may have paid",
    ),
    pytest.param({}, None, id="nothing that could tell"),
]


@pytest.mark.parametrize(("tables", "expected"), NONPAYMENT)
def test_nonpayment(
    make_portfolio: MakePortfolio, tables: Tables, expected: float | None
) -> None:
    assert label_of(make_portfolio, "nonpayment", tables)["label"] == expected


def test_without_payments_nobody_knows_who_did_not_pay(
    make_portfolio: MakePortfolio,
) -> None:
    """Nor do outcomes of fraud alone say that everybody paid."""
    rows = [{**CUSTOMER, "customer_id": "c"}]
    bill = [{**I1, "customer_id": "c"}]
    cleared = [{**outcome("fraud_cleared", "2024-04-01"), "customer_id": "c"}]
    tables: Tables = {"customers": rows, "invoices": bill, "outcomes": cleared}
    settings = PortfolioSettings.model_validate({"observed_until": MATURE})
    snapshots = pa.table({"customer_id": ["c"], "as_of": [AS_OF]})
    [row] = labels(
        make_portfolio(tables, settings), snapshots, "nonpayment"
    ).to_pylist()
    assert row["label"] is None


def test_the_sixtieth_day_is_a_local_day(make_portfolio: MakePortfolio) -> None:
    """In New York the 30th of May begins four hours after the window has ended."""
    tables = {"invoices": [{**I1, "due_at": "2024-03-31"}]}
    zone = "America/New_York"
    found = label_of(make_portfolio, "nonpayment", tables, timezone=zone)
    assert found["label"] == 0


def from_outcomes(days: int = 31) -> dict[str, Any]:
    return {
        "nonpayment": {"from": "outcomes", "horizon_days": days, "posting_lag_days": 0}
    }


@pytest.mark.parametrize(
    ("on", "kind", "expected"),
    [
        pytest.param("2024-03-31T23:59:59.999999Z", "nonpayment", 1, id="last day"),
        pytest.param("2024-04-01T00:00:00Z", "written_off", 1, id="the window's end"),
        pytest.param("2024-04-01T00:00:00.000001Z", "nonpayment", 0, id="after it"),
        pytest.param("2024-03-01T00:00:00Z", "nonpayment", 0, id="at the snapshot"),
        pytest.param("2024-03-15", "fraud", 0, id="another outcome"),
    ],
)
def test_nonpayment_from_outcomes(
    make_portfolio: MakePortfolio, on: str, kind: str, expected: float
) -> None:
    tables = {"outcomes": [outcome(kind, on)], "invoices": [I1]}
    found = label_of(make_portfolio, "nonpayment", tables, labels=from_outcomes())
    assert found["label"] == expected
