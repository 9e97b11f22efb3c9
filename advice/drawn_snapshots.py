"""Snapshots of drawn customers, their labels and numbers, found once for all targets.

The early warning compares mature dates with a few young ones a horizon apart. Of the
dates in between nothing is asked, so nobody goes through accounts for them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from features.account import PassingFacts, snapshot_keys
from features.arrays import BoolArray, FloatArray, IntArray
from features.batch import feature_table, matrix
from features.feature import Feature
from features.fraud_signs import FraudSigns
from features.grid import grid_dates, has_grid
from features.head_count import joined_at
from features.labels import (
    labelled_customers,
    labels,
    labels_observed_until,
    snapshots_and_labels,
)
from features.maturity import maturity_us
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.snapshots import snapshots
from features.targets import TARGETS, Target
from scoring.bundle import Bundle
from scoring.predictor import Predictor

MOST_CUSTOMERS = 5_000  # drawn where there are more: they say it as surely


class DrawnSnapshots:
    """The snapshots of drawn customers.

    Args:
        portfolio: whose customers.
        known: by target the `labels` of everybody's `snapshots`, where somebody has
            found them already.
        models: by target what will be asked about (None: no model is in force); what
            several need is found once, and what none needs is left out.
    """

    def __init__(
        self,
        portfolio: Portfolio,
        known: Mapping[Target, pa.Table] | None = None,
        models: Mapping[str, Bundle | None] | None = None,
    ) -> None:
        self.portfolio = portfolio
        self._labels = {
            target: labelled.filter(
                pc.is_in(
                    labelled["customer_id"],
                    pa.array(self._drawn(target), pa.string()),
                )
            )
            for target, labelled in (known or {}).items()
        }
        stated = models or {}
        self._models: dict[Target, Bundle | None] = {
            target: stated[target]
            for target in TARGETS
            if target in stated and not _is_starter(stated[target])
        }
        self._made: dict[tuple[tuple[str, ...], tuple[Target, ...]], pa.Table] = {}
        self._facts: dict[Target, PassingFacts] = {}
        self._scored: dict[tuple[Feature, ...], pa.Table] = {}  # numbers by features

    def _drawn(self, target: Target) -> tuple[str, ...]:
        return tuple(_drawn(labelled_customers(self.portfolio, target)))

    @cached_property
    def frauds_joined(self) -> IntArray:
        """When those joined of whom a sign of fraud is known, µs since 1970 UTC."""
        until = labels_observed_until(self.portfolio, "fraud")
        known = FraudSigns(self.portfolio).first_ever_known(until)
        chosen = sorted(known.keys() & set(self._drawn("fraud")))
        rows = joined_at(self.portfolio)
        is_chosen = pc.is_in(rows["customer_id"], pa.array(chosen, pa.string()))
        moments: IntArray = rows.filter(is_chosen)["joined_at"].to_numpy()
        return moments

    def labels(self, target: Target) -> pa.Table:
        """Of customers whose labels of a target can be known."""
        if target not in self._labels:
            drawn = self._drawn(target)
            asked = [t for t in self._models if self._drawn(t) == drawn]
            group = drawn, tuple(asked if target in asked else ())
            if group not in self._made:
                self._find(*group)
        if target not in self._labels:
            self._labels[target] = labels(self.portfolio, self._made[group], target)
        return self._labels[target]

    def probability(
        self, bundle: Bundle, target: Target, young: BoolArray
    ) -> FloatArray:
        """(k,) what a model says of the k young rows of the `labels` of its target."""
        pairs = self.labels(target).filter(pa.array(young))
        features = bundle.feature_set
        table = _rows_of(self._scored.get(features.features), pairs)
        if table is None:
            seen = self._facts.get(target)
            facts = None if seen is None else seen.of(pairs)
            table = feature_table(self.portfolio, pairs, features, facts=facts)
            self._scored[features.features] = table
        return Predictor(bundle).probability(matrix(table, features))

    def _find(self, drawn: tuple[str, ...], asked: tuple[Target, ...]) -> None:
        """The snapshots of the drawn, and beside them the labels read from accounts."""
        dates, young = self._dates(asked)
        pairs = self._gone_through(drawn, asked, young, dates)
        wanted = set().union(*young.values())
        if not wanted <= set(pc.unique(pairs["as_of"]).to_pylist()):
            # nobody is there at a date that was to stand for those after it
            pairs = self._gone_through(drawn, asked, young, None)
        self._made[drawn, asked] = pairs

    def _gone_through(
        self,
        drawn: tuple[str, ...],
        asked: tuple[Target, ...],
        young: Mapping[Target, Sequence[int]],
        dates: Sequence[int] | None,
    ) -> pa.Table:
        """Snapshots; labels and numbers that the same accounts tell are kept."""
        scored = (young.get(target, ()) for target in asked if self._models[target])
        facts = PassingFacts(set().union(*scored))
        self._facts |= dict.fromkeys(asked, facts)
        if "nonpayment" not in asked:
            return snapshots(self.portfolio, drawn, facts=facts, dates=dates)
        pairs, labelled = snapshots_and_labels(self.portfolio, drawn, facts, dates)
        self._labels["nonpayment"] = labelled
        return pairs

    def _dates(
        self, asked: Sequence[Target]
    ) -> tuple[list[int] | None, dict[Target, list[int]]]:
        """Dates of the grid to look at (None: all), and the young ones by target."""
        if not asked or not has_grid(self.portfolio):
            return None, {}
        grid, looked_at = grid_dates(self.portfolio), set[int]()
        young: dict[Target, list[int]] = {}
        for target in asked:
            horizon_us, lag_us = maturity_us(self.portfolio, target)
            until = labels_observed_until(self.portfolio, target)
            n_mature = bisect_right(grid, until - horizon_us - lag_us)
            young[target] = apart(grid[n_mature:], horizon_us)
            looked_at |= {*grid[:n_mature], *young[target]}
        return sorted(looked_at), young


def apart(dates: Iterable[int], horizon_us: int) -> list[int]:
    """Dates at least a horizon apart, the oldest first; clocks may change between.

    Args:
        dates: rising, µs since 1970 UTC.
        horizon_us: microseconds.
    """
    chosen: list[int] = []
    for moment in dates:
        if not chosen or moment - chosen[-1] >= horizon_us - DAY_US:
            chosen.append(moment)
    return chosen


def _is_starter(bundle: Bundle | None) -> bool:
    return bundle is not None and bundle.is_starter


def _drawn(customer_ids: Sequence[str]) -> list[str]:
    """Customers at equal steps through all of them."""
    n = min(MOST_CUSTOMERS, len(customer_ids))
    return [customer_ids[i * len(customer_ids) // n] for i in range(n)]


def _rows_of(table: pa.Table | None, pairs: pa.Table) -> pa.Table | None:
    """The rows of these customers and moments; None where one of them is not there."""
    if table is None:
        return None
    places = {key: place for place, key in enumerate(snapshot_keys(table))}
    found = [places.get(key) for key in snapshot_keys(pairs)]
    return None if None in found else table.take(pa.array(found, pa.int64()))
