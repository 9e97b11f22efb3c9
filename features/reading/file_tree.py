"""Files under one place: a folder of this machine, or another store's (`FileTree`)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Protocol

from features.errors import PortfolioNotFoundError


class FileTree(Protocol):
    """Files by their path under the place, with `/` between the folders."""

    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """Of the files and of the folders that lie there directly."""

    def below(self, folder: str) -> list[str]:
        """Paths of all files in a folder that lies there, and in its folders."""

    def on_disk(self, path: str) -> AbstractContextManager[Path]:
        """The file on this machine, as long as the block lasts."""

    def opened(self, path: str) -> AbstractContextManager[Path | IO[bytes]]:
        """The file to read pieces of, wherever it lies."""


class LocalFolder:
    """A folder of this machine.

    Raises:
        PortfolioNotFoundError: if there is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise PortfolioNotFoundError(f"no portfolio folder {folder}")
        self._folder = folder

    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """Of the files and of the folders that lie there directly."""
        entries = list(self._folder.iterdir())
        files = frozenset(entry.name for entry in entries if entry.is_file())
        return files, frozenset(entry.name for entry in entries if entry.is_dir())

    def below(self, folder: str) -> list[str]:
        """Paths of all files in a folder that lies there, and in its folders."""
        files = (file for file in (self._folder / folder).rglob("*") if file.is_file())
        return [file.relative_to(self._folder).as_posix() for file in files]

    def on_disk(self, path: str) -> AbstractContextManager[Path]:
        """The file itself."""
        return nullcontext(self._folder / path)

    @contextmanager
    def opened(self, path: str) -> Iterator[Path | IO[bytes]]:
        """The file itself, which whoever reads it opens."""
        yield self._folder / path
