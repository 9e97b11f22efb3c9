"""The bundle: one target's model on disk, as text and numbers. Never a pickle.

| file | what it holds |
|---|---|
| `model.txt` or `coefficients.json` | LightGBM's own text; or an additive model |
| `calibration.json` | intercept and slope of the log-odds map |
| `features.json` | the feature set, and each feature's typical value |
| `settings.json` | the portfolio's settings that facts and features depend on |
| `reference.json` | what the population looked like then; absent in older bundles |
| `manifest.json` | what it predicts, versions, metrics, sha256 of every file |

The same training gives the same bytes, and the bundle's name ends in their hash.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from features.catalogue import is_read, known_features
from features.feature_set import FeatureSet, FeatureSetChangedError
from features.feature_set import UnknownFeatureError as NotInCatalogueError
from features.settings import PortfolioSettings
from scoring.additive import AdditiveModel
from scoring.calibration import LogOddsMap
from scoring.errors import (
    BundleHashMismatchError,
    BundleUnreadableError,
    FeatureSetMismatchError,
    UnknownFeatureError,
)
from scoring.level import Level
from scoring.reference import Reference
from scoring.shelf import put_in_place
from scoring.trees import TreeModel

Learner = Literal["lightgbm", "linear", "rule", "starter"]
Typical = float | str | None
FORMAT = 1


@dataclass(frozen=True)
class Bundle:
    """A calibrated model of one target with all it needs to score.

    Args:
        horizon_days: P is of the event within this many days after the as_of.
        trained_on: the last day the training data observe.
        nonpayment_given_fraud: ρ = P(non-payment | fraud), None when not estimated.
        typical: each feature's usual value in training: median, or commonest category.
        metrics: of the untouched last period, name to value, low and high.
        data_hash: content hash of the portfolio it was trained on.
        n_customers: how many that portfolio had at its end; None when not recorded.
        is_starter: ships with the release and has seen no real portfolio.
        is_proven: the portfolio's own outcomes bear it out. Where they do not yet,
            every stop that rests on it waits for a person.
        level: how often it happens and how surely that is known, of a model of few
            outcomes; None of others, and where nothing tells it.
        reference: what the population looked like in training; None where it is not
            recorded, and drift cannot be told.
    """

    target: str
    model: TreeModel | AdditiveModel
    calibration: LogOddsMap
    feature_set: FeatureSet
    settings: PortfolioSettings
    horizon_days: int
    trained_on: date
    nonpayment_given_fraud: float | None = None
    typical: Mapping[str, Typical] = field(default_factory=dict)
    metrics: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    data_hash: str = ""
    n_customers: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    is_starter: bool = False
    is_proven: bool = True
    level: Level | None = None
    reference: Reference | None = None

    @property
    def learner(self) -> Learner:
        """Which kind of model it is."""
        return "lightgbm" if isinstance(self.model, TreeModel) else self.model.learner

    @cached_property
    def tables(self) -> frozenset[str]:
        """What it was trained with; of `links`, which are found, if it reads them."""
        features = [f for f in self.feature_set.features if is_read(f, self.target)]
        read = frozenset().union(*(feature.tables for feature in features))
        return self.settings.tables - ({"links"} - read)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Name to content of every file, the manifest included."""
        parts = self._parts()
        manifest = self._manifest(parts)
        manifest["bundle_id"] = _bundle_id(manifest)
        return {**parts, "manifest.json": _json(manifest)}

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest as written, with the hash of every file."""
        document: dict[str, Any] = json.loads(self.files["manifest.json"])
        return document

    @property
    def bundle_id(self) -> str:
        """`<target>-<trained_on>-<hash8>`; equal content, equal name."""
        return str(self.manifest["bundle_id"])

    def _parts(self) -> dict[str, bytes]:
        """The files of a bundle, but its manifest, by name."""
        if isinstance(self.model, TreeModel):
            model = {"model.txt": self.model.text.encode()}
        else:
            model = {"coefficients.json": _json(self.model.to_json())}
        calibration = {
            "kind": "log_odds_affine",
            "intercept": self.calibration.intercept,
            "slope": self.calibration.slope,
        }
        features = {
            "set": self.feature_set.to_json(),
            "typical": dict(self.typical),
        }
        reference = (
            {}
            if self.reference is None
            else {"reference.json": _json(self.reference.to_json())}
        )
        return {
            **model,
            **reference,
            "calibration.json": _json(calibration),
            "features.json": _json(features),
            "settings.json": _json(_settings_document(self.settings)),
        }

    def _manifest(self, parts: Mapping[str, bytes]) -> dict[str, Any]:
        # a bundle from before this was recorded keeps its bytes, and so its name
        size = {} if self.n_customers is None else {"n_customers": self.n_customers}
        starter = {"is_starter": True} if self.is_starter else {}
        unproven = {} if self.is_proven else {"is_proven": False}
        level = {} if self.level is None else {"level": list(astuple(self.level))}
        return {
            **size,
            **starter,
            **unproven,
            **level,
            "format": FORMAT,
            "target": self.target,
            "learner": self.learner,
            "horizon_days": self.horizon_days,
            "trained_on": self.trained_on.isoformat(),
            "nonpayment_given_fraud": self.nonpayment_given_fraud,
            "feature_set_hash": self.feature_set.hash,
            "data_hash": self.data_hash,
            "metrics": {name: list(value) for name, value in self.metrics.items()},
            "versions": dict(self.versions),
            "sha256": {
                name: sha256(content).hexdigest() for name, content in parts.items()
            },
        }

    def save(self, parent: Path) -> Path:
        """Write the folder `parent/<bundle_id>`, whole or not at all."""
        place = parent / self.bundle_id
        if place.exists():
            return place
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=".writing-") as draft:
            folder = Path(draft) / self.bundle_id
            folder.mkdir()
            for name, content in self.files.items():
                (folder / name).write_bytes(content)
            put_in_place(folder, place)
        return place

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read and verify a bundle.

        Raises:
            BundleUnreadableError: a file is missing or not what it should be.
            BundleHashMismatchError: a file or the manifest was changed.
            FeatureSetMismatchError, UnknownFeatureError: its features are not ours.
        """
        try:
            return cls._of_files(folder)
        except (KeyError, ValueError) as error:  # a key that is not there, or unknown
            raise BundleUnreadableError(
                f"{folder.name}: another release wrote it ({type(error).__name__}); "
                "train again with this version"
            ) from error

    @classmethod
    def _of_files(cls, folder: Path) -> "Bundle":
        """As `load`; what another release writes otherwise is an error of Python's."""
        manifest = _verified_manifest(folder)
        settings = PortfolioSettings.model_validate(
            _read_json(folder / "settings.json")
        )
        features = _read_json(folder / "features.json")
        feature_set = _feature_set(manifest, features["set"], settings)
        model = _model(folder, manifest)
        if isinstance(model, TreeModel) and model.n_features != len(feature_set.names):
            raise UnknownFeatureError(
                f"{folder.name}: the model reads {model.n_features} features, "
                f"the feature set names {len(feature_set.names)}"
            )
        calibration = _read_json(folder / "calibration.json")
        bundle = cls(
            target=manifest["target"],
            model=model,
            calibration=LogOddsMap(calibration["intercept"], calibration["slope"]),
            feature_set=feature_set,
            settings=settings,
            horizon_days=manifest["horizon_days"],
            trained_on=date.fromisoformat(manifest["trained_on"]),
            nonpayment_given_fraud=manifest["nonpayment_given_fraud"],
            typical=features["typical"],
            metrics={k: (v[0], v[1], v[2]) for k, v in manifest["metrics"].items()},
            data_hash=manifest["data_hash"],
            n_customers=manifest.get("n_customers"),
            versions=manifest["versions"],
            is_starter=manifest.get("is_starter", False),
            is_proven=manifest.get("is_proven", True),
            level=Level(*manifest["level"]) if "level" in manifest else None,
            reference=_reference(folder, manifest),
        )
        # as they are: a later release may write them otherwise, under another name
        written = ("manifest.json", *manifest["sha256"])
        bundle.__dict__["files"] = {n: (folder / n).read_bytes() for n in written}
        return bundle


def _json(document: object) -> bytes:
    text = json.dumps(
        document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
    )
    return (text + "\n").encode()


def _settings_document(settings: PortfolioSettings) -> dict[str, Any]:
    document = settings.model_dump(mode="json", by_alias=True, exclude={"tables"})
    document["tables"] = sorted(settings.tables)  # a set has no order of its own
    return document


def _bundle_id(manifest: Mapping[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != "bundle_id"}
    day = str(manifest["trained_on"]).replace("-", "")
    return f"{manifest['target']}-{day}-{sha256(_json(content)).hexdigest()[:8]}"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BundleUnreadableError(
            f"{path.parent.name}: cannot read {path.name} ({error}); publish it again"
        ) from error
    return document


def _verified_manifest(folder: Path) -> dict[str, Any]:
    manifest = _read_json(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        raise BundleUnreadableError(
            f"{folder.name}: bundle format {manifest.get('format')!r} is not {FORMAT}; "
            "train again with this version"
        )
    if manifest.get("bundle_id") != _bundle_id(manifest):
        raise BundleHashMismatchError(
            f"{folder.name}: manifest.json was changed; publish the bundle again"
        )
    for name, expected in manifest["sha256"].items():
        path = folder / name
        if not path.is_file():
            raise BundleUnreadableError(
                f"{folder.name}: {name} is missing; publish the bundle again"
            )
        if sha256(path.read_bytes()).hexdigest() != expected:
            raise BundleHashMismatchError(
                f"{folder.name}: {name} is not the file that was trained; "
                "publish the bundle again"
            )
    return manifest


def _model(folder: Path, manifest: Mapping[str, Any]) -> TreeModel | AdditiveModel:
    if manifest["learner"] == "lightgbm":
        return TreeModel((folder / "model.txt").read_text(encoding="utf-8"))
    return AdditiveModel.from_json(_read_json(folder / "coefficients.json"))


def _reference(folder: Path, manifest: Mapping[str, Any]) -> Reference | None:
    """None in a bundle from before it was recorded."""
    if "reference.json" not in manifest["sha256"]:
        return None
    return Reference.from_json(_read_json(folder / "reference.json"))


def _feature_set(
    manifest: Mapping[str, Any], document: dict[str, Any], settings: PortfolioSettings
) -> FeatureSet:
    try:
        return FeatureSet.from_json(document, known_features(settings))
    except FeatureSetChangedError as error:
        target = manifest["target"]
        raise FeatureSetMismatchError(
            f"{manifest['bundle_id']}: {error}. That is `forbear train`, and `forbear"
            f" promote {target}` where it stays challenger; until then `forbear"
            f" rollback {target} --to-starter --because …`"
        ) from error
    except NotInCatalogueError as error:
        raise UnknownFeatureError(str(error)) from error
