"""Every answer, durably, before it is given.

SQLite in WAL mode with `synchronous=FULL`: a committed decision survives a power
cut. One writer thread commits whatever arrived while the previous commit was on
its way (group commit), so durability costs one disk flush per batch, not per
answer. A record is never changed and never deleted here.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from decisions.actions import Action
from serving import places
from serving.places import Claim, Place

_SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (
    decision_id TEXT PRIMARY KEY,
    recorded_at INTEGER NOT NULL,   -- microseconds since 1970 UTC
    as_of INTEGER NOT NULL,         -- microseconds since 1970 UTC
    request BLOB NOT NULL,          -- the body as received
    answer BLOB NOT NULL,           -- the body as answered
    versions TEXT NOT NULL,         -- JSON: bundles, policy, feature sets, release
    book TEXT NOT NULL,             -- JSON: what the policy knew of other customers
    policy_hash TEXT NOT NULL,
    key_id TEXT NOT NULL,           -- who asked
    idempotency_key TEXT,
    request_sha256 BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS decisions_idempotency
    ON decisions (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS policies (
    policy_hash TEXT PRIMARY KEY,
    content TEXT NOT NULL           -- the policy file as it was
) STRICT;
CREATE TABLE IF NOT EXISTS settings (
    settings_hash TEXT PRIMARY KEY,
    content TEXT NOT NULL           -- the settings file as it was
) STRICT;
CREATE INDEX IF NOT EXISTS decisions_customer ON decisions (
    json_extract(CAST(answer AS TEXT), '$.customer_id'), as_of
);
CREATE VIEW IF NOT EXISTS recommended AS SELECT
    as_of,
    recorded_at,
    json_extract(CAST(answer AS TEXT), '$.customer_id') AS customer_id,
    json_extract(CAST(answer AS TEXT), '$.action') AS action
FROM decisions;
"""
_LAST_RECOMMENDED = """
SELECT customer_id, as_of, action FROM recommended
WHERE customer_id = ? AND as_of >= ? AND as_of < ? AND action IS NOT NULL
ORDER BY as_of DESC, recorded_at DESC LIMIT 1
"""
_NOTICES_NAMED = """
SELECT json_extract(due.value, '$.notice'), max(as_of)
FROM decisions, json_each(CAST(answer AS TEXT), '$.notices_due') AS due
WHERE json_extract(CAST(answer AS TEXT), '$.customer_id') = ? AND as_of < ?
GROUP BY 1 ORDER BY 1
"""
_QUEUE_LIMIT = 10_000  # beyond this the disk does not follow: refuse, do not hoard


class DecisionStoreError(Exception):
    """Base of what the decision store refuses."""

    code = "decision_store_error"


class StoreUnavailableError(DecisionStoreError):
    code = "decision_store_unavailable"

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"decisions cannot be recorded or read ({cause}), so none is given;"
            " check disk space and permissions of decisions.sqlite, then retry"
        )


class UnknownDecisionError(DecisionStoreError):
    code = "unknown_decision"

    def __init__(self, decision_id: str) -> None:
        super().__init__(f"no decision {decision_id!r} is recorded here")


class NoDecisionsError(DecisionStoreError):
    code = "no_decisions"

    def __init__(self, file: Path) -> None:
        super().__init__(f"no decisions are recorded in {file}: is FORBEAR_HOME right?")


class NoPlaceLeftError(DecisionStoreError):
    """Another process took the place this decision was to take: decide again."""

    code = "no_place_left"

    def __init__(self) -> None:
        super().__init__("the place was taken in the meantime; decide again")


class IdempotencyConflictError(DecisionStoreError):
    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "this Idempotency-Key was used with another body;"
            " send the first body again or take a new key"
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """One recorded answer with everything needed to compute it again."""

    decision_id: str
    recorded_at: int
    as_of: int
    request: bytes
    answer: bytes
    versions: str
    book: str
    policy_hash: str
    key_id: str
    idempotency_key: str | None
    request_sha256: bytes


class Recommended(NamedTuple):
    """What one recorded decision recommended; `as_of` in microseconds."""

    customer_id: str
    as_of: int
    action: Action


_COLUMNS = ", ".join(f.name for f in fields(Decision))
_PLACES = ", ".join("?" for _ in fields(Decision))


@dataclass(frozen=True, slots=True)
class _Pending:
    decision: Decision
    policy_content: str
    settings_content: str | None
    claim: Claim | None
    future: "asyncio.Future[Decision]"


class DecisionReader:
    """Looks decisions up; changes nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    @classmethod
    def open(cls, file: Path) -> "DecisionReader":
        """Raises NoDecisionsError if nothing was ever recorded there."""
        if not file.is_file():
            raise NoDecisionsError(file)
        return cls(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True))

    def find(self, decision_id: str) -> Decision:
        """Raises UnknownDecisionError if there is none."""
        rows = self._read("decision_id = ?", decision_id)
        if not rows:
            raise UnknownDecisionError(decision_id)
        return rows[0]

    def find_answered(self, key_id: str, idempotency_key: str) -> Decision | None:
        """The decision given before under this idempotency key, if any."""
        rows = self._read("key_id = ? AND idempotency_key = ?", key_id, idempotency_key)
        return rows[0] if rows else None

    def last_recommended(
        self, customer_id: str, since: int, before: int
    ) -> Recommended | None:
        """The last action recommended for a moment in [since, before)."""
        rows = self._rows(_LAST_RECOMMENDED, customer_id, since, before)
        return Recommended(*rows[0]) if rows else None

    def notices_named(self, customer_id: str, before: int) -> list[tuple[str, int]]:
        """Notices that were due at moments before, by name, and at which last."""
        rows = self._rows(_NOTICES_NAMED, customer_id, before)
        return [(str(name), int(moment)) for name, moment in rows]

    def places_taken(self, begin: int, end: int) -> list[Place]:
        """Places taken for a moment in [begin, end), by any process."""
        return [Place(*row) for row in self._rows(places.TAKEN, begin, end)]

    def last_place(self) -> int:
        """The number of the place committed last; 0 before the first."""
        [(last,)] = self._rows("SELECT coalesce(max(place_id), 0) FROM places")
        return int(last)

    def places_since(self, place_id: int) -> list[Place]:
        """Places committed after that one, by any process, in order."""
        return [Place(*row) for row in self._rows(places.SINCE, place_id)]

    def policy_content(self, policy_hash: str) -> str:
        """The policy file of a recorded decision, as it was."""
        query = "SELECT content FROM policies WHERE policy_hash = ?"
        [(content,)] = self._rows(query, policy_hash)
        return str(content)

    def settings_content(self, settings_hash: str) -> str:
        """The settings file of a recorded decision, as it was."""
        query = "SELECT content FROM settings WHERE settings_hash = ?"
        [(content,)] = self._rows(query, settings_hash)
        return str(content)

    def close(self) -> None:
        self._db.close()

    def _read(self, condition: str, *values: str) -> list[Decision]:
        query = f"SELECT {_COLUMNS} FROM decisions WHERE {condition}"  # noqa: S608 - literals
        return [Decision(*row) for row in self._rows(query, *values)]

    def _rows(self, query: str, *values: str | int) -> list[Any]:
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailableError(error.sqlite_errorname) from error


class DecisionStore(DecisionReader):
    """Append-only decisions. `record` is called from one event loop."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        try:
            super().__init__(_connect(file))
            self._db.executescript(_SCHEMA + places.SCHEMA)
            # from now on this connection is used inside the event loop: no waiting
            self._db.execute("PRAGMA busy_timeout=20")
        except sqlite3.Error as error:
            raise StoreUnavailableError(str(error)) from error
        self._queue: queue.Queue[_Pending | None] = queue.Queue(_QUEUE_LIMIT)
        self._writer = threading.Thread(
            target=self._write, name="decision-writer", daemon=True
        )
        self._writer.start()

    async def record(
        self,
        decision: Decision,
        policy_content: str,
        claim: Claim | None = None,
        settings_content: str | None = None,
    ) -> Decision:
        """Commit `decision`, with the place it takes, and return it.

        If its idempotency key was committed before with the same body, the
        earlier decision is returned instead and nothing is written.

        Raises:
            NoPlaceLeftError: another process took what `claim` rests on.
            IdempotencyConflictError: same idempotency key, another body.
            StoreUnavailableError: it could not be made durable.
        """
        future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        try:
            contents = policy_content, settings_content
            pending = _Pending(decision, *contents, claim, future)
            self._queue.put_nowait(pending)
        except queue.Full:
            raise StoreUnavailableError("too many decisions wait") from None
        return await future

    def is_writable(self) -> bool:
        """Whether the writer lives and the file takes a transaction now."""
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
        """Commit what waits, then end the writer."""
        self._queue.put(None)
        self._writer.join()
        super().close()

    def _write(self) -> None:
        db = _connect(self._file)
        is_open = True
        while is_open:
            waiting = [self._queue.get()]
            while not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            is_open = None not in waiting
            batch = [pending for pending in waiting if pending is not None]
            if batch:
                _commit(db, batch)
        db.close()


def _connect(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA busy_timeout=5000")  # another process may be writing
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    return db


Outcome = Decision | DecisionStoreError


def _commit(db: sqlite3.Connection, batch: list[_Pending]) -> None:
    """One transaction for the batch; every future gets its decision or its error."""
    outcomes: list[Outcome]
    try:
        db.execute("BEGIN IMMEDIATE")
        outcomes = [_insert(db, pending) for pending in batch]
        db.execute("COMMIT")
    except sqlite3.Error as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        failure = StoreUnavailableError(error.sqlite_errorname)
        outcomes = [failure] * len(batch)
    loop = batch[0].future.get_loop()
    resolved = list(zip((p.future for p in batch), outcomes, strict=True))
    if not loop.is_closed():
        loop.call_soon_threadsafe(_resolve, resolved)


def _insert(db: sqlite3.Connection, pending: _Pending) -> Outcome:
    decision = pending.decision
    if decision.idempotency_key is not None:
        query = (
            f"SELECT {_COLUMNS} FROM decisions"  # noqa: S608 - literals
            " WHERE key_id = ? AND idempotency_key = ?"
        )
        earlier = db.execute(query, (decision.key_id, decision.idempotency_key))
        for row in earlier.fetchall():
            return same_request(Decision(*row), decision.request_sha256)
    claim = pending.claim
    if claim is not None and not places.take(db, claim, decision.decision_id):
        return NoPlaceLeftError()
    db.execute(
        "INSERT OR IGNORE INTO policies VALUES (?, ?)",
        (decision.policy_hash, pending.policy_content),
    )
    if pending.settings_content is not None:
        content = pending.settings_content
        db.execute(
            "INSERT OR IGNORE INTO settings VALUES (?, ?)",
            (sha256(content.encode()).hexdigest(), content),
        )
    db.execute(
        f"INSERT INTO decisions ({_COLUMNS}) VALUES ({_PLACES})",  # noqa: S608 - literals
        astuple(decision),
    )
    return decision


def same_request(earlier: Decision, request_sha256: bytes) -> Outcome:
    """`earlier` if it answered the same body, else the conflict."""
    if earlier.request_sha256 == request_sha256:
        return earlier
    return IdempotencyConflictError()


def _resolve(
    resolved: Iterable[tuple["asyncio.Future[Decision]", Outcome]],
) -> None:
    for future, outcome in resolved:
        if future.cancelled():  # the caller went away; the record stands
            continue
        if isinstance(outcome, Decision):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
