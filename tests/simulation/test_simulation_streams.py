import numpy as np
import pytest

from simulation.streams import Draws


def test_months_branches_and_streams_differ_for_large_seeds_too() -> None:
    """A key that passes through floats would repeat some streams every month."""
    for stream in ("liquidity", "pays", "usage_drift", "distress"):
        firsts = [Draws(3, 4, month).uniform(stream)[0] for month in range(24)]
        assert len(set(firsts)) == 24
    assert Draws(3, 4, 0).uniform("pays")[0] != Draws(3, 4, 0, 1).uniform("pays")[0]
    assert Draws(2**63, 4).uniform("a")[0] != Draws(2**63 + 1, 4).uniform("a")[0]


def test_same_arguments_same_numbers() -> None:
    assert np.array_equal(Draws(3, 4, 5).normal("x"), Draws(3, 4, 5).normal("x"))


def test_chosen_rows_get_the_numbers_they_have_among_all() -> None:
    rows = np.array([7, 2])
    everyone, two = Draws(1, 10, 3), Draws(1, 10, 3, rows=rows)
    assert np.array_equal(two.uniform("x"), everyone.uniform("x")[rows])
    assert np.array_equal(two.normal("x"), everyone.normal("x")[rows])


@pytest.mark.parametrize("shares", [[1.0, 3.0], [[1.0, 3.0]] * 40_000])
def test_choice_follows_the_shares(shares: list[float]) -> None:
    picked = Draws(1, 40_000).choice("x", np.array(shares))
    # 5 standard errors: one false alarm in about 1.7 million seeds
    assert abs(picked.mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 40_000)
