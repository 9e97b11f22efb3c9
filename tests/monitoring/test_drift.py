"""Drift: seldom seen without drift, surely seen with it."""

import numpy as np
import pytest

from features.arrays import FloatArray
from monitoring.drift import Drift, drift
from scoring.reference import Reference, Sketch, category_sketch, sketch_of


def compared(before: FloatArray, now: FloatArray, n_tests: int = 1) -> Drift:
    return drift("x", sketch_of(before), now, n_tests)


def false_alarms(n: int, trials: int = 300, n_tests: int = 1) -> float:
    rng = np.random.default_rng(7)
    pairs = (rng.beta(1, 20, size=(2, n)) for _ in range(trials))
    return float(np.mean([compared(a, b, n_tests).is_real for a, b in pairs]))


@pytest.mark.parametrize("n", [200, 1000, 5000])
def test_samples_of_one_population_raise_few_alarms(n: int) -> None:
    """The threshold is the 99 % quantile: 1 % of 300 trials, 4 s.e. above is 3.3 %.

    The quantile is asymptotic and the bins are fitted to the reference, hence 4 s.e.
    """
    assert false_alarms(n) <= 0.033


def test_of_a_hundred_columns_at_once_none_passes_by_chance() -> None:
    """1 in 10,000 by column: one of 300 trials comes by chance once in 33 times."""
    assert false_alarms(200, n_tests=100) <= 1 / 300


def test_a_shift_of_half_a_logit_is_seen() -> None:
    rng = np.random.default_rng(11)
    margin = rng.normal(-3, 1, size=(2, 2000))
    old, new = 1 / (1 + np.exp(-margin[0])), 1 / (1 + np.exp(-margin[1] - 0.5))
    seen = compared(old, new)
    assert seen.is_real
    # half a standard deviation of the margin, of which 2.56 lie between 10 and 90 %
    assert compared(margin[0], margin[1] + 0.5).moved == pytest.approx(0.195, abs=0.03)


def test_missing_values_that_appear_are_drift() -> None:
    rng = np.random.default_rng(3)
    old, new = rng.normal(size=(2, 1000))
    new[:300] = np.nan
    seen = compared(old, new)
    assert seen.is_real
    assert (seen.unknown_before, seen.unknown_now) == (0.0, 0.3)


def test_one_constant_is_no_drift() -> None:
    same = np.full(500, 0.25)
    assert compared(same, same).index == 0.0
    assert compared(same, same).moved is None  # nothing to measure it by


def test_words_are_counted_one_by_one() -> None:
    codes = np.array([0.0, 0.0, 1.0, 2.0, np.nan])
    sketch = category_sketch(codes, 3)
    assert (sketch.counts, sketch.n_unknown) == ((2, 1, 1), 1)
    swapped = np.repeat([1.0, 0.0, 2.0], [400, 200, 200])
    before = category_sketch(np.repeat([0.0, 1.0, 2.0], [400, 200, 200]), 3)
    assert drift("x", before, swapped).is_real


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="both samples need rows"):
        drift("x", sketch_of(np.ones(3)), np.empty(0))
    with pytest.raises(ValueError, match="both samples need rows"):
        drift("x", sketch_of(np.empty(0)), np.ones(3))


def test_a_reference_reads_back_as_it_was() -> None:
    values = np.array([0.1, 0.2, np.nan, 0.7])
    one = Reference(
        7, {"x": sketch_of(values), "y": Sketch((), (0,), 4)}, sketch_of(values)
    )
    assert Reference.from_json(one.to_json()) == one
    assert one.n == 4


def test_no_extreme_and_no_row_of_a_few_is_kept() -> None:
    few = np.array([0.0, 12.5, 80.0, 310.27, 9120.44])
    assert sketch_of(few).quantiles == ()
    many = sketch_of(np.append(np.arange(1000.0), 1e9))
    assert len(many.quantiles) == 19
    assert 0.0 < many.quantiles[0] < many.quantiles[-1] < 999.0


def test_an_older_reference_reads_without_its_extremes() -> None:
    sketch = sketch_of(np.arange(1000.0))
    content = Reference(7, {"x": sketch}, sketch).to_json()
    for old in (content["features"]["x"], content["probability"]):
        old["quantiles"] = [0.0, *old["quantiles"], 999.0]
    del content["importance"], content["learnt_until"]
    assert Reference.from_json(content) == Reference(7, {"x": sketch}, sketch)
