"""What computes a row of advice: a hash finer than the number of a release."""

import hashlib
import re
from functools import cache
from importlib.metadata import requires, version
from importlib.resources import files
from pathlib import Path

_ROOMS = ("features", "scoring", "decisions", "wording", "advice")
_COMPILED = {".pyc", ".so", ".pyd"}  # made of the source, with the same answers


@cache
def code_version() -> str:
    """sha256 over the source of every room that advice is made in, and its libraries.

    Rows that are kept are used again only by the code that made them.
    """
    digest = hashlib.sha256()
    for library in libraries():
        digest.update(f"{library} {version(library)}\n".encode())
    for room in _ROOMS:
        folder = _folder(room)
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix not in _COMPILED:
                code, name = file.read_bytes(), file.relative_to(folder).as_posix()
                digest.update(f"{room}/{name} {len(code)}\n".encode())
                digest.update(code)
    return digest.hexdigest()


def libraries() -> list[str]:
    """Names of all that the plain installation requires, of which some touch a row.

    Which of them do is not listed a second time: holidays move a day of business and
    time zones the end of a day, so a list that forgot one would keep wrong rows.
    """
    stated = (one for one in requires("forbear") or () if "extra ==" not in one)
    return sorted(re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in stated)


def _folder(room: str) -> Path:
    return Path(str(files(room)))
