"""The one-line rule: never falling, and silent where lateness is unknown."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from features.feature_set import FeatureSet
from training.lateness import LATENESS, fit_rule
from training.rows import Rows

RowsOf = Callable[..., Rows]


@pytest.fixture
def late_rows(rows_of: RowsOf) -> Rows:
    rows = rows_of(4_000)
    rng = np.random.default_rng(2)
    days = rng.choice([0.0, 5.0, 20.0, 45.0, 70.0, 120.0], 4_000)
    chance = np.interp(days, [0, 5, 20, 45, 70, 120], [0.03, 0.1, 0.08, 0.4, 0.6, 0.6])
    feature = next(f for f in CATALOGUE if f.name == LATENESS[0])
    return replace(
        rows,
        x=days[:, None],
        label=(rng.random(4_000) < chance).astype(np.float64),
        feature_set=FeatureSet((feature,)),
    )


def test_more_days_are_never_less_risk(late_rows: Rows) -> None:
    rule = fit_rule(late_rows)
    assert rule is not None
    days = np.linspace(0.0, 200.0, 401)[:, None]
    margins = rule.margin(days, late_rows.feature_set.names)
    assert (np.diff(margins) >= 0.0).all()
    assert margins[-1] > margins[0] + 2.0
    parts = rule.contributions(late_rows.x, late_rows.feature_set.names)
    assert abs(parts[:, 0].mean()) < 1e-9


def test_without_lateness_there_is_no_rule(rows_of: RowsOf, late_rows: Rows) -> None:
    assert fit_rule(rows_of(200)) is None
    unknown = replace(late_rows, x=np.full_like(late_rows.x, np.nan))
    assert fit_rule(unknown) is None
