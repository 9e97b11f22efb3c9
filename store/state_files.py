"""Files of the state folder that decisions rest on, as they lie in a backup.

The models, which of them is in force and which ever was: without them a restored store
would be served by the starter, and old decisions could not be replayed.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from store.database import Database

_TABLE = "state_files"
_FOLDERS = ("promoted", "promotions", "starters", "bundles")
_IN_FORCE = "champion"  # the file that names the bundle in force


def keep_files(home: Path, backup: Database) -> None:
    """Put the files of `home` into a backup.

    What names a bundle is read before bundles are: it is there when it is named.
    """
    backup.run(f"CREATE TABLE {_TABLE} (path TEXT PRIMARY KEY, content BLOB NOT NULL)")
    with backup.transaction():
        for file in _files(home):
            row = file.relative_to(home).as_posix(), file.read_bytes()
            backup.insert(_TABLE, ("path", "content"), [row])


def put_files_back(home: Path, backup: Database) -> int:
    """Write the files of a backup where there are none of their names; how many.

    Backups of earlier releases hold none.
    """
    if not backup.has_table(_TABLE):
        return 0
    names = [path for (path,) in backup.rows(f"SELECT path FROM {_TABLE}")]  # noqa: S608 - literal
    n_written = 0
    # a bundle is whole before it is named
    for name in sorted(names, key=lambda one: _names_a_bundle(PurePosixPath(one))):
        parts = PurePosixPath(name).parts
        place = home.joinpath(*parts)
        if parts[0] not in _FOLDERS or ".." in parts or place.exists():
            continue
        query = f"SELECT content FROM {_TABLE} WHERE path = ?"  # noqa: S608 - literal
        [(content,)] = backup.rows(query, name)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.unfinished")
        unfinished.write_bytes(content)
        unfinished.rename(place)
        n_written += 1
    return n_written


def _files(home: Path) -> Iterator[Path]:
    """First those that name a bundle, then, looked for again, all others."""
    for is_first in (True, False):
        for folder in _FOLDERS:
            for file in sorted((home / folder).rglob("*")):
                path = file.relative_to(home)
                is_asked = _names_a_bundle(PurePosixPath(path)) is is_first
                if is_asked and file.is_file() and not _is_hidden(path):
                    yield file


def _names_a_bundle(path: PurePosixPath) -> bool:
    return path.parts[0] == "promoted" or path.name == _IN_FORCE


def _is_hidden(path: Path) -> bool:
    """Half written, as every writer here names it."""
    return any(part.startswith(".") for part in path.parts)
