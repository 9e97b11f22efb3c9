"""The shelf: where bundles stand between training and serving.

`<home>/bundles/<target>/<bundle_id>/` holds every published bundle, so that old
decisions can be replayed; the file `<home>/bundles/<target>/champion` names the
one in force and is replaced atomically.
"""

import os
import shutil
import tempfile
from pathlib import Path

TARGETS = ("fraud", "nonpayment")


def forbear_home() -> Path:
    """The state folder: `FORBEAR_HOME`, default `.forbear` in the working folder."""
    return Path(os.environ.get("FORBEAR_HOME", ".forbear"))


def shelf_path(home: Path, target: str, bundle_id: str) -> Path:
    """Where the bundle of this id stands; it need not exist."""
    return home / "bundles" / target / bundle_id


def publish_bundle(bundle: Path, home: Path, target: str) -> Path:
    """Copy the folder `bundle` (its name is the bundle id) and make it champion.

    A bundle already on the shelf is not written again: bundles never change.
    """
    place = shelf_path(home, target, bundle.name)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = Path(tempfile.mkdtemp(dir=place.parent, prefix=".publishing-"))
        shutil.copytree(bundle, copy, dirs_exist_ok=True)
        copy.chmod(0o755)
        copy.rename(place)
    pointer = place.parent / "champion"
    fresh = place.parent / f".champion-{bundle.name}"
    fresh.write_text(bundle.name + "\n")
    fresh.replace(pointer)
    return place


def champion_id(home: Path, target: str) -> str | None:
    """The id of the bundle in force, None when nothing was published."""
    pointer = home / "bundles" / target / "champion"
    return pointer.read_text().strip() if pointer.is_file() else None


def champion_path(home: Path, target: str) -> Path | None:
    """The folder of the bundle in force, None when nothing was published."""
    bundle_id = champion_id(home, target)
    return None if bundle_id is None else shelf_path(home, target, bundle_id)
