"""The benchmarks' way to say that one prediction is better than another."""

import numpy as np
import pytest

from benchmarks.judging import MEASURES, Costs, Judged, better_by
from benchmarks.means import MeanGap
from benchmarks.quality import WORLDS, simulated

N = len(MEASURES)


def _costs(n: int) -> Costs:
    """To lend or to refuse: a bad one granted costs five, a good one refused one."""
    one, none = np.ones(n), np.zeros(n)
    return Costs((none, one), (5.0 * one, none))


def test_savings_are_a_share_of_the_better_rule_for_all() -> None:
    label = np.array([0.0, 0.0, 0.0, 1.0])
    known = np.array([0.1, 0.1, 0.1, 0.9])
    assert _costs(4).savings(label, known) == 1.0
    assert _costs(4).savings(label, np.full(4, 0.5)) == 0.0  # refuse all: it costs 3
    assert _costs(4).savings(label, np.zeros(4)) == pytest.approx(1.0 - 5.0 / 3.0)


def test_rows_without_a_price_are_left_out_of_savings() -> None:
    costs = _costs(5)
    costs.bad[0][4] = np.nan
    label = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    p = np.array([0.1, 0.1, 0.1, 0.9, 0.0])
    assert costs.savings(label, p) == 1.0


def test_more_is_better_of_ranking_and_less_of_losses() -> None:
    ours, theirs = np.full(N, 0.8), np.full(N, 0.7)
    better = dict(zip(MEASURES, better_by(ours, theirs), strict=True))
    assert min(better[m] for m in ("AUC", "PR-AUC", "KS", "savings")) > 0
    assert max(better[m] for m in ("Brier", "log-loss", "ICI", "ECE")) < 0


@pytest.mark.parametrize(
    ("ours", "theirs", "is_better"),
    [
        pytest.param(0.9, 0.8, True, id="nearer to 1 from below"),
        pytest.param(1.3, 1.2, False, id="farther from 1 from above"),
        pytest.param(0.9, 1.3, True, id="on either side"),
    ],
)
def test_the_level_is_better_the_nearer_it_is_to_one(
    ours: float, theirs: float, is_better: bool
) -> None:
    gap = better_by(np.full(N, ours), np.full(N, theirs))[MEASURES.index("O/E")]
    assert (gap > 0) == is_better


def test_a_single_fold_takes_its_error_from_groups_of_customers() -> None:
    """The delete-a-group jackknife of a mean gives the error of that mean."""
    group = np.random.default_rng(0).normal(0.5, 0.1, 10)
    left = (group.sum() - group) / 9.0
    ours = Judged(np.full((1, N), group.mean()), np.tile(left[:, None], (1, N)))
    theirs = Judged(np.zeros((1, N)), np.zeros((10, N)))
    gap, error = ours.ahead(theirs)
    assert gap[0] == pytest.approx(group.mean())
    assert error[0] == pytest.approx(group.std(ddof=1) / np.sqrt(10))


def test_a_mean_within_its_standard_error_is_a_tie() -> None:
    """One row moves it, and is as unsure as it is large."""
    sure, unsure = np.full(2, 0.01), np.array([0.30, 0.05])
    means = MeanGap.of(
        {
            "a set": (np.array([0.0, 0.01]), sure),
            "a world": (np.array([-0.20, -0.20]), unsure),
            "one more": (np.array([0.02, np.nan]), np.array([0.01, np.nan])),
        }
    )
    np.testing.assert_allclose(means.mean, [-0.06, -0.095])
    level, other = means.told(0), means.told(1)
    assert level.startswith("-0.0600 ± 0.1001: a tie")
    assert "of it a world -0.0667" in level
    assert other.startswith("-0.0950 ± 0.0255: behind")


@pytest.mark.parametrize("name", [*WORLDS, "drawn-121"])
def test_the_worlds_that_judge_can_be_simulated(name: str) -> None:
    assert simulated(name).name == name
