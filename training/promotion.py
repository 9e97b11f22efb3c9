"""Promotion: from a registered version to the bundle that serves."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from features.targets import Target
from scoring.bundle import Bundle
from scoring.shelf import champion_id, publish_bundle
from training.errors import NoSuchVersionError
from training.quiet_mlflow import mlflow
from training.tracking import CHALLENGER, CHAMPION, Tracker, registered_name


@dataclass(frozen=True)
class Promotion:
    """What serves now, and what served before (None when nothing did)."""

    target: Target
    version: str
    bundle: Bundle
    before: str | None

    @property
    def is_change(self) -> bool:
        return self.before != self.bundle.bundle_id


def promote(target: Target, tracker: Tracker, version: str | None = None) -> Promotion:
    """Make a registered version the champion and publish its bundle.

    Args:
        target: whose model.
        tracker: the registry, and the home to publish to.
        version: of the registered model; None for the `challenger`. An older version
            goes back to it.

    Raises:
        NoSuchVersionError: if the registry has no such version.
    """
    name = registered_name(target)
    with tracker.connected() as client:
        number = version or _version_of(client, name, CHALLENGER)
        published = _published(target, tracker, number)
        client.set_registered_model_alias(name, CHAMPION, number)
    return published


def pull(target: Target, tracker: Tracker) -> Promotion:
    """Publish the registry's champion here, for a machine that only serves.

    Raises:
        NoSuchVersionError: if the registry has no champion of this target.
    """
    with tracker.connected() as client:
        number = _version_of(client, registered_name(target), CHAMPION)
        return _published(target, tracker, number)


def _version_of(client: MlflowClient, name: str, alias: str) -> str:
    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        raise NoSuchVersionError(f"the registry has no {alias} of {name}") from error


def _published(target: Target, tracker: Tracker, version: str) -> Promotion:
    """Fetch the bundle of a version, check it, and put it on the shelf."""
    name = registered_name(target)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            fetched = mlflow.artifacts.download_artifacts(
                f"models:/{name}/{version}", dst_path=scratch
            )
        except MlflowException as error:
            raise NoSuchVersionError(
                f"the registry has no version {version} of {name}"
            ) from error
        [folder] = (Path(fetched) / "artifacts").iterdir()
        bundle = Bundle.load(folder)
        before = champion_id(tracker.home, target)
        publish_bundle(folder, tracker.home, target)
    return Promotion(target, version, bundle, before)
