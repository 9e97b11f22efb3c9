"""Whether the files that are written are still the ones other processes will find.

On Unix a deleted or replaced file lives on for whoever has it open: commits to it would
succeed, and be gone with the process.
"""

import os
from pathlib import Path

from store.errors import StoreReplacedError


class FileWatch:
    """Remembers which files an open SQLite database consists of.

    It asks for their status and never opens them: closing a second handle would release
    the locks SQLite holds on them in this process.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._size = str(file), file.stat().st_size
        names = (self._file + end for end in ("", "-wal", "-shm"))
        self._identity = {name: _identity(_status(name)) for name in names}

    def check(self) -> None:
        """Raises StoreReplacedError if a file is gone, another one, or was cut."""
        sizes = dict.fromkeys(self._identity, 0)
        for name, identity in self._identity.items():
            status = _status(name)
            if _identity(status) != identity:
                raise StoreReplacedError(Path(name).name)
            sizes[name] = 0 if status is None else status.st_size
        if sizes[self._file] < self._size:  # it only ever grows
            raise StoreReplacedError(Path(self._file).name)
        self._size = sizes[self._file]


def _status(name: str) -> os.stat_result | None:
    try:
        return os.stat(name)  # noqa: PTH116 - twice a commit, and a path costs more
    except OSError:
        return None


def _identity(status: os.stat_result | None) -> tuple[int, int] | None:
    return None if status is None else (status.st_dev, status.st_ino)
