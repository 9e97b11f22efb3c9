"""What a run of MLflow holds: numbers, card, judged rows, and the model itself."""

from importlib.metadata import version as installed
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from mlflow.types.schema import AnyType

from features.feature_set import FeatureSet
from scoring.bundle import Bundle
from scoring.metrics import expected_calibration_error
from training.judged_rows import FILE as JUDGED_FILE
from training.model_card import as_html
from training.plots import plots
from training.quiet_mlflow import mlflow
from training.rows import Rows
from training.trained_model import TrainedModel

# folders of a run: what it said of its test rows, and what the one before said of them
JUDGED, JUDGED_BEFORE = "judged", "judged_before"
SUSPECTED = "suspected."  # begins the tag of a feature that may know too much
JUDGED_BEFORE_BY = "judged_before_by"  # the tag that names who said so
RECALIBRATES = "recalibrates"  # the tag that names whose model has another map
MODEL_CODE = Path(__file__).with_name("pyfunc_model.py")
MODEL_ROOMS = ("features", "scoring")
MODEL_NEEDS = ("lightgbm", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "tzdata")
N_EXAMPLES = 3


def log_numbers(bundle: Bundle, learnt: TrainedModel, rows: Rows, seed: int) -> None:
    """Parameters, metrics with their intervals, and what the data were."""
    judgement = learnt.judgement
    parameters = dict(learnt.fitted.parameters)
    parameters.pop("monotone_constraints", None)  # the feature set says them
    mlflow.log_params(
        {
            "target": bundle.target,
            "learner": bundle.learner,
            "horizon_days": bundle.horizon_days,
            "split": learnt.split.kind,
            "n_rows": len(rows),
            "n_positives": rows.n_positives,
            "n_features": len(bundle.feature_set.names),
            "n_rounds": learnt.fitted.n_rounds,
            **parameters,
            "seed": seed,
        }
    )
    mlflow.set_tags(
        {
            "bundle_id": bundle.bundle_id,
            "portfolio": bundle.settings.name,
            "data_hash": bundle.data_hash,
            "feature_set_hash": bundle.feature_set.hash,
            **{f"gate.{g.name}": str(g.is_passed) for g in judgement.gates},
            **{f"alarm.{a.code}": a.text for a in learnt.alarms},
            **{SUSPECTED + name: why for name, why in learnt.suspected.items()},
            **{f"accepted.{name}": why for name, why in learnt.accepted.items()},
        }
    )
    mlflow.log_metrics(_metrics(learnt))


def log_map(bundle: Bundle, before: str, rows: Rows) -> None:
    """Of a recalibrated bundle: the map, and whose model it has."""
    mlflow.log_params(
        {
            "target": bundle.target,
            "learner": bundle.learner,
            "n_rows": len(rows),
            "n_positives": rows.n_positives,
            "intercept": bundle.calibration.intercept,
            "slope": bundle.calibration.slope,
        }
    )
    mlflow.set_tags(
        {
            "bundle_id": bundle.bundle_id,
            RECALIBRATES: before,
            "portfolio": bundle.settings.name,
            "data_hash": bundle.data_hash,
            "feature_set_hash": bundle.feature_set.hash,
        }
    )
    mlflow.log_metrics({name: value[0] for name, value in bundle.metrics.items()})


def _metrics(learnt: TrainedModel) -> dict[str, float]:
    judgement = learnt.judgement
    metrics = {"ece": expected_calibration_error(judgement.label, judgement.p)}
    for name, metric in judgement.metrics.items():
        metrics[name] = metric.value
        metrics[f"{name}_low"], metrics[f"{name}_high"] = metric.low, metric.high
    for learner, values in judgement.others.items():
        metrics |= {f"{learner}_{name}": value for name, value in values.items()}
    if judgement.auc_not_past_due is not None:
        metrics["auc_not_past_due"] = judgement.auc_not_past_due
    return metrics


def log_card(
    bundle: Bundle, learnt: TrainedModel, rows: Rows, card: str, scratch: Path
) -> None:
    """The model card with its plots, as text and as a page."""
    folder = scratch / "card"
    folder.mkdir()
    title = (
        f"{bundle.target} within {bundle.horizon_days} days · {bundle.settings.name}"
    )
    # without metrics there are too few outcomes to draw anything from
    customer = rows.customer[learnt.split.test]
    figures = plots(learnt, customer, title) if learnt.judgement.metrics else {}
    for name, figure in figures.items():
        figure.savefig(folder / name)
    (folder / "model_card.md").write_text(card, encoding="utf-8")
    page = as_html(card, bundle.bundle_id, list(figures))
    (folder / "model_card.html").write_text(page, encoding="utf-8")
    mlflow.log_artifacts(str(folder), "card")


def log_judged(judged: pa.Table, scratch: Path, name: str) -> None:
    """The rows that judge a model, with what it said of each."""
    folder = scratch / name
    folder.mkdir()
    pq.write_table(judged, folder / JUDGED_FILE)
    mlflow.log_artifacts(str(folder), name)


def log_model(bundle: Bundle, saved: Path, rows: Rows, name: str) -> str:
    """Registers a model under a name; returns its version."""
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=str(MODEL_CODE),
        artifacts={"bundle": str(saved)},
        signature=signature(bundle.feature_set),
        input_example=example(rows[np.arange(min(N_EXAMPLES, len(rows)))]),
        # Forbear is on no index, so the rooms that score travel with the model
        code_paths=[str(MODEL_CODE.parents[1] / room) for room in MODEL_ROOMS],
        pip_requirements=[f"{one}=={installed(one)}" for one in MODEL_NEEDS],
        registered_model_name=name,
        metadata={"bundle_id": bundle.bundle_id},
    )
    return str(logged.registered_model_version)


def signature(feature_set: FeatureSet) -> ModelSignature:
    """One optional column per feature in, one probability per row out.

    Numbers are of any type: MLflow would refuse counts and truths for a column of
    doubles, and a model takes all of them.
    """
    any_type = AnyType()  # type: ignore[no-untyped-call]
    columns: list[ColSpec | TensorSpec] = [
        ColSpec("string" if f.is_category else any_type, f.name, required=False)
        for f in feature_set.features
    ]
    return ModelSignature(Schema(columns), Schema([ColSpec("double")]))


def example(rows: Rows) -> pd.DataFrame:
    """Rows as the frame that `predict` takes: categories as text."""
    frame = {}
    for column, feature in enumerate(rows.feature_set.features):
        value = rows.x[:, column]
        if feature.is_category:
            words = rows.feature_set.vocabularies[feature.name]
            frame[feature.name] = pd.Series(
                [None if np.isnan(v) else words[int(v)] for v in value], dtype=object
            )
        else:
            frame[feature.name] = pd.Series(value)
    return pd.DataFrame(frame)
