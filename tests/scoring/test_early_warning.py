"""What young outcomes say, and how sure it is."""

import numpy as np
import pytest

from scoring.early_warning import expectation, share_known
from scoring.intervals import count_interval


def test_a_level_learnt_from_very_many_leaves_the_interval_of_one_count() -> None:
    one = expectation(12, 20.0, 10**9)
    low, high = count_interval(12 / 20, 12)
    assert (one.low, one.high) == pytest.approx((low, high), rel=1e-4)


def test_nothing_seen_yet_has_no_lower_end() -> None:
    one = expectation(0, 0.5, 40)
    assert (one.low, one.ratio, one.is_alarm) == (0.0, 0.0, False)
    many = expectation(0, 10.0, 400)
    assert many.is_alarm


@pytest.mark.parametrize("n_learnt", [20, 200])
def test_a_calm_portfolio_raises_no_alarm(n_learnt: int) -> None:
    """The level is learnt from a drawn count; true ratio 1.

    The interval excludes 1 in at most 5 % of draws: of 4,000 at most 242 (three
    standard errors above 200) may leave it. An alarm asks for more: at most one in 100.
    """
    rng = np.random.default_rng(0)
    left, alarms = 0, 0
    for _ in range(4_000):
        learnt = max(1, int(rng.poisson(n_learnt)))
        one = expectation(int(rng.poisson(20.0)), 20.0 * learnt / n_learnt, learnt)
        left += not one.low <= 1.0 <= one.high
        alarms += one.is_alarm
    assert left <= 242
    assert alarms <= 40


def test_the_share_known_needs_outcomes_of_matured_dates() -> None:
    assert share_known(np.empty(0), 30.0) == 0.0
    assert share_known(np.array([5.0, 95.0]), 95.0) == 1.0
