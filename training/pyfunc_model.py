"""The code of a registered model: MLflow runs this file, nothing is unpickled.

`mlflow.pyfunc.load_model(uri).predict(frame)` takes one column per feature (absent
or empty = missing, categories as text) and gives the calibrated probabilities.
"""

from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa

from features.arrays import FloatArray
from features.batch import matrix
from features.feature_set import FeatureSet
from scoring.bundle import Bundle
from scoring.predictor import Predictor
from training.quiet_mlflow import mlflow


def frame_matrix(frame: pd.DataFrame, feature_set: FeatureSet) -> FloatArray:
    """(n, F) the frame's columns in the order of the feature set."""
    schema = pa.schema(
        [
            (f.name, pa.string() if f.is_category else pa.float64())
            for f in feature_set.features
        ]
    )
    complete = frame.reindex(columns=list(feature_set.names))
    table = pa.Table.from_pandas(complete, schema=schema, preserve_index=False)
    return matrix(table, feature_set)


class BundleModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """A bundle as MLflow wants it; the arguments are MLflow's own."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401
        self._predictor = Predictor(Bundle.load(Path(context.artifacts["bundle"])))

    def predict(
        self,
        context: Any,  # noqa: ANN401, ARG002
        model_input: pd.DataFrame,
        params: Any = None,  # noqa: ANN401, ARG002
    ) -> FloatArray:
        feature_set = self._predictor.bundle.feature_set
        return self._predictor.probability(frame_matrix(model_input, feature_set))


mlflow.models.set_model(BundleModel())  # what MLflow looks for when it runs this file
