"""MLflow: every fit is a run, every bundle a registered version."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from os import environ
from pathlib import Path, PurePath

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from mlflow.types.schema import AnyType

from features.feature_set import FeatureSet
from features.head_count import PopulationCount
from scoring.bundle import Bundle
from scoring.cards import card_of, keep_card
from scoring.metrics import expected_calibration_error
from scoring.shelf import champion_id, make_champion, shelve_bundle
from training.errors import RegistryUnavailableError
from training.judged_rows import FILE as JUDGED_FILE
from training.judged_rows import pseudonym_key
from training.learning_curve import LearningCurve
from training.model_card import as_html, model_card
from training.outlook import Outlook
from training.plots import plots
from training.promotion_log import PromotionLog, PromotionRecord, account
from training.quiet_mlflow import few_tries, mlflow, quiet
from training.rows import Rows
from training.trained_model import TrainedModel

CHAMPION, CHALLENGER = "champion", "challenger"
# folders of a run: what it said of its test rows, and what the one before said of them
JUDGED, JUDGED_BEFORE = "judged", "judged_before"
SUSPECTED = "suspected."  # begins the tag of a feature that may know too much
RECALIBRATES = "recalibrates"  # the tag that names whose model has another map
MODEL_CODE = Path(__file__).with_name("pyfunc_model.py")
MODEL_ROOMS = ("features", "scoring")
MODEL_NEEDS = ("lightgbm", "numpy", "pandas", "pyarrow", "pydantic", "scipy", "tzdata")
N_EXAMPLES = 3
# MLflow calls an alias that a model does not have an invalid parameter
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
_URIS = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")


@dataclass(frozen=True)
class RegisteredModel:
    """Where a trained model stands in the registry."""

    run_id: str
    name: str
    version: str
    is_champion: bool
    tracking_uri: str


def registered_name(target: str) -> str:
    return f"forbear-{target}"


def sqlite_uri(folder: PurePath) -> str:
    r"""The tracking store in a folder, as SQLAlchemy names it on every system.

    >>> from pathlib import PureWindowsPath
    >>> sqlite_uri(PureWindowsPath(r"C:\Users\me\.forbear\mlflow"))
    'sqlite:///C:/Users/me/.forbear/mlflow/mlflow.db'
    """
    return f"sqlite:///{(folder / 'mlflow.db').as_posix()}"


class Tracker:
    """One tracking server; SQLite and a folder under `home` unless told otherwise."""

    def __init__(self, home: Path, tracking_uri: str | None = None) -> None:
        self.home = home
        self.promotions = PromotionLog(home)
        self._folder = (home / "mlflow").absolute()
        remote = tracking_uri or environ.get("MLFLOW_TRACKING_URI")
        self._is_local = remote is None
        self.uri = remote or sqlite_uri(self._folder)

    def register(
        self,
        bundle: Bundle,
        learnt: TrainedModel,
        rows: Rows,
        judged: pa.Table,
        seed: int,
        outlook: Outlook | None = None,
        curve: LearningCurve | None = None,
        count: PopulationCount | None = None,
    ) -> RegisteredModel:
        """Log the run and a new version; first of its name, it becomes champion.

        Not while a leak is suspected: it then waits as challenger.
        """
        # what was learnt in an hour is worth some minutes of patience
        with (
            self.connected(is_patient=True) as client,
            tempfile.TemporaryDirectory() as scratch,
        ):
            with mlflow.start_run(run_name=bundle.bundle_id) as run:
                _log_numbers(bundle, learnt, rows, seed)
                told = model_card(bundle, learnt, rows, seed, outlook, curve, count)
                _log_card(bundle, learnt, told, Path(scratch))
                _log_judged(judged, Path(scratch))
                saved = bundle.save(Path(scratch))
                version = _log_model(bundle, saved, rows)
            name = registered_name(bundle.target)
            client.set_registered_model_alias(name, CHALLENGER, version)
            judgement = learnt.judgement
            card = card_of(bundle, judgement.label, judgement.p)
            keep_card(self.home, bundle.target, card)
            before = version_of(client, name, CHAMPION)
            is_champion = not learnt.suspected and before is None
            if is_champion:
                record = PromotionRecord(
                    kind="first",
                    target=bundle.target,  # type: ignore[arg-type]
                    version=version,
                    bundle_id=bundle.bundle_id,
                    before_version=None,
                    before=champion_id(self.home, bundle.target),
                    at=datetime.now(UTC).isoformat(timespec="seconds"),
                    who=account(),
                    accepted=dict(learnt.accepted),
                )
                carry_out(client, self, record, saved)
        return RegisteredModel(run.info.run_id, name, version, is_champion, self.uri)

    def register_recalibrated(
        self, bundle: Bundle, before: str, rows: Rows, judged: Mapping[str, pa.Table]
    ) -> str:
        """Log a run and a new version, which waits as challenger.

        Args:
            bundle: has the model of another, and a map of its own.
            before: id of the bundle whose model it has.
            rows: that both were judged by.
            judged: what either said of them, by the folder of the run that keeps it.
        """
        with self.connected() as client, tempfile.TemporaryDirectory() as scratch:
            with mlflow.start_run(run_name=bundle.bundle_id):
                _log_map(bundle, before, rows)
                for folder, table in judged.items():
                    _log_judged(table, Path(scratch), folder)
                version = _log_model(bundle, bundle.save(Path(scratch)), rows)
            name = registered_name(bundle.target)
            client.set_registered_model_alias(name, CHALLENGER, version)
        return version

    def pseudonym_key(self) -> bytes:
        """What customers of judged rows are made unrecognisable by, in every run."""
        with self.promotions.alone():
            return pseudonym_key(self.home)

    def require_registry(self) -> None:
        """Ask before anything is learnt that is to be registered.

        Raises:
            RegistryUnavailableError: if it does not answer.
        """
        if not self._is_local:
            with self.connected():
                pass

    @contextmanager
    def connected(self, *, is_patient: bool = False) -> Iterator[MlflowClient]:
        """The registry, for one at a time; what was interrupted before is completed.

        Args:
            is_patient: wait for one that is down as long as MLflow does, four minutes.

        Raises:
            RegistryUnavailableError: if it does not answer.
        """
        with self.promotions.alone(), quiet(), _own_uri():
            try:
                with nullcontext() if is_patient else few_tries():
                    self._prepare()
            except MlflowException as error:
                raise RegistryUnavailableError(error) from error
            client = MlflowClient()
            _complete(client, self)
            yield client

    def _prepare(self) -> None:
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        if self._is_local:
            self._folder.mkdir(parents=True, exist_ok=True)
            if mlflow.get_experiment_by_name("forbear") is None:
                artifacts = (self._folder / "artifacts").as_uri()
                mlflow.create_experiment("forbear", artifact_location=artifacts)
        mlflow.set_experiment("forbear")


def carry_out(
    client: MlflowClient, tracker: Tracker, record: PromotionRecord, bundle: Path
) -> None:
    """Make a version champion in the registry and on the shelf: both, or in time both.

    A pull changes the shelf alone.

    Args:
        client: connected to the registry.
        tracker: whose home serves.
        record: what to do, and why; kept.
        bundle: the folder of its bundle.
    """
    shelve_bundle(bundle, tracker.home, record.target)
    tracker.promotions.begin(record)
    _complete(client, tracker)


def _complete(client: MlflowClient, tracker: Tracker) -> None:
    """Do what was begun; doing it twice is the same as once."""
    record = tracker.promotions.pending()
    if record is None:
        return
    if record.kind != "pull":  # which takes what the registry says
        name = registered_name(record.target)
        client.set_registered_model_alias(name, CHAMPION, record.version)
    make_champion(tracker.home, record.target, record.bundle_id)
    tracker.promotions.complete()


def version_of(client: MlflowClient, name: str, alias: str) -> str | None:
    """The version that an alias stands for; None where model or alias are not there.

    Raises:
        RegistryUnavailableError: whatever else the registry answers, or if it does not.
    """
    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        raise_unless_absent(error)
        return None


def raise_unless_absent(error: MlflowException) -> None:
    """Return only if MLflow says that a model, version or alias does not exist.

    Raises:
        RegistryUnavailableError: an error of any other kind says nothing of that.
    """
    if error.error_code not in _ABSENT:
        raise RegistryUnavailableError(error) from error


@contextmanager
def _own_uri() -> Iterator[None]:
    """MLflow leaves its URI in the environment: the next home would inherit it."""
    before = {name: environ.get(name) for name in _URIS}
    try:
        yield
    finally:
        for name, value in before.items():
            environ.pop(name, None)
            if value is not None:
                environ[name] = value


def _log_numbers(bundle: Bundle, learnt: TrainedModel, rows: Rows, seed: int) -> None:
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


def _log_map(bundle: Bundle, before: str, rows: Rows) -> None:
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


def _log_card(bundle: Bundle, learnt: TrainedModel, card: str, scratch: Path) -> None:
    folder = scratch / "card"
    folder.mkdir()
    title = (
        f"{bundle.target} within {bundle.horizon_days} days · {bundle.settings.name}"
    )
    # without metrics there are too few outcomes to draw anything from
    figures = plots(learnt, title) if learnt.judgement.metrics else {}
    for name, figure in figures.items():
        figure.savefig(folder / name)
    (folder / "model_card.md").write_text(card, encoding="utf-8")
    page = as_html(card, bundle.bundle_id, list(figures))
    (folder / "model_card.html").write_text(page, encoding="utf-8")
    mlflow.log_artifacts(str(folder), "card")


def _log_judged(judged: pa.Table, scratch: Path, name: str = JUDGED) -> None:
    folder = scratch / name
    folder.mkdir()
    pq.write_table(judged, folder / JUDGED_FILE)
    mlflow.log_artifacts(str(folder), name)


def _log_model(bundle: Bundle, saved: Path, rows: Rows) -> str:
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=str(MODEL_CODE),
        artifacts={"bundle": str(saved)},
        signature=signature(bundle.feature_set),
        input_example=example(rows[np.arange(min(N_EXAMPLES, len(rows)))]),
        # Forbear is on no index, so the rooms that score travel with the model
        code_paths=[str(MODEL_CODE.parents[1] / room) for room in MODEL_ROOMS],
        pip_requirements=[f"{name}=={installed(name)}" for name in MODEL_NEEDS],
        registered_model_name=registered_name(bundle.target),
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
