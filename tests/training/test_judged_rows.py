"""What a run keeps of its test rows: money as features say, customers as pseudonyms."""

import sys
from datetime import date
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.catalogue import feature_set
from features.settings import PortfolioSettings
from scoring.additive import AdditiveModel
from scoring.bundle import Bundle
from scoring.calibration import LogOddsMap
from training.judged_money import Money, of_columns
from training.judged_rows import (
    FILE,
    KEY_FILE,
    judged_table,
    pseudonym_key,
    read_judged,
    segments_of,
)
from training.rows import Rows

SETTINGS = PortfolioSettings.model_validate({"tables": ["customers", "invoices"]})
NAMES = ("customer_segment", "account_open")
FEATURES = feature_set(SETTINGS).subset(NAMES)
FEATURES = type(FEATURES)(FEATURES.features, {"customer_segment": ("large", "small")})
X = np.array([[1.0, 800.0], [np.nan, np.nan], [0.0, 0.0]])
X = X[:, [NAMES.index(name) for name in FEATURES.names]]  # a set has its own order


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


@pytest.fixture
def money() -> Money:
    columns = {"open": np.array([800.0, np.nan, 0.0]), "clv": np.full(3, 50.0)}
    return of_columns(columns | {"is_assumed": np.array([1.0, 0.0, 0.0])}, 3)


def test_kept_rows_come_back_and_name_nobody(
    rows: Rows, bundle: Bundle, money: Money, tmp_path: Path
) -> None:
    assert segments_of(rows).tolist() == ["small", "", "large"]
    p = np.array([0.5, 0.2, 0.1])
    key, names = pseudonym_key(tmp_path), ("acme", "bolt", "coil")
    table = judged_table(bundle, rows, p, money, names, key)
    pq.write_table(table, tmp_path / FILE)
    assert b"acme" not in (tmp_path / FILE).read_bytes()
    kept = read_judged(tmp_path)
    assert sorted(kept.p.tolist()) == [0.1, 0.2, 0.5]
    [first] = np.flatnonzero(kept.p == 0.5)
    assert kept.label[first] == 1.0
    assert kept.segment[first] == "small"
    assert np.asarray(kept.money.face.open)[first] == 800.0
    assert kept.money.is_assumed[first] == 1.0
    assert kept.money.is_known.sum() == 2
    again = judged_table(bundle, rows, p, money, names, pseudonym_key(tmp_path))
    assert again["customer"].equals(table["customer"])  # the same names in every run
    # and nobody without the key finds out by hashing ids
    plain = {blake2b(n.encode(), digest_size=16).hexdigest() for n in names}
    assert plain.isdisjoint(table["customer"].to_pylist())
    other = judged_table(
        bundle, rows, p, money, names, pseudonym_key(tmp_path / "other")
    )
    assert set(other["customer"].to_pylist()).isdisjoint(table["customer"].to_pylist())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bits")
def test_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    assert len(pseudonym_key(tmp_path)) == 32
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
