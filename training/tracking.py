"""MLflow: every fit is a run, every bundle a registered version."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from os import environ
from pathlib import Path, PurePath

import pyarrow as pa
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from features.head_count import PopulationCount
from scoring.bundle import Bundle
from scoring.cards import card_of, keep_card
from scoring.shelf import champion_id, make_champion, shelve_bundle
from training.errors import RegistryUnavailableError
from training.judged_rows import pseudonym_key
from training.learning_curve import LearningCurve
from training.logged_run import (
    JUDGED_BEFORE_BY,
    log_card,
    log_judged,
    log_map,
    log_model,
    log_numbers,
)
from training.model_card import model_card
from training.outlook import Outlook
from training.promotion_log import (
    PromotionLog,
    PromotionRecord,
    account,
    is_back_at_starter,
)
from training.quiet_mlflow import few_tries, mlflow, quiet
from training.rows import Rows
from training.trained_model import TrainedModel

CHAMPION, CHALLENGER = "champion", "challenger"
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
        judged: Mapping[str, pa.Table],
        seed: int,
        outlook: Outlook | None = None,
        curve: LearningCurve | None = None,
        count: PopulationCount | None = None,
        judged_before_by: str | None = None,
    ) -> RegisteredModel:
        """Log the run and a new version; first of its name, it becomes champion.

        Not while a leak is suspected, nor where somebody went back to the starter: it
        then waits as challenger. `judged`: what it says of rows it never saw, and what
        `judged_before_by` (the id of a bundle) does, by the folder of the run.
        """
        # what was learnt in an hour is worth some minutes of patience
        with (
            self.connected(is_patient=True) as client,
            tempfile.TemporaryDirectory() as scratch,
        ):
            with mlflow.start_run(run_name=bundle.bundle_id) as run:
                log_numbers(bundle, learnt, rows, seed)
                told = model_card(bundle, learnt, rows, seed, outlook, curve, count)
                log_card(bundle, learnt, rows, told, Path(scratch))
                for folder, table in judged.items():
                    log_judged(table, Path(scratch), folder)
                if judged_before_by is not None:
                    mlflow.set_tag(JUDGED_BEFORE_BY, judged_before_by)
                saved = bundle.save(Path(scratch))
                name = registered_name(bundle.target)
                version = log_model(bundle, saved, rows, name)
            client.set_registered_model_alias(name, CHALLENGER, version)
            judgement = learnt.judgement
            card = card_of(bundle, judgement.label, judgement.p)
            keep_card(self.home, bundle.target, card)
            before = version_of(client, name, CHAMPION)
            is_taken_back = is_back_at_starter(self.promotions.history(bundle.target))
            is_champion = not (learnt.suspected or before or is_taken_back)
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
                log_map(bundle, before, rows)
                for folder, table in judged.items():
                    log_judged(table, Path(scratch), folder)
                name = registered_name(bundle.target)
                version = log_model(bundle, bundle.save(Path(scratch)), rows, name)
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
            RegistryUnavailableError: if it does not answer, or fails in the block.
        """
        with self.promotions.alone(), quiet(), _own_uri(), _failures_said():
            with nullcontext() if is_patient else few_tries():
                self._prepare()
            client = MlflowClient()
            _complete(client, self)
            yield client

    def _prepare(self) -> None:
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        if self._is_local:
            # test rows lie there, and MLflow makes files as the umask says
            self._folder.mkdir(mode=0o700, exist_ok=True)
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
        if record.version is None:  # the starter, which no registry has
            _remove_alias(client, name, CHAMPION)
        else:
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


def _remove_alias(client: MlflowClient, name: str, alias: str) -> None:
    """No version stands for it from now on; none did where it is not there."""
    try:
        client.delete_registered_model_alias(name, alias)
    except MlflowException as error:
        raise_unless_absent(error)


def raise_unless_absent(error: MlflowException) -> None:
    """Return only if MLflow says that a model, version or alias does not exist.

    Raises:
        RegistryUnavailableError: an error of any other kind says nothing of that.
    """
    if error.error_code not in _ABSENT:
        raise RegistryUnavailableError(error) from error


@contextmanager
def _failures_said() -> Iterator[None]:
    """MLflow's own error, or that of the database below it, such as of a full disk."""
    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
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
