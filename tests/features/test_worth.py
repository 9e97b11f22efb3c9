"""What a customer is worth: given, assumed and said, or unknown (CONTRACT 2.7)."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isnan
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.account import account_facts, fact_row
from features.account.rows import InvoiceRow
from features.account.worth import invoiced_monthly
from features.batch import feature_table, matrix
from features.catalogue import feature_set
from features.events import FOREVER, Events
from features.facts import AccountFacts
from features.moments import DAY_US, microseconds
from features.online import OnlineCompiler
from features.reading.rows import read_events
from features.settings import PortfolioSettings
from tests.features.conftest import MakePortfolio
from tests.parity.checks import with_values

AS_OF = datetime(2024, 6, 30, tzinfo=UTC)
UNITS = 10_000
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def ago(days: float) -> str:
    return (AS_OF - timedelta(days=days)).isoformat()


def invoice(days: float, amount: object = 100, **more: object) -> Row:
    name = f"I{days}{more.get('kind', '')}"
    row = {"invoice_id": name, "event_at": ago(days), "due_at": ago(days)}
    return {**row, "amount": str(amount), **more}


def used(days: float, cost: object) -> Row:
    return {"event_at": ago(days), "cost": str(cost)}


def read(
    tables: Tables, customer: Row, stated: Row
) -> tuple[Events, PortfolioSettings]:
    full = {"customers": [{"event_at": ago(900), **customer}], **tables}
    settings = PortfolioSettings.model_validate({"tables": set(full), **stated})
    events, rejects = read_events("c", full, settings)
    assert rejects == ()
    return events, settings


def facts_of(
    tables: Tables, customer: Row | None = None, stated: Row | None = None
) -> AccountFacts:
    events, settings = read(tables, customer or {}, stated or {})
    return account_facts(events, microseconds(AS_OF), settings)


def monthly_of(tables: Tables, **stated: Any) -> float | None:  # noqa: ANN401
    found = facts_of(tables, stated=stated).recurring_monthly
    return None if found is None else found / UNITS


YEAR = [invoice(30 * n + 5) for n in range(18)]  # 12 of them in the last 365 days


@pytest.mark.parametrize(
    ("tables", "monthly"),
    [
        pytest.param({"invoices": YEAR}, 1200 * 30 / 365, id="of the last 365 days"),
        pytest.param(
            {"invoices": [*YEAR, invoice(40, 65, kind="credit_note")]},
            1135 * 30 / 365,
            id="less what was credited",
        ),
        pytest.param(
            {"invoices": [*YEAR, invoice(40, 65, kind="write_off", applies_to="I65")]},
            1200 * 30 / 365,
            id="written off was charged all the same",
        ),
        pytest.param(
            {"invoices": [invoice(180), invoice(150), invoice(10, 50)]},
            250 * 30 / 180,
            id="since the first invoice",
        ),
        pytest.param({"invoices": [invoice(10)]}, 100 * 30 / 90, id="at least 90 days"),
        pytest.param({"invoices": [invoice(365)]}, None, id="a year ago is outside"),
        pytest.param(
            {"invoices": [invoice(364.999)]}, 100 * 30 / 365, id="just within"
        ),
        pytest.param({"invoices": []}, None, id="nothing invoiced is unknown"),
        pytest.param(
            {"invoices": [invoice(10, 0)]}, None, id="an invoice of 0 is none"
        ),
        pytest.param(
            {"invoices": [invoice(400), invoice(20, 30, kind="credit_note")]},
            None,
            id="a credit note alone says nothing",
        ),
        pytest.param(
            {"invoices": [invoice(20), invoice(10, 300, kind="credit_note")]},
            0,
            id="not below 0",
        ),
        pytest.param(
            {"invoices": YEAR, "usage": [used(10, 41), used(400, 1000)]},
            (1200 - 41 / 0.82) * 30 / 365,
            id="less the price of usage of these days",
        ),
        pytest.param(
            {"invoices": [invoice(5)], "usage": [used(5, 500)]},
            0,
            id="all of it was usage",
        ),
        pytest.param(
            {"invoices": YEAR, "usage": [used(10, 41), used(9, -50)]},
            1200 * 30 / 365,
            id="a correction of usage is no charge",
        ),
        pytest.param({"usage": [used(5, 50)]}, None, id="no invoices"),
        pytest.param(
            {"invoices": [invoice(20, known_at=ago(-1))]}, None, id="not known yet"
        ),
    ],
)
def test_without_subscriptions_invoices_tell_what_recurs(
    tables: Tables, monthly: float | None
) -> None:
    expected = None if monthly is None else pytest.approx(monthly, abs=1e-4)
    assert monthly_of(tables) == expected
    assumed = facts_of(tables).assumed
    assert ("recurring_monthly" in assumed) == (monthly is not None)


def test_a_price_that_is_all_margin_leaves_nothing_that_recurs() -> None:
    tables = {"invoices": YEAR, "usage": [used(10, 41)]}
    assert monthly_of(tables, defaults={"margin_share": 1}) == 0


SUBSCRIPTION = {
    "subscription_id": "S",
    "kind": "started",
    "event_at": ago(200),
    "quantity": "2",
    "unit_price": "50",
}


@pytest.mark.parametrize(
    ("customer", "clv", "assumed"),
    [
        pytest.param(
            {"monthly_margin": "12.5", "expected_lifetime_months": "10"},
            125,
            (),
            id="both stated",
        ),
        pytest.param(
            {"monthly_margin": "12.5"}, 300, ("clv",), id="how long is assumed"
        ),
        pytest.param(
            {"expected_lifetime_months": "10"},
            180,
            ("clv",),
            id="the margin is assumed",
        ),
        pytest.param({}, 432, ("clv",), id="both are"),
    ],
)
def test_what_is_assumed_of_the_value_is_said(
    customer: Row, clv: float, assumed: tuple[str, ...]
) -> None:
    """100 a month; 18 % of it and 24 months where nothing is said."""
    tables = {"subscriptions": [SUBSCRIPTION], "invoices": YEAR}
    facts = facts_of(tables, customer)
    assert (facts.recurring_monthly, facts.clv) == (100 * UNITS, clv * UNITS)
    assert facts.assumed == assumed


STATED = {"margin_share": 0.2, "lifetime_months": 30}


@pytest.mark.parametrize(
    ("customer", "stated", "is_assumed"),
    [
        pytest.param({}, STATED, False, id="the reseller states both"),
        pytest.param({}, {"margin_share": 0.18}, True, id="how long is invented"),
        pytest.param({}, {"lifetime_months": 24}, True, id="the margin is invented"),
        pytest.param(
            {"monthly_margin": "12.5"},
            {"lifetime_months": 24},
            False,
            id="customer and reseller together",
        ),
        pytest.param(
            {"monthly_margin": "12.5"},
            {"margin_share": 0.2},
            True,
            id="a margin stated twice says nothing of how long",
        ),
        pytest.param(
            {"expected_lifetime_months": "10"},
            {"margin_share": 0.2},
            False,
            id="reseller and customer together",
        ),
    ],
)
def test_what_the_reseller_states_is_not_assumed(
    customer: Row, stated: Row, is_assumed: bool
) -> None:
    tables = {"subscriptions": [SUBSCRIPTION], "invoices": YEAR}
    facts = facts_of(tables, customer, {"defaults": stated})
    assert facts.assumed == (("clv",) if is_assumed else ())


def test_a_stated_share_of_assumed_charges_is_assumed() -> None:
    assumed = facts_of({"invoices": YEAR}, {}, {"defaults": STATED}).assumed
    assert assumed == ("recurring_monthly", "clv")


@pytest.mark.parametrize("stated", [None, {}, {"margin_share": 0.18}, STATED])
def test_whether_it_was_stated_survives_saving(stated: Row | None) -> None:
    said = {} if stated is None else {"defaults": stated}
    settings = PortfolioSettings.model_validate(said)
    dumped = settings.model_dump(mode="json", by_alias=True, exclude={"tables"})
    again = PortfolioSettings.model_validate(dumped)
    assert again.defaults == settings.defaults
    said_by_now = {k for k, v in again.defaults.model_dump().items() if v is not None}
    assert said_by_now == set(stated or ())


def test_the_plainest_portfolio_has_a_value() -> None:
    """18 % of 90 a month over 24 months, all of it assumed."""
    invoices = [invoice(n * 30 + 1, 90) for n in range(3)]
    facts = facts_of({"invoices": invoices, "payments": []})
    assert facts.recurring_monthly == 90 * UNITS
    assert facts.clv == pytest.approx(0.18 * 90 * 24 * UNITS, abs=1)
    assert facts.assumed == ("recurring_monthly", "clv")


def test_a_stated_margin_leaves_only_what_recurs_assumed() -> None:
    stated = {"monthly_margin": "12.5", "expected_lifetime_months": "10"}
    facts = facts_of({"invoices": YEAR}, stated)
    assert facts.clv == 125 * UNITS
    assert facts.assumed == ("recurring_monthly",)


UNPRICED = {**SUBSCRIPTION, "unit_price": None}
BY_USE = {**UNPRICED, "subscription_id": "U", "billing": "usage"}
TRIAL = {**UNPRICED, "subscription_id": "T", "is_trial": "true"}
OF_A_YEAR = 1200 * 30 / 365
CHANGED = {**UNPRICED, "kind": "quantity_changed", "event_at": ago(9)}
OVER = {**UNPRICED, "kind": "ended", "event_at": ago(9)}


@pytest.mark.parametrize(
    ("tables", "monthly", "is_assumed"),
    [
        pytest.param(
            {"subscriptions": [UNPRICED]}, OF_A_YEAR, True, id="a license without price"
        ),
        pytest.param(
            {"subscriptions": [SUBSCRIPTION, {**UNPRICED, "subscription_id": "S2"}]},
            OF_A_YEAR,
            True,
            id="one of two",
        ),
        pytest.param(
            {"subscriptions": [SUBSCRIPTION, CHANGED]}, 100, False, id="told before"
        ),
        pytest.param({"subscriptions": [UNPRICED, OVER]}, 0, False, id="it has ended"),
        pytest.param({"subscriptions": [TRIAL]}, 0, False, id="a trial costs nothing"),
        pytest.param({"subscriptions": []}, 0, False, id="nothing is subscribed"),
        pytest.param(
            {"subscriptions": [BY_USE]}, OF_A_YEAR, True, id="usage not looked at"
        ),
        pytest.param(
            {"subscriptions": [BY_USE], "usage": []}, 0, False, id="nothing was used"
        ),
        pytest.param(
            {"subscriptions": [UNPRICED], "usage": [used(10, 41)]},
            (1200 - 4.1 * 10 / 0.82) * 30 / 365,
            True,
            id="less the price of usage at its latest daily cost",
        ),
    ],
)
def test_a_charge_that_nobody_stated_is_assumed_and_never_zero(
    tables: Tables, monthly: float, is_assumed: bool
) -> None:
    """18 % of it over 24 months; at 0 a stop of a good customer would cost nothing."""
    facts = facts_of({"invoices": YEAR, **tables})
    found = facts.recurring_monthly
    assert found is not None
    assert found / UNITS == pytest.approx(monthly, abs=1e-4)
    assert ("recurring_monthly" in facts.assumed) == is_assumed
    if "usage" not in tables:
        assert facts.clv == pytest.approx(0.18 * monthly * 24 * UNITS, abs=10)


def test_what_no_row_prices_is_unknown_where_nothing_was_invoiced() -> None:
    facts = facts_of({"subscriptions": [UNPRICED], "invoices": []})
    assert (facts.recurring_monthly, facts.clv, facts.assumed) == (None, None, ())


def test_features_read_an_unknown_charge_as_missing() -> None:
    events, settings = read({"subscriptions": [UNPRICED], "invoices": YEAR}, {}, {})
    found = fact_row(events, microseconds(AS_OF), settings)
    assert isnan(found["recurring_monthly"])
    assert (found["n_live_subscriptions"], found["is_departed"]) == (1, 0)


@pytest.mark.parametrize("tables", [{}, {"invoices": []}, {"ageing": []}])
def test_where_nothing_is_known_nothing_is_assumed(tables: Tables) -> None:
    facts = facts_of(tables)
    assert (facts.recurring_monthly, facts.clv, facts.assumed) == (None, None, ())


def test_what_the_portfolio_states_is_not_assumed() -> None:
    facts = facts_of({"ageing": []}, stated={"exposure": {"clv": 90}})
    assert (facts.clv, facts.assumed) == (90 * UNITS, ())


@pytest.mark.parametrize("stated", [{}, {"defaults": STATED}])
@pytest.mark.parametrize(
    ("customer", "clv"),
    [
        pytest.param(
            {"monthly_margin": "12.5", "expected_lifetime_months": "10"},
            125.0,
            id="stated",
        ),
        pytest.param({"monthly_margin": "12.5"}, None, id="assumed in part"),
        pytest.param({}, None, id="assumed"),
    ],
)
def test_features_read_no_assumed_value(
    customer: Row, clv: float | None, stated: Row
) -> None:
    """Nor what only the reseller says: a changed default needs no new training."""
    events, settings = read({"invoices": YEAR}, customer, stated)
    found = fact_row(events, microseconds(AS_OF), settings)
    assert isnan(found["recurring_monthly"])
    assert found["clv"] == clv if clv is not None else isnan(found["clv"])


def test_no_feature_reads_the_defaults(make_portfolio: MakePortfolio) -> None:
    """So changing them needs no new training."""
    tables = {
        "customers": [{"event_at": ago(900), "monthly_margin": 5}],
        "invoices": YEAR,
        "payments": [],
        "usage": [used(n, 10 + n) for n in range(0, 60, 2)],
        "subscriptions": [SUBSCRIPTION],
    }
    full = {
        t: [{"customer_id": "c", **row} for row in rows] for t, rows in tables.items()
    }
    at = microseconds(AS_OF)
    snapshots = pa.table({"customer_id": ["c"], "as_of": [at]})
    rows = []
    for defaults in ({}, {"margin_share": 0.9, "lifetime_months": 3}):
        portfolio = make_portfolio(
            full, PortfolioSettings.model_validate({"defaults": defaults})
        )
        features = with_values(feature_set(portfolio.settings))
        batch = matrix(feature_table(portfolio, snapshots, features), features)
        online = OnlineCompiler(features, portfolio.settings)(portfolio.events("c"), at)
        rows += [batch[0].tolist(), online.tolist()]
    assert all(str(row) == str(rows[0]) for row in rows)


@pytest.mark.parametrize(
    ("rows", "daily_cost", "ratio"),
    [
        pytest.param([used(3, 28), used(2, -14)], 0.5 * 28 / 3, None, id="corrected"),
        pytest.param([used(3, 28), used(2, -40)], 0, None, id="not below 0"),
        pytest.param(
            [used(20, 56), used(3, 28), used(2, -40)], 44 / 20, 0, id="a week below 0"
        ),
        pytest.param([used(20, -5), used(3, 28)], 23 / 20, None, id="a base below 0"),
    ],
)
def test_negative_usage_corrects_and_never_leaves_less_than_nothing(
    rows: list[Row], daily_cost: float, ratio: float | None
) -> None:
    facts = facts_of({"usage": rows})
    assert facts.usage_daily_cost is not None
    assert facts.usage_daily_cost / UNITS == pytest.approx(daily_cost, abs=1e-4)
    assert facts.usage_ratio == ratio


def no_usage(days: int) -> int:
    return 0 * days


@given(
    st.lists(
        st.tuples(
            st.integers(0, 500),
            st.sampled_from(["invoice", "credit_note", "write_off"]),
            st.decimals(0, 5000, places=2).map(lambda x: int(x * UNITS)),
        )
    ),
    st.randoms(use_true_random=False),
)
def test_what_recurs_is_never_more_than_was_invoiced(
    drawn: list[tuple[int, str, int]], dice: random.Random
) -> None:
    """Nor negative, nor dependent on the order of documents."""
    as_of = microseconds(AS_OF)
    documents = [
        InvoiceRow(0, FOREVER, as_of - day * DAY_US, "i", kind, money, None, 0, 0, None)
        for day, kind, money in drawn
    ]
    monthly = invoiced_monthly(documents, no_usage, as_of, 0.18)
    lately = [m for day, kind, m in drawn if kind == "invoice" and day < 365]
    assert (monthly is None) == (not any(lately))
    if monthly is not None:
        assert 0 <= monthly <= Decimal(sum(lately)) * 30 / 90 + 1
    dice.shuffle(documents)
    assert invoiced_monthly(documents, no_usage, as_of, 0.18) == monthly
