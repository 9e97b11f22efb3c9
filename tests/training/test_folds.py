"""Rolling origins: who is predicted came later, and nobody taught what was unknown."""

from collections.abc import Callable
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.arrays import FloatArray
from scoring.bundle import Learner
from training.boosting import (
    PATIENCE,
    BinnedRows,
    StoppedFit,
    best_rounds,
    fit_rounds,
    fit_stopped,
    most_rounds,
    recipe,
)
from training.fitting import (
    BoostedFolds,
    fit,
    fit_additive,
    fit_trees,
    held_out,
    margin,
)
from training.folds import folds, rolling_origins
from training.held_out import calibrated
from training.linear import Block, blocks_of
from training.rows import Rows
from training.split import folds_and_split, split

RowsOf = Callable[..., Rows]


@given(st.integers(2, 14), st.integers(0, 260))
def test_labels_were_known_before_the_block_began(
    rows_of: RowsOf, n_dates: int, matures_after_days: int
) -> None:
    rows = rows_of(2_800, n_dates=n_dates, matures_after_days=matures_after_days)
    judged = np.zeros(len(rows), dtype=np.int64)
    for fold in rolling_origins(rows):
        begin = rows.as_of[fold.judged].min()
        assert rows.mature_at[fold.train].max() <= begin
        judged += fold.judged
    assert judged.max(initial=0) <= 1  # the blocks do not overlap
    assert judged.sum() <= len(rows) / 2 + len(rows) / n_dates


def test_the_latest_date_is_always_judged(rows_of: RowsOf) -> None:
    rows = rows_of(4_000, n_dates=12)
    parts = folds(rows, seed=0)
    assert parts[-1].judged[rows.as_of == rows.as_of.max()].all()
    begins = [int(rows.as_of[part.judged].min()) for part in parts]
    assert begins == sorted(begins)


def test_one_moment_is_folded_by_customer(rows_of: RowsOf) -> None:
    rows = rows_of(600)
    parts = folds(rows, seed=0)
    assert sum(part.judged for part in parts).tolist() == [1] * len(rows)  # type: ignore[union-attr]
    for part in parts:
        assert not np.intersect1d(
            rows.customer[part.train], rows.customer[part.judged]
        ).size


def _stopped(rows: Rows, losses: FloatArray) -> StoppedFit:
    return StoppedFit(None, rows, len(rows), len(rows), losses)  # type: ignore[arg-type]


def test_rounds_are_those_of_all_folds_together(rows_of: RowsOf) -> None:
    few, many = rows_of(100), rows_of(1_000)
    early = _stopped(few, np.array([0.5, 0.4, 0.5, 0.6]))
    late = _stopped(many, np.array([0.5, 0.45, 0.42, 0.40, 0.39, 0.41]))
    assert best_rounds([early]) == 2
    assert best_rounds([early, late]) == 5


def test_trees_that_cannot_be_grown_are_not_waited_for(rows_of: RowsOf) -> None:
    """Where every outcome is the same no leaf can be split, and no tree is added."""
    rows = rows_of(300)
    rows = replace(rows, label=np.ones(len(rows)))
    parts = folds(rows, seed=0)
    everyone = np.ones(len(rows), dtype=np.bool_)
    stopped = fit_stopped(BinnedRows(rows, recipe(rows, 0), everyone), parts[0])
    n_grown = stopped.booster.current_iteration()
    assert len(stopped.margin(n_grown + 50, everyone)) == len(rows)


def test_few_positives_bear_few_rounds(rows_of: RowsOf) -> None:
    rows = rows_of(300)
    assert most_rounds(rows.n_positives) < 300
    assert most_rounds(3) == PATIENCE


def test_no_block_chooses_how_many_trees_predict_it(rows_of: RowsOf) -> None:
    """Risk turns round in the last block: alone it would ask for one tree."""
    rows = rows_of(4_000, n_dates=8)
    parts = folds(rows, seed=0)
    turned = np.where(parts[-1].judged, 1.0 - rows.label, rows.label)
    rows = replace(rows, label=turned)
    trees = BoostedFolds.of(rows, parts, seed=0)
    unseen = trees.last_judged()
    assert unseen.n_rounds is not None
    assert unseen.n_rounds > PATIENCE + 1
    for part in parts:
        binned, n_rounds = trees.binned, unseen.n_rounds
        booster = lightgbm.train(binned.parameters, binned.part(part.train), n_rounds)
        expected = booster.predict(rows.x[part.judged], raw_score=True)
        np.testing.assert_allclose(unseen.margin[part.judged], expected, atol=1e-9)


def test_rows_that_judge_make_no_bins(rows_of: RowsOf) -> None:
    """The last fold is predicted as by a model that was only given its training."""
    rows = rows_of(4_000, n_dates=8)
    parts = folds(rows, seed=0)
    far = np.where(parts[-1].judged[:, None], 1e6 * rows.x, rows.x)
    rows = replace(rows, x=far)
    unseen = BoostedFolds.of(rows, parts, seed=0).held_out()
    assert unseen.n_rounds is not None
    alone = fit_rounds(rows[parts[-1].train], recipe(rows, 0), unseen.n_rounds)
    expected = alone.margin(rows.x[parts[-1].judged])
    np.testing.assert_allclose(unseen.margin[parts[-1].judged], expected, atol=1e-9)


@pytest.mark.parametrize("learner", ["lightgbm", "linear"])
def test_the_last_model_expects_what_came(rows_of: RowsOf, learner: Learner) -> None:
    """Not what maps of the folds' margins would make of its own, which are nearer."""
    rows = rows_of(3_000, n_dates=12)
    fitted = fit(learner, rows, seed=0)
    in_fold = ~np.isnan(fitted.held_out)
    expected = fitted.probability(rows)[in_fold].sum()
    assert expected == pytest.approx(rows.label[in_fold].sum())
    by_folds = calibrated(rows, fitted.held_out)
    assert fitted.calibration.slope == by_folds.slope
    moved = by_folds.probability(margin(fitted.model, rows))[in_fold].sum()
    assert moved != pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("learner", ["lightgbm", "linear"])
def test_what_judges_is_what_would_have_served_before(
    rows_of: RowsOf, learner: Learner
) -> None:
    """The model of the last fold, calibrated as the one that serves is."""
    rows = rows_of(4_000, n_dates=12)
    parts = folds_and_split(rows, split(rows, seed=0), seed=0)
    taught, judged = parts[-1].train, parts[-1].judged
    unseen = (
        BoostedFolds.of(rows, parts, seed=0).last_judged()
        if learner == "lightgbm"
        else held_out(learner, rows, parts)
    )
    known = unseen.without(judged)
    then = replace(known, margin=known.margin[taught])
    served = (
        fit_trees(then, rows[taught], recipe(rows, seed=0))
        if learner == "lightgbm"
        else fit_additive(then, rows[taught])
    )
    p = unseen.probability(rows)
    np.testing.assert_allclose(p, served.probability(rows[judged]), rtol=1e-6)
    by_folds = calibrated(rows, known.margin)
    assert by_folds.probability(unseen.margin[judged]).sum() != pytest.approx(
        p.sum(), rel=1e-3
    )


def test_what_a_feature_becomes_in_the_logistic_is_made_once_for_all_folds(
    rows_of: RowsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the bins of the trees are: of the rows that teach in the last fold."""
    rows = rows_of(6_000, n_dates=8)
    parts = rolling_origins(rows)
    assert len(parts) > 1
    made: list[int] = []

    def counting(some: Rows) -> list[Block]:
        made.append(len(some))
        return blocks_of(some)

    for module in ("fitting", "linear", "prior"):
        monkeypatch.setattr(f"training.{module}.blocks_of", counting)
    held_out("linear", rows, parts)
    assert made == [int(parts[-1].train.sum())]
