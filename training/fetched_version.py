"""A version of the registry on this machine, or the starter, as if it were one."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from features.targets import Target
from scoring.bundle import Bundle
from scoring.starter import keep_starters, starter
from training.errors import NoSuchVersionError
from training.judged_rows import FILE, JudgedRows, read_judged
from training.logged_run import (
    JUDGED,
    JUDGED_BEFORE,
    JUDGED_BEFORE_BY,
    RECALIBRATES,
    SUSPECTED,
)
from training.quiet_mlflow import mlflow
from training.tracking import raise_unless_absent, registered_name


@dataclass(frozen=True)
class FetchedVersion:
    """A version of the registry on this machine, or the starter.

    Its bundle is read when it is asked for: what a release before has judged can be
    compared by its rows, also where this one cannot serve it any more.
    """

    version: str | None
    folder: Path
    suspected: Mapping[str, str]
    judged: JudgedRows | None
    judged_before: JudgedRows | None = None
    judged_before_by: str | None = None

    @cached_property
    def bundle(self) -> Bundle:
        """Read and checked.

        Raises:
            ScoringError: it cannot be read by this release.
        """
        return Bundle.load(self.folder)

    @property
    def bundle_id(self) -> str:
        """Of its bundle, which is not read for it."""
        return self.folder.name

    @property
    def trained_on(self) -> date:
        """The last day that it learnt from; its bundle is not read for it."""
        manifest = json.loads((self.folder / "manifest.json").read_bytes())
        return date.fromisoformat(manifest["trained_on"])


@contextmanager
def shipped_starter(home: Path, target: Target) -> Iterator[FetchedVersion]:
    """The starter that ships, as if it came from the registry."""
    with tempfile.TemporaryDirectory() as scratch:
        keep_starters(home)  # a later release knows by it whose it is
        yield FetchedVersion(None, starter(target).save(Path(scratch)), {}, None)


@contextmanager
def fetched_version(
    client: MlflowClient, target: Target, version: str
) -> Iterator[FetchedVersion]:
    """A version in a folder that goes afterwards."""
    name = registered_name(target)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            fetched = mlflow.artifacts.download_artifacts(
                f"models:/{name}/{version}", dst_path=scratch
            )
            run = client.get_run(str(client.get_model_version(name, version).run_id))
        except MlflowException as error:
            raise_unless_absent(error)
            raise NoSuchVersionError(
                f"the registry has no version {version} of {name}"
            ) from error
        [folder] = (Path(fetched) / "artifacts").iterdir()
        suspected = {
            tag.removeprefix(SUSPECTED): why
            for tag, why in run.data.tags.items()
            if tag.startswith(SUSPECTED)
        }
        judged, before = (
            _judged(client, run.info.run_id, Path(scratch), name)
            for name in (JUDGED, JUDGED_BEFORE)
        )
        tags = run.data.tags
        by = tags.get(RECALIBRATES) or tags.get(JUDGED_BEFORE_BY)
        yield FetchedVersion(version, folder, suspected, judged, before, by)


def _judged(
    client: MlflowClient, run_id: str, scratch: Path, name: str
) -> JudgedRows | None:
    """Rows that a run kept in this folder; None where it kept none."""
    if not any(
        file.path.endswith(FILE) for file in client.list_artifacts(run_id, name)
    ):
        return None
    client.download_artifacts(run_id, name, str(scratch))
    return read_judged(scratch / name)
