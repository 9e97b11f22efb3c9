"""A logistic regression holds the directions that features declare, as trees do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from features.arrays import FloatArray, IntArray
from features.catalogue import CATALOGUE
from features.feature_set import FeatureSet
from scoring.additive import AdditiveModel
from training.linear import fit_linear, signed_logistic
from training.prior import fit_beside
from training.rows import Rows


def drawn(seed: int) -> tuple[FloatArray, FloatArray, IntArray]:
    """A design (n, k) of columns that are alike, labels, and signs of the weights."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(2_000, 3))
    design = common @ rng.normal(size=(3, 12)) + 0.3 * rng.normal(size=(2_000, 12))
    design[:, 0] = 1.0
    label = rng.random(2_000) < expit(design[:, 1] - 0.5 * design[:, 2] - 1.0)
    return design, label.astype(float), rng.choice([-1, 0, 1], 12) * (np.arange(12) > 0)


@pytest.mark.parametrize("seed", range(8))
def test_signs_hold_and_cost_no_more_than_they_must(seed: int) -> None:
    """Beside a bounded minimisation: of its gain over the constant no thousandth."""
    design, label, signs = drawn(seed)
    ridge = np.full(12, 5.0)

    def loss(weights: FloatArray) -> float:
        margin = design @ weights
        fit = np.logaddexp(0.0, margin) - label * margin
        return float(fit.sum() + 0.5 * ridge @ weights**2)

    weights = signed_logistic(design, label, ridge, signs)
    assert (signs * weights >= 0).all()
    bounds = [(0.0 if s > 0 else None, 0.0 if s < 0 else None) for s in signs]
    best = minimize(loss, np.zeros(12), method="L-BFGS-B", bounds=bounds)
    constant = loss(np.array([np.log(label.mean() / (1 - label.mean())), *[0] * 11]))
    assert constant - loss(weights) >= 0.999 * (constant - best.fun)
    free = signed_logistic(design, label, ridge, np.zeros(12, dtype=np.int64))
    assert loss(free) <= best.fun * (1 + 1e-6)


def rows_with(names: tuple[str, ...], x: FloatArray, label: FloatArray) -> Rows:
    features = tuple(f for name in names for f in CATALOGUE if f.name == name)
    n = len(label)
    zeros = np.zeros(n, dtype=np.int64)
    return Rows(x, label, np.arange(n), zeros, zeros, FeatureSet(features, {}))


def learnt(rows: Rows) -> dict[str, AdditiveModel]:
    flat = AdditiveModel("rule", float(np.log(rows.rate / (1 - rows.rate))), ())
    return {"plain": fit_linear(rows), "beside": fit_beside(flat, rows, 20.0)}


def test_more_debt_never_tells_for_a_customer() -> None:
    """Of two features that are alike the one is set off against the other if free."""
    rng = np.random.default_rng(3)
    owed = rng.gamma(2.0, 50.0, 4_000)
    n_open = np.round(owed / 60.0 + rng.normal(0, 0.4, 4_000)).clip(0)
    label = (rng.random(4_000) < expit(0.03 * owed - 1.2 * n_open - 1.0)).astype(float)
    names = ("account_open", "account_invoices_open")
    rows = rows_with(names, np.column_stack([owed, n_open]), label)
    undirected = tuple(replace(f, monotone=None) for f in rows.feature_set.features)
    free = fit_linear(replace(rows, feature_set=FeatureSet(undirected, {})))
    more = np.array([[100.0, 1.0], [100.0, 5.0]])
    assert np.diff(free.margin(more, names))[0] < 0
    for name, model in learnt(rows).items():
        assert np.diff(model.margin(more, names))[0] >= 0, name


def test_what_is_missing_counts_as_what_it_is_like() -> None:
    """Who never paid is no better than who paid long ago; the labels say otherwise."""
    rng = np.random.default_rng(4)
    names = ("payments_succeeded_age_days", "account_overdue_share")
    x = np.column_stack([rng.uniform(0, 365, 4_000), rng.random(4_000)])
    is_missing = rng.random((4_000, 2)) < 0.3
    risk = x[:, 0] / 100 + 2 * x[:, 1] - 4
    risk += np.where(is_missing[:, 0], -3.0, 0.0) + np.where(is_missing[:, 1], 3.0, 0.0)
    x[is_missing] = np.nan
    label = (rng.random(4_000) < expit(risk)).astype(float)
    for name, model in learnt(rows_with(names, x, label)).items():
        paid = np.array([[np.nan, 0.5], [364.0, 0.5], [0.0, 0.5]])
        assert (np.diff(model.margin(paid, names)) <= 1e-9).all(), name


def test_what_is_unknown_has_a_weight_of_its_own() -> None:
    """It is no zero: here most of those of whom it is unknown turn bad."""
    rng = np.random.default_rng(5)
    names = ("account_overdue_share", "account_invoices_open")
    x = np.column_stack([rng.random(4_000), rng.integers(0, 5, 4_000)])
    is_unknown = rng.random(4_000) < 0.2
    x[is_unknown, 0] = np.nan
    risk = np.where(is_unknown, 2.0, x[:, 0] - 2.0)
    label = (rng.random(4_000) < expit(risk)).astype(float)
    for name, model in learnt(rows_with(names, x, label)).items():
        shown = np.array([[1.0, 2.0], [np.nan, 2.0]])
        assert np.diff(model.margin(shown, names))[0] > 1.0, name
