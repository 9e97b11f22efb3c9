"""Account facts worked out by hand, through both doors."""

from datetime import datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from features.account import FACT_NAMES, account_facts, fact_row, fact_table
from features.events import Events
from features.moments import microseconds
from features.money import PER_UNIT
from features.portfolio import Portfolio
from features.settings import PortfolioSettings

Case = dict[str, Any]

TABLES = (
    "customers",
    "invoices",
    "payments",
    "disputes",
    "contacts",
    "subscriptions",
    "usage",
    "ageing",
)
# BaseLoader keeps every cell a text, as in a CSV file
CASES: list[Case] = yaml.load(
    (Path(__file__).parent / "account_cases.yaml").read_text(encoding="utf-8"),
    Loader=yaml.BaseLoader,  # noqa: S506 - makes texts, lists and mappings only
)
MONEY_FACTS = (
    "open",
    "credit",
    "written_off",
    "contested",
    "in_flight",
    "promised",
    "overdue",
    "actionable",
    "recurring_monthly",
    "committed",
    "clv",
)


def case_settings(case: Case) -> PortfolioSettings:
    present = case.get("tables", [t for t in TABLES if t != "ageing"])
    return PortfolioSettings(
        timezone="Europe/Brussels", materiality="25", tables=frozenset(present)
    )


def case_tables(case: Case) -> dict[str, list[dict[str, Any]]]:
    tables = {name: case.get(name, []) for name in TABLES}
    tables["customers"] = [{"event_at": "2024-01-01", "created_at": "2024-01-01"}]
    if "daily_usage" in case:
        stated = case["daily_usage"]
        last = datetime.fromisoformat(stated["until"])
        tables["usage"] = [
            {
                "event_at": f"{last - timedelta(days=n):%Y-%m-%d}",
                "cost": stated["cost"],
                "subscription_id": "S3",
            }
            for n in range(int(stated["days"]))
        ]
    return tables


def case_events(case: Case) -> Events:
    events, rejects = Events.from_rows("c", case_tables(case), case_settings(case))
    assert rejects == ()
    return events


def case_portfolio(case: Case) -> Portfolio:
    columns = {
        "invoices": ["invoice_id", "due_at", "amount", "kind"],
        "payments": ["payment_id", "status", "amount"],
        "disputes": ["dispute_id", "kind", "status"],
        "contacts": ["kind"],
        "subscriptions": ["subscription_id", "kind"],
        "usage": ["cost"],
        "ageing": ["balance", "days_past_due"],
        "customers": [],
    }
    tables = {}
    for name in case_settings(case).tables:
        rows = case_tables(case)[name]
        required = dict.fromkeys(["customer_id", "event_at", *columns[name]])
        names = dict.fromkeys([*required, *(cell for row in rows for cell in row)])
        cells = {n: [{"customer_id": "c", **row}.get(n) for row in rows] for n in names}
        tables[name] = pa.table({n: pa.array(v, pa.string()) for n, v in cells.items()})
    return Portfolio.from_tables(tables, case_settings(case))


def moment(case: Case) -> int:
    return microseconds(datetime.fromisoformat(case["at"]))


def check(found: dict[str, float], case: Case) -> None:
    expected = {name: float(value) for name, value in case["expect"].items()}
    assert {n: found[n] for n in expected} == pytest.approx(expected, rel=1e-12)
    assert [name for name in case.get("never", []) if not isnan(found[name])] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_one_customer(case: Case) -> None:
    found = fact_row(case_events(case), moment(case), case_settings(case))
    assert tuple(found) == FACT_NAMES
    check(found, case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_many_customers(case: Case) -> None:
    portfolio = case_portfolio(case)
    assert portfolio.rejects == ()
    snapshots = pa.table({"customer_id": ["c"], "as_of": [moment(case)]})
    [found] = fact_table(portfolio, snapshots).to_pylist()
    check(found, case)
    events, settings = portfolio.events("c"), portfolio.settings
    alone = fact_row(events, moment(case), settings)
    assert {name: found[name] for name in alone} == pytest.approx(alone, nan_ok=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_people_and_features_read_the_same_money(case: Case) -> None:
    events, settings = case_events(case), case_settings(case)
    facts = account_facts(events, moment(case), settings)
    numbers = fact_row(events, moment(case), settings)
    for name in MONEY_FACTS:
        money = getattr(facts, name)
        if money is None:
            assert isnan(numbers[name])
        else:
            assert money / PER_UNIT == numbers[name]
    assert facts.days_overdue == (
        None if isnan(numbers["days_overdue"]) else numbers["days_overdue"]
    )
    if facts.source == "invoices":
        assert sum(item.remainder for item in facts.items) == facts.open
