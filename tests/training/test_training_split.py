"""Splits: nothing is learnt that was not known before the test began."""

from collections.abc import Callable

import numpy as np
import pytest

from training.errors import TooFewPositivesError
from training.folds import customer_folds
from training.rows import Rows
from training.split import split

RowsOf = Callable[..., Rows]


def test_training_labels_are_known_before_the_first_test_moment(
    rows_of: RowsOf,
) -> None:
    rows = rows_of(4_000, n_dates=10)
    found = split(rows, seed=0)
    assert found.kind == "time"
    first_test = rows.as_of[found.test].min()
    assert rows.mature_at[found.train].max() <= first_test
    assert (rows.as_of[found.test] >= first_test).all()
    assert not (found.train & found.test).any()
    embargoed = ~found.train & ~found.test
    assert set(np.unique(rows.as_of[embargoed])) == set(
        np.unique(rows.as_of[(rows.as_of < first_test) & (rows.mature_at > first_test)])
    )


def test_whole_dates_are_tested(rows_of: RowsOf) -> None:
    rows = rows_of(4_000, n_dates=10)
    found = split(rows, seed=0)
    for date in np.unique(rows.as_of):
        assert len(np.unique(found.test[rows.as_of == date])) == 1


def test_one_moment_is_split_by_customer_stratified(rows_of: RowsOf) -> None:
    rows = rows_of(2_000)
    found = split(rows, seed=0)
    assert found.kind == "customers"
    assert found.test.mean() == pytest.approx(0.2, abs=0.01)
    rates = rows.label[found.train].mean(), rows.label[found.test].mean()
    assert rates[0] == pytest.approx(rates[1], abs=0.01)


def test_a_short_history_is_split_by_customer_and_says_so(rows_of: RowsOf) -> None:
    rows = rows_of(3_000, n_dates=3, matures_after_days=210)
    found = split(rows, seed=0)
    assert found.kind == "customers_short_history"
    shared = np.intersect1d(rows.customer[found.train], rows.customer[found.test])
    assert len(shared) == 0


def test_folds_keep_a_customer_together(rows_of: RowsOf) -> None:
    rows = rows_of(900, n_dates=3)
    fold = customer_folds(rows, 5, seed=1)
    per_customer = [np.unique(fold[rows.customer == c]) for c in range(20)]
    assert all(len(found) == 1 for found in per_customer)
    assert set(fold.tolist()) == set(range(5))


def test_too_few_positives_are_refused(rows_of: RowsOf) -> None:
    rows = rows_of(150)
    with pytest.raises(TooFewPositivesError, match="at least 50") as refusal:
        split(rows, seed=0)
    assert refusal.value.code == "too_few_positives"
