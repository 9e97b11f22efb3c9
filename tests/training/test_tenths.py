"""Calibration by tenth: what is told, and how sure it is."""

import numpy as np
import pytest
from scipy.stats import chi2

from training.tenths import tenths


def test_a_tenth_tells_its_rows_with_the_exact_interval_of_a_count() -> None:
    """One row a customer: Garwood (1936), by the chi-squared distribution."""
    p = np.linspace(0.01, 0.9, 1_000)
    label = np.zeros(1_000)
    label[900:940] = 1.0
    first, *_, last = tenths(label, p, np.arange(1_000))
    assert (first.n, first.n_positives, last.n_positives) == (100, 0, 40)
    assert last.mean_p == pytest.approx(p[900:].mean())
    assert last.rate.value == pytest.approx(0.4)
    assert last.rate.low == pytest.approx(chi2.ppf(0.025, 80) / 200)
    assert last.rate.high == pytest.approx(chi2.ppf(0.975, 82) / 200)
    assert (first.rate.value, first.rate.low) == (0.0, 0.0)
    assert first.rate.high == pytest.approx(chi2.ppf(0.975, 2) / 200)


def test_a_tenth_is_no_surer_for_dates_that_share_what_came() -> None:
    """Forty bad rows are ten customers where each has four of them."""
    p = np.linspace(0.01, 0.9, 1_000)
    label = np.zeros(1_000)
    label[900:940] = 1.0
    last = tenths(label, p, np.arange(1_000) // 4)[-1]
    assert last.rate.value == pytest.approx(0.4)
    assert last.rate.low == pytest.approx(chi2.ppf(0.025, 20) / 2 / 10 * 0.4)
    assert last.rate.high == pytest.approx(chi2.ppf(0.975, 22) / 2 / 10 * 0.4)
