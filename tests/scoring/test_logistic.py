"""The logistic function: one value alone has the bits it has among many."""

import numpy as np
import pytest
from scipy.special import expit as of_scipy

from scoring.logistic import expit


def test_one_value_has_the_bits_of_scipy() -> None:
    rng = np.random.default_rng(1)
    log_odds = np.concatenate(
        [rng.normal(0.0, 4.0, 20_000), rng.uniform(-800, 800, 2_000)]
    )
    alone = np.array([expit(x)[0] for x in log_odds[:, None]])
    np.testing.assert_array_equal(alone, of_scipy(log_odds))
    np.testing.assert_array_equal(alone, expit(log_odds))


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (0,), (2, 3)])
def test_the_shape_stays(shape: tuple[int, ...]) -> None:
    assert expit(np.zeros(shape)).shape == shape


@pytest.mark.parametrize(
    ("log_odds", "probability"),
    [
        pytest.param(-np.inf, 0.0, id="impossible"),
        pytest.param(-1e308, 0.0, id="exp is infinite"),
        pytest.param(np.inf, 1.0, id="certain"),
        pytest.param(np.nan, np.nan, id="unknown"),
    ],
)
def test_beyond_all_numbers(log_odds: float, probability: float) -> None:
    np.testing.assert_array_equal(expit(np.array([log_odds])), [probability])
