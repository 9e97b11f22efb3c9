"""The log-odds map: recovers what was bent, keeps the order, never overshoots."""

import numpy as np
import pytest
from scipy.special import expit

from scoring.calibration import (
    MIN_SLOPE,
    fit_log_odds_affine,
    newton_logistic,
)
from scoring.errors import OneClassError


def test_a_known_map_is_found_again() -> None:
    rng = np.random.default_rng(1)
    margin = rng.normal(-2.0, 1.5, 200_000)
    label = (rng.random(len(margin)) < expit(0.3 + 0.7 * margin)).astype(np.float64)
    found = fit_log_odds_affine(margin, label)
    # standard errors are below 0.014: 4 of them, one false alarm in 16,000 runs
    assert found.intercept == pytest.approx(0.3, abs=0.056)
    assert found.slope == pytest.approx(0.7, abs=0.056)


def test_a_calibrated_window_moves_the_mean_to_the_rate() -> None:
    rng = np.random.default_rng(2)
    margin = rng.normal(-3.0, 1.0, 5_000)
    label = (rng.random(5_000) < 0.1).astype(np.float64)
    p = fit_log_odds_affine(margin, label).probability(margin)
    assert p.mean() == pytest.approx(label.mean(), abs=1e-6)


def test_an_order_upside_down_is_flattened_not_turned() -> None:
    rng = np.random.default_rng(3)
    margin = rng.normal(0.0, 1.0, 5_000)
    label = (rng.random(5_000) < expit(-2.0 * margin)).astype(np.float64)
    found = fit_log_odds_affine(margin, label)
    assert found.slope == MIN_SLOPE
    assert found.probability(margin).mean() == pytest.approx(label.mean(), abs=1e-6)


def test_separable_labels_end_at_finite_numbers() -> None:
    margin = np.array([-2.0, -1.0, 1.0, 2.0])
    found = fit_log_odds_affine(margin, (margin > 0).astype(np.float64))
    assert np.isfinite([found.intercept, found.slope]).all()
    assert found.slope > 1.0


@pytest.mark.parametrize("scale", [1.0, 10.0, 60.0])
def test_odds_far_too_sure_are_tamed(scale: float) -> None:
    """Margins of hundreds, as a model that learnt too much gives them."""
    rng = np.random.default_rng(4)
    margin = rng.normal(-scale, scale, 20_000)
    p = expit(-3.0 + 0.5 * margin / scale)
    label = (rng.random(len(margin)) < p).astype(np.float64)
    found = fit_log_odds_affine(margin, label)
    assert found.probability(margin).mean() == pytest.approx(label.mean(), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_search_ends_where_the_loss_is_least(seed: int) -> None:
    """Many columns, rare labels and fixed odds: a whole Newton step overshoots."""
    rng = np.random.default_rng(seed)
    n, k = 3_000, 60
    design = np.column_stack([np.ones(n), 3.0 * rng.standard_t(2.0, (n, k - 1))])
    offset = rng.normal(-6.0, 3.0, n)
    label = (rng.random(n) < 0.02).astype(np.float64)
    ridge, centre = np.full(k, 10.0), np.zeros(k)
    found = newton_logistic(design, label, ridge, centre, offset)
    p = expit(design @ found + offset)
    gradient = design.T @ (p - label) + ridge * found
    assert np.max(np.abs(gradient)) < 1e-6


def test_one_class_is_refused() -> None:
    with pytest.raises(OneClassError):
        fit_log_odds_affine(np.array([0.1, 0.2]), np.zeros(2))
