"""Training rows: one target's labelled snapshots as plain arrays."""

from dataclasses import dataclass, replace

from features.arrays import BoolArray, FloatArray, IntArray
from features.feature_set import FeatureSet


@dataclass(frozen=True)
class Rows:
    """n labelled snapshots, none unknown.

    Args:
        x: (n, F) features, NaN where missing, categories as codes.
        label: (n,) 0 or 1.
        customer: (n,) number of the customer.
        as_of: (n,) microseconds since 1970-01-01 UTC.
        mature_at: (n,) when all labels of its date can be known, same unit.
    """

    x: FloatArray
    label: FloatArray
    customer: IntArray
    as_of: IntArray
    mature_at: IntArray
    feature_set: FeatureSet

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, chosen: BoolArray | IntArray) -> "Rows":
        return replace(
            self,
            x=self.x[chosen],
            label=self.label[chosen],
            customer=self.customer[chosen],
            as_of=self.as_of[chosen],
            mature_at=self.mature_at[chosen],
        )

    @property
    def n_positives(self) -> int:
        return int(self.label.sum())

    @property
    def rate(self) -> float:
        return float(self.label.mean())

    def column(self, name: str) -> FloatArray:
        """(n,) values of one feature of the set."""
        return self.x[:, self.feature_set.names.index(name)]
