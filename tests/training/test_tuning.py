"""Tuning on request: bounded, resumable, the same by seed, and never by luck."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from training.boosting import recipe
from training.folds import Fold, folds
from training.learning import learn
from training.rows import Rows
from training.split import folds_and_split, split
from training.tuning import SPACE, Tuning, _fingerprint

RowsOf = Callable[..., Rows]


@pytest.fixture(scope="module")
def rows(rows_of: RowsOf) -> Rows:
    return interacting(rows_of(500))


def interacting(rows: Rows) -> Rows:
    """The same rows with labels that only trees can learn."""
    product = rows.x[:, 1] * rows.x[:, 2]
    rng = np.random.default_rng(3)
    label = (rng.random(len(rows)) < expit(3.0 * product - 1.0)).astype(float)
    return replace(rows, label=label)


@pytest.fixture(scope="module")
def parts(rows: Rows) -> list[Fold]:
    whole = split(rows, 0)
    inner = []
    for fold in folds(rows[whole.train], 0)[:2]:
        train, judged = whole.train.copy(), whole.train.copy()
        train[whole.train], judged[whole.train] = fold.train, fold.judged
        inner.append(Fold(train, judged))
    return [*inner, Fold(whole.train, whole.test)]


def test_interrupted_or_not_the_same_number_of_trials_finds_the_same(
    rows: Rows, parts: list[Fold], tmp_path: Path
) -> None:
    lines: list[str] = []
    at_once = Tuning(tmp_path / "a", 5.0, most_trials=4)
    first = at_once("nonpayment", rows, parts, 0, lines.append)
    stopped = Tuning(tmp_path / "b", 5.0, most_trials=2)
    stopped("nonpayment", rows, parts, 0, lines.append)
    lines.clear()
    resumed = replace(stopped, most_trials=4)
    assert resumed("nonpayment", rows, parts, 0, lines.append) == first
    assert [line.split(":")[0] for line in lines[:-1]] == [
        f"trial {n} of at most 4" for n in (3, 4)
    ]
    assert lines[-1].startswith("4 trials, best log-loss")


def test_without_minutes_the_best_of_before_is_taken(
    rows: Rows, parts: list[Fold], tmp_path: Path
) -> None:
    lines: list[str] = []
    told: dict[str, str] = {}
    nothing = Tuning(tmp_path, 0.0, on_end=told.__setitem__)
    assert nothing("nonpayment", rows, parts, 0, lines.append) == recipe(rows, 0)
    assert lines == ["no trial was completed: the usual parameters"]
    found = Tuning(tmp_path, 5.0, 3)("nonpayment", rows, parts, 0, lines.append)
    assert told == {"nonpayment": lines[0]}  # for a log, which has no progress
    assert nothing("nonpayment", rows, parts, 0, lines.append) == found
    assert told["nonpayment"].startswith("3 trials, best log-loss")


def test_rows_that_judge_are_not_looked_at(
    rows: Rows, parts: list[Fold], tmp_path: Path
) -> None:
    """Other labels there change nothing, not even the journal that is gone on with."""
    tuning = Tuning(tmp_path, 5.0, 2)
    first = tuning("nonpayment", rows, parts, 0, lambda _: None)
    turned = np.where(parts[-1].judged, 1.0 - rows.label, rows.label)
    other = replace(rows, label=turned)
    assert tuning("nonpayment", other, parts, 0, lambda _: None) == first
    assert len(list(tmp_path.glob("nonpayment-*.journal"))) == 1


def test_what_decides_is_not_searched(
    rows: Rows, parts: list[Fold], tmp_path: Path
) -> None:
    """Other labels in the last origin change no trial."""
    trials = []
    turned = np.where(parts[-2].judged, 1.0 - rows.label, rows.label)
    for folder, label in (("a", rows.label), ("b", turned)):
        lines: list[str] = []
        tuning = Tuning(tmp_path / folder, 5.0, 3)
        tuning("nonpayment", replace(rows, label=label), parts, 0, lines.append)
        trials.append([line.split(";")[0] for line in lines[:-1]])
    assert trials[0] == trials[1]


def test_where_nothing_can_be_learnt_the_best_of_trials_seems_no_better(
    rows_of: RowsOf, tmp_path: Path
) -> None:
    """Judged where it was chosen, it was better in most draws of all of these seeds."""
    shares = []
    for seed in range(4):
        rows = rows_of(1_200, 12, seed, is_noise=True, matures_after_days=30)
        lines: list[str] = []
        tuning = Tuning(tmp_path / str(seed), 5.0, 8)
        parts = folds_and_split(rows, split(rows, seed), seed)
        tuning("nonpayment", rows, parts, seed, lines.append)
        share = re.search(r"in (\d+)% of the draws", lines[-1])
        assert share is not None
        shares.append(int(share[1]))
    assert sum(share > 50 for share in shares) <= 2, shares


def test_one_origin_cannot_search_and_decide(
    rows: Rows, parts: list[Fold], tmp_path: Path
) -> None:
    lines: list[str] = []
    found = Tuning(tmp_path, 5.0, 2)("nonpayment", rows, parts[1:], 0, lines.append)
    assert found == recipe(rows, 0)
    assert lines == ["one origin alone cannot search and decide: the usual parameters"]


def test_a_machine_of_other_threads_goes_on_with_the_same_journal(rows: Rows) -> None:
    usual = recipe(rows, 0)
    other = usual | {"num_threads": 8, "verbosity": 1}
    assert _fingerprint(rows, usual) == _fingerprint(rows, other)
    assert _fingerprint(rows, usual) != _fingerprint(rows, usual | {"max_depth": 3})


def test_other_rows_begin_a_search_of_their_own(
    rows: Rows, parts: list[Fold], tmp_path: Path
) -> None:
    tuning = Tuning(tmp_path, 5.0, 1)
    tuning("nonpayment", rows, parts, 0, lambda _: None)
    other = replace(rows, x=rows.x + 1.0)
    tuning("nonpayment", other, parts, 0, lambda _: None)
    assert len(list(tmp_path.glob("*.journal"))) == 2


def test_the_usual_parameters_are_the_first_trial_and_stay_where_nothing_is_better(
    rows: Rows, parts: list[Fold], tmp_path: Path
) -> None:
    lines: list[str] = []
    found = Tuning(tmp_path, 5.0, 1)("nonpayment", rows, parts, 0, lines.append)
    assert found == recipe(rows, 0)
    assert "not used" in lines[-1]


def test_what_was_found_is_what_the_trees_are_fitted_with(rows_of: RowsOf) -> None:
    rows = interacting(rows_of(1_200))
    asked: list[int] = []

    def search(*given: object) -> dict[str, object]:
        asked.append(len(given))
        return {**recipe(rows, 0), "num_leaves": 31, "feature_pre_filter": False}

    learnt = learn("nonpayment", rows, 0, search=search)
    assert asked == [5]
    assert learnt.fitted.learner == "lightgbm"
    assert learnt.fitted.parameters["num_leaves"] == 31


def test_the_usual_parameters_lie_within_what_is_searched(rows: Rows) -> None:
    usual = recipe(rows, 0)
    for name, distribution in SPACE.items():
        assert distribution._contains(distribution.to_internal_repr(usual[name]))
