"""The model card: how test dates differ, and how surely a level is known."""

from dataclasses import replace

import numpy as np

from scoring.starter import starter
from training.evaluation import Evaluation
from training.few import learn_few
from training.model_card import _spread, model_card
from training.rows import Rows


def judged(label: list[float], p: list[float]) -> Evaluation:
    return Evaluation("linear", np.array(label), np.array(p), {}, {}, (), None)


def test_the_spread_of_the_test_dates_is_told() -> None:
    """Five of ten happened on each date: all found on the first, half of pairs then."""
    label = [0.0, 1.0] * 10
    p = [0.2, 0.8] * 5 + [0.25] * 10
    told = _spread(judged(label, p), np.repeat([1, 2], 10))
    assert told == (
        "The 2 test dates one by one have 1.00 to 2.00 times as many as were expected,"
        " an AUC of 0.500 to 1.000."
    )


def test_one_date_has_no_spread() -> None:
    assert _spread(judged([0.0, 1.0], [0.1, 0.9]), np.array([1, 1])) is None


def test_dates_with_a_handful_of_outcomes_tell_no_auc() -> None:
    told = _spread(judged([0.0, 1.0] * 2, [0.5] * 4), np.array([1, 1, 2, 2]))
    assert told == (
        "The 2 test dates one by one have 1.00 to 1.00 times as many as were expected."
    )


def test_the_level_that_nothing_seen_leaves_stands_in_the_card() -> None:
    """300 customers without a fraud: by hand, the exact limit is 3.689 / 300."""
    begun = starter("fraud")
    usual = [begun.typical.get(name) or 1.0 for name in begun.feature_set.names]
    x = np.tile(np.array(usual, dtype=np.float64), (300, 1))
    nobody, moment = np.zeros(300), np.full(300, 1_700_000_000_000_000)
    rows = Rows(x, nobody, np.arange(300), moment, moment, begun.feature_set)
    learnt = learn_few("fraud", rows, 0, begun)
    told = model_card(replace(begun, level=learnt.level), learnt, rows, 0)
    assert "known from few outcomes, those of the latest half of the dates" in told
    assert "within 90 days it is expected of 0." in told
    assert "(95 % interval 0.00% to 1.23%)" in told
