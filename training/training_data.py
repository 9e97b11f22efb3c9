"""From a portfolio to training rows: one feature table, one label per target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.young_dates import DrawnSnapshots
from features.arrays import FloatArray, IntArray
from features.batch import feature_table, matrix
from features.catalogue import feature_set as features_of
from features.catalogue import is_read
from features.feature_set import FeatureSet
from features.labels import labels
from features.portfolio import Portfolio
from features.snapshots import snapshots
from features.targets import Target
from scoring.starter import starters
from training.rows import Rows

RHO_PRIOR_MEAN = 0.5  # before any is seen, every second fraudster does not pay
RHO_PRIOR_N = 10.0


@dataclass(frozen=True)
class TrainingData:
    """Rows per target, over one feature set; unknown labels left out."""

    rows: Mapping[Target, Rows]
    feature_set: FeatureSet
    nonpayment_given_fraud: float | None
    first_mature_at: Mapping[Target, int | None]  # of its earliest date, µs since 1970
    customer_ids: tuple[str, ...] = ()  # by the number that rows give a customer
    drawn: DrawnSnapshots | None = None  # with the labels of young dates


def gather(portfolio: Portfolio, targets: Sequence[Target]) -> TrainingData:
    """Features once for all snapshots with a mature label of any target."""
    pairs = snapshots(portfolio)
    label_by_target = {t: labels(portfolio, pairs, t) for t in targets}
    label = {t: _mature(label_by_target[t], portfolio) for t in targets}
    wanted = np.zeros(pairs.num_rows, dtype=np.bool_)
    for one in label.values():
        wanted |= ~np.isnan(one)
    kept = pairs.filter(pa.array(wanted))
    table = feature_table(portfolio, kept, features_of(portfolio.settings))
    features = _informative(table, features_of(portfolio.settings), _starting())
    x = matrix(table, features)
    del table  # as large as what is made of it
    customer, customer_ids = _numbers(kept["customer_id"])
    as_of = kept["as_of"].to_numpy()
    rows = {}
    for target in targets:
        mature_at = label_by_target[target]["mature_at"].to_numpy()[wanted]
        one = label[target][wanted]
        everyone = Rows(x, one, customer, as_of, mature_at, features)
        rows[target] = _without_unread(everyone[~np.isnan(one)], target)
    first = {
        target: pc.min(labelled["mature_at"]).as_py()
        for target, labelled in label_by_target.items()
    }
    rho = _nonpayment_given_fraud(label)
    drawn = DrawnSnapshots(portfolio, label_by_target)
    return TrainingData(rows, features, rho, first, customer_ids, drawn)


def _without_unread(rows: Rows, target: Target) -> Rows:
    """Rows whose features that this target does not learn from are unknown.

    The columns stay, so that both targets are computed from one table and one row.
    """
    unread = [not is_read(f, target) for f in rows.feature_set.features]
    rows.x[:, unread] = np.nan
    return rows


def _mature(table: pa.Table, portfolio: Portfolio) -> FloatArray:
    """(n,) labels; unknown where the whole date cannot be known yet.

    Positives of young dates are known early and would teach that recent means bad.
    """
    label = table["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    is_mature = table["mature_at"].to_numpy() <= portfolio.observed_until
    return np.where(is_mature, label, np.nan)


def _numbers(customer_ids: pa.ChunkedArray) -> tuple[IntArray, tuple[str, ...]]:
    """The number of each row's customer, and the customers by number."""
    encoded = customer_ids.combine_chunks().dictionary_encode()
    numbers = np.asarray(encoded.indices.to_numpy(), dtype=np.int64)
    return numbers, tuple(encoded.dictionary.to_pylist())


def _starting() -> frozenset[str]:
    """What the starters read: kept where nothing varies, for they are the prior."""
    return frozenset(
        name for bundle in starters().values() for name in bundle.feature_set.names
    )


def _informative(
    table: pa.Table, features: FeatureSet, kept: frozenset[str]
) -> FeatureSet:
    """The features that vary or are `kept`; all targets share them."""
    features = features.with_vocabularies(table)
    return features.subset(
        [n for n in features.names if n in kept or _varies(table[n])]
    )


def _varies(column: pa.ChunkedArray) -> bool:
    """Whether a feature tells rows apart, if only by being known of some."""
    if 0 < column.null_count < len(column):
        return True
    ends = pc.min_max(column).as_py()
    return bool(ends["min"] != ends["max"])


def _nonpayment_given_fraud(label: Mapping[Target, FloatArray]) -> float | None:
    """ρ, drawn towards one half by ten rows; None unless both targets are known."""
    if "fraud" not in label or "nonpayment" not in label:
        return None
    both = label["nonpayment"][label["fraud"] == 1.0]
    both = both[~np.isnan(both)]
    if len(both) == 0:
        return None
    return float(
        (both.sum() + RHO_PRIOR_MEAN * RHO_PRIOR_N) / (len(both) + RHO_PRIOR_N)
    )
