"""From a portfolio to training rows: one feature table, one label per target."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advice.drawn_snapshots import DrawnSnapshots
from features.arrays import FloatArray, IntArray
from features.batch import feature_table
from features.catalogue import feature_set as features_of
from features.catalogue import is_read, repeated
from features.feature_set import FeatureSet
from features.fraud_records import FraudRecords, fraud_records
from features.labels import labels
from features.portfolio import Portfolio
from features.settings import PortfolioSettings
from features.snapshots import snapshots
from features.targets import Target
from scoring.starter import starters
from training.customer_sample import CustomerSample, SampleLimits, sample_of
from training.feature_file import FeatureFile
from training.lateness_now import PresentLateness
from training.rows import Rows

RHO_PRIOR_MEAN = 0.5  # before any is seen, every second fraudster does not pay
RHO_PRIOR_N = 10.0


EVERYONE = SampleLimits()
SNAPSHOTS_AT_ONCE = 50_000  # computed in one piece: about 200 MB


class TargetRows(Mapping[Target, Rows]):
    """Rows by target; memory holds those of the target that was asked for last.

    Args:
        file: the features of every snapshot.
        features: those of them that are learnt from.
        label: by target, (n,) of every snapshot, NaN where unknown.
        mature_at: by target, (n,) µs since 1970 UTC.
        customer, as_of: (n,) as `Rows` has them.
    """

    def __init__(
        self,
        file: FeatureFile,
        features: FeatureSet,
        label: Mapping[Target, FloatArray],
        mature_at: Mapping[Target, IntArray],
        customer: IntArray,
        as_of: IntArray,
    ) -> None:
        self._file, self._features = file, features
        self._label, self._mature_at = label, mature_at
        self._customer, self._as_of = customer, as_of
        self._last: tuple[Target, Rows] | None = None

    def __getitem__(self, target: Target) -> Rows:
        if self._last is None or self._last[0] != target:
            self._last = None  # let go of before another is made
            self._last = target, self._made(target)
        return self._last[1]

    def __iter__(self) -> Iterator[Target]:
        return iter(self._label)

    def __len__(self) -> int:
        return len(self._label)

    def _made(self, target: Target) -> Rows:
        chosen = ~np.isnan(self._label[target])
        x = self._file.matrix(chosen, self._features)
        # what a target does not learn from is unknown; the columns stay, so that all
        # targets are computed from one row
        x[:, [not is_read(f, target) for f in self._features.features]] = np.nan
        return Rows(
            x,
            self._label[target][chosen],
            self._customer[chosen],
            self._as_of[chosen],
            self._mature_at[target][chosen],
            self._features,
        )


@dataclass(frozen=True)
class TrainingData:
    """Rows per target, over one feature set; unknown labels left out."""

    rows: Mapping[Target, Rows]
    feature_set: FeatureSet
    nonpayment_given_fraud: float | None
    first_mature_at: Mapping[Target, int | None]  # of its earliest date, µs since 1970
    customer_ids: tuple[str, ...] = ()  # by the number that rows give a customer
    drawn: DrawnSnapshots | None = None  # with the labels of young dates
    # declared attributes that are left out, and the feature that says the same
    repeated: Mapping[str, str] = field(default_factory=dict)
    sample: CustomerSample | None = None  # whose rows they are; None: not told

    # of them, the direction that was declared and that the other does not have
    lost_direction: Mapping[str, str] = field(default_factory=dict)

    now: PresentLateness | None = None  # for all targets, once somebody asks
    fraud_records: FraudRecords | None = None  # where fraud began to be recorded later

    @property
    def repeated_text(self) -> Iterator[str]:
        """A sentence about each attribute that is left out."""
        for name, other in self.repeated.items():
            text = (
                f"attribute {name} says of every row what {other} says, and is not "
                "learnt twice"
            )
            if way := self.lost_direction.get(name):
                text += f"; its `monotone: {way}` does not hold for {other}"
            yield text

    def left_out(self, target: Target, zone: tzinfo) -> tuple[str, ...]:
        """A sentence about each thing that a target does not learn from."""
        records = self.fraud_records if target == "fraud" else None
        unrecorded = () if records is None else (records.text(zone),)
        return (*unrecorded, *self.repeated_text)

    @property
    def known_names(self) -> frozenset[str]:
        """What may be named: every feature, and the attributes that are left out."""
        return frozenset(self.feature_set.names) | self.repeated.keys()


def gather(
    portfolio: Portfolio,
    targets: Sequence[Target],
    limits: SampleLimits = EVERYONE,
) -> TrainingData:
    """Features once for all snapshots with a mature label of any target.

    Args:
        portfolio: an opened portfolio.
        targets: whose labels are read.
        limits: of what may be learnt from; of more customers a sample is taken.
    """
    sample = sample_of(portfolio, limits)
    pairs = snapshots(
        portfolio, None if sample.is_everyone else sorted(sample.customer_ids)
    )
    label_by_target = {t: _labels(portfolio, pairs, t) for t in targets}
    label = {t: _mature(label_by_target[t], portfolio) for t in targets}
    wanted = np.zeros(pairs.num_rows, dtype=np.bool_)
    for one in label.values():
        wanted |= ~np.isnan(one)
    kept = pairs.filter(pa.array(wanted))
    file = _features_of(portfolio, kept)
    features = file.informative(_starting())
    twins = file.twins(
        [n for n in features.names if n in portfolio.settings.attributes]
    )
    features = features.subset([n for n in features.names if n not in twins])
    left_out = {**repeated(portfolio.settings), **twins}
    customer, customer_ids = _numbers(kept["customer_id"])
    rows = TargetRows(
        file,
        features,
        {t: label[t][wanted] for t in targets},
        {t: label_by_target[t]["mature_at"].to_numpy()[wanted] for t in targets},
        customer,
        kept["as_of"].to_numpy(),
    )
    records = fraud_records(portfolio) if "fraud" in targets else None
    first = {
        target: _first_mature_at(labelled, records if target == "fraud" else None)
        for target, labelled in label_by_target.items()
    }
    rho = _nonpayment_given_fraud(label)
    known = label_by_target if sample.is_everyone else None
    drawn = DrawnSnapshots(portfolio, known)
    return TrainingData(
        rows,
        features,
        rho,
        first,
        customer_ids,
        drawn,
        left_out,
        sample,
        _lost_directions(left_out, features, portfolio.settings),
        PresentLateness(portfolio, customer_ids),
        records,
    )


def _first_mature_at(labelled: pa.Table, records: FraudRecords | None) -> int | None:
    """When the first date matures that may have labels at all, µs since 1970 UTC."""
    if records is not None:
        labelled = labelled.filter(pc.greater_equal(labelled["as_of"], records.since))
    first: int | None = pc.min(labelled["mature_at"]).as_py()
    return first


def _lost_directions(
    left_out: Mapping[str, str], features: FeatureSet, settings: PortfolioSettings
) -> dict[str, str]:
    """By attribute that is left out, the direction that the kept feature has not."""
    kept = {feature.name: feature.monotone for feature in features.features}
    declared = {name: settings.attributes[name].monotone for name in left_out}
    return {
        name: way
        for name, way in declared.items()
        if way is not None and way != kept.get(left_out[name])
    }


def _labels(portfolio: Portfolio, pairs: pa.Table, target: Target) -> pa.Table:
    """`labels` of the snapshots, some of them at a time."""
    some = [labels(portfolio, part, target) for part in _parts(pairs)]
    return pa.concat_tables(some)


def _parts(pairs: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, max(1, len(pairs)), SNAPSHOTS_AT_ONCE):
        yield pairs.slice(start, SNAPSHOTS_AT_ONCE)


def _features_of(portfolio: Portfolio, pairs: pa.Table) -> FeatureFile:
    """Every feature of the snapshots, some of them at a time."""
    features = features_of(portfolio.settings)
    file = FeatureFile(features)
    for some in _parts(pairs):
        file.add(feature_table(portfolio, some, features))
    return file


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
