"""What a logistic regression learns from: all that tells much, some of the rest."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from scoring.metrics import log_loss
from training.linear import fit_linear
from training.logistic_rows import MANY_POSITIVES, OTHER_ROWS, logistic_rows
from training.rows import Rows

RowsOf = Callable[..., Rows]


@pytest.fixture(scope="module")
def rare(rows_of: RowsOf) -> Rows:
    """120,000 rows of 30,000 customers, about 1 % of them positive."""
    rows = rows_of(120_000, n_dates=4)
    kept = np.random.default_rng(5).random(len(rows)) < 0.04
    return replace(rows, label=rows.label * kept)


def _all_of(rows: Rows) -> np.ndarray:
    return np.ones(len(rows), dtype=np.bool_)


def test_few_rows_are_learnt_from_as_they_are(rows_of: RowsOf) -> None:
    rows = rows_of(OTHER_ROWS // 2)
    assert logistic_rows(rows, _all_of(rows)) is rows
    some = np.arange(len(rows)) % 2 == 0
    half = logistic_rows(rows, some)
    np.testing.assert_array_equal(half.label, rows.label[some])
    assert half.stands_for is None


def test_of_many_rows_whole_customers_stand_for_all(rare: Rows) -> None:
    taught = rare.as_of < rare.as_of.max()
    some = logistic_rows(rare, taught)
    assert OTHER_ROWS * 0.9 < len(some) < taught.sum() / 2
    assert some.stands_for is not None
    assert some.stands_for.sum() == pytest.approx(taught.sum())
    # what happened is not thinned, and its rate is that of all rows
    assert some.n_positives == rare.label[taught].sum() < MANY_POSITIVES * 2
    assert some.rate == pytest.approx(rare.label[taught].mean())
    n_of = np.bincount(rare.customer[taught], minlength=rare.customer.max() + 1)
    customers, n_here = np.unique(some.customer, return_counts=True)
    np.testing.assert_array_equal(n_here, n_of[customers])


def test_of_many_positive_rows_some_are_enough(rows_of: RowsOf) -> None:
    rows = rows_of(80_000, n_dates=4)
    some = logistic_rows(rows, _all_of(rows))
    assert MANY_POSITIVES < some.n_positives < rows.n_positives / 2
    assert some.rate == pytest.approx(rows.rate, abs=0.01)


def test_what_it_says_is_what_all_rows_say(rare: Rows) -> None:
    """The same weights but for chance, and the level of all rows."""
    names = rare.feature_set.names
    whole = expit(fit_linear(rare).margin(rare.x, names))
    thinned = fit_linear(logistic_rows(rare, _all_of(rare)))
    p = expit(thinned.margin(rare.x, names))
    assert p.mean() == pytest.approx(rare.rate, rel=0.02)
    assert log_loss(rare.label, p) < log_loss(rare.label, whole) * 1.002
    unweighted = replace(logistic_rows(rare, _all_of(rare)), stands_for=None)
    q = expit(fit_linear(unweighted).margin(rare.x, names))
    assert q.mean() > 1.5 * rare.rate  # what the weights are for
