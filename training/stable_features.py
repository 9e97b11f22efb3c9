"""Which features tell something whichever half of the customers is looked at.

From few outcomes two hundred features learn much that is chance. Stability selection
(Meinshausen and Bühlmann, J. R. Stat. Soc. B 72, 2010) keeps what is among the most
telling in most halves of the customers.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from features.arrays import FloatArray
from training.linear import Block, design_of
from training.rows import Rows

N_HALVES = 40
N_TELLING = 40  # features of a half that are among its most telling
STABLE_SHARE = 0.6  # of the halves
SEED = 42
TINY = 1e-12


def stable_blocks(blocks: Sequence[Block], rows: Rows) -> list[Block]:
    """The features that are among the most telling in most halves of the customers.

    A feature tells as much as the largest score test of its columns.

    Args:
        blocks: what the features are in the design.
        rows: to learn from, both labels present.

    Returns:
        Some of `blocks`, at least one where there is one.
    """
    if not blocks:
        return []
    score, information = _by_customer(design_of(blocks, rows.x), rows)
    n_customers = len(score)
    rng = np.random.default_rng(SEED)
    halves = rng.permuted(np.tile(np.arange(n_customers), (N_HALVES, 1)), axis=1)
    is_in = (halves < n_customers // 2).astype(np.float64)
    telling = np.abs(is_in @ score) / np.sqrt(is_in @ information + TINY)
    starts = np.cumsum([0, *(block.width for block in blocks)])[:-1]
    by_feature = np.maximum.reduceat(telling, starts, axis=1)
    best = np.argsort(-by_feature, axis=1, kind="stable")[:, :N_TELLING]
    chosen = np.bincount(best.ravel(), minlength=len(blocks))
    kept = chosen >= min(STABLE_SHARE * N_HALVES, chosen.max())
    return [block for block, is_kept in zip(blocks, kept, strict=True) if is_kept]


def _by_customer(design: FloatArray, rows: Rows) -> tuple[FloatArray, FloatArray]:
    """(customers, k) each column's score at one rate for all, and its information.

    The design is used up: nothing in training is larger.
    """
    counts = np.ones(len(rows)) if rows.stands_for is None else rows.stands_for
    rate = rows.rate
    design -= np.average(design, axis=0, weights=counts)
    customers, number = np.unique(rows.customer, return_inverse=True)
    place, shape = (number, np.arange(len(rows))), (len(customers), len(rows))
    score = csr_array((counts * (rows.label - rate), place), shape) @ design
    np.square(design, out=design)
    weight = counts * rate * (1.0 - rate)
    return score, csr_array((weight, place), shape) @ design
