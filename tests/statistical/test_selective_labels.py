"""Seven retrainings with the policy in the loop: what holds, and what spirals."""

import numpy as np
import pytest

from benchmarks.selective_labels import Cycle, Handling, cycles


def last_of(handling: Handling, n_seeds: int) -> list[Cycle]:
    return [list(cycles(handling, seed))[-1] for seed in range(n_seeds)]


@pytest.mark.parametrize("handling", ["censored", "censored, explored"])
def test_leaving_out_the_stopped_keeps_what_the_policy_is_worth(
    handling: Handling,
) -> None:
    """At least 88 % of the attainable saving after the seventh model.

    Measured 97 to 99 % over five seeds, between which it moves by less than 2 points:
    88 lies more than four of these below, so chance does not ring.
    """
    captured = [cycle.captured for cycle in last_of(handling, 2)]
    assert np.mean(captured) >= 0.88


def test_taking_the_stopped_for_bad_spirals() -> None:
    """Ever more are stopped, for less and less (measured: 61 %, and -38 %)."""
    runs = [list(cycles("suspended = bad", seed)) for seed in range(2)]
    for run in runs:
        assert run[-1].captured < run[0].captured - 0.3
        assert run[-1].stopped > 2 * run[0].stopped
        assert run[-1].ratio < 0.5  # it believes what it did itself
