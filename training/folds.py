"""Rolling origins: learn from what was known by a date, predict what came after it.

A model in service predicts months it has not seen, from labels that had become known.
Its learner, its number of trees and its calibration are chosen under the same
conditions: the latest dates are cut into blocks, and each block is predicted by a model
of the rows whose labels were known when the block began. Folds by customer see every
month from both sides and learn from that what does not come again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, IntArray
from training.rows import Rows

N_ORIGINS = 3
JUDGED_SHARE = 0.5  # of the dates, at most, that the blocks cover together
MIN_POSITIVES = 50  # to learn from before an origin, and to choose by after the first
N_CUSTOMER_FOLDS, FEW_CUSTOMER_FOLDS = 5, 3
MANY_ROWS = 20_000  # from here three folds choose as well as five


@dataclass(frozen=True)
class Fold:
    """Masks over the rows: who teaches, and who is predicted."""

    train: BoolArray
    judged: BoolArray


def folds(rows: Rows, seed: int) -> tuple[Fold, ...]:
    """Rolling origins where the dates allow them, else folds by customer."""
    origins = rolling_origins(rows)
    n_judged = sum(rows.label[fold.judged].sum() for fold in origins)
    if n_judged >= MIN_POSITIVES:
        return origins
    n_folds = N_CUSTOMER_FOLDS if len(rows) < MANY_ROWS else FEW_CUSTOMER_FOLDS
    fold = customer_folds(rows, n_folds, seed)
    return tuple(Fold(fold != k, fold == k) for k in range(n_folds))


def judged_before_last(parts: Sequence[Fold]) -> BoolArray:
    """(n,) the rows that a fold before the last one judges."""
    before = np.zeros(len(parts[-1].judged), dtype=np.bool_)
    for part in parts[:-1]:
        before |= part.judged
    return before


def rolling_origins(rows: Rows) -> tuple[Fold, ...]:
    """Up to three blocks of the latest dates, oldest first; none on few dates."""
    dates = np.unique(rows.as_of)
    width = max(1, int(len(dates) * JUDGED_SHARE / N_ORIGINS))
    origins = []
    for end in range(len(dates), width, -width)[:N_ORIGINS]:
        begin = dates[end - width]
        train = rows.mature_at <= begin
        judged = (rows.as_of >= begin) & (rows.as_of <= dates[end - 1])
        n_known = rows.label[train].sum()
        if min(n_known, train.sum() - n_known) < MIN_POSITIVES:
            break
        origins.append(Fold(train, judged))
    return tuple(reversed(origins))


def customer_folds(rows: Rows, n_folds: int, seed: int) -> IntArray:
    """(n,) fold of each row; a customer's rows share theirs, positives are spread."""
    customers, place = np.unique(rows.customer, return_inverse=True)
    n_bad = np.bincount(place, weights=rows.label, minlength=len(customers))
    drawn = np.random.default_rng(seed).permutation(len(customers))
    in_turn = drawn[np.argsort(-n_bad[drawn], kind="stable")]
    fold = np.empty(len(customers), dtype=np.int64)
    fold[in_turn] = np.arange(len(customers)) % n_folds
    return fold[place]
