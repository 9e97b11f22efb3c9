"""Features kept in a file are those of one table in memory."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.batch import matrix
from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.settings import PortfolioSettings
from features.targets import TARGETS
from training import feature_file
from training.feature_file import FeatureFile
from training.training_data import TargetRows

NUMBERS: dict[str, list[float | None]] = {
    "load": [0.5, 0.25, None, 4.0, -0.0, 1e300, 0.1],
    "reserve": [7.0] * 7,
    "noise": [None] * 7,
}
TRADES = ["b", "a", None, "c", "b", "d", "a"]


@pytest.fixture
def features(settings: PortfolioSettings) -> FeatureSet:
    return feature_set(settings).subset(["load", "reserve", "noise", "trade"])


@pytest.fixture
def table() -> pa.Table:
    numbers = {name: pa.array(v, pa.float64()) for name, v in NUMBERS.items()}
    return pa.table({**numbers, "trade": pa.array(TRADES, pa.string())})


@pytest.fixture
def file(
    features: FeatureSet, table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> FeatureFile:
    monkeypatch.setattr(feature_file, "ROWS_AT_ONCE", 3)
    kept = FeatureFile(features)
    for start in range(0, len(table), 2):
        kept.add(table.slice(start, 2))
    return kept


def test_what_tells_no_rows_apart_is_left_out_unless_it_is_kept(
    file: FeatureFile,
) -> None:
    assert file.informative([]).names == ("load", "trade")
    assert file.informative(["noise"]).names == ("load", "noise", "trade")


def test_a_number_known_of_some_tells_rows_apart(features: FeatureSet) -> None:
    table = pa.table({"load": pa.array([1.0, None])})
    kept = FeatureFile(features.subset(["load"]))
    kept.add(table.slice(0, 1))
    assert kept.informative([]).names == ()
    kept.add(table.slice(1, 1))
    assert kept.informative([]).names == ("load",)


def test_without_a_row_nothing_tells_rows_apart(
    features: FeatureSet, table: pa.Table
) -> None:
    kept = FeatureFile(features)
    kept.add(table.slice(0, 0))
    assert kept.informative([]).names == ()
    read = kept.matrix(np.zeros(0, np.bool_), kept.informative(features.names))
    assert read.shape == (0, 4)


def test_an_attribute_that_says_the_same_as_another_is_found(
    features: FeatureSet, table: pa.Table
) -> None:
    """Words of its own change nothing; one row that differs does."""
    other = table["load"].take([6, 1, 2, 3, 4, 5, 0])
    kept = FeatureFile(features)
    for start in range(0, len(table), 2):
        kept.add(table.set_column(1, "reserve", table["load"]).slice(start, 2))
    assert kept.twins(["reserve", "trade"]) == {"reserve": "load"}
    assert kept.twins(["trade"]) == {}
    kept = FeatureFile(features)
    kept.add(table.set_column(1, "reserve", other))
    assert kept.twins(["reserve"]) == {}


def test_rows_read_back_are_those_of_the_table(
    file: FeatureFile, features: FeatureSet, table: pa.Table
) -> None:
    kept = file.informative(["noise"])
    whole = features.with_vocabularies(table).subset(kept.names)
    assert kept == whole
    for chosen in (np.arange(7) != 3, np.ones(7, np.bool_), np.zeros(7, np.bool_)):
        read = file.matrix(chosen, kept)
        np.testing.assert_array_equal(read, matrix(table, whole)[chosen])


def test_a_word_outside_the_vocabulary_is_unknown(
    file: FeatureFile, features: FeatureSet, table: pa.Table
) -> None:
    narrow = FeatureSet(features.features, {"trade": ("a", "d")})
    read = file.matrix(np.ones(7, np.bool_), narrow)
    np.testing.assert_array_equal(read, matrix(table, narrow))


def test_rows_of_one_target_are_held_and_are_its_labelled_ones(
    file: FeatureFile,
) -> None:
    kept = file.informative([])
    label = {t: np.array([0.0, 1.0, np.nan, 1.0, 0.0, 0.0, 0.0]) for t in TARGETS}
    label["fraud"] = 1.0 - label["fraud"]
    label["fraud"][0] = np.nan
    n = np.arange(7)
    rows = TargetRows(file, kept, label, dict.fromkeys(TARGETS, n + 100), n % 3, n)
    assert sorted(rows) == sorted(TARGETS)
    assert rows["fraud"] is rows["fraud"]
    assert rows["fraud"].as_of.tolist() == [1, 3, 4, 5, 6]
    assert rows["fraud"].label.tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert rows["nonpayment"].mature_at.tolist() == [100, 101, 103, 104, 105, 106]
    again = replace(rows["fraud"])
    np.testing.assert_array_equal(again.x, rows["nonpayment"].x[1:])
