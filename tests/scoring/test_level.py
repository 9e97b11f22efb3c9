"""How surely few outcomes tell how often it happens."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scoring.bundle import Bundle
from scoring.level import JEFFREYS, Level, LevelPrior, level_of, level_shift
from scoring.logistic import expit
from scoring.starter import moved, starter


def level(expected: float, n: int, n_bad: int) -> Level:
    """Of n customers with a row each, after a starter that expected so much."""
    prior = LevelPrior.of_starter(expected)
    rate = prior.after(n, n_bad / n).mean
    label = (np.arange(n) < n_bad).astype(np.float64)
    return level_of(rate, label, np.arange(n), prior)


@pytest.mark.parametrize("expected", [0.0005, 0.01, 0.2])
def test_nothing_seen_is_an_interval_and_not_zero(expected: float) -> None:
    """At least to the exact (Garwood) limit, 3.7 among so many; more if expected."""
    none = level(expected, 400, 0)
    assert 0.0 == none.low < none.rate < none.high
    assert none.high >= 3.68 / 400
    # an event is believed if the prior holds ten of them, whatever was seen
    assert (none.high > 0.02) == (expected == 0.2)


def test_without_a_starter_half_an_outcome_is_expected() -> None:
    label = np.zeros(200)
    told = level_of(0.5 / 201, label, np.arange(200), JEFFREYS)
    assert told.high == pytest.approx(3.689 / 200, rel=1e-3)


@pytest.mark.parametrize(
    ("expected", "n_customers"),
    [(0.2, 50), (0.01, 50), (0.005, 100), (0.002, 150), (0.0001, 150)],
)
def test_a_starter_counts_as_half_an_outcome_within_limits(
    expected: float, n_customers: int
) -> None:
    """Of what is rare more customers, or a few without it would leave next to none."""
    prior = LevelPrior.of_starter(expected)
    assert sum(prior) == pytest.approx(n_customers)
    assert prior.mean == pytest.approx(expected)


def test_rows_of_a_customer_tell_one_story() -> None:
    label, each = np.zeros(1_000), np.arange(1_000) // 10
    one = level_of(0.001, label, each, LevelPrior.of_starter(0.01))
    assert one.high == pytest.approx(3.689 / 100, rel=1e-3)


@pytest.mark.parametrize("rate", [0.002, 0.01, 0.03])
def test_the_interval_covers_the_truth(rate: float) -> None:
    """2,000 draws: a true coverage of 95 % falls below 93.5 % once in a thousand."""
    rng, n = np.random.default_rng(5), 300
    held = 0
    for n_bad in rng.binomial(n, rate, 2_000).tolist():
        told = level(0.008, n, n_bad)
        held += told.low <= rate <= told.high
    assert held / 2_000 >= 0.935


def test_probabilities_move_to_either_end() -> None:
    p = np.full(50, 0.02)
    low, high = Level(0.02, 0.0, 0.05).moved(p)
    assert low.max() == 0.0
    np.testing.assert_allclose(high, 0.05)
    certain = Level(0.5, 0.1, 1.0).moved(np.array([0.5]))
    assert [float(end[0]) for end in certain] == pytest.approx([0.1, 1.0])


def test_what_is_certain_stays_certain_and_tells_no_nonsense() -> None:
    low, high = Level(0.01, 0.0, 1.0).moved(np.array([0.0, 0.5, 1.0]))
    assert low.tolist() == [0.0, 0.0, 0.0]
    assert high.tolist() == [1.0, 1.0, 1.0]


def test_what_is_rare_is_not_printed_as_never() -> None:
    told = str(Level(1e-5, 0.0, 4.2e-5))
    assert told == "0.001% of the customers (95 % interval 0.00% to 0.004%)"


def test_a_level_is_kept_with_its_bundle(tmp_path: Path) -> None:
    told = Level(0.001, 0.0, 0.009)
    bundle = moved(starter("fraud"), -1.0, told)
    assert Bundle.load(bundle.save(tmp_path)).level == told
    without = replace(bundle, level=None)
    assert "level" not in without.manifest
    assert Bundle.load(without.save(tmp_path)).level is None


def test_what_is_expected_is_the_mean_of_the_belief() -> None:
    log_odds, label = np.linspace(-6.0, -2.0, 200), np.zeros(200)
    shift = level_shift(log_odds, label, np.arange(200))
    prior = LevelPrior.of_starter(float(expit(log_odds).mean()))
    mean = float(expit(log_odds + shift).mean())
    assert mean == pytest.approx(prior.after(200, 0.0).mean, rel=1e-6)
