"""When labels are known, mature or unknown (CONTRACT section 3)."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.labels import labels
from features.maturity import fraud_maturity_days, maturity_us, observed_days
from features.moments import DAY_US, microseconds
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.targets import Target
from tests.features.label_rows import (
    AS_OF,
    CUSTOMER,
    I1,
    LOOKED_AT,
    MATURE,
    MakePortfolio,
    Tables,
    dispute,
    label_of,
    outcome,
    paid,
)


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


def test_maturity_is_the_horizon_and_the_lag(make_portfolio: MakePortfolio) -> None:
    portfolio = make_portfolio({"customers": [CUSTOMER]}, PortfolioSettings())
    assert maturity_us(portfolio, "fraud") == (90 * DAY_US, 120 * DAY_US)


CHARGED_BACK = {"disputes": [dispute("opened", "2024-03-15", "chargeback_fraud")]}
FOUND = {"outcomes": [outcome("fraud", "2024-03-15", strength="analyst")]}
BY_KIND = {"chargeback": 100, "analyst": 20, "confirmed": 10}


@pytest.mark.parametrize(
    ("tables", "stated", "days"),
    [
        pytest.param(FOUND, 120, 120, id="one number for all kinds"),
        pytest.param(FOUND, BY_KIND, 20, id="only the kind in use"),
        pytest.param(CHARGED_BACK, BY_KIND, 100, id="a chargeback"),
        pytest.param({**FOUND, **CHARGED_BACK}, BY_KIND, 100, id="the longest of two"),
        pytest.param({}, BY_KIND, 100, id="none so far: any may come"),
        pytest.param(CHARGED_BACK, {"analyst": 20}, 120, id="a kind not named"),
        pytest.param(CHARGED_BACK, "observed", 120, id="too few to observe"),
        pytest.param(
            {"outcomes": [outcome("fraud", "2024-03-15", strength="chargeback")]},
            BY_KIND,
            100,
            id="a chargeback among the outcomes",
        ),
        pytest.param(
            {"outcomes": [outcome("fraud", "2024-03-15", strength="warning")]},
            {**BY_KIND, "chargeback": 7, "confirmed": 7},
            20,
            id="a warning is no evidence",
        ),
    ],
)
def test_a_date_waits_for_every_kind_of_evidence_in_use(
    make_portfolio: MakePortfolio, tables: Tables, stated: object, days: float
) -> None:
    full = {
        name: [{"customer_id": "c", **row} for row in rows]
        for name, rows in {"customers": [CUSTOMER], **tables}.items()
    }
    settings = PortfolioSettings.model_validate(
        {"observed_until": MATURE, "labels": {"fraud": {"maturity_days": stated}}}
    )
    assert fraud_maturity_days(make_portfolio(full, settings)) == days


@pytest.mark.parametrize("seed", range(5))
def test_late_evidence_that_is_not_there_yet_does_not_shorten_the_wait(
    seed: int,
) -> None:
    """Of exponential delays with a mean of 20 days 99 % take up to 92.1 days.

    Twice as many frauds every month: most of what has arrived arrived early, and its
    own 99 % lie far below. By 40 other seeds one standard error is 2.3 days; four are
    one false alarm in 16,000 runs.
    """
    draws = np.random.default_rng(seed)
    seen_for = np.minimum(draws.exponential(40.0, 200_000), 400.0)
    delay = draws.exponential(20.0, 200_000)
    arrived = delay <= seen_for
    naive = float(np.quantile(delay[arrived], 0.99))
    found = observed_days(
        (delay[arrived] * DAY_US).astype(np.int64),
        (seen_for[arrived] * DAY_US).astype(np.int64),
    )
    assert naive < 75.0
    assert abs(found - 92.1) < 4 * 2.3


def test_without_recorded_delays_nothing_was_observed() -> None:
    days = np.full(100, 300 * DAY_US)
    assert observed_days(np.zeros(100, np.int64), days) == 120.0
    assert observed_days(np.full(29, 2 * DAY_US), days[:29]) == 120.0
    assert observed_days(np.full(30, 2 * DAY_US), days[:30]) == 30.0
    assert observed_days(np.full(30, 200 * DAY_US), days[:30]) == 200.0


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
