"""What young outcomes say, and how sure it is."""

import numpy as np
import pytest

from scoring.early_warning import share_known, young_outcomes
from scoring.intervals import count_interval


def test_a_level_learnt_from_very_many_leaves_the_interval_of_one_count() -> None:
    one = young_outcomes(0, np.full(1_000, 0.02), 12, 1.0, 10**9)
    low, high = count_interval(12 / 20, 12, confidence=0.99)
    assert (one.low, one.high) == pytest.approx((low, high), rel=1e-4)


def test_nothing_seen_yet_has_no_lower_end() -> None:
    one = young_outcomes(0, np.full(100, 0.01), 0, 0.5, 40)
    assert (one.low, one.ratio, one.is_alarm) == (0.0, 0.0, False)
    many = young_outcomes(0, np.full(2_000, 0.01), 0, 0.5, 400)
    assert many.is_alarm  # ten were expected


@pytest.mark.parametrize("n_learnt", [20, 200])
def test_a_calm_portfolio_raises_no_alarm(n_learnt: int) -> None:
    """The level is learnt from a drawn count; true ratio 1.

    The interval excludes 1 in at most 1 % of draws, and an alarm asks for more: of
    4,000 draws at most 60 (three standard errors above 40) may leave it.
    """
    rng = np.random.default_rng(0)
    left, alarms = 0, 0
    for _ in range(4_000):
        learnt = max(1, int(rng.poisson(n_learnt)))
        level = 0.02 * learnt / n_learnt
        seen = int(rng.poisson(0.5 * 0.02 * 2_000))
        one = young_outcomes(0, np.full(2_000, level), seen, 0.5, learnt)
        left += not one.low <= 1.0 <= one.high
        alarms += one.is_alarm
    assert left <= 60
    assert alarms <= left


def test_the_share_known_needs_outcomes_of_matured_dates() -> None:
    assert share_known(np.empty(0), 30.0) == 0.0
    assert share_known(np.array([5.0, 95.0]), 95.0) == 1.0
