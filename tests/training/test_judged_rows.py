"""What a run keeps of its test rows: money as features say, customers as pseudonyms."""

import sys
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.arrays import FloatArray
from features.catalogue import feature_set
from features.settings import PortfolioSettings
from scoring.additive import AdditiveModel
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from training.judged_rows import (
    FILE,
    KEY_FILE,
    judged_table,
    money_of,
    pseudonym_key,
    read_judged,
    segments_of,
)
from training.rows import Rows

SETTINGS = PortfolioSettings.model_validate(
    {
        "tables": ["customers", "invoices", "payments", "subscriptions", "usage"],
        "defaults": {"margin_share": 0.2, "lifetime_months": 10},
    }
)
NAMES = (
    "customer_segment",
    "account_open",
    "account_recurring_monthly",
    "account_committed",
    "account_days_overdue",
    "usage_cost_28d",
)
FEATURES = feature_set(SETTINGS).subset(NAMES)
FEATURES = type(FEATURES)(FEATURES.features, {"customer_segment": ("large", "small")})
X = np.array(
    [
        [1.0, 800.0, 100.0, np.nan, 12.0, 56.0],
        [np.nan, np.nan, 50.0, 0.0, 0.0, np.nan],
        [0.0, 0.0, np.nan, 0.0, 0.0, 0.0],
    ]
)[:, [NAMES.index(name) for name in FEATURES.names]]  # a set has an order of its own


@dataclass(frozen=True)
class Judged:
    p: FloatArray


@pytest.fixture
def rows() -> Rows:
    n = np.arange(3)
    return Rows(X, np.array([1.0, 0.0, 0.0]), n, n, n, FEATURES)


@pytest.fixture
def bundle(rows: Rows) -> Bundle:
    model = AdditiveModel("rule", -2.0, ())
    return Bundle(
        "nonpayment", model, LogOddsMap(), FEATURES, SETTINGS, 90, date(2026, 1, 31)
    )


def test_money_is_what_the_features_say_and_unknown_where_they_do_not(
    rows: Rows, bundle: Bundle
) -> None:
    money = money_of(bundle, rows)
    assert np.asarray(money.face.open)[0] == 800.0
    assert np.asarray(money.face.usage_daily)[0] == 2.0
    assert money.days_overdue[0] == 12.0
    assert money.clv[0] == pytest.approx(0.2 * 10 * 100.0)
    assert money.is_known.tolist() == [True, False, False]
    assert segments_of(rows).tolist() == ["small", "", "large"]


def test_kept_rows_come_back_and_name_nobody(
    rows: Rows, bundle: Bundle, tmp_path: Path
) -> None:
    p = np.array([0.5, 0.2, 0.1])
    key, names = pseudonym_key(tmp_path), ("acme", "bolt", "coil")
    table = judged_table(bundle, rows, p, names, key)
    pq.write_table(table, tmp_path / FILE)
    assert b"acme" not in (tmp_path / FILE).read_bytes()
    kept = read_judged(tmp_path)
    assert sorted(kept.p.tolist()) == [0.1, 0.2, 0.5]
    [first] = np.flatnonzero(kept.p == 0.5)
    assert kept.label[first] == 1.0
    assert kept.segment[first] == "small"
    assert np.asarray(kept.money.face.open)[first] == 800.0
    again = judged_table(bundle, rows, p, names, pseudonym_key(tmp_path))
    assert again["customer"].equals(table["customer"])  # the same names in every run
    # and nobody without the key finds out by hashing ids
    plain = {blake2b(n.encode(), digest_size=16).hexdigest() for n in names}
    assert plain.isdisjoint(table["customer"].to_pylist())
    other = judged_table(bundle, rows, p, names, pseudonym_key(tmp_path / "other"))
    assert set(other["customer"].to_pylist()).isdisjoint(table["customer"].to_pylist())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
def test_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    assert len(pseudonym_key(tmp_path)) == 32
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
