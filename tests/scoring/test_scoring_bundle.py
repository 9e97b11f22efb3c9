"""Bundles: what is written is what is read, and nothing else is accepted."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from features.catalogue.links import LINK_FEATURES
from features.feature_set import FeatureSet
from scoring.bundle import Bundle, _bundle_id
from scoring.errors import ScoringError
from scoring.shelf import champion_id, champion_path, publish_bundle

BundleOf = Callable[[str], Bundle]
LEARNERS = ("lightgbm", "linear", "rule")


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_bundle_survives_the_disk(
    bundle_of: BundleOf, learner: str, tmp_path: Path
) -> None:
    bundle = bundle_of(learner)
    loaded = Bundle.load(bundle.save(tmp_path))
    assert loaded.learner == learner
    assert loaded.bundle_id == bundle.bundle_id
    assert loaded.files == bundle.files
    assert loaded.settings == bundle.settings
    assert loaded.feature_set == bundle.feature_set


def test_how_many_customers_there_were_survives_the_disk(
    bundle_of: BundleOf, tmp_path: Path
) -> None:
    bundle = replace(bundle_of("linear"), n_customers=240)
    assert bundle.manifest["n_customers"] == 240
    assert Bundle.load(bundle.save(tmp_path)).n_customers == 240
    before = bundle_of("linear")  # from before it was recorded: its bytes stay
    assert "n_customers" not in before.manifest
    assert Bundle.load(before.save(tmp_path)).n_customers is None


def test_links_count_as_learned_from_only_where_the_model_reads_them(
    bundle_of: BundleOf,
) -> None:
    """They were found, whether or not a model read them: nobody sent them."""
    bundle = bundle_of("linear")
    tables = bundle.settings.tables | {"usage", "links"}
    settings = bundle.settings.model_copy(update={"tables": tables})
    without = replace(bundle, settings=settings)
    assert without.tables == tables - {"links"}
    features = FeatureSet((*bundle.feature_set.features, *LINK_FEATURES))
    reading = replace(without, feature_set=features)
    assert reading.tables == tables - {"links"}  # of non-payment: it learns none
    assert replace(reading, target="fraud").tables == tables


def test_the_name_says_target_day_and_content(bundle_of: BundleOf) -> None:
    bundle = bundle_of("linear")
    assert re.fullmatch(r"nonpayment-20260630-[0-9a-f]{8}", bundle.bundle_id)
    other = replace(bundle, nonpayment_given_fraud=0.61)
    assert other.bundle_id != bundle.bundle_id


def test_the_same_bundle_gives_the_same_bytes(
    bundle_of: BundleOf, tmp_path: Path
) -> None:
    first = bundle_of("lightgbm").save(tmp_path / "a")
    second = bundle_of("lightgbm").save(tmp_path / "b")
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_writing_leaves_no_draft_behind(bundle_of: BundleOf, tmp_path: Path) -> None:
    bundle = bundle_of("rule")
    place = bundle.save(tmp_path)
    assert bundle.save(tmp_path) == place  # a second time changes nothing
    assert [path.name for path in tmp_path.iterdir()] == [bundle.bundle_id]


def test_two_that_write_the_same_bundle_both_have_it(
    bundle_of: BundleOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that start together keep the same starters."""
    rename = Path.rename

    def rename_second(draft: Path, place: Path) -> Path:
        if not place.exists():
            shutil.copytree(draft, place)
        return rename(draft, place)

    monkeypatch.setattr(Path, "rename", rename_second)
    folder = bundle_of("linear").save(tmp_path / "bundles")
    assert Bundle.load(folder).bundle_id == folder.name
    shelf = publish_bundle(folder, tmp_path / "home", "nonpayment").parent
    assert [path.name for path in sorted(shelf.iterdir())] == ["champion", folder.name]


def test_a_bundle_that_cannot_be_written_is_an_error(
    bundle_of: BundleOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, __: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        bundle_of("linear").save(tmp_path)


def test_no_file_is_a_pickle(bundle_of: BundleOf) -> None:
    for name, content in bundle_of("lightgbm").files.items():
        assert name.endswith((".json", ".txt"))
        content.decode()


def _edit(folder: Path, name: str, change: Callable[[dict[str, object]], None]) -> None:
    document = json.loads((folder / name).read_text())
    change(document)
    (folder / name).write_text(json.dumps(document))


@pytest.mark.parametrize(
    "name", ["model.txt", "calibration.json", "features.json", "settings.json"]
)
def test_a_changed_file_is_refused(
    bundle_of: BundleOf, name: str, tmp_path: Path
) -> None:
    folder = bundle_of("lightgbm").save(tmp_path)
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(ScoringError, match=name) as refusal:
        Bundle.load(folder)
    assert refusal.value.code == "bundle_hash_mismatch"


def test_a_changed_manifest_is_refused(bundle_of: BundleOf, tmp_path: Path) -> None:
    folder = bundle_of("linear").save(tmp_path)
    _edit(folder, "manifest.json", lambda m: m.update(horizon_days=30))
    with pytest.raises(ScoringError) as refusal:
        Bundle.load(folder)
    assert refusal.value.code == "bundle_hash_mismatch"


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest.pop("metrics"),
        lambda manifest: manifest.update(trained_on="once"),
    ],
    ids=["key", "value"],
)
def test_what_another_release_wrote_otherwise_is_refused(
    bundle_of: BundleOf, tmp_path: Path, change: Callable[[dict[str, object]], None]
) -> None:
    folder = bundle_of("linear").save(tmp_path)

    def rewritten(manifest: dict[str, object]) -> None:
        change(manifest)
        manifest["bundle_id"] = _bundle_id(manifest)

    _edit(folder, "manifest.json", rewritten)
    with pytest.raises(ScoringError, match="another release") as refusal:
        Bundle.load(folder)
    assert refusal.value.code == "bundle_unreadable"


@pytest.mark.parametrize("name", ["manifest.json", "coefficients.json"])
def test_a_missing_file_is_refused(
    bundle_of: BundleOf, name: str, tmp_path: Path
) -> None:
    folder = bundle_of("linear").save(tmp_path)
    (folder / name).unlink()
    with pytest.raises(ScoringError, match=name) as refusal:
        Bundle.load(folder)
    assert refusal.value.code == "bundle_unreadable"


def test_a_definition_that_changed_since_is_refused(
    bundle_of: BundleOf, tmp_path: Path
) -> None:
    bundle = bundle_of("linear")
    feature = bundle.feature_set.feature("late_days")
    changed = tuple(
        replace(f, unit="weeks") if f is feature else f
        for f in bundle.feature_set.features
    )
    other = FeatureSet(changed, bundle.feature_set.vocabularies)
    folder = replace(bundle, feature_set=other).save(tmp_path)
    with pytest.raises(ScoringError) as refusal:
        Bundle.load(folder)
    assert refusal.value.code == "feature_set_mismatch"


def test_a_feature_that_is_gone_is_refused(bundle_of: BundleOf, tmp_path: Path) -> None:
    bundle = bundle_of("linear")
    gone = tuple(
        replace(f, name="once_known") if f.name == "income" else f
        for f in bundle.feature_set.features
    )
    other = FeatureSet(gone, bundle.feature_set.vocabularies)
    folder = replace(bundle, feature_set=other).save(tmp_path)
    with pytest.raises(ScoringError, match="once_known") as refusal:
        Bundle.load(folder)
    assert refusal.value.code == "unknown_feature"


def test_a_model_of_other_width_is_refused(bundle_of: BundleOf, tmp_path: Path) -> None:
    bundle = bundle_of("lightgbm")
    fewer = bundle.feature_set.subset(["late_days", "income"])
    folder = replace(bundle, feature_set=fewer).save(tmp_path)
    with pytest.raises(ScoringError) as refusal:
        Bundle.load(folder)
    assert refusal.value.code == "unknown_feature"


def test_the_shelf_names_the_champion_and_keeps_the_old(
    bundle_of: BundleOf, tmp_path: Path
) -> None:
    assert champion_path(tmp_path, "nonpayment") is None
    first = bundle_of("linear").save(tmp_path / "made")
    second = bundle_of("rule").save(tmp_path / "made")
    for saved in (first, second):
        place = publish_bundle(saved, tmp_path, "nonpayment")
        assert champion_id(tmp_path, "nonpayment") == saved.name
        assert champion_path(tmp_path, "nonpayment") == place
    assert Bundle.load(tmp_path / "bundles" / "nonpayment" / first.name)
