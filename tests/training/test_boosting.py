"""What is rare is learnt, however few of the rows say where the bins end."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest

from tests.training.conftest import RowsOf
from training import boosting
from training.boosting import BinnedRows, fit_rounds, recipe


def test_a_rare_flag_is_learnt_from_a_sample_of_the_rows(
    rows_of: RowsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the sample it is on fewer rows than a leaf needs; among all on enough."""
    monkeypatch.setattr(boosting, "BIN_ROWS", 300)
    rows = rows_of(3_000)
    flag = rows.feature_set.names.index("noise")
    is_flagged = np.arange(len(rows)) % 20 == 0
    x = rows.x.copy()
    x[:, flag] = is_flagged
    rows = replace(rows, x=x, label=np.where(is_flagged, 1.0, rows.label))
    parameters = recipe(rows, 0)
    assert is_flagged.sum() > parameters["min_data_in_leaf"] > is_flagged[:300].sum()
    everyone = np.ones(len(rows), dtype=np.bool_)
    binned = BinnedRows(rows, parameters, everyone)
    booster = lightgbm.train(binned.parameters, binned.part(everyone), 5)
    assert booster.feature_importance("gain")[flag] > 0.0
    assert fit_rounds(rows, parameters, 5).gain()[flag] > 0.0
