"""Drift alarms: rarely without drift, reliably with it."""

import numpy as np
import pyarrow as pa
import pytest

from monitoring import population_stability, score_drift


def false_alarms(n: int, trials: int = 300) -> float:
    rng = np.random.default_rng(7)
    pairs = (rng.beta(1, 20, size=(2, n)) for _ in range(trials))
    return float(np.mean([population_stability("p", a, b).is_alarm for a, b in pairs]))


@pytest.mark.parametrize("n", [200, 1000, 5000])
def test_samples_of_one_population_raise_few_alarms(n: int) -> None:
    """The threshold is the 99 % quantile: 1 % of 300 trials, 4 s.e. above is 3.3 %.

    The quantile is asymptotic and the bins are fitted to the reference, hence 4 s.e.
    """
    assert false_alarms(n) <= 0.033


def test_a_shift_of_half_a_logit_is_seen() -> None:
    rng = np.random.default_rng(11)
    margin = rng.normal(-3, 1, size=(2, 2000))
    old, new = 1 / (1 + np.exp(-margin[0])), 1 / (1 + np.exp(-margin[1] - 0.5))
    drift = population_stability("p", old, new)
    assert drift.is_alarm
    assert drift.mean_current > drift.mean_reference


def test_missing_values_that_appear_are_drift() -> None:
    rng = np.random.default_rng(3)
    old, new = rng.normal(size=(2, 1000))
    new[:300] = np.nan
    assert population_stability("x", old, new).is_alarm


def test_one_constant_is_no_drift() -> None:
    same = np.full(500, 0.25)
    assert population_stability("p", same, same).index == 0.0


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="both samples need rows"):
        population_stability("p", np.empty(0), np.ones(3))


def test_two_scored_portfolios_are_compared_by_shared_numbers() -> None:
    old = pa.table({"customer_id": ["a", "b"], "p_fraud": [0.1, 0.2], "clv": [1.0, 2]})
    new = pa.table({"customer_id": ["a", "b"], "p_fraud": [0.1, None]})
    assert [drift.column for drift in score_drift(old, new)] == ["p_fraud"]
