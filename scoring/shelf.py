"""Where model bundles lie on disk, and which is champion: publish, look up, replace.

`<home>/bundles/<target>/<bundle_id>/` holds every published bundle, so that old
decisions can be replayed; the file `<home>/bundles/<target>/champion` names the
one in force and is replaced atomically. `<home>/promoted/<target>` names the bundle
that was made champion last: a champion that was there and is gone is missed.
"""

import os
import shutil
import tempfile
from pathlib import Path


def forbear_home() -> Path:
    """The state folder: `FORBEAR_HOME`, default `.forbear` in the working folder."""
    return Path(os.environ.get("FORBEAR_HOME", ".forbear"))


def make_home(home: Path) -> None:
    """Make the state folder where it is not there yet, for its owner's eyes only.

    Before anything is made in it: `parents=True` would make it as the umask says.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)


def shelf_path(home: Path, target: str, bundle_id: str) -> Path:
    """Where the bundle of this id stands; it need not exist."""
    return home / "bundles" / target / bundle_id


def publish_bundle(bundle: Path, home: Path, target: str) -> Path:
    """Copy the folder `bundle` (its name is the bundle id) and make it champion."""
    place = shelve_bundle(bundle, home, target)
    make_champion(home, target, bundle.name)
    return place


def shelve_bundle(bundle: Path, home: Path, target: str) -> Path:
    """Copy the folder `bundle` to the shelf; what is in force stays in force.

    A bundle already on the shelf is not written again: bundles never change.
    """
    place = shelf_path(home, target, bundle.name)
    make_home(home)
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = Path(tempfile.mkdtemp(dir=place.parent, prefix=".publishing-"))
        shutil.copytree(bundle, copy, dirs_exist_ok=True)
        copy.chmod(0o755)
        if not put_in_place(copy, place):
            shutil.rmtree(copy)
    return place


def put_in_place(folder: Path, place: Path) -> bool:
    """Rename a finished bundle to where it belongs; False where another was first.

    Workers that start together write the same bundle: it is the same, for its id is
    its content's, and only one of them can rename.
    """
    try:
        folder.rename(place)
    except OSError:
        if not place.is_dir():
            raise
        return False
    return True


def make_champion(home: Path, target: str, bundle_id: str) -> None:
    """Name the bundle in force; it must be on the shelf."""
    # first what remembers: a champion without it would not be missed
    _write(promoted_marker(home, target), bundle_id)
    _write(home / "bundles" / target / "champion", bundle_id)


def make_missed(home: Path, target: str, bundle_id: str) -> None:
    """Remember a champion that is not on the shelf: until it is back nothing serves."""
    _write(promoted_marker(home, target), bundle_id)


def _write(pointer: Path, bundle_id: str) -> None:
    pointer.parent.mkdir(parents=True, exist_ok=True)
    fresh = pointer.with_name(f".{pointer.name}-{bundle_id}")
    fresh.write_text(bundle_id + "\n")
    fresh.replace(pointer)


def champion_id(home: Path, target: str) -> str | None:
    """The id of the bundle in force, None when nothing was published."""
    pointer = home / "bundles" / target / "champion"
    return pointer.read_text().strip() if pointer.is_file() else None


def promoted_marker(home: Path, target: str) -> Path:
    """The file that remembers which bundle of a target was made champion last."""
    return home / "promoted" / target


def was_promoted(home: Path, target: str) -> bool:
    """Whether a bundle of the target was ever champion here.

    A bundle that stands on the shelf was: homes older than the marker have only that.
    """
    shelf = home / "bundles" / target
    return promoted_marker(home, target).is_file() or (
        shelf.is_dir() and any(shelf.glob("*/manifest.json"))
    )


def champion_path(home: Path, target: str) -> Path | None:
    """The folder of the bundle in force, None when nothing was published."""
    bundle_id = champion_id(home, target)
    return None if bundle_id is None else shelf_path(home, target, bundle_id)
