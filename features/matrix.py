"""A feature table as the matrix that models take; needs no database."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import FloatArray
from features.feature_set import FeatureSet


def matrix(table: pa.Table, feature_set: FeatureSet) -> FloatArray:
    """What learners take: float64 of shape (rows, features), unknown as NaN.

    A category becomes its place in the set's vocabulary; a value outside it, NaN.
    """
    values = np.empty((table.num_rows, len(feature_set.features)))
    for i, feature in enumerate(feature_set.features):
        column = table[feature.name]
        if feature.is_category:
            known = pa.array(feature_set.vocabularies[feature.name], pa.string())
            column = pc.index_in(column, known, skip_nulls=True)
        values[:, i] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values
