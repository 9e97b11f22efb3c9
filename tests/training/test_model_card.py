"""The model card: how far single test dates lie apart."""

import numpy as np

from training.evaluation import Evaluation
from training.model_card import _spread


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
