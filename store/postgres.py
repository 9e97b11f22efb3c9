"""PostgreSQL (14 or newer) as a database of the stores.

Commits of all processes follow one another: each takes the same advisory lock first. So
limits on budgets, idempotency keys and the order of records hold over all replicas, and
a commit carries all decisions that waited for the one before.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from store.database import Database
from store.errors import StoreUnavailableError

OLDEST = 140_000  # server_version_num of PostgreSQL 14
_MOST_VALUES = 30_000  # a statement takes 65,535
_CONNECT_S = 3
_PAUSE_S = 1.0  # after a connection failed, before the next is tried
_OPTIONS = (
    "-c synchronous_commit=on -c idle_in_transaction_session_timeout=30000"
    " -c timezone=UTC -c statement_timeout={wait_ms} -c lock_timeout={wait_ms}"
)


class PostgresDatabase(Database):
    """One connection, made again after it broke.

    Args:
        url: `postgresql://…`; `options` in it are kept.
        lock: what transactions of the same name wait for one another by.
        wait_ms: longest time of a statement, waiting for a lock included.
    """

    def __init__(self, url: str, lock: str, wait_ms: int = 10_000) -> None:
        if not url.startswith(("postgresql://", "postgres://")):
            raise StoreUnavailableError("FORBEAR_DATABASE_URL is no postgresql://…")
        self._url, self._lock, self._wait_ms = url, f"forbear {lock}", wait_ms
        self._db: psycopg.Connection[Any] | None = None
        self._next_try = 0.0
        self._is_in_transaction = False
        self._warnings: list[str] = []
        with self._translated():
            version = self._connected().info.server_version
        if version < OLDEST:
            self.close()
            raise StoreUnavailableError("PostgreSQL 14 or newer is needed")

    def rows(self, query: str, *values: object) -> list[Any]:
        return self._read(query, values).fetchall()

    def run(self, statement: str, *values: object) -> int:
        with self._translated():
            return self._execute(statement, values).rowcount

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        keep_earlier: bool = False,
    ) -> None:
        """One statement for many rows."""
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        conflict = " ON CONFLICT DO NOTHING" if keep_earlier else ""
        listed, step = list(rows), _MOST_VALUES // len(columns)
        for begin in range(0, len(listed), step):
            some = listed[begin : begin + step]
            places = ", ".join([f"({marks})"] * len(some))
            values = [value for row in some for value in row]
            self.run(
                f"INSERT INTO {table} ({names}) VALUES {places}{conflict}",  # noqa: S608 - literals
                *values,
            )

    def has_table(self, name: str) -> bool:
        return self.rows("SELECT to_regclass(?) IS NOT NULL", name) == [(True,)]

    def columns(self, table: str) -> list[str]:
        query = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = ?"
            " ORDER BY ordinal_position"
        )
        return [row[0] for row in self.rows(query, table)]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self._begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._undo()
            self._is_in_transaction = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._begin("BEGIN")
        is_committed = False
        try:
            self.run("SELECT pg_advisory_xact_lock(hashtext(?))", self._lock)
            yield
            self._commit()
            is_committed = True
        finally:
            if not is_committed:
                self._undo()
            self._is_in_transaction = False

    def overwrite_deleted(self) -> None:
        """The server's own vacuum does that in time."""

    def close(self) -> None:
        if self._db is not None:
            with suppress(psycopg.Error):
                self._db.close()
            self._db = None

    def _begin(self, statement: str) -> None:
        self._read(statement, ())
        self._is_in_transaction = True

    def _read(self, query: str, values: Sequence[object]) -> psycopg.Cursor[Any]:
        """Ask what changes nothing; once more where the connection had broken.

        The server was started again, say, while nothing was asked.
        """
        with self._translated():
            try:
                return self._execute(query, values)
            except psycopg.OperationalError:
                is_broken = self._db is None or self._db.closed
                if self._is_in_transaction or not is_broken:
                    raise
        with self._translated():
            return self._execute(query, values)

    def _execute(self, query: str, values: Sequence[object]) -> psycopg.Cursor[Any]:
        translated = query.replace("?", "%s").encode()
        return self._connected().execute(translated, values or None)

    def _connected(self) -> psycopg.Connection[Any]:
        if self._db is not None and not self._db.closed:
            return self._db
        if self._is_in_transaction:  # the rest of it would stand alone
            raise StoreUnavailableError("PostgreSQL: the connection broke")
        if time.monotonic() < self._next_try:
            raise StoreUnavailableError("PostgreSQL cannot be reached")
        self._next_try = time.monotonic() + _PAUSE_S
        stated = psycopg.conninfo.conninfo_to_dict(self._url).get("options") or ""
        self._db = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_S,
            tcp_user_timeout=self._wait_ms,
            options=f"{stated} {_OPTIONS.format(wait_ms=self._wait_ms)}".strip(),
            application_name="forbear",
        )
        self._db.add_notice_handler(self._note)
        self._next_try = 0.0
        return self._db

    def _commit(self) -> None:
        self._warnings.clear()
        with self._translated():
            committed = self._execute("COMMIT", ())
        if committed.statusmessage != "COMMIT":  # it was undone before
            raise StoreUnavailableError("PostgreSQL: nothing was committed")
        # whoever cancels the wait for a standby gets a success that says in a warning
        # that the standby does not have it
        if self._warnings:
            raise StoreUnavailableError("PostgreSQL: a commit with a warning")

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        if notice.severity_nonlocalized == "WARNING":
            self._warnings.append(notice.sqlstate or "")

    def _undo(self) -> None:
        """Roll back; a connection that cannot is given up."""
        try:
            self.run("ROLLBACK")
        except StoreUnavailableError:
            self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            # never its message: it may quote values or the address
            cause = f"PostgreSQL {error.sqlstate or ''} {type(error).__name__}"
            raise StoreUnavailableError(" ".join(cause.split())) from error
