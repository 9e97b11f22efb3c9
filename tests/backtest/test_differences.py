"""Why two policies differ is said in words, whatever the reason."""

from typing import get_args

from backtest.differences import RAISED_BECAUSE
from decisions.recommendation import RaisedBy


def test_every_rule_that_makes_an_answer_harsher_has_its_words() -> None:
    assert set(RAISED_BECAUSE) == set(get_args(RaisedBy))
