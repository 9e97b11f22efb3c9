"""The batch compiler: many snapshots → a table of features."""

from features.batch.table import feature_table
from features.matrix import matrix

__all__ = ["feature_table", "matrix"]
