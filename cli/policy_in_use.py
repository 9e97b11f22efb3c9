"""Which policy a command goes by where none is named: the one a service would."""

import os
from pathlib import Path


def place_of_store() -> tuple[Path, str | None]:
    """The state folder, and the address of the database where there is one."""
    from scoring.shelf import forbear_home

    return forbear_home(), os.environ.get("FORBEAR_DATABASE_URL") or None


def policy_in_use(named: Path | None) -> Path:
    """The file named, else the published policy, else FORBEAR_POLICY, else what ships.

    A published policy is kept beside the store as a file, for other processes read it.
    """
    from advice.assembly import DEFAULT_POLICY
    from store.opening import published_policy

    if named is not None:
        return named
    home, url = place_of_store()
    published = published_policy(home, url)
    if published is None:
        return Path(os.environ.get("FORBEAR_POLICY") or DEFAULT_POLICY)
    file = home / "policies" / f"{published.policy_hash}.yaml"
    if not file.is_file():
        _write_whole(file, published.text)
    return file


def _write_whole(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
