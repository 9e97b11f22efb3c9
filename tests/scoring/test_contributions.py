"""Contributions by tables: LightGBM's values, and the same bits in C and in NumPy."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from features.arrays import FloatArray
from scoring import contribution_tables as contribution_tables_module
from scoring import kernels
from scoring.contribution_tables import (
    ContributionTables,
    contribution_tables,
    untabulated,
)
from scoring.forest import UnsupportedModelError, read_forest
from scoring.kernels import CKernel, Kernel, NumpyKernel
from scoring.trees import TreeModel
from tests.sanitizers import under_sanitizers

needs_c = pytest.mark.skipif(
    not kernels.is_built(),
    reason="installed without a C compiler",
)
SOURCE = Path(kernels.__file__).with_name("contributions_kernel.c")
N_FEATURES = 12
CATEGORIES = {3: 40, 7: 3}  # of which features, and how many
EDGES = [0.0, -0.0, 1e-36, -1e-36, 1e-34, -0.5, -1.0, 31.0, 32.0, 2.0**31, 1e300]
MODELS: dict[str, dict[str, Any]] = {
    "plain": {},
    "zero is missing": {"zero_as_missing": True},
    "missing is not handled": {"use_missing": False},
    "one against the rest": {"max_cat_to_onehot": 64},
    "deep": {"num_leaves": 63, "min_data_in_leaf": 3},  # most leaves without tables
    "monotone": {"monotone_constraints": [1, -1] + [0] * (N_FEATURES - 2)},
    "few rounds": {"min_gain_to_split": 3.0},  # the last trees are single leaves
}


def rows(seed: int, n: int) -> FloatArray:
    """Numbers, categories known and unknown, missing values and edges."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, N_FEATURES)).round(2)
    for column, n_categories in CATEGORIES.items():
        x[:, column] = rng.integers(0, n_categories + 2, n)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 1][rng.random(n) < 0.3] = 0.0
    is_edge = rng.random(x.shape) < 0.03
    x[is_edge] = rng.choice(np.array(EDGES), int(is_edge.sum()))
    return x


def trained(changes: dict[str, Any]) -> str:
    x = rows(1, 3000)
    label = np.nan_to_num(x[:, 0]) + (x[:, 3] % 3 == 1) + (x[:, 1] == 0) > 0.8
    parameters = {
        "objective": "binary",
        "num_leaves": 15,
        "min_data_in_leaf": 20,
        "num_threads": 1,
        "verbosity": -1,
        **changes,
    }
    x = np.where((x > 1e6) | (x < -100), 5.0, x)
    for column in CATEGORIES:  # training refuses categories below 0
        x[:, column] = np.where(x[:, column] < 0, np.nan, x[:, column])
    data = lightgbm.Dataset(
        x, label.astype(float), categorical_feature=[*CATEGORIES], params=parameters
    )
    text: str = lightgbm.train(parameters, data, 30).model_to_string()
    return text


@pytest.fixture(scope="module", params=MODELS)
def text(request: pytest.FixtureRequest) -> str:
    return trained(MODELS[request.param])


@pytest.fixture(scope="module")
def tables(text: str) -> ContributionTables:
    return contribution_tables(read_forest(text))


def built(tables: ContributionTables) -> Iterator[Kernel]:
    yield NumpyKernel(tables)
    if (library := kernels._library()) is not None:
        yield CKernel(tables, library)


def compare(text: str, tables: ContributionTables, x: FloatArray) -> None:
    """Margins to the bit, parts to 1e-12 of a row's largest, every kernel alike."""
    booster = lightgbm.Booster(model_str=text)
    margins = booster.predict(x, raw_score=True, num_threads=1)
    parts = np.asarray(booster.predict(x, pred_contrib=True, num_threads=1))
    largest = np.abs(parts).max(axis=1, keepdims=True)
    found = [kernel(x) for kernel in built(tables)]
    for mine, its in found:
        assert mine.tolist() == np.asarray(margins).tolist()
        assert (np.abs(its - parts) <= 1e-12 * np.maximum(largest, 1.0)).all()
        assert its.tobytes() == found[0][1].tobytes()
    if (library := kernels._library()) is not None:
        kernel = CKernel(tables, library)
        assert [kernel.margin(row) for row in x] == np.asarray(margins).tolist()


def test_margins_have_the_bits_and_parts_the_values_of_lightgbm(
    text: str, tables: ContributionTables
) -> None:
    compare(text, tables, rows(2, 500))


@pytest.mark.long
def test_a_hundred_thousand_rows_agree(text: str, tables: ContributionTables) -> None:
    n = 100_000 // len(MODELS) + 1
    compare(text, tables, rows(3, n))


def test_at_the_thresholds_themselves(text: str, tables: ContributionTables) -> None:
    forest = tables.forest
    x = np.repeat(rows(4, 1), len(forest.feature), axis=0)
    x[np.arange(len(x)), forest.feature] = forest.threshold
    compare(text, tables, x)
    compare(text, tables, np.nextafter(x, np.inf))
    compare(text, tables, np.nextafter(x, -np.inf))


def test_a_row_alone_has_the_bits_it_has_among_others(text: str) -> None:
    model, x = TreeModel(text), rows(5, 50)
    margins, parts = model.explain(x)
    for i in range(len(x)):
        alone = model.explain(x[i : i + 1])
        assert alone[0][0] == margins[i] == model.margin(x[i : i + 1])[0]
        assert alone[1][0].tolist() == parts[i].tolist()


def test_no_rows_are_explained_too(tables: ContributionTables) -> None:
    for kernel in built(tables):
        margins, parts = kernel(np.empty((0, N_FEATURES)))
        assert margins.shape == (0,)
        assert parts.shape == (0, N_FEATURES + 1)


@needs_c
def test_the_table_made_in_c_has_the_bits_of_the_one_made_by_numpy(
    tables: ContributionTables,
) -> None:
    library = kernels._library()
    assert library is not None
    mine = untabulated(tables.forest)
    CKernel(mine, library).tabulate()
    assert mine.table.tobytes() == tables.table.tobytes()


def test_threads_share_a_kernel(text: str) -> None:
    model, x = TreeModel(text), rows(6, 100)
    expected = model.explain(x)[1].tolist()
    with ThreadPoolExecutor(4) as pool:
        for _, parts in pool.map(lambda _: model.explain(x), range(8)):
            assert parts.tolist() == expected


def explained_by_lightgbm(text: str) -> None:
    model, x = TreeModel(text), rows(7, 20)
    assert model.kernel is None
    margins, parts = model.explain(x)
    assert margins.tolist() == model.margin(x).tolist()
    booster = lightgbm.Booster(model_str=text)
    expected = booster.predict(x, pred_contrib=True, num_threads=1)
    assert parts.tolist() == np.asarray(expected).tolist()


def test_averaged_trees_are_left_to_lightgbm() -> None:
    changes = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
    explained_by_lightgbm(trained(changes))


def test_a_model_with_small_tables_has_the_bits_of_one_with_large_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What has no table is worked out row by row, by the same steps."""
    text, x = trained({}), rows(10, 100)
    forest = read_forest(text)
    large = NumpyKernel(contribution_tables(forest))(x)[1].tobytes()
    monkeypatch.setattr(contribution_tables_module, "MOST_BYTES", 20_000)
    small = contribution_tables(forest)
    assert (small.first_row < 0).any()
    compare(text, small, x)
    assert all(kernel(x)[1].tobytes() == large for kernel in built(small))


def test_ways_through_too_many_features_are_left_to_lightgbm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = trained({})
    monkeypatch.setattr(contribution_tables_module, "MOST_FEATURES", 4)
    explained_by_lightgbm(text)


def test_linear_trees_are_refused() -> None:
    """LightGBM itself explains none."""
    with pytest.raises(UnsupportedModelError):
        read_forest(trained({"linear_tree": True}))


def test_a_model_of_no_splits_is_its_base_value() -> None:
    text = trained({"min_data_in_leaf": 3000})
    compare(text, contribution_tables(read_forest(text)), rows(8, 5))


@needs_c
def test_numpy_answers_where_the_operator_says_so(monkeypatch: Any) -> None:  # noqa: ANN401
    monkeypatch.setenv("FORBEAR_KERNEL", "numpy")
    kernels._library.cache_clear()
    try:
        assert not kernels.is_built()
    finally:
        monkeypatch.undo()
        kernels._library.cache_clear()


@needs_c
def test_a_kernel_of_another_version_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernels, "VERSION", kernels.VERSION + 1)
    kernels._library.cache_clear()
    try:
        assert not kernels.is_built()
    finally:
        monkeypatch.undo()
        kernels._library.cache_clear()


SANITIZED = """
import sys
import ctypes
import numpy as np
from pathlib import Path
from scoring.contribution_tables import contribution_tables, untabulated
from scoring.forest import read_forest
from scoring.kernels import CKernel, NumpyKernel
tables = contribution_tables(read_forest(Path("model.txt").read_text()))
x = np.load("rows.npy")
kernel = CKernel(untabulated(tables.forest), ctypes.CDLL("./kernel.so"))
kernel.tabulate()
mine = kernel(x)
its = NumpyKernel(tables)(x)
assert [kernel.margin(row) for row in x] == mine[0].tolist()
assert mine[0].tobytes() == its[0].tobytes() and mine[1].tobytes() == its[1].tobytes()
print("clean")
"""


@needs_c
@pytest.mark.slow
def test_the_kernel_in_c_stays_within_its_memory(tmp_path: Path) -> None:
    """Under AddressSanitizer and UndefinedBehaviorSanitizer, every finding fatal."""
    (tmp_path / "model.txt").write_text(trained({"zero_as_missing": True}))
    np.save(tmp_path / "rows.npy", rows(9, 2000))
    assert under_sanitizers(tmp_path, SOURCE, SANITIZED) == "clean\n"


@pytest.mark.parametrize(
    "laid_out",
    [
        pytest.param(np.asfortranarray, id="column after column"),
        pytest.param(lambda x: np.repeat(x, 2, axis=1)[:, ::2], id="every second"),
        pytest.param(lambda x: x.astype(np.float32), id="other floats"),
    ],
)
@pytest.mark.parametrize("n", [1, 50])
def test_how_rows_lie_in_memory_changes_nothing(
    laid_out: Callable[[FloatArray], FloatArray], n: int
) -> None:
    """Some columns of a matrix are no rows in C's sense, and were read as if."""
    model = TreeModel(trained({}))
    x = np.clip(rows(5, n), -9.0, 9.0).astype(np.float32).astype(np.float64)
    margins, parts = model.explain(x)
    other = laid_out(x)
    np.testing.assert_array_equal(model.margin(other), margins)
    np.testing.assert_array_equal(model.explain(other)[1], parts)
