"""Training rows and a small flat portfolio with a known truth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from scipy.special import expit

from features.arrays import FloatArray
from features.catalogue import feature_set
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from training.rows import Rows
from training.train import TrainingResult, train

ATTRIBUTES = {
    "load": {"monotone": "increasing", "family": "means"},
    "reserve": {"family": "means"},
    "noise": {"family": "means"},
    "trade": {"type": "category", "family": "means"},
}
DAY_US = 86_400_000_000
RowsOf = Callable[..., Rows]


@pytest.fixture(scope="session")
def settings() -> PortfolioSettings:
    return PortfolioSettings.model_validate(
        {
            "name": "flat",
            "attributes": ATTRIBUTES,
            "observed_until": "2026-01-31T00:00:00Z",
            "labels": {
                "nonpayment": {
                    "from": "outcomes",
                    "horizon_days": 30,
                    "posting_lag_days": 0,
                }
            },
        }
    )


def _truth(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    x = rng.normal(size=(n, 4))
    x[:, 3] = rng.integers(0, 3, n)
    z = -1.6 + 1.2 * x[:, 0] - 0.6 * x[:, 1] + 0.8 * (x[:, 3] == 2.0)
    return x, (rng.random(n) < expit(z)).astype(np.float64)


@pytest.fixture(scope="session")
def rows_of(settings: PortfolioSettings) -> RowsOf:
    features = feature_set(settings).subset(ATTRIBUTES)
    features = type(features)(features.features, {"trade": ("a", "b", "c")})

    def make(
        n: int = 2_000,
        n_dates: int = 1,
        seed: int = 0,
        *,
        is_noise: bool = False,
        matures_after_days: int = 95,
    ) -> Rows:
        rng = np.random.default_rng(seed)
        x, label = _truth(rng, n)
        if is_noise:
            label = rng.permutation(label)
        date = np.arange(n, dtype=np.int64) % n_dates
        as_of = 1_700_000_000_000_000 + date * 30 * DAY_US
        customer: npt.NDArray[np.int64] = np.arange(n) // n_dates
        mature_at = as_of + matures_after_days * DAY_US
        return Rows(x, label, customer, as_of, mature_at, features)

    return make


@pytest.fixture(scope="session")
def flat_tables() -> dict[str, pa.Table]:
    """1,500 customers with attributes and outcomes, one moment."""
    x, label = _truth(np.random.default_rng(9), 1_500)
    ids = [f"c{i:05}" for i in range(len(label))]
    day = "2025-12-31T00:00:00Z"
    words = np.array(["a", "b", "c"])
    customers = pa.table(
        {
            "customer_id": ids,
            "event_at": [day] * len(ids),
            "created_at": ["2024-01-01T00:00:00Z"] * len(ids),
            "load": x[:, 0],
            "reserve": x[:, 1],
            "noise": x[:, 2],
            "trade": words[x[:, 3].astype(int)],
        }
    )
    bad = [customer for customer, one in zip(ids, label, strict=True) if one]
    outcomes = pa.table(
        {
            "customer_id": bad,
            "event_at": ["2026-01-20T00:00:00Z"] * len(bad),
            "kind": ["nonpayment"] * len(bad),
            "source": ["ledger"] * len(bad),
        }
    )
    return {"customers": customers, "outcomes": outcomes}


@pytest.fixture(scope="session")
def flat_portfolio(
    flat_tables: dict[str, pa.Table], settings: PortfolioSettings
) -> Portfolio:
    return Portfolio.from_tables(flat_tables, settings)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="session")
def trained(flat_portfolio: Portfolio, home: Path, lines: list[str]) -> TrainingResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        [result] = train(flat_portfolio, home=home, progress=lines.append)
    return result
