"""Labels worked out by hand (CONTRACT section 3). Each snapshot is 2024-03-01, UTC.

The window of 90 days ends with 2024-05-30T00:00. Invoice I1 of 100 is due on
2024-02-01: days_overdue reaches 60 on the first moment of 2024-04-01.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pyarrow as pa
import pytest

from features.labels import labels, maturity_us
from features.moments import DAY_US, microseconds
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


def stranger(on: str, amount: float = 100) -> dict[str, Any]:
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
    pytest.param(
        {"ageing": [{"event_at": "2024-04-30", "balance": 100, "days_past_due": 60}]},
        1,
        id="an ageing report of sixty days",
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
        {"invoices": [I1], "payments": [stranger("2024-02-01")]},
        None,
        id="money for an unknown invoice may have paid it",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [stranger("2024-03-31", 80)]},
        None,
        id="or have left what is not material",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [stranger("2024-03-31", 70)]},
        1,
        id="it would not have been enough",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [stranger("2024-01-14")]},
        1,
        id="it came before the invoice",
    ),
    pytest.param(
        {"invoices": [I1], "payments": [stranger("2024-04-10")]},
        1,
        id="it came too late",
    ),
    pytest.param(
        {
            "invoices": [
                {**I1, "due_at": "2024-05-01"},
                document("write_off", "2024-03-20"),
            ],
            "payments": [stranger("2024-03-10")],
        },
        None,
        id="what was written off may have been paid",
    ),
    pytest.param(
        {
            "subscriptions": [S1, ended("2024-04-15")],
            "invoices": [{**I1, "due_at": "2024-05-20"}],
            "payments": [stranger("2024-05-25")],
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


@pytest.mark.parametrize(
    ("target", "days"),
    [
        pytest.param("nonpayment", 95, id="90 + 5"),
        pytest.param("fraud", 210, id="90 + 120"),
    ],
)
def test_good_is_known_when_its_date_is_mature_and_not_a_microsecond_before(
    make_portfolio: MakePortfolio, target: Target, days: int
) -> None:
    tables = {"invoices": [I1], "payments": [paid("2024-02-01")], "outcomes": []}
    mature_at = AS_OF + days * DAY_US
    for until, expected in [(mature_at, 0), (mature_at - 1, None)]:
        at = datetime.fromtimestamp(until // 1_000_000, UTC).replace(
            microsecond=until % 1_000_000
        )
        found = label_of(make_portfolio, target, tables, observed_until=at)
        assert found == {
            "customer_id": "c",
            "as_of": AS_OF,
            "label": expected,
            "known_at": mature_at,
            "mature_at": mature_at,
        }


def test_bad_is_known_early_but_its_date_matures_with_the_others(
    make_portfolio: MakePortfolio,
) -> None:
    """60 days overdue on 1 April, posted within 5 days: known on the 6th."""
    found = label_of(
        make_portfolio,
        "nonpayment",
        {"invoices": [I1]},
        observed_until="2024-04-20T00:00:00Z",
    )
    assert found["label"] == 1
    assert found["known_at"] == microseconds(datetime(2024, 4, 6, tzinfo=UTC))
    assert found["mature_at"] == AS_OF + 95 * DAY_US


def test_maturity_is_the_horizon_and_the_lag() -> None:
    assert maturity_us(PortfolioSettings(), "fraud") == (90 * DAY_US, 120 * DAY_US)


def at_mature(portfolio_of: MakePortfolio, until: Any, target: Target) -> float | None:  # noqa: ANN401
    tables = {
        "invoices": [I1],
        "payments": [paid("2024-02-01"), {**paid("2024-12-30"), "status": "failed"}],
        "outcomes": [],
        "disputes": [],
        "access": [],
    }
    label: float | None
    label = label_of(portfolio_of, target, tables, observed_until=until)["label"]
    return label


@pytest.mark.parametrize(
    ("until", "nonpayment", "fraud"),
    [
        pytest.param({"access": "2024-03-02"}, 0, 0, id="no label relies on it"),
        pytest.param({"payments": "2024-06-03"}, None, 0, id="payments"),
        pytest.param({"outcomes": "2024-09-26"}, 0, None, id="outcomes"),
        pytest.param({"disputes": "2024-06-03"}, None, None, id="disputes"),
    ],
)
def test_a_label_is_known_as_far_as_all_its_tables_are_observed(
    make_portfolio: MakePortfolio,
    until: dict[str, str],
    nonpayment: float | None,
    fraud: float | None,
) -> None:
    stated = {name: f"{day}T00:00:00Z" for name, day in until.items()}
    rest = dict.fromkeys(["invoices", "payments", "outcomes", "disputes"], MATURE)
    seen = {**rest, **stated}
    assert at_mature(make_portfolio, seen, "nonpayment") == nonpayment
    assert at_mature(make_portfolio, seen, "fraud") == fraud


BROKEN: list[Any] = [
    pytest.param("payments", {**paid("2024-02-01"), "amount": "1,00"}, id="payment"),
    pytest.param("invoices", {**I1, "invoice_id": "I2", "amount": "?"}, id="invoice"),
    pytest.param(
        "disputes",
        {**dispute("opened", "2024-02-01"), "status": "under_review"},
        id="dispute",
    ),
]


@pytest.mark.parametrize(("table", "row"), BROKEN)
def test_a_rejected_row_of_money_leaves_its_customers_label_unknown(
    table: str, row: dict[str, Any]
) -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "customers": [CUSTOMER | {"customer_id": c} for c in "ab"],
        "invoices": [I1 | {"customer_id": c, "invoice_id": f"I-{c}"} for c in "ab"],
        "payments": [LOOKED_AT | {"customer_id": "b"}],
        "disputes": [],
    }
    rows[table] = [*rows[table], row | {"customer_id": "a"}]
    arrow = {
        name: pa.Table.from_pylist(
            [{name: str(cell) for name, cell in r.items()} for r in found]
        )
        for name, found in rows.items()
        if found
    }
    settings = PortfolioSettings.model_validate({"observed_until": MATURE})
    portfolio = Portfolio.from_tables(arrow, settings)
    assert sum(reject.n for reject in portfolio.rejects) == 1
    snapshots = pa.table({"customer_id": ["a", "b"], "as_of": [AS_OF, AS_OF]})
    found = labels(portfolio, snapshots, "nonpayment")["label"].to_pylist()
    assert found == [None, 1]
