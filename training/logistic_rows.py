"""Rows that a logistic regression learns from: all that tell much, some of the rest.

Of a rare event the few it happened to tell nearly everything; of a hundred others for
each of them the hundredth tells next to nothing, and costs as much. So customers with
a positive row are kept, others are drawn, and each row drawn counts as many.
"""

from dataclasses import replace

import numpy as np

from features.arrays import BoolArray, FloatArray
from training.rows import Rows

MANY_POSITIVES = 1_000  # from here on some of the positive ones are enough
TELLING_ROWS = 10_000  # of customers with a positive row
OTHER_ROWS = 20_000


def logistic_rows(rows: Rows, taught: BoolArray) -> Rows:
    """Enough of the rows that teach, whole customers, with what each stands for.

    The rows of either kind count together as many as there are of it: the level is
    that of all rows.

    Args:
        rows: of which some teach.
        taught: (n,) which.
    """
    n_customers = int(rows.customer.max(initial=-1)) + 1
    is_bad = np.zeros(n_customers, dtype=np.bool_)
    is_bad[rows.customer[taught & (rows.label == 1.0)]] = True
    telling = taught & is_bad[rows.customer]
    others = taught & ~telling
    n_positives = max(1, int(rows.label[telling].sum()))
    least = MANY_POSITIVES / n_positives
    share = np.where(
        is_bad,
        max(TELLING_ROWS / max(1, telling.sum()), least),
        OTHER_ROWS / max(1, others.sum()),
    )
    drawn = np.random.default_rng(0).random(n_customers) < share
    kept: BoolArray = taught & drawn[rows.customer]
    if kept.all():
        return rows
    if (kept == taught).all():
        return rows[taught]
    counts: FloatArray = np.ones(len(rows))
    for kind in (telling, others):
        counts[kind] = kind.sum() / max(1, (kind & kept).sum())
    return replace(rows, stands_for=counts)[kept]
