"""Labels of fraud worked out by hand (CONTRACT section 3)."""

import pytest

from tests.features.label_rows import (
    I1,
    MakePortfolio,
    Tables,
    action,
    dispute,
    label_of,
    outcome,
)

FRAUD = [
    pytest.param(
        {"disputes": [dispute("opened", "2024-03-15", "chargeback_fraud")]}, 1
    ),
    pytest.param(
        {
            "disputes": [
                dispute("opened", "2024-03-15", "chargeback_fraud"),
                dispute("won", "2024-04-15", "chargeback_fraud"),
            ]
        },
        1,
        id="a won chargeback still counts",
    ),
    pytest.param(
        {"disputes": [dispute("opened", "2024-03-15", "chargeback_other")]},
        0,
        id="another chargeback",
    ),
    pytest.param(
        {"disputes": [dispute("opened", "2024-06-15", "chargeback_fraud")]},
        0,
        id="a chargeback after the window",
    ),
    pytest.param({"outcomes": [outcome("fraud", "2024-05-30T00:00:00Z")]}, 1),
    pytest.param(
        {"outcomes": [outcome("fraud", "2024-04-01", strength="warning")]},
        0,
        id="a warning is not strong enough",
    ),
    pytest.param({"outcomes": [outcome("fraud", "2024-04-01", strength="analyst")]}, 1),
    pytest.param(
        {
            "outcomes": [
                outcome("fraud", "2024-04-01"),
                outcome("fraud_cleared", "2024-09-01"),
            ]
        },
        0,
        id="cleared later",
    ),
    pytest.param(
        {
            "outcomes": [
                outcome("fraud_cleared", "2024-03-20"),
                outcome("fraud", "2024-04-01"),
            ]
        },
        1,
        id="cleared before",
    ),
    pytest.param(
        {
            "outcomes": [
                outcome("fraud_cleared", "2024-04-01"),
                outcome("fraud", "2024-04-01"),
            ]
        },
        0,
        id="cleared on the same day",
    ),
    pytest.param(
        {
            "disputes": [
                dispute("opened", "2024-03-15", "chargeback_fraud"),
                dispute("withdrawn", "2024-04-15", "chargeback_fraud"),
            ]
        },
        1,
        id="a withdrawn chargeback still counts",
    ),
    pytest.param({"outcomes": [outcome("account_takeover", "2024-04-01")]}, 0),
    pytest.param(
        {
            "alerts": [
                {
                    "alert_id": "A1",
                    "event_at": "2024-03-15",
                    "kind": "crypto_mining",
                    "status": "resolved",
                    "resolved_reason": "fraud",
                }
            ],
            "outcomes": [],
        },
        0,
        id="alerts are signals",
    ),
    pytest.param(
        {"actions": [action("block", "2024-03-15", "fraud")], "outcomes": []},
        0,
        id="no action of ours is a label",
    ),
    pytest.param({"invoices": [I1]}, None, id="nothing that could tell"),
]


@pytest.mark.parametrize(("tables", "expected"), FRAUD)
def test_fraud(
    make_portfolio: MakePortfolio, tables: Tables, expected: float | None
) -> None:
    assert label_of(make_portfolio, "fraud", tables)["label"] == expected


def test_takeovers_count_where_the_portfolio_says_so(
    make_portfolio: MakePortfolio,
) -> None:
    tables = {"outcomes": [outcome("account_takeover", "2024-04-01")]}
    settings = {"fraud": {"takeover_is_fraud": True}}
    assert label_of(make_portfolio, "fraud", tables, labels=settings)["label"] == 1
