"""What the champion in force says of the dates that judge a new model.

A model that is trained half a year after the champion is judged by dates that the
champion's own report did not reach: their runs have no row in common. But the champion
learnt from none of these dates either, so it is asked about them here.
"""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from advice.errors import SettingsDifferError
from advice.knowledge import require_same
from advice.mature_window import learnt_outcomes_end
from features.arrays import FloatArray, IntArray
from features.batch import feature_table, matrix
from features.portfolio import Portfolio
from features.targets import Target
from scoring.bundle import Bundle
from scoring.errors import ScoringError
from scoring.predictor import Predictor
from scoring.shelf import champion_path
from training.rows import ROWS_AT_ONCE, Rows


class SaidBefore(NamedTuple):
    """What a champion says of some of the rows that judge a new model.

    Args:
        champion: the model in force.
        chosen: (m,) places of its rows among those of the new model.
        rows: (m,) as the champion reads them.
        p: (m,) what it says of them.
    """

    champion: Bundle
    chosen: IntArray
    rows: Rows
    p: FloatArray


def _champion(home: Path, portfolio: Portfolio, target: Target) -> Bundle | None:
    """The champion of the shelf; None where it says nothing comparable.

    That is a starter, one that cannot be read any more, and one that was trained with
    other settings, for it speaks of something else.
    """
    path = champion_path(home, target)
    if path is None:
        return None
    stated = portfolio.settings
    try:
        champion = Bundle.load(path)
        require_same(champion.bundle_id, champion.settings, stated.name, stated)
    except (ScoringError, SettingsDifferError):
        return None
    is_alike = champion.settings.labels == stated.labels
    return champion if is_alike and not champion.is_starter else None


def said_before(
    portfolio: Portfolio, home: Path, target: Target, test: Rows, names: tuple[str, ...]
) -> SaidBefore | None:
    """The rows whose outcomes the champion did not learn, and what it says of them.

    Of many rows those of customers drawn by chance, so that memory holds them. None
    where there is no such row, or no such champion.

    Args:
        portfolio: that the rows are of.
        home: state folder of the champion.
        target: what the probabilities are of.
        test: rows that judge a new model.
        names: of customers, by the number that rows give them.
    """
    champion = _champion(home, portfolio, target)
    if champion is None:
        return None
    fresh = test.as_of >= learnt_outcomes_end(champion)
    share = ROWS_AT_ONCE / max(int(fresh.sum()), 1)
    drawn = np.random.default_rng(0).random(len(names)) < share
    chosen = np.flatnonzero(fresh & drawn[test.customer])
    if not len(chosen):
        return None
    rows = test[chosen]
    who = pa.array([names[number] for number in rows.customer.tolist()])
    pairs = pa.table({"customer_id": who, "as_of": rows.as_of})
    read = champion.feature_set
    x = matrix(feature_table(portfolio, pairs, read), read)
    as_read = replace(rows, x=x, feature_set=read)
    return SaidBefore(champion, chosen, as_read, Predictor(champion).probability(x))
