"""One row and a million give the same bits; parts sum to the whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from features.arrays import FloatArray
from scoring import kernels
from scoring import trees as trees_module
from scoring.booster import CONTRIBUTIONS, Booster
from scoring.bundle import Bundle
from scoring.errors import BundleUnreadableError, MatrixShapeError
from scoring.predictor import Predictor
from scoring.trees import TreeModel

BundleOf = Callable[[str], Bundle]
LEARNERS = ("lightgbm", "linear", "rule")


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_row_alone_scores_as_among_others(
    bundle_of: BundleOf, matrix: FloatArray, learner: str
) -> None:
    predictor = Predictor(bundle_of(learner))
    together = predictor.probability(matrix[:400])
    alone = [predictor.probability(matrix[i : i + 1])[0] for i in range(400)]
    assert together.tolist() == alone  # to the last bit
    parts = predictor.explain(matrix[:50]).contributions
    one_by_one = [
        predictor.explain(matrix[i : i + 1]).contributions[0] for i in range(50)
    ]
    assert parts.tolist() == np.array(one_by_one).tolist()


@pytest.mark.parametrize("learner", LEARNERS)
def test_contributions_sum_to_the_calibrated_log_odds(
    bundle_of: BundleOf, matrix: FloatArray, learner: str
) -> None:
    predictor = Predictor(bundle_of(learner))
    parts = predictor.explain(matrix).contributions
    assert parts.shape == (len(matrix), matrix.shape[1] + 1)
    np.testing.assert_allclose(
        parts.sum(axis=1), predictor.log_odds(matrix), atol=1e-6, rtol=0
    )
    p = predictor.probability(matrix)
    np.testing.assert_allclose(np.log(p / (1 - p)), parts.sum(axis=1), atol=1e-6)


def test_threads_do_not_disturb_each_other(
    bundle_of: BundleOf, matrix: FloatArray
) -> None:
    predictor = Predictor(bundle_of("lightgbm"))
    expected = predictor.margin(matrix[:300]).tolist()

    def one_by_one(_: int) -> list[float]:
        return [float(predictor.margin(matrix[i : i + 1])[0]) for i in range(300)]

    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(one_by_one, range(4)))


def test_without_the_fast_call_the_slow_one_answers_alike(
    trees: TreeModel, matrix: FloatArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing:
        def __init__(self, *_: object) -> None:
            raise AttributeError("no such call in this LightGBM")

    monkeypatch.setattr(trees_module, "RowCall", Missing)
    slow = TreeModel(trees.text)
    row = matrix[:1]
    assert slow.margin(row).tolist() == trees.margin(row).tolist()
    assert slow.explain(row)[1].tolist() == trees.explain(row)[1].tolist()


def test_the_library_alone_says_what_the_package_says(
    trees: TreeModel, matrix: FloatArray
) -> None:
    booster, x = lightgbm.Booster(model_str=trees.text), matrix[:200]
    margins = booster.predict(x, raw_score=True, num_threads=1)
    assert trees.margin(x).tolist() == np.asarray(margins).tolist()
    gain = booster.feature_importance("gain")
    assert trees.gain().tolist() == np.asarray(gain).tolist()
    own = Booster(trees.text)
    parts = booster.predict(x, pred_contrib=True, num_threads=1)
    found = own.predict(x, CONTRIBUTIONS, n_threads=1)
    assert found.tolist() == np.asarray(parts).tolist()


def test_what_is_no_model_is_refused_with_lightgbms_words() -> None:
    with pytest.raises(BundleUnreadableError, match=r"model\.txt: "):
        TreeModel("tree\nno model at all\n")


@pytest.mark.parametrize("end", ["\nend of trees", "\nTree=7\n", "\nleaf_value="])
def test_a_text_that_breaks_off_is_refused_when_it_is_used(
    trees: TreeModel, end: str
) -> None:
    cut = TreeModel(trees.text.partition(end)[0])
    with pytest.raises(BundleUnreadableError, match=r"model\.txt: "):
        cut.kernel  # noqa: B018 - made when asked for


@pytest.mark.skipif(not kernels.is_built(), reason="installed without a C compiler")
def test_a_row_needs_nothing_of_lightgbm(trees: TreeModel, matrix: FloatArray) -> None:
    model = TreeModel(trees.text)
    parts = model.explain(matrix[:1])[1]
    margin = model.margin(matrix[:1])
    assert "_booster" not in vars(model)
    assert parts.tolist() == trees.explain(matrix[:1])[1].tolist()
    assert margin.tolist() == trees.margin(matrix)[:1].tolist()


def test_a_matrix_of_other_width_is_refused(
    bundle_of: BundleOf, matrix: FloatArray
) -> None:
    with pytest.raises(MatrixShapeError) as refusal:
        Predictor(bundle_of("lightgbm")).probability(matrix[:, :3])
    assert refusal.value.code == "matrix_shape"


@pytest.mark.parametrize("learner", LEARNERS)
def test_nothing_known_and_no_rows_are_scored_too(
    bundle_of: BundleOf, learner: str
) -> None:
    predictor = Predictor(bundle_of(learner))
    [p] = predictor.probability(np.full((1, 4), np.nan))
    assert 0.0 < p < 1.0
    assert predictor.probability(np.empty((0, 4))).shape == (0,)
