"""One backtest of a small simulated portfolio, run once for all tests."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advice.advisor import Advisor
from backtest.decision_days import DecisionDays
from backtest.outcome import Backtest
from backtest.run import run_backtest
from backtest.truth import Truth
from decisions.policy_file.load import SHIPPED, Policy, load_policy
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.bundle import Bundle
from tests.advice.conftest import bundle_of, policy, portfolio

__all__ = ["bundle_of", "policy", "portfolio"]  # fixtures of the tests of `advice`

FIRST, LAST = date(2025, 5, 28), date(2025, 7, 27)


@pytest.fixture(scope="session")
def advisor(bundle_of: Callable[[str], Bundle], policy: Policy) -> Advisor:
    return Advisor({target: bundle_of(target) for target in TARGETS}, policy)


@pytest.fixture(scope="session")
def timeline() -> Policy:
    return load_policy(SHIPPED / "plain-timeline.yaml")


@pytest.fixture(scope="session")
def days(portfolio: Portfolio) -> DecisionDays:
    return DecisionDays.between(FIRST, LAST, portfolio.settings.zone)


@pytest.fixture(scope="session")
def truth(portfolio: Portfolio) -> Truth:
    """Made-up futures of everybody at the first of June; no real oracle is needed."""
    ids = list(portfolio.customer_ids)
    moment = portfolio.settings.zone
    at = pa.scalar(
        int(
            DecisionDays.between(date(2025, 6, 1), date(2025, 6, 1), moment)
            .moments[0]
            .timestamp()
        )
        * 1_000_000
        - 10 * 3_600_000_000,
        pa.timestamp("us", tz="UTC"),
    )
    n = len(ids)
    table = pa.table(
        {
            "customer_id": ids,
            "as_of": pa.array([at.as_py()] * n, at.type),
            "action": ["policy"] * n,
            "p_nonpayment": [0.9 if k % 3 == 0 else 0.02 for k in range(n)],
            "p_fraud": [0.001] * n,
        }
    )
    return Truth(table)


@pytest.fixture(scope="session")
def backtest(
    advisor: Advisor,
    portfolio: Portfolio,
    days: DecisionDays,
    timeline: Policy,
    truth: Truth,
) -> Backtest:
    return run_backtest(advisor, portfolio, days, against=timeline, truth=truth)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, backtest: Backtest) -> Path:
    from backtest.report import write_report

    out = tmp_path_factory.mktemp("backtest")
    files = write_report(backtest, out)
    assert all(pq.read_table(path).num_rows for path in files[1:])
    return out
