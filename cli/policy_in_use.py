"""Which policy a command goes by: the one named, else the one a service would."""

import os
from errno import ENOENT
from pathlib import Path


def place_of_store() -> tuple[Path, str | None]:
    """The state folder, and the address of the database where there is one."""
    from scoring.shelf import forbear_home

    return forbear_home(), os.environ.get("FORBEAR_DATABASE_URL") or None


def policy_in_use(named: Path | None) -> Path:
    """The file named, else the published policy, else FORBEAR_POLICY, else what ships.

    A name that is no file is that of a policy that ships: `plain-timeline`.
    A published policy is kept beside the store as a file, for other processes read it;
    the file is as the store has it, whatever became of the one before.

    Raises:
        PolicyUnreadableError: whether one was published cannot be read.
        FileNotFoundError: a name of neither a file nor a policy that ships.
    """
    from advice.assembly import DEFAULT_POLICY

    if named is not None:
        return _file_named(named)
    home, url = place_of_store()
    file = _published(home, url)
    return file or Path(os.environ.get("FORBEAR_POLICY") or DEFAULT_POLICY)


def _file_named(named: Path) -> Path:
    """The file of that path, else the policy that ships under that name."""
    from decisions.policy_file.load import SHIPPED, shipped_policies

    is_name = named == Path(named.name)
    if not is_name or (named.exists() and not named.is_dir()):  # a pipe is one as well
        return named
    shipped = SHIPPED / f"{named.name}.yaml"
    if shipped.is_file():
        return shipped
    if not named.suffix and not named.exists():
        ours = ", ".join(path.stem for path in shipped_policies())
        missing = f"no such file, and what ships is {ours}"
        raise FileNotFoundError(ENOENT, missing, str(named))
    return named


def _published(home: Path, url: str | None) -> Path | None:
    """The published policy's file; None where none was published."""
    from store.errors import DecisionStoreError, PolicyUnreadableError
    from store.places import is_recorded

    if not is_recorded(home, url):
        return None
    from store.opening import published_policy

    try:
        published = published_policy(home, url)
    except DecisionStoreError as error:
        raise PolicyUnreadableError(error) from error
    if published is None:
        return None
    file = home / "policies" / f"{published.policy_hash}.yaml"
    content = published.text.encode()
    if not file.is_file() or file.read_bytes() != content:
        _write_whole(file, content)
    return file


def _write_whole(file: Path, content: bytes) -> None:
    """For the owner's eyes only, as all of the state folder."""
    from store.sqlite import make_private

    beside = file.with_name(f".{file.name}.{os.getpid()}")
    make_private(beside)
    beside.write_bytes(content)
    beside.replace(file)
