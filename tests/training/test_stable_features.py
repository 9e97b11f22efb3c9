"""Which features few outcomes may be learnt by."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from features.catalogue import CATALOGUE
from features.feature_set import FeatureSet
from training.linear import blocks_of
from training.rows import Rows
from training.stable_features import stable_blocks

NUMBERS = tuple(f for f in CATALOGUE if not f.is_category)
TELLING = (3, 50)


def drawn(seed: int, n_customers: int = 400) -> Rows:
    """Three rows a customer; two features tell of some thirty positives, others not."""
    rng = np.random.default_rng(seed)
    of_customer = rng.normal(size=(n_customers, len(NUMBERS)))
    x = np.repeat(of_customer, 3, axis=0) + 0.2 * rng.normal(size=(3 * n_customers, 1))
    p = expit(1.5 * x[:, TELLING[0]] - 1.5 * x[:, TELLING[1]] - 5.0)
    label = (rng.random(len(x)) < p).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    moments = np.tile(np.arange(3), n_customers)
    customer = np.repeat(np.arange(n_customers), 3)
    return Rows(x, label, customer, moments, moments, FeatureSet(NUMBERS, {}))


def kept(rows: Rows) -> list[str]:
    return [block.name for block in stable_blocks(blocks_of(rows), rows)]


@pytest.mark.parametrize("seed", range(6))
def test_what_tells_is_kept_and_most_of_what_does_not_is_left_out(seed: int) -> None:
    rows = drawn(seed)
    names = kept(rows)
    assert {NUMBERS[k].name for k in TELLING} <= set(names)
    assert len(names) < len(NUMBERS) / 3


def test_a_row_that_stands_for_two_counts_as_two() -> None:
    rows = drawn(7)
    twice = np.concatenate([np.arange(len(rows)), np.arange(len(rows))])
    assert kept(rows[twice]) == kept(replace(rows, stands_for=np.full(len(rows), 2.0)))


def test_of_nothing_nothing_is_kept() -> None:
    """Where no feature differs between customers, a design has no columns."""
    assert stable_blocks([], drawn(9)) == []


def test_something_is_always_kept() -> None:
    rows = drawn(8, n_customers=40)
    label = np.zeros(len(rows))
    label[:10] = 1.0
    assert kept(replace(rows, label=label))
