"""The code of a registered model: MLflow runs this file, nothing is unpickled.

`mlflow.pyfunc.load_model(uri).predict(frame)` takes one column per feature (absent
or empty = missing, categories as text, numbers of any type, truth as 0 and 1) and gives
the calibrated probabilities. The rooms `features` and `scoring` travel with the model,
so that it needs nothing but its own requirements; this file imports no other room.
"""

from pathlib import Path
from typing import Any

import mlflow.models
import mlflow.pyfunc
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa

from features.arrays import FloatArray
from features.feature_set import FeatureSet
from features.matrix import matrix
from scoring.bundle import Bundle
from scoring.predictor import Predictor


def frame_matrix(frame: pd.DataFrame, feature_set: FeatureSet) -> FloatArray:
    """(n, F) the frame's columns in the order of the feature set."""
    complete = frame.reindex(columns=list(feature_set.names))
    columns = {
        feature.name: pa.array(complete[feature.name], pa.string(), from_pandas=True)
        if feature.is_category
        else pa.array(complete[feature.name].astype("float64"), from_pandas=True)
        for feature in feature_set.features
    }
    return matrix(pa.table(columns), feature_set)


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
