"""Whether the files that are written are still the ones other processes will find.

On Unix a deleted or replaced file lives on for whoever has it open: commits to it would
succeed, and be gone with the process.
"""

from pathlib import Path

from store.errors import StoreReplacedError


class FileWatch:
    """Remembers which files an open SQLite database consists of.

    It asks for their status and never opens them: closing a second handle would release
    the locks SQLite holds on them in this process.
    """

    def __init__(self, file: Path) -> None:
        beside = (file.with_name(file.name + end) for end in ("-wal", "-shm"))
        self._identity = {path: _identity(path) for path in (file, *beside)}
        self._file, self._size = file, file.stat().st_size

    def check(self) -> None:
        """Raises StoreReplacedError if a file is gone, another one, or was cut."""
        for path, identity in self._identity.items():
            if _identity(path) != identity:
                raise StoreReplacedError(path.name)
        size = self._file.stat().st_size
        if size < self._size:  # it only ever grows
            raise StoreReplacedError(self._file.name)
        self._size = size


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
