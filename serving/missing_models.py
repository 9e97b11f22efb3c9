"""Models that decided last and are not in the state folder, as after a restore."""

import json
from pathlib import Path

from scoring.shelf import make_missed, shelf_path
from store.opening import open_decision_reader


def miss_champions(home: Path, url: str | None) -> list[str]:
    """Bundles that were in force at the last decision and are not on the shelf.

    A service misses them from now on: the starter does not take their place in silence.
    """
    reader = open_decision_reader(home, url)
    try:
        listed = reader.listed(None, None, 1)
        last = reader.find(listed[0].decision_id) if listed else None
    finally:
        reader.close()
    if last is None:
        return []
    answer, versions = json.loads(last.answer), json.loads(last.versions)
    missing = []
    for target, bundle in versions.get("bundles", {}).items():
        is_champion = answer["scores"][target]["model"] == "champion"
        if is_champion and not shelf_path(home, target, bundle["bundle_id"]).is_dir():
            make_missed(home, target, bundle["bundle_id"])
            missing.append(bundle["bundle_id"])
    return missing
