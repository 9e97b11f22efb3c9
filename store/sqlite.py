"""Decisions and keys in SQLite files.

WAL mode with `synchronous=FULL`: a committed decision survives a power cut, and readers
never wait for the writer. Several processes may share the files of one machine.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store.budget_slots import BudgetSlot, Reservation
from store.decisions import (
    Decision,
    DecisionReader,
    DecisionStore,
    Recommended,
    same_request,
)
from store.errors import (
    DecisionStoreError,
    KeyStoreUnavailableError,
    NoDecisionsError,
    SlotTakenError,
    StoreUnavailableError,
    UnknownDecisionError,
    UnknownDocumentError,
    UnknownKeyError,
)
from store.group_commit import GroupCommit
from store.keys import ApiKey, KeyStore

_DECISIONS = """
CREATE TABLE IF NOT EXISTS decisions (
    decision_id TEXT PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    as_of INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    action TEXT,
    notices_due TEXT NOT NULL,      -- JSON: names
    language TEXT NOT NULL,
    request BLOB NOT NULL,
    answer BLOB NOT NULL,
    versions TEXT NOT NULL,
    prior_decisions TEXT NOT NULL,
    policy_hash TEXT NOT NULL,
    key_id TEXT NOT NULL,
    idempotency_key TEXT,
    request_sha256 BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS decisions_idempotency
    ON decisions (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS decisions_customer ON decisions (customer_id, as_of);
CREATE TABLE IF NOT EXISTS documents (
    document_hash TEXT PRIMARY KEY,
    content TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS budget_slots (
    slot_id INTEGER PRIMARY KEY,    -- rises in the order of commits
    kind TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    decision_id TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS budget_slots_taken
    ON budget_slots (kind, as_of, customer_id);
"""
_KEYS = """
CREATE TABLE IF NOT EXISTS keys (
    key_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    secret_sha256 BLOB NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT
"""
_NAMES = tuple(f.name for f in fields(Decision))
_COLUMNS, _VALUES = ", ".join(_NAMES), ", ".join(f":{name}" for name in _NAMES)
LAST_RECOMMENDED = """
SELECT customer_id, as_of, action FROM decisions
WHERE customer_id = ? AND as_of >= ? AND as_of < ? AND action IS NOT NULL
ORDER BY as_of DESC, recorded_at DESC LIMIT 1
"""
LAST_NOTICES = """
SELECT due.value, max(as_of) FROM decisions, json_each(notices_due) AS due
WHERE customer_id = ? AND as_of < ? GROUP BY 1 ORDER BY 1
"""
SLOTS_TAKEN = """
SELECT slot_id, kind, customer_id, as_of FROM budget_slots
WHERE kind IN ('stop', 'review') AND as_of >= ? AND as_of < ?
"""
SLOTS_SINCE = """
SELECT slot_id, kind, customer_id, as_of FROM budget_slots
WHERE slot_id > ? ORDER BY slot_id
"""
SLOTS_OF_OTHERS = """
SELECT count(DISTINCT customer_id) FROM budget_slots
WHERE kind = ? AND as_of >= ? AND as_of < ? AND customer_id <> ?
"""
_TAKE_SLOT = """
INSERT INTO budget_slots (kind, customer_id, as_of, decision_id)
SELECT :kind, :customer_id, :as_of, :decision_id WHERE NOT EXISTS (
    SELECT 1 FROM budget_slots WHERE kind = :kind
    AND as_of >= :begin AND as_of < :end AND customer_id = :customer_id
)
"""


def connect(file: Path) -> sqlite3.Connection:
    """A connection on which a commit is flushed to the disk before it returns."""
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA busy_timeout=5000")  # another process may be writing
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    return db


class SqliteDecisionReader(DecisionReader):
    """Looks decisions up in a file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    def open(cls, file: Path) -> "SqliteDecisionReader":
        """Raises NoDecisionsError if nothing was ever recorded there."""
        if not file.is_file():
            raise NoDecisionsError(file)
        return cls(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True))

    def find(self, decision_id: str) -> Decision:
        decisions = self._decisions("WHERE decision_id = ?", decision_id)
        if not decisions:
            raise UnknownDecisionError(decision_id)
        return decisions[0]

    def find_answered(self, key_id: str, idempotency_key: str) -> Decision | None:
        condition = "WHERE key_id = ? AND idempotency_key = ?"
        decisions = self._decisions(condition, key_id, idempotency_key)
        return decisions[0] if decisions else None

    def last_recommended(
        self, customer_id: str, since: int, before: int
    ) -> Recommended | None:
        rows = self._rows(LAST_RECOMMENDED, customer_id, since, before)
        return Recommended(*rows[0]) if rows else None

    def last_notices(self, customer_id: str, before: int) -> Mapping[str, int]:
        return dict(self._rows(LAST_NOTICES, customer_id, before))

    def slots_taken(self, begin: int, end: int) -> list[BudgetSlot]:
        return [BudgetSlot(*row) for row in self._rows(SLOTS_TAKEN, begin, end)]

    def slots_since(self, slot_id: int) -> list[BudgetSlot]:
        return [BudgetSlot(*row) for row in self._rows(SLOTS_SINCE, slot_id)]

    def last_slot_id(self) -> int:
        [(last,)] = self._rows("SELECT coalesce(max(slot_id), 0) FROM budget_slots")
        return int(last)

    def document(self, document_hash: str) -> str:
        query = "SELECT content FROM documents WHERE document_hash = ?"
        rows = self._rows(query, document_hash)
        if not rows:
            raise UnknownDocumentError(document_hash)
        return str(rows[0][0])

    def close(self) -> None:
        self._db.close()

    def _decisions(self, condition: str, *values: str) -> list[Decision]:
        query = f"SELECT {_COLUMNS} FROM decisions {condition}"  # noqa: S608 - literals
        return [_decision(row) for row in self._rows(query, *values)]

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailableError(error.sqlite_errorname) from error


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one transaction records together."""

    decision: Decision
    documents: Mapping[str, str]
    reservation: Reservation | None


class SqliteDecisionStore(SqliteDecisionReader, DecisionStore):
    """Records decisions in a file, by one writer thread a process."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            super().__init__(connect(file))
            self._db.executescript(_DECISIONS)
            # a file that an earlier form of the tables was made in is refused here
            self._db.execute(f"SELECT {_COLUMNS} FROM decisions LIMIT 0")  # noqa: S608 - literals
            # from now on this connection is used inside the event loop: no waiting
            self._db.execute("PRAGMA busy_timeout=20")
            self._writing = connect(file)
        except sqlite3.Error as error:
            raise StoreUnavailableError(f"{file}: {error}") from error
        self._writer: GroupCommit[_Entry, Decision] = GroupCommit(self._commit)

    async def record(
        self,
        decision: Decision,
        documents: Mapping[str, str],
        reservation: Reservation | None = None,
    ) -> Decision:
        return await self._writer.submit(_Entry(decision, documents, reservation))

    def is_writable(self) -> bool:
        if not self._writer.is_alive():
            return False
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            # a busy writer is a living writer
            return error.sqlite_errorname == "SQLITE_BUSY"
        return True

    def close(self) -> None:
        self._writer.close()
        self._writing.close()
        super().close()

    def _commit(self, batch: Sequence[_Entry]) -> Sequence[Decision | Exception]:
        """One transaction for the batch, with the write lock from its beginning."""
        db = self._writing
        try:
            db.execute("BEGIN IMMEDIATE")
            outcomes = [_outcome(db, entry) for entry in batch]
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            return [StoreUnavailableError(error.sqlite_errorname)] * len(batch)
        return outcomes


def _outcome(db: sqlite3.Connection, entry: _Entry) -> Decision | Exception:
    """The decision recorded, or why not: one refusal leaves the batch as it is."""
    try:
        return _record(db, entry)
    except DecisionStoreError as refusal:
        return refusal


def _record(db: sqlite3.Connection, entry: _Entry) -> Decision:
    """Refuses before it writes anything."""
    decision, reader = entry.decision, SqliteDecisionReader(db)
    if decision.idempotency_key is not None:
        earlier = reader.find_answered(decision.key_id, decision.idempotency_key)
        if earlier is not None:
            return same_request(earlier, decision.request_sha256)
    if entry.reservation is not None:
        _take_slot(db, entry.reservation, decision.decision_id)
    db.executemany(
        "INSERT OR IGNORE INTO documents VALUES (?, ?)", entry.documents.items()
    )
    db.execute(
        f"INSERT INTO decisions ({_COLUMNS}) VALUES ({_VALUES})",  # noqa: S608 - literals
        _row(decision),
    )
    return decision


def _take_slot(
    db: sqlite3.Connection, reservation: Reservation, decision_id: str
) -> None:
    for limit in reservation.limits:
        others = (reservation.kind, limit.begin, limit.end, reservation.customer_id)
        [(taken,)] = db.execute(SLOTS_OF_OTHERS, others)
        if taken >= limit.most:
            raise SlotTakenError
    named = {
        name: getattr(reservation, name)
        for name in ("kind", "customer_id", "as_of", "begin", "end")
    }
    db.execute(_TAKE_SLOT, named | {"decision_id": decision_id})


def _row(decision: Decision) -> dict[str, Any]:
    """What the columns hold."""
    return asdict(decision) | {"notices_due": json.dumps(decision.notices_due)}


def _decision(row: Sequence[Any]) -> Decision:
    named = dict(zip(_NAMES, row, strict=True))
    return Decision(**named | {"notices_due": tuple(json.loads(named["notices_due"]))})


class SqliteKeyStore(KeyStore):
    """Keys in a file that only its owner may read."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        # autocommit: every statement here is its own transaction
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(_KEYS)
        except sqlite3.Error as error:
            self._db.close()
            raise KeyStoreUnavailableError(file, str(error)) from error

    def add(self, key: ApiKey, secret_sha256: bytes) -> None:
        self._db.execute(
            "INSERT INTO keys VALUES"
            " (:key_id, :name, :scope, :secret_sha256, :created_at, :revoked_at)",
            asdict(key) | {"secret_sha256": secret_sha256},
        )

    def lookup(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        for *known, secret_sha256 in self._select("WHERE key_id = ?", key_id):
            return ApiKey(*known), secret_sha256
        return None

    def listed(self) -> list[ApiKey]:
        return [ApiKey(*row[:5]) for row in self._select("ORDER BY created_at, rowid")]

    def revoke(self, key_id: str) -> None:
        changed = self._db.execute(
            "UPDATE keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL",
            (datetime.now(UTC).isoformat(timespec="seconds"), key_id),
        )
        if changed.rowcount == 0:
            raise UnknownKeyError(key_id)

    def close(self) -> None:
        self._db.close()

    def _select(self, condition: str, *values: str) -> list[Any]:
        columns = "key_id, name, scope, created_at, revoked_at, secret_sha256"
        query = f"SELECT {columns} FROM keys {condition}"  # noqa: S608 - literals
        with closing(self._db.execute(query, values)) as rows:
            return rows.fetchall()
