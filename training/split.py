"""Which rows a model may learn from, and which ones judge it.

By time wherever there is more than one moment: a training label must have been
known before the first test moment, as it would be in service. A portfolio of one
moment, or one whose history is too short for that, is split by customer.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from features.arrays import BoolArray, IntArray
from training.errors import TooFewPositivesError
from training.folds import Fold, customer_folds, folds
from training.rows import Rows

TEST_SHARE = 0.2
MIN_POSITIVES = 50  # below this in training, or 20 in test, nothing is learnt
MIN_TEST_POSITIVES = 20
LARGEST_TEST_SHARE = 1 / 3  # of the dates


@dataclass(frozen=True)
class Split:
    """Train and test masks over the rows; rows in neither fell to the embargo.

    Cross-fitted, every row is in both: predicted by models that did not see it.
    """

    kind: Literal["time", "customers", "customers_short_history", "cross_fitted"]
    train: BoolArray
    test: BoolArray


def split(rows: Rows, seed: int) -> Split:
    """By time with embargo where possible, else by customer.

    Raises:
        TooFewPositivesError: fewer than 50 positives to learn from, 20 to judge by.
    """
    refusal = TooFewPositivesError(
        f"{rows.n_positives} positive labels of {len(rows)} are too few: at least "
        f"{MIN_POSITIVES} are needed to learn from and {MIN_TEST_POSITIVES} more to "
        "judge by; wait for outcomes, or lengthen the history"
    )
    if rows.n_positives < MIN_POSITIVES + MIN_TEST_POSITIVES:
        raise refusal
    dates = np.unique(rows.as_of)
    if len(dates) > 1:
        by_time = _time_split(rows, dates)
        if by_time is not None:
            return by_time
    kind: Literal["customers", "customers_short_history"] = (
        "customers" if len(dates) == 1 else "customers_short_history"
    )
    chosen = _customer_split(rows, kind, seed)
    if not _is_enough(rows, chosen):
        raise refusal
    return chosen


def folds_and_split(rows: Rows, parts: Split, seed: int) -> list[Fold]:
    """The folds of the training rows, and last the split itself, which judges."""
    inner = []
    for fold in folds(rows.only(())[parts.train], seed):
        train, judged = parts.train.copy(), parts.train.copy()
        train[parts.train], judged[parts.train] = fold.train, fold.judged
        inner.append(Fold(train, judged))
    return [*inner, Fold(parts.train, parts.test)]


def _is_enough(rows: Rows, candidate: Split) -> bool:
    n_train = rows.label[candidate.train].sum()
    n_test = rows.label[candidate.test].sum()
    return bool(n_train >= MIN_POSITIVES and n_test >= MIN_TEST_POSITIVES)


def _time_split(rows: Rows, dates: IntArray) -> Split | None:
    """The last fifth of the dates, more if they hold too few positives."""
    n_first = max(1, round(TEST_SHARE * len(dates)))
    n_last = max(n_first, int(LARGEST_TEST_SHARE * len(dates)))
    for n_test in range(n_first, n_last + 1):
        first_test = dates[-n_test]
        # an untouched customer may still be in both: what the embargo forbids is a
        # label that was not yet known when the test period began
        train = rows.mature_at <= first_test
        candidate = Split("time", train, rows.as_of >= first_test)
        if _is_enough(rows, candidate):
            return candidate
    return None


def _customer_split(
    rows: Rows, kind: Literal["customers", "customers_short_history"], seed: int
) -> Split:
    fold = customer_folds(rows, round(1 / TEST_SHARE), seed)
    return Split(kind, fold != 0, fold == 0)
