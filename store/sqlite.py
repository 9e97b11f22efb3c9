"""SQLite files as a database of the stores.

WAL mode with `synchronous=FULL`: a committed decision survives a power cut, and readers
never wait for the writer. Several processes may share the files of one machine.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from store.database import Database
from store.errors import StoreFileError
from store.file_watch import FileWatch

_ENDS = ("", "-wal", "-shm")
WAIT_MS = 5_000  # another process may be writing


class SqliteDatabase(Database):
    """One connection on which a commit is flushed to the disk before it returns.

    Args:
        file: made where there is none, for its owner's eyes only.
        wait_ms: how long to wait while another connection writes.
    """

    def __init__(self, file: Path, wait_ms: int = WAIT_MS) -> None:
        make_private(file)
        self._file, self._wait_ms = file, wait_ms
        self._db: sqlite3.Connection | None = None
        with self._translated():
            self._connected().execute("SELECT count(*) FROM sqlite_schema")
        self._watch = FileWatch(file)

    def rows(self, query: str, *values: object) -> list[Any]:
        with self._translated():
            return self._connected().execute(query, values).fetchall()

    def run(self, statement: str, *values: object) -> int:
        with self._translated():
            return self._connected().execute(statement, values).rowcount

    def has_table(self, name: str) -> bool:
        return bool(self.rows("SELECT 1 FROM sqlite_schema WHERE name = ?", name))

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        keep_earlier: bool = False,
    ) -> None:
        listed = list(rows)
        if not listed:
            return
        statement = _insertion(table, tuple(columns), keep_earlier)
        with self._translated():
            self._connected().executemany(statement, listed)

    def columns(self, table: str) -> list[str]:
        query = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
        return [row[0] for row in self.rows(query, table)]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self.run("BEGIN")
        try:
            yield
        finally:
            self._undo()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._watch.check()
        with self._translated():
            self._connected().execute("BEGIN IMMEDIATE")
        is_committed = False
        try:
            yield
            with self._translated():
                self._connected().execute("COMMIT")
            is_committed = True
        finally:
            if not is_committed:
                self._undo()
        # a commit to a file that went away meanwhile is none
        self._watch.check()

    def overwrite_deleted(self) -> None:
        # the log still holds deleted rows until it begins anew
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _connected(self) -> sqlite3.Connection:
        """The connection; opened again, never made anew, after a failure."""
        if self._db is None:
            uri = f"{self._file.absolute().as_uri()}?mode=rw"
            db = sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=False
            )
            db.execute(f"PRAGMA busy_timeout={self._wait_ms}")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            # what is deleted is overwritten, not only given free
            db.execute("PRAGMA secure_delete=ON")
            self._db = db
        return self._db

    def _undo(self) -> None:
        """Roll back; what cannot even do that starts again with a new connection."""
        if self._db is None:
            return
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self.close()

    def _translated(self) -> "_Translated":
        return _Translated(self._file)


@lru_cache
def _insertion(table: str, columns: tuple[str, ...], keep_earlier: bool) -> str:
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    conflict = " ON CONFLICT DO NOTHING" if keep_earlier else ""
    return f"INSERT INTO {table} ({names}) VALUES ({marks}){conflict}"  # noqa: S608 - literals


class _Translated:
    """Errors of SQLite become ours; a class, for it surrounds every statement."""

    __slots__ = ("_file",)

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, sqlite3.Error):
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            cause = f"{self._file.name}: {name}"
            raise StoreFileError(self._file, cause) from error


def read_only(file: Path) -> SqliteDatabase:
    """A connection that writes nothing, to a file that is there."""
    return _ReadOnly(file)


class _ReadOnly(SqliteDatabase):
    def __init__(self, file: Path) -> None:
        self._file = file
        with self._translated():
            uri = f"{file.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)


def make_private(file: Path) -> None:
    """The file and its folder, for their owner's eyes only."""
    folder = file.parent
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        for changed in (folder, folder.parent):  # their entries survive a power cut
            _flush(changed)
    for end in _ENDS:
        with suppress(OSError):
            file.with_name(file.name + end).chmod(0o600)


def _flush(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
