"""Starters asked about a portfolio's past while its accounts are gone through once.

The newest dates whose outcomes are known differ by target and overlap. Who was there,
what became of them and the numbers that starters read are found in one pass over the
accounts; features are made of some rows at a time, for those of all would not fit.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.account import PassingFacts
from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.feature import AccountFact
from features.feature_numbers import Plan
from features.grid import grid_dates, has_grid
from features.labels import labels, snapshots_and_labels
from features.portfolio import Portfolio
from features.snapshots import SCHEMA, snapshots
from features.targets import Target
from scoring.bundle import Bundle
from scoring.predictor import Predictor


@dataclass(frozen=True, slots=True)
class ShownOutcomes:
    """What became of whom at some dates, and what a starter says of them.

    Args:
        rows: customer_id, as_of, ordered by both, (n,).
        label: (n,) of 0, 1 and null.
        log_odds: (n,) of the starter.
    """

    rows: pa.Table
    label: pa.ChunkedArray
    log_odds: FloatArray


def shown_outcomes(
    portfolio: Portfolio,
    starters: Mapping[Target, Bundle],
    latest: Mapping[Target, int],
    n_dates: int,
    at_once: int,
) -> dict[Target, ShownOutcomes]:
    """By target what the newest dates of the grid show.

    Args:
        portfolio: whose customers.
        starters: by target.
        latest: by target the latest moment that counts, µs since 1970 UTC.
        n_dates: of each target.
        at_once: rows whose features are held together.

    Returns:
        Nothing of a target that has no grid, or a date without anybody: others have
        to be looked for.
    """
    if not has_grid(portfolio) or not starters:
        return {}
    grid = grid_dates(portfolio)
    dates = {
        target: frozenset([at for at in grid if at <= latest[target]][-n_dates:])
        for target in starters
    }
    passing = _PassingStarters(portfolio, starters, dates, at_once)
    every = sorted(frozenset().union(*dates.values()))
    everyone, facts = portfolio.customer_ids, passing.facts
    if "nonpayment" in starters:
        pairs, paid = snapshots_and_labels(portfolio, everyone, facts, every)
    else:
        pairs = snapshots(portfolio, everyone, facts=facts, dates=every)
    passing.score()
    shown = {}
    for target, theirs in dates.items():
        chosen = pc.is_in(pairs["as_of"], pa.array(theirs, pa.int64()))
        rows = pairs.filter(chosen)
        if pc.count_distinct(rows["as_of"]).as_py() < len(theirs):
            continue
        is_paid = target == "nonpayment"
        labelled = paid.filter(chosen) if is_paid else labels(portfolio, rows, target)
        log_odds = np.array(passing.log_odds[target], np.float64)
        shown[target] = ShownOutcomes(rows, labelled["label"], log_odds)
    return shown


class _PassingStarters:
    """Asks each starter about its dates as accounts go by, some rows at a time."""

    def __init__(
        self,
        portfolio: Portfolio,
        starters: Mapping[Target, Bundle],
        dates: Mapping[Target, frozenset[int]],
        at_once: int,
    ) -> None:
        self._portfolio, self._starters, self._dates = portfolio, starters, dates
        self.facts = PassingFacts(
            frozenset().union(*dates.values()),
            reads_usage=any(map(_reads_usage, starters.values())),
            at_once=at_once,
            full=self.score,
        )
        self.log_odds = {target: array("d") for target in starters}

    def score(self) -> None:
        """Ask about the rows that wait."""
        keys, numbers = self.facts.taken()
        for target, bundle in self._starters.items():
            places = [i for i, (_, at) in enumerate(keys) if at in self._dates[target]]
            if not places:
                continue
            ids, moments = zip(*(keys[i] for i in places), strict=True)
            rows = pa.table([ids, moments], schema=SCHEMA)
            features, facts = bundle.feature_set, numbers[places]
            table = feature_table(self._portfolio, rows, features, facts=facts)
            log_odds = Predictor(bundle).log_odds(matrix(table, features))
            self.log_odds[target].extend(log_odds)


def _reads_usage(bundle: Bundle) -> bool:
    """Whether a model looks at account facts that are made from `usage`."""
    leaves = Plan([f.definition for f in bundle.feature_set.features]).leaves
    return any(isinstance(x, AccountFact) and "usage" in x.needs for x in leaves)
