"""Training rows: one target's labelled snapshots as plain arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from features.feature_set import FeatureSet

ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Rows:
    """n labelled snapshots, none unknown.

    Args:
        x: (n, F) features, NaN where missing, categories as codes.
        label: (n,) 0 or 1.
        customer: (n,) number of the customer.
        as_of: (n,) microseconds since 1970-01-01 UTC.
        mature_at: (n,) when all labels of its date can be known, same unit.
        stands_for: (n,) how many rows each one counts as, where a logistic regression
            learns from some of the rows; None: as itself alone. Trees know no weights.
    """

    x: FloatArray
    label: FloatArray
    customer: IntArray
    as_of: IntArray
    mature_at: IntArray
    feature_set: FeatureSet
    stands_for: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, chosen: BoolArray | IntArray) -> "Rows":
        counts = self.stands_for
        return replace(
            self,
            stands_for=None if counts is None else counts[chosen],
            x=self.x[chosen],
            label=self.label[chosen],
            customer=self.customer[chosen],
            as_of=self.as_of[chosen],
            mature_at=self.mature_at[chosen],
        )

    def pieces(self, chosen: BoolArray) -> Iterator["Rows"]:
        """Some of the rows, a limited number at a time, for they are copied."""
        places = np.flatnonzero(chosen)
        for start in range(0, max(1, len(places)), ROWS_AT_ONCE):
            yield self[places[start : start + ROWS_AT_ONCE]]

    def only(self, names: Sequence[str]) -> "Rows":
        """The same rows with some of the features."""
        features = self.feature_set.subset(names)
        columns = [self.feature_set.names.index(name) for name in features.names]
        return replace(self, x=self.x[:, columns], feature_set=features)

    @property
    def n_positives(self) -> int:
        return int(self.label.sum())

    @property
    def rate(self) -> float:
        return float(np.average(self.label, weights=self.stands_for))

    def column(self, name: str) -> FloatArray:
        """(n,) values of one feature of the set."""
        return self.x[:, self.feature_set.names.index(name)]
