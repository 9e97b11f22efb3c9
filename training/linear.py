"""The logistic challenger: standardised numbers, categories one by one, ridge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray, IntArray
from features.feature import Feature
from scoring.additive import CLIP_SD, AdditiveModel, CategoryTerm, NumberTerm, Term
from scoring.additive import signed_log as compress
from scoring.calibration import newton_logistic
from training.rows import Rows

INVERSE_RIDGE = 0.02  # sklearn's C; small, because features are many and alike
SKEWED = 5.0  # ninety-ninth percentile over median distance that calls for a log
RARE_SHARE = 0.005  # a missing indicator needs at least this share of rows
HELD = 1e9  # ridge of a weight that stays at zero
DRAWN = 1.0  # rows' worth of pull that lets such a weight go
MOST_RELEASES = 3


@dataclass(frozen=True)
class _Number:
    name: str
    column: int
    centre: float
    scale: float
    is_log: bool
    has_missing: bool
    direction: int = 0  # 1: may only rise with it, -1: only fall
    missing_direction: int = 0  # likewise with being missing
    when_missing: float = 0.0  # what is missing counts as, scaled as values are

    @property
    def width(self) -> int:
        """How many columns of the design are its own."""
        return 2 if self.has_missing else 1

    @property
    def signs(self) -> list[int]:
        """Of each weight: 1 or -1 where it may not be of the other sign, else 0."""
        return [self.direction, self.missing_direction][: self.width]

    def design(self, x: FloatArray) -> list[FloatArray]:
        """Its columns of the design, (n,) each, from the features x (n, F)."""
        value = x[:, self.column]
        missing = np.isnan(value)
        z = ((compress(value) if self.is_log else value) - self.centre) / self.scale
        z = np.where(missing, self.when_missing, np.clip(z, -CLIP_SD, CLIP_SD))
        return [z, missing.astype(np.float64)] if self.has_missing else [z]

    def term(self, weights: FloatArray, mean: float) -> Term:
        """What its learnt weights (width,) say; `mean` of its part in log-odds."""
        when_missing = float(weights[0]) * self.when_missing
        when_missing += float(weights[1]) if self.has_missing else 0.0
        return NumberTerm(
            self.name,
            float(weights[0]),
            self.centre,
            self.scale,
            self.is_log,
            when_missing,
            mean,
        )


@dataclass(frozen=True)
class _Category:
    name: str
    column: int
    n_codes: int

    @property
    def width(self) -> int:
        """How many columns of the design are its own."""
        return self.n_codes + 1

    @property
    def signs(self) -> list[int]:
        """Of each weight: 0, for a word may mean either."""
        return [0] * self.width

    def design(self, x: FloatArray) -> list[FloatArray]:
        """Its columns of the design, (n,) each, from the features x (n, F)."""
        value = x[:, self.column]
        known = [(value == code).astype(np.float64) for code in range(self.n_codes)]
        return [*known, np.isnan(value).astype(np.float64)]

    def term(self, weights: FloatArray, mean: float) -> Term:
        """What its learnt weights (width,) say; `mean` of its part in log-odds."""
        return CategoryTerm(
            self.name, tuple(map(float, weights[:-1])), float(weights[-1]), mean
        )


Block = _Number | _Category


def fit_linear(
    rows: Rows,
    blocks: Sequence[Block] | None = None,
) -> AdditiveModel:
    """Ridge logistic regression as an additive model over the same features.

    Args:
        rows: to learn from.
        blocks: of these rows or others of the portfolio, where they are made already.
    """
    blocks = blocks or blocks_of(rows)
    design = design_of(blocks, rows.x, n_before=1)
    design[:, 0] = 1.0
    penalty = np.full(design.shape[1], 1.0 / INVERSE_RIDGE)
    penalty[0] = 0.0  # the level is free
    counts = rows.stands_for
    weights = signed_logistic(
        design,
        rows.label,
        penalty,
        signs_of(blocks, n_before=1),
        stands_for=1.0 if counts is None else counts,
    )
    terms = terms_of(blocks, weights, design, 1, counts)
    return AdditiveModel("linear", float(weights[0]), terms)


def signed_logistic(
    design: FloatArray,
    label: FloatArray,
    ridge: FloatArray,
    signs: IntArray,
    offset: FloatArray | float = 0.0,
    start: FloatArray | None = None,
    stands_for: FloatArray | float = 1.0,
) -> FloatArray:
    """`newton_logistic` with a ridge towards zero, whose weights keep their signs.

    A weight of the wrong sign becomes zero and the others are learnt anew, until all
    are right: features that are alike would otherwise be set off against each other,
    and one more day past due tell for a customer. What the loss then draws to its right
    side is let go again, a few times (an active set, Nocedal and Wright 2006, 16.5).

    Args:
        design: (n, k), the column of ones included.
        label: (n,) of 0 and 1.
        ridge: (k,) penalties on half the square.
        signs: (k,) of each weight: 1 or -1 where it may not be of the other sign.
        offset: fixed log-odds added to each row.
        start: (k,) where the search begins; zero when absent.
        stands_for: (n,) how many rows each one counts as.
    """
    nothing = np.zeros(len(ridge))
    held = np.zeros(len(ridge), dtype=np.bool_)
    weights = nothing if start is None else start
    n_left = MOST_RELEASES
    while True:
        penalty = np.where(held, HELD, ridge)
        weights = newton_logistic(
            design, label, penalty, nothing, offset, weights, stands_for
        )
        weights[held] = 0.0
        wrong = signs * weights < 0
        if wrong.any():
            held, weights = held | wrong, np.where(wrong, 0.0, weights)
            continue
        p = expit(design @ weights + offset)
        draws = signs * (design.T @ (stands_for * (label - p)))
        freed = held & (draws > DRAWN)
        if n_left == 0 or not freed.any():
            return weights
        held, n_left = held & ~freed, n_left - 1


def signs_of(blocks: Sequence[Block], n_before: int) -> IntArray:
    """(k,) signs of the weights, behind `n_before` that are free."""
    each = [sign for block in blocks for sign in block.signs]
    return np.array([0] * n_before + each, dtype=np.int64)


def design_of(blocks: Sequence[Block], x: FloatArray, n_before: int = 0) -> FloatArray:
    """(n, k) the columns that weights are learnt for.

    Nothing in training is larger, so it is made in place, behind `n_before` columns
    that are the caller's to fill.
    """
    width = sum(block.width for block in blocks)
    design = np.empty((len(x), n_before + width))
    x = np.asfortranarray(x)  # columns are read several times over
    place = n_before
    for block in blocks:
        for column in block.design(x):
            design[:, place] = column
            place += 1
    return design


def terms_of(
    blocks: Sequence[Block],
    weights: FloatArray,
    design: FloatArray,
    n_before: int,
    stands_for: FloatArray | None = None,
) -> tuple[Term, ...]:
    """The learnt weights (k,) of the design (n, k) as terms of an additive model.

    Args:
        blocks: what the columns of the design are, behind the first `n_before`.
        weights: as `newton_logistic` found them.
        design: the rows that they were learnt from.
        n_before: columns that belong to no block.
        stands_for: (n,) how many rows each one counts as; one without.
    """
    middle = np.average(design, axis=0, weights=stands_for)
    terms: list[Term] = []
    start = n_before
    for block in blocks:
        own = slice(start, start + block.width)
        mean = float(middle[own] @ weights[own])
        terms.append(block.term(weights[own], mean))
        start += block.width
    return tuple(terms)


def blocks_of(rows: Rows) -> list[Block]:
    """What each informative feature becomes in the design."""
    vocabularies = rows.feature_set.vocabularies
    blocks: list[Block] = []
    x = np.asfortranarray(rows.x)
    signs = rows.feature_set.monotone
    for column, feature in enumerate(rows.feature_set.features):
        if feature.is_category:
            n_codes = len(vocabularies[feature.name])
            blocks.append(_Category(feature.name, column, n_codes))
        elif number := _number(feature, column, x[:, column], signs[column]):
            blocks.append(number)
    return blocks


def _number(
    feature: Feature, column: int, value: FloatArray, direction: int
) -> _Number | None:
    missing = np.isnan(value)
    known = value[~missing]
    if len(known) == 0 or known.min() == known.max():
        return None
    low, middle, high = np.quantile(known, [0.01, 0.5, 0.99])
    width = max(float(np.quantile(np.abs(known - middle), 0.5)), 1e-9)
    is_log = bool(max(high - middle, middle - low) > SKEWED * width)
    value = compress(known) if is_log else known
    centre, scale = float(value.mean()), float(value.std())
    is_long_ago = feature.is_long_ago_when_missing
    return _Number(
        feature.name,
        column,
        centre,
        scale,
        is_log,
        has_missing=bool(missing.mean() >= RARE_SHARE),
        direction=direction,
        missing_direction=direction if is_long_ago else 0,
        when_missing=min((value.max() - centre) / scale, CLIP_SD) if is_long_ago else 0,
    )
