"""Metrics against independent implementations and worked numbers."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from features.arrays import FloatArray
from scoring import metrics
from scoring.errors import OneClassError
from scoring.intervals import (
    compare_log_loss,
    customer_blocks,
    measured,
    observed_over_expected_interval,
)


@pytest.fixture(scope="module")
def drawn() -> tuple[FloatArray, FloatArray]:
    """2,000 rows with ties in the score; labels drawn from the scores."""
    rng = np.random.default_rng(11)
    p = np.round(rng.beta(1.0, 6.0, 2_000), 2).clip(0.01, 0.99)
    return (rng.random(2_000) < p).astype(np.float64), p


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (metrics.auc, reference.roc_auc_score),
        (metrics.average_precision, reference.average_precision_score),
        (metrics.log_loss, reference.log_loss),
        (metrics.brier, reference.brier_score_loss),
    ],
)
def test_the_usual_metrics_are_the_usual_ones(
    drawn: tuple[FloatArray, FloatArray],
    ours: metrics.Metric,
    theirs: metrics.Metric,
) -> None:
    label, p = drawn
    assert ours(label, p) == pytest.approx(theirs(label, p), rel=1e-12)


def test_kolmogorov_smirnov_is_the_two_sample_statistic(
    drawn: tuple[FloatArray, FloatArray],
) -> None:
    label, p = drawn
    theirs = stats.ks_2samp(p[label == 1], p[label == 0]).statistic
    assert metrics.kolmogorov_smirnov(label, p) == pytest.approx(theirs, rel=1e-12)


def test_the_poisson_interval_is_exact() -> None:
    # Garwood 1936: 3 seen, expected 1 each: 0.6187 to 8.7673 (scipy.stats.poisson)
    label = np.array([1.0, 1.0, 1.0, 0.0])
    p, blocks = np.full(4, 0.25), np.arange(4)
    low, high = observed_over_expected_interval(label, p, blocks)
    assert stats.poisson.sf(2, low) == pytest.approx(0.025)
    assert stats.poisson.cdf(3, high) == pytest.approx(0.025)
    low, high = observed_over_expected_interval(0.0 * label, p, blocks)
    assert low == 0.0
    assert stats.poisson.cdf(0, high) == pytest.approx(0.025)


@pytest.mark.parametrize("rate", [0.0, 0.1], ids=["nobody", "some"])
def test_the_same_rows_three_times_over_are_no_surer(rate: float) -> None:
    rng = np.random.default_rng(2)
    label, p = (rng.random(200) < rate).astype(float), np.full(200, 0.1)
    once = label, p, np.arange(200)
    thrice = [np.tile(column, 3) for column in once]
    assert observed_over_expected_interval(*thrice) == pytest.approx(
        observed_over_expected_interval(*once)
    )


def test_events_that_several_dates_share_ring_no_more_than_stated() -> None:
    """Six monthly dates, a horizon of three months, and each rate is known.

    As if rows were independent 1 lay outside in 18 % of the draws; of 400 within 5 %
    and 4 standard errors, 9.4 %.
    """
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(400):
        hazard = 0.01 * rng.gamma(0.5, 2.0, 300)  # a month
        at = rng.exponential(1.0 / np.maximum(hazard, 1e-12))
        date, who = np.divmod(np.arange(6 * 300), 300)
        here = at[who] > date
        date, who = date[here], who[here]
        label = (at[who] <= date + 3.0).astype(float)
        p = -np.expm1(-3.0 * hazard[who])
        low, high = observed_over_expected_interval(label, p, who)
        missed += not low <= 1.0 <= high
    assert missed / 400 < 0.094


def test_a_known_miscalibration_is_measured() -> None:
    rng = np.random.default_rng(12)
    z = rng.normal(-2.0, 1.2, 100_000)
    label = (rng.random(100_000) < 1 / (1 + np.exp(-(0.4 + 0.8 * z)))).astype(float)
    p = 1 / (1 + np.exp(-z))
    # standard errors 0.02 and 0.011; 4 of them, one false alarm in ~8,000 runs
    assert metrics.calibration_intercept(label, p) == pytest.approx(0.4, abs=0.08)
    assert metrics.calibration_slope(label, p) == pytest.approx(0.8, abs=0.044)
    truth = 1 / (1 + np.exp(-(0.4 + 0.8 * z)))
    index = metrics.integrated_calibration_index(label, p)
    assert index == pytest.approx(float(np.mean(np.abs(p - truth))), abs=0.004)
    assert abs(metrics.spiegelhalter_z(label, p)) > 5.0


def test_auc_needs_both_labels() -> None:
    with pytest.raises(OneClassError):
        metrics.auc(np.zeros(3), np.array([0.1, 0.2, 0.3]))


def test_bins_hold_equal_counts_and_all_positives(
    drawn: tuple[FloatArray, FloatArray],
) -> None:
    label, p = drawn
    bins = metrics.equal_count_bins(label, p, 7)
    assert bins.n.max() - bins.n.min() <= 1
    assert bins.n_positives.sum() == label.sum()
    assert (np.diff(bins.mean_p) >= 0).all()


def test_intervals_hold_the_value_and_repeat_with_the_seed(
    drawn: tuple[FloatArray, FloatArray],
) -> None:
    label, p = drawn
    blocks = customer_blocks(np.arange(len(label)) // 2)
    found = measured(label, p, blocks, n_draws=60, seed=4)
    for name in ("auc", "log_loss", "brier", "pr_auc"):
        assert found[name].low < found[name].value < found[name].high
    assert measured(label, p, blocks, n_draws=60, seed=4) == found


def test_repeated_rows_do_not_make_us_surer(
    drawn: tuple[FloatArray, FloatArray],
) -> None:
    """Each customer ten times: blocks know that nothing was learnt by it."""
    label, p = drawn
    customer = np.arange(len(label))
    once = measured(label, p, customer, n_draws=80, seed=1)["auc"]
    again = measured(
        np.repeat(label, 10),
        np.repeat(p, 10),
        np.repeat(customer, 10),
        n_draws=80,
        seed=1,
    )["auc"]
    assert again.high - again.low == pytest.approx(once.high - once.low, rel=1e-9)


def test_the_better_of_two_is_told(drawn: tuple[FloatArray, FloatArray]) -> None:
    label, p = drawn
    worse = np.full_like(p, label.mean())
    blocks = np.arange(len(label))
    found = compare_log_loss(label, p, worse, blocks, n_draws=200)
    assert found.difference < 0.0
    assert found.high < 0.0
    assert found.p_a_is_better == 1.0
    same = compare_log_loss(label, p, p, blocks, n_draws=50)
    assert (same.low, same.difference, same.high) == (0.0, 0.0, 0.0)


def test_every_interval_holds_its_value_though_few_outcomes_be_well_calibrated() -> (
    None
):
    """Draws of six outcomes are all farther from calibration than these rows are."""
    rng = np.random.default_rng(3)
    p = np.repeat(np.geomspace(0.001, 0.009, 3), 500)
    label = np.zeros(1_500)
    label[[0, 500, 501, 1_000, 1_001, 1_002, 1_003]] = 1.0
    p = p * label.sum() / p.sum() * rng.uniform(0.99, 1.01, len(p))
    found = measured(label, p, np.arange(len(label)), n_draws=60)
    for metric in found.values():
        assert metric.low <= metric.value <= metric.high
