"""What computes a row of advice: a hash finer than the number of a release."""

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

_ROOMS = ("features", "scoring", "decisions", "wording", "advice")
_LIBRARIES = ("duckdb", "ibis-framework", "lightgbm", "numpy", "pyarrow")
_COMPILED = {".pyc", ".so", ".pyd"}  # made of the source, with the same answers


@cache
def code_version() -> str:
    """sha256 over the source of every room that advice is made in, and its libraries.

    Rows that are kept are used again only by the code that made them.
    """
    digest = hashlib.sha256()
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for room in _ROOMS:
        for file in sorted(_folder(room).rglob("*")):
            if file.is_file() and file.suffix not in _COMPILED:
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _folder(room: str) -> Path:
    return Path(str(files(room)))
