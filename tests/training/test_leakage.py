"""What looks too good is measured on rows that stand for all."""

from dataclasses import replace

import numpy as np
import pytest

from scoring.additive import AdditiveModel, NumberTerm
from scoring.importance import importance
from tests.training.conftest import RowsOf
from training import leakage
from training.leakage import gain_shares


def test_shares_of_some_rows_are_as_those_of_all(
    rows_of: RowsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows go customer by customer: every 24th would be of one date alone."""
    monkeypatch.setattr(leakage, "SPREAD_ROWS", 200)
    n_dates = 24
    rows = rows_of(200 * n_dates)
    x = rows.x.copy()
    x[:, rows.feature_set.names.index("load")] = np.arange(len(rows)) % n_dates / 8.0
    terms = tuple(
        NumberTerm(name, 1.0, 0.0, 1.0, False, 0.0, 0.0) for name in ("load", "noise")
    )
    model, names = AdditiveModel("linear", 0.0, terms), rows.feature_set.names
    every = importance(model, x, names)
    some = gain_shares(model, replace(rows, x=x))
    assert some == pytest.approx(every, abs=0.1)
    assert every["load"] > 0.3
