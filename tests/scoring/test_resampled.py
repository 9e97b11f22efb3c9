"""A resample by counts is the resample by rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from scoring.metrics import METRICS
from scoring.resampled import ResampledMetrics

BY_ONE_STEP = {"calibration_intercept", "calibration_slope", "ici"}


@given(
    seed=st.integers(0, 2**32 - 1),
    n_customers=st.integers(4, 40),
    n_values=st.sampled_from([1, 3, 1_000_000]),
)
def test_counts_give_what_repeated_rows_give(
    seed: int, n_customers: int, n_values: int
) -> None:
    """Also where p has ties, or is one number for all."""
    rng = np.random.default_rng(seed)
    block = rng.integers(0, n_customers, 5 * n_customers)
    p = (1 + rng.integers(0, n_values, len(block))) / (n_values + 2)
    label = (rng.random(len(block)) < p).astype(np.float64)
    label[:2], block[:2] = (0.0, 1.0), (0, 1)
    counts = rng.multinomial(n_customers, np.full(n_customers, 1 / n_customers))
    rows = np.repeat(np.arange(len(label)), counts[block])
    resampled = ResampledMetrics(label, p, block)
    counted = counts[: block.max() + 1].astype(np.float64)
    is_ranked = 0 < label[rows].sum() < len(rows)
    assert resampled.has_both_labels(counted) == is_ranked
    if is_ranked:
        drawn = resampled.draw(counted)
        for name in METRICS.keys() - BY_ONE_STEP:
            whole = METRICS[name](label[rows], p[rows])
            assert drawn[name] == pytest.approx(whole, rel=1e-9, abs=1e-9), name


def test_one_step_is_as_good_as_the_whole_way() -> None:
    """The interval of a recalibration within a tenth of its width, over 200 draws."""
    rng = np.random.default_rng(3)
    block = np.arange(9_000) // 3
    z = rng.normal(-3.5, 1.2, len(block))
    label = (rng.random(len(block)) < expit(0.3 + 0.8 * z)).astype(np.float64)
    p = expit(z)
    resampled = ResampledMetrics(label, p, block)
    step: dict[str, list[float]] = {name: [] for name in BY_ONE_STEP}
    whole: dict[str, list[float]] = {name: [] for name in BY_ONE_STEP}
    for _ in range(200):
        counts = rng.multinomial(3_000, np.full(3_000, 1 / 3_000))
        rows = np.repeat(np.arange(len(label)), counts[block])
        drawn = resampled.draw(counts.astype(np.float64))
        for name in BY_ONE_STEP:
            step[name].append(drawn[name])
            whole[name].append(METRICS[name](label[rows], p[rows]))
    for name in BY_ONE_STEP:
        quick = np.quantile(step[name], [0.025, 0.975])
        slow = np.quantile(whole[name], [0.025, 0.975])
        assert np.abs(quick - slow).max() < 0.1 * (slow[1] - slow[0]), name
