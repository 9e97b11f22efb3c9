"""Account facts worked out by hand, through both doors."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pytest
import yaml

from features.account import FACT_NAMES, account_facts, fact_row, fact_table
from features.events import Events
from features.moments import microseconds
from features.money import UNITS, ten_thousandths
from features.portfolio import Portfolio
from features.reading.rows import read_events
from features.settings import PortfolioSettings

Case: TypeAlias = dict[str, Any]
MakePortfolio: TypeAlias = Callable[[Any, PortfolioSettings], Portfolio]

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
IDS = {"invoice_id", "applies_to", "payment_id", "dispute_id", "subscription_id"}
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
    events, rejects = read_events("c", case_tables(case), case_settings(case))
    assert rejects == ()
    return events


@pytest.fixture(scope="module")
def portfolios(make_portfolio: MakePortfolio) -> dict[frozenset[str], Portfolio]:
    """The cases with the same tables as one portfolio, a customer for each case."""
    found = {}
    for present in {case_settings(case).tables for case in CASES}:
        tables: dict[str, list[dict[str, Any]]] = {name: [] for name in present}
        for case in CASES:
            if case_settings(case).tables == present:
                for name in present:
                    for row in case_tables(case)[name]:
                        tables[name].append(_own(case, row))
        settings = PortfolioSettings(timezone="Europe/Brussels", materiality="25")
        found[present] = make_portfolio(tables, settings)
    return found


def _own(case: Case, row: dict[str, Any]) -> dict[str, Any]:
    """The row of one case's customer, with ids no other case has."""
    own = {"customer_id": case["name"], **row}
    for column in IDS & row.keys():
        own[column] = f"{case['name']}/{row[column]}"
    return own


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
def test_many_customers(
    case: Case, portfolios: dict[frozenset[str], Portfolio]
) -> None:
    portfolio = portfolios[case_settings(case).tables]
    ids = pa.table({"customer_id": [case["name"]], "as_of": [moment(case)]})
    [found] = fact_table(portfolio, ids).to_pylist()
    check(found, case)
    events = portfolio.events(case["name"])
    alone = fact_row(events, moment(case), portfolio.settings)
    assert {name: found[name] for name in alone} == pytest.approx(
        alone, rel=0, abs=0, nan_ok=True
    )


def test_a_table_of_all_cases_keeps_the_order_asked_for(
    portfolios: dict[frozenset[str], Portfolio],
) -> None:
    for present, portfolio in portfolios.items():
        cases = [case for case in CASES if case_settings(case).tables == present]
        backwards = cases[::-1]
        asked = pa.table(
            {
                "customer_id": [case["name"] for case in backwards],
                "as_of": [moment(case) for case in backwards],
            }
        )
        table = fact_table(portfolio, asked)
        assert table.column_names == ["customer_id", "as_of", *FACT_NAMES]
        assert table.select(["customer_id", "as_of"]).equals(asked)
        for case, found in zip(backwards, table.to_pylist(), strict=True):
            check(found, case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_people_and_features_read_the_same_money(case: Case) -> None:
    events, settings = case_events(case), case_settings(case)
    facts = account_facts(events, moment(case), settings)
    numbers = fact_row(events, moment(case), settings)
    for name, assumed in case.get("assumed", {}).items():
        assert getattr(facts, name) / UNITS == float(assumed)
        assert name in facts.assumed
    for name in MONEY_FACTS:
        money = getattr(facts, name)
        if money is None or name in facts.assumed:
            assert isnan(numbers[name])
        else:
            assert money / UNITS == numbers[name]
    assert facts.days_overdue == (
        None if isnan(numbers["days_overdue"]) else numbers["days_overdue"]
    )
    if "days_until_due" in case:
        assert facts.days_until_due == int(case["days_until_due"])
    assert len(facts.notices) == int(case.get("n_notices", 0))
    for name, money in case.get("facts", {}).items():
        assert getattr(facts, name) == ten_thousandths(money)
    items = {item.invoice_id: item for item in facts.items}
    for invoice_id, stated in case.get("items", {}).items():
        found = {name: getattr(items[invoice_id], name) for name in stated}
        assert found == {name: ten_thousandths(money) for name, money in stated.items()}
    for item in facts.items:
        assert min(item.contested, item.in_flight, item.promised, item.uncovered) >= 0
        assert item.remainder == item.amount - sum(m for _, m in item.reductions)
    if facts.source == "invoices" and facts.overdue:
        late = [item for item in facts.items if item.days_overdue]
        assert facts.actionable == sum(item.uncovered for item in late)
    if facts.source == "invoices":
        assert sum(item.remainder for item in facts.items) == facts.open
