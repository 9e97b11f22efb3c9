"""Whom to learn from and whom to score (CONTRACT section 3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow.compute as pc
import pytest

from features.labels import labels, snapshots_and_labels
from features.moments import microseconds, to_datetime
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.snapshots import (
    latest_population,
    latest_snapshots,
    newest_population,
    population_and_count,
    snapshots,
)

Tables: TypeAlias = Mapping[str, Sequence[Mapping[str, Any]]]
MakePortfolio: TypeAlias = Callable[[Tables, PortfolioSettings], Portfolio]


def customer(name: str, on: str = "2024-01-01", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"customer_id": name, "event_at": on, "created_at": on, **more}


def invoice(owner: str, on: str, due: str, amount: float = 100) -> dict[str, Any]:
    return {
        "customer_id": owner,
        "invoice_id": f"{owner}/{on}",
        "event_at": on,
        "due_at": due,
        "amount": amount,
    }


def of(portfolio: Portfolio) -> list[tuple[str, str]]:
    rows = snapshots(portfolio).to_pylist()
    return [
        (r["customer_id"], f"{to_datetime(r['as_of']):%Y-%m-%d %H:%M}") for r in rows
    ]


def settings(**stated: Any) -> PortfolioSettings:  # noqa: ANN401
    return PortfolioSettings.model_validate(stated)


def test_the_grid_is_local_midnights_of_firsts_after_the_warm_up(
    make_portfolio: MakePortfolio,
) -> None:
    """First event 3 January; 90 days later it is 2 April, so May is the first month.

    In Brussels midnight is 22:00 UTC in summer and 23:00 in winter.
    """
    tables = {
        "customers": [customer("a", "2020-01-01")],
        "invoices": [invoice("a", "2024-01-03T00:00:00Z", "2024-12-31")],
    }
    until = "2024-11-01T00:00:00Z"
    found = of(
        make_portfolio(
            tables, settings(timezone="Europe/Brussels", observed_until=until)
        )
    )
    assert [at for _, at in found] == [
        "2024-04-30 22:00",
        "2024-05-31 22:00",
        "2024-06-30 22:00",
        "2024-07-31 22:00",
        "2024-08-31 22:00",
        "2024-09-30 22:00",
        "2024-10-31 23:00",
    ]


def subscription(owner: str, on: str) -> dict[str, Any]:
    return {
        "customer_id": owner,
        "subscription_id": "1",
        "kind": "started",
        "event_at": on,
    }


def test_months_before_any_invoice_was_recorded_teach_nothing(
    make_portfolio: MakePortfolio,
) -> None:
    """Subscriptions go back to 2022, invoices to 2024: nobody could be late between.

    One open invoice of 2021 does not begin the history of 150 others.
    """
    days = [f"2024-{1 + n // 25:02}-{1 + n % 25:02}T00:00Z" for n in range(150)]
    tables = {
        "customers": [customer("a", "2020-01-01")],
        "subscriptions": [subscription("a", "2022-01-10")],
        "invoices": [invoice("a", on, "2025-12-31") for on in ["2021-06-01", *days]],
        "payments": [],
    }
    stated = settings(observed_until="2024-07-01T00:00:00Z")
    found = of(make_portfolio(tables, stated))
    assert [at[:10] for _, at in found] == [
        "2024-04-01",
        "2024-05-01",
        "2024-06-01",
        "2024-07-01",
    ]


def test_invoices_that_begin_soon_after_the_first_event_change_nothing(
    make_portfolio: MakePortfolio,
) -> None:
    """The contract's grid: from 90 days after the first event of any billing table."""
    tables = {
        "customers": [customer("a", "2020-01-01")],
        "subscriptions": [subscription("a", "2024-01-01")],
        "invoices": [invoice("a", "2024-03-30", "2025-12-31")],
    }
    stated = settings(observed_until="2024-05-01T00:00:00Z")
    found = of(make_portfolio(tables, stated))
    assert [at[:10] for _, at in found] == ["2024-04-01", "2024-05-01"]


@pytest.mark.parametrize("n_dates", [1, 2, 3, 9])
def test_the_newest_dates_are_those_with_anybody(
    make_portfolio: MakePortfolio, n_dates: int
) -> None:
    """From mid-June to mid-September nobody is a customer: dates of that are none."""
    tables = {
        "customers": [customer("b", "2024-01-01"), customer("a", "2024-09-10")],
        "subscriptions": [
            {"customer_id": "b", "subscription_id": "1", "kind": kind, "event_at": on}
            for kind, on in (("started", "2024-01-01"), ("ended", "2024-06-15"))
        ],
    }
    stated = settings(observed_until="2024-12-15T00:00:00Z")
    portfolio = make_portfolio(tables, stated)
    rows = snapshots(portfolio).to_pylist()
    until = sorted({row["as_of"] for row in rows})[-2]
    dates = sorted({row["as_of"] for row in rows if row["as_of"] <= until})
    assert len(dates) == 5
    newest = dates[-n_dates:]
    found = newest_population(portfolio, until, n_dates).to_pylist()
    assert found == [row for row in rows if row["as_of"] in newest]


def test_a_weekly_grid_is_mondays(make_portfolio: MakePortfolio) -> None:
    tables = {
        "customers": [customer("a", "2020-01-01")],
        "invoices": [invoice("a", "2024-01-01T00:00:00Z", "2024-12-31")],
    }
    stated = settings(
        snapshots={"every": "week", "warm_up_days": 7},
        observed_until="2024-01-15T00:00:00Z",
    )
    found = of(make_portfolio(tables, stated))
    assert found == [("a", "2024-01-08 00:00"), ("a", "2024-01-15 00:00")]


POPULATION = [
    pytest.param({}, ["05", "06", "07"], id="nothing special"),
    pytest.param(
        {"customers": [customer("x", "2024-05-01T00:00:00Z")]},
        ["06", "07"],
        id="created at the very moment is not before it",
    ),
    pytest.param(
        {"customers": [customer("x", "2024-01-01", known_at="2024-06-02")]},
        ["07"],
        id="known later",
    ),
    pytest.param(
        {"invoices": [invoice("x", "2024-03-01", "2024-04-02")]},
        ["05"],
        id="sixty days overdue at the first of June",
    ),
    pytest.param(
        {"invoices": [invoice("x", "2024-03-01", "2024-04-03")]},
        ["05", "06"],
        id="fifty-nine days overdue then",
    ),
    pytest.param(
        {
            "subscriptions": [
                {"subscription_id": "S", "kind": "started", "event_at": "2024-02-01"},
                {"subscription_id": "S", "kind": "ended", "event_at": "2024-05-20"},
            ]
        },
        ["05"],
        id="departed",
    ),
    pytest.param(
        {
            "subscriptions": [
                {"subscription_id": "S", "kind": "started", "event_at": "2024-02-01"},
                {"subscription_id": "S", "kind": "ended", "event_at": "2024-05-20"},
            ],
            "invoices": [invoice("x", "2024-05-01", "2024-06-20")],
            "payments": [
                {
                    "payment_id": "P",
                    "status": "succeeded",
                    "amount": 100,
                    "event_at": "2024-06-10",
                }
            ],
        },
        ["05", "06"],
        id="departed but owing until it is paid",
    ),
    pytest.param(
        {
            "outcomes": [
                {"kind": "fraud", "event_at": "2024-05-10", "known_at": "2024-06-10"}
            ]
        },
        ["05", "06"],
        id="fraud counts from when it is known",
    ),
    pytest.param(
        {
            "outcomes": [
                {"kind": "fraud", "event_at": "2024-05-10"},
                {"kind": "fraud_cleared", "event_at": "2024-06-10"},
            ]
        },
        ["05", "07"],
        id="until it is cleared",
    ),
    pytest.param(
        {
            "disputes": [
                {
                    "dispute_id": "D",
                    "kind": "chargeback_fraud",
                    "status": "opened",
                    "event_at": "2024-06-10",
                }
            ]
        },
        ["05", "06"],
        id="a chargeback for fraud is known fraud",
    ),
]


@pytest.mark.parametrize(("tables", "months"), POPULATION)
def test_population(
    make_portfolio: MakePortfolio, tables: Tables, months: list[str]
) -> None:
    """Customer x on the firsts of May, June and July 2024; `z` only makes the grid."""
    full: dict[str, list[Mapping[str, Any]]] = {
        "customers": [customer("x")],
        "invoices": [],
        "payments": [],
    }
    for name, rows in tables.items():
        full[name] = [{"customer_id": "x", **row} for row in rows]
    full["customers"].append(customer("z"))
    full["invoices"].append(invoice("z", "2024-01-03T00:00:00Z", "2025-12-31"))
    portfolio = make_portfolio(full, settings(observed_until="2024-07-01T00:00:00Z"))
    found = [at for name, at in of(portfolio) if name == "x"]
    assert found == [f"2024-{month}-01 00:00" for month in months]


def test_given_snapshots_keep_those_in_arrears_and_drop_known_fraud(
    make_portfolio: MakePortfolio,
) -> None:
    """A receipt to `customers` is left out; a retracted row is no snapshot."""
    moments = [
        {"customer_id": name, "event_at": "2024-07-01T00:00:00Z"}
        for name in ("late", "fraud", "receipt", "undone")
    ]
    undone = {**moments[3], "known_at": "2024-07-02T00:00:00Z", "retracted": True}
    tables: Tables = {
        "customers": [customer("late"), customer("fraud"), customer("undone")],
        "invoices": [invoice("late", "2024-01-03", "2024-02-01")],
        "outcomes": [
            {"customer_id": "fraud", "kind": "fraud", "event_at": "2024-03-01"}
        ],
        "snapshots": [*moments, undone],
    }
    portfolio = make_portfolio(tables, settings())
    assert of(portfolio) == [("late", "2024-07-01 00:00")]
    scored = latest_snapshots(portfolio)["customer_id"].to_pylist()
    assert scored == ["fraud", "late"], "whoever is asked for is scored"


def test_without_any_history_the_one_moment_is_when_customers_were_known(
    make_portfolio: MakePortfolio,
) -> None:
    """No creation dates: who is known at the moment belongs to it."""
    tables: Tables = {
        "customers": [
            {"customer_id": "a", "event_at": "2024-05-01T00:00:00Z"},
            {"customer_id": "b", "event_at": "2024-05-02T00:00:00Z"},
        ],
        "outcomes": [
            {"customer_id": "a", "kind": "nonpayment", "event_at": "2024-06-01"}
        ],
    }
    portfolio = make_portfolio(tables, settings())
    assert of(portfolio) == [("a", "2024-05-02 00:00"), ("b", "2024-05-02 00:00")]


def test_whom_to_score_at_a_moment(make_portfolio: MakePortfolio) -> None:
    """By default the end of what the data observe; departed only if owing."""

    def subscription(owner: str, kind: str, on: str) -> dict[str, Any]:
        row = {"customer_id": owner, "subscription_id": owner, "kind": kind}
        return {**row, "event_at": on}

    tables = {
        "customers": [
            customer("gone"),
            customer("gone_owing"),
            customer("new", "2024-06-01T00:00:00Z"),
            customer("old"),
        ],
        "subscriptions": [
            subscription(owner, kind, on)
            for owner in ("gone", "gone_owing")
            for kind, on in (("started", "2024-01-02"), ("ended", "2024-03-01"))
        ],
        "invoices": [invoice("gone_owing", "2024-06-01T00:00:00Z", "2024-07-01")],
        "payments": [],
    }
    portfolio = make_portfolio(tables, settings(observed_until="2024-09-01T00:00:00Z"))
    latest = latest_snapshots(portfolio).to_pylist()
    assert [row["customer_id"] for row in latest] == ["gone_owing", "new", "old"]
    assert {to_datetime(row["as_of"] + 1) for row in latest} == {
        datetime(2024, 9, 1, tzinfo=UTC)
    }
    before = microseconds(datetime(2024, 6, 1, tzinfo=UTC)) - 1
    names = latest_snapshots(portfolio, before)["customer_id"].to_pylist()
    assert names == ["old"]


def test_population_and_scored_are_counted_together(
    make_portfolio: MakePortfolio,
) -> None:
    """Who is too late to learn from is scored all the same."""
    tables = {
        "customers": [
            customer("late"),
            customer("prompt"),
            customer("to_come", "2025-01-01"),
        ],
        "invoices": [invoice("late", "2024-03-01", "2024-03-15")],
        "payments": [],
    }
    portfolio = make_portfolio(tables, settings(observed_until="2024-09-01T00:00:00Z"))
    population, count = population_and_count(portfolio)
    assert population["customer_id"].to_pylist() == ["prompt"]
    assert population == latest_population(portfolio)
    until = portfolio.observed_until
    assert count.scored.n_scored == latest_snapshots(portfolio, until).num_rows == 2
    assert str(count) == (
        "3 customers in the portfolio less 1 not there yet: 2 scored"
        " less 1 at least 60 days overdue already: 1 in the models' population"
    )


def test_an_empty_portfolio_has_no_snapshots(make_portfolio: MakePortfolio) -> None:
    portfolio = make_portfolio(
        {"customers": [customer("a")], "invoices": []}, settings()
    )
    assert snapshots(portfolio).num_rows == 0


def test_labels_found_beside_snapshots_are_those_found_apart() -> None:
    read = Portfolio.open(Path(__file__).parents[2] / "data" / "samples" / "lumen")
    drawn = read.customer_ids[::3]
    portfolio = replace(read, rejected={drawn[0]: frozenset({"invoices"})})
    pairs, labelled = snapshots_and_labels(portfolio, drawn)
    assert pairs == snapshots(portfolio, drawn)
    assert labelled == labels(portfolio, pairs, "nonpayment")
    assert {0.0, 1.0, None} <= set(labelled["label"].to_pylist())
    first = pc.equal(labelled["customer_id"], drawn[0])
    assert set(labelled.filter(first)["label"].to_pylist()) == {None}
