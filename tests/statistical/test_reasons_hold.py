"""The first reason is what the probability rests on, in this training and the next."""

from pathlib import Path

import numpy as np
import pytest

from features.arrays import BoolArray, FloatArray, IntArray
from features.portfolio import Portfolio
from scoring.reasons import principal
from scoring.trees import TreeModel
from training.audits.monotone import monotone_ablation
from training.boosting import fit_rounds, recipe
from training.rows import Rows
from training.training_data import gather

LUMEN = Path(__file__).parents[2] / "data" / "samples" / "lumen"
N_ROUNDS = 150
N_RISKY = 600  # rows of highest probability; and as many of calm customers
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows() -> Rows:
    return gather(Portfolio.open(LUMEN), ("nonpayment",)).rows["nonpayment"]


@pytest.fixture(scope="module")
def model(rows: Rows) -> TreeModel:
    return fit_rounds(rows, recipe(rows, 0), N_ROUNDS)


def families(rows: Rows) -> list[BoolArray]:
    """Which features belong to each family."""
    family = np.array([f.family for f in rows.feature_set.features])
    return [family == name for name in sorted(set(family.tolist()))]


def masses(model: TreeModel, rows: Rows, x: FloatArray) -> FloatArray:
    """(n, families): what each family adds to the log-odds."""
    parts = model.explain(x)[1][:, :-1]
    return np.stack([parts[:, own].sum(axis=1) for own in families(rows)], axis=1)


def typical(rows: Rows) -> FloatArray:
    value = np.full(rows.x.shape[1], np.nan)  # what is nowhere known stays unknown
    is_known = ~np.isnan(rows.x).all(axis=0)
    value[is_known] = np.nanmedian(rows.x[:, is_known], axis=0)
    for i, feature in enumerate(rows.feature_set.features):
        if feature.is_category:
            known = rows.x[:, i][~np.isnan(rows.x[:, i])].astype(int)
            value[i] = np.bincount(known).argmax()
    return value


def risky(rows: Rows, model: TreeModel, *, is_calm: bool) -> FloatArray:
    """Features of the worst rows; of the worst tenth of those with nothing overdue."""
    p = model.margin(rows.x)
    if not is_calm:
        return rows[np.argsort(-p)[:N_RISKY]].x
    calm: IntArray = np.flatnonzero(rows.column("account_days_overdue") == 0.0)
    worst = calm[np.argsort(-p[calm])[: len(calm) // 10]]
    drawn = np.random.default_rng(1).choice(worst, N_RISKY, replace=False)
    return rows[drawn].x


@pytest.mark.parametrize("is_calm", [False, True])
def test_without_its_first_reason_a_probability_falls_furthest(
    rows: Rows, model: TreeModel, is_calm: bool
) -> None:
    """Made typical, the first family lowers P more than a family drawn at random.

    In 95 % of the draws at least; measured 99.9 % and 98.6 %. 600 customers: standard
    error of the share below 0.009.
    """
    x, usual = risky(rows, model, is_calm=is_calm), typical(rows)
    first = masses(model, rows, x).argmax(axis=1)
    now = model.margin(x)
    fall = np.stack(
        [now - model.margin(np.where(own, usual, x)) for own in families(rows)], axis=1
    )
    of_first = fall[np.arange(len(x)), first]
    n_others = fall.shape[1] - 1
    share = (of_first[:, None] > fall).sum(axis=1) / n_others
    assert share.mean() >= 0.95
    assert (of_first > 0).mean() >= 0.99


def named(mass: FloatArray) -> list[list[int]]:
    """The families that people are told of each row, the largest first."""
    rows = [{str(i): value for i, value in enumerate(row)} for row in mass.tolist()]
    return [[int(family) for family, _ in principal(row)] for row in rows]


def test_two_retrainings_give_risky_customers_the_same_reasons(
    rows: Rows, model: TreeModel
) -> None:
    """On two samples of the customers, drawn with replacement: 95 % at least.

    The first family, and all that are named. Of customers with nothing overdue they
    are not that certain: docs/audits.md has the numbers.
    """
    told = []
    for seed in (1, 2):
        n = int(rows.customer.max()) + 1
        drawn = np.random.default_rng(seed).integers(0, n, n)
        times = np.bincount(drawn, minlength=n)[rows.customer]
        sample = rows[np.repeat(np.arange(len(rows)), times)]
        again = fit_rounds(sample, recipe(sample, seed), N_ROUNDS)
        x = risky(rows, model, is_calm=False)
        told.append(named(masses(again, rows, x)))
    pairs = list(zip(*told, strict=True))
    assert np.mean([a[0] == b[0] for a, b in pairs]) >= 0.95
    assert np.mean([set(a) == set(b) for a, b in pairs]) >= 0.95


def test_monotone_directions_are_free(rows: Rows) -> None:
    """All together cost less than .001 AUC and one standard error of luck (.004)."""
    together, *each = monotone_ablation(rows)
    assert together.feature == "all together"
    assert together.cost < 0.001 + 0.004
    constrained = [f.name for f in rows.feature_set.features if f.monotone]
    assert [row.feature for row in each] == constrained
