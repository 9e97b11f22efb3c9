"""Events in tables: what is asked of them, written once for every database."""

import time
from collections.abc import Collection, Mapping, Sequence

from store.database import Database
from store.errors import DecisionStoreError, IdempotencyConflictError
from store.events import (
    Changes,
    Erasure,
    EventBatch,
    EventReader,
    EventStore,
    KeptRow,
    NumberedEvent,
    Observed,
    Receipt,
)
from store.group_commit import GroupCommit
from store.proof import Proof
from store.sql_numbers import (
    add_numbers,
    numbered,
    shared_of_batch,
    shared_of_customer,
    tell_of_dismissals,
)

_ROWS = """
SELECT table_name, sequence, digest, content FROM event_rows
WHERE customer_id = ? AND sequence <= ? AND NOT EXISTS (
    SELECT 1 FROM event_dismissed AS dismissed
    WHERE dismissed.customer_id = event_rows.customer_id
    AND dismissed.digest = event_rows.digest AND dismissed.sequence <= ?
) ORDER BY table_name, digest LIMIT ?
"""
_OF_TABLES = """
SELECT customer_id, table_name, sequence, digest, content FROM event_rows
WHERE customer_id IN ({}) AND table_name IN ({}) AND NOT EXISTS (
    SELECT 1 FROM event_dismissed AS dismissed
    WHERE dismissed.customer_id = event_rows.customer_id
    AND dismissed.digest = event_rows.digest
)
"""
_OBSERVED = """
SELECT said.table_name, said.sequence, observed_until FROM event_observed AS said
JOIN (
    SELECT table_name, max(sequence) AS sequence FROM event_observed
    WHERE customer_id = ? AND sequence <= ? GROUP BY table_name
) AS latest
ON latest.table_name = said.table_name AND latest.sequence = said.sequence
WHERE customer_id = ?
"""
_CHANGES = """
SELECT customer_id FROM event_rows WHERE sequence > ?
UNION SELECT customer_id FROM event_observed WHERE sequence > ?
UNION SELECT customer_id FROM event_dismissed WHERE sequence > ?
UNION SELECT customer_id FROM event_shared WHERE sequence > ?
LIMIT ?
"""
_CUSTOMERS = """
SELECT DISTINCT customer_id FROM event_rows WHERE customer_id > ?
ORDER BY customer_id LIMIT ?
"""
_BATCH = """
SELECT sequence, n_known, summary, request_sha256 FROM event_batches
WHERE key_id = ? AND idempotency_key = ?
"""
_LAST = "SELECT coalesce(max(sequence), 0) FROM event_batches"
_ERASED = "SELECT count(*) FROM event_erasures WHERE sequence > ?"
_N_NEW = "SELECT count(*) FROM event_rows WHERE sequence = ?"
_BATCH_COLUMNS = (
    "sequence",
    "arrived_at",
    "key_id",
    "idempotency_key",
    "request_sha256",
    "n_known",
    "summary",
)
_ROW_COLUMNS = "customer_id", "table_name", "digest", "content", "sequence"
_OBSERVED_COLUMNS = "customer_id", "table_name", "observed_until", "sequence"
_DISMISSED_COLUMNS = "customer_id", "digest", "sequence"
_OF_CUSTOMERS = (
    "event_rows",
    "event_numbers",
    "event_shared",
    "event_observed",
    "event_dismissed",
)
_PROVE = "UPDATE event_state SET proven_at = ?, ballast = ?"
# as much as a small batch takes: a disk with room for a flag alone is full
_BALLAST = bytes(100_000)
_MOST_WAITING = 16  # batches; each may hold thousands of rows in memory


def _places(values: Collection[str]) -> str:
    """A mark for each value of a list in a query."""
    return ", ".join("?" * len(values))


class SqlEventReader(EventReader):
    """Looks events up in a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def last_sequence(self) -> int:
        return int(self._db.rows(_LAST)[0][0])

    def rows(self, customer_id: str, until: int, most: int) -> list[KeptRow]:
        rows = self._db.rows(_ROWS, customer_id, until, until, most)
        return [KeptRow(*row) for row in rows]

    def of_tables(
        self, customer_ids: Collection[str], tables: Collection[str]
    ) -> list[NumberedEvent]:
        if not customer_ids or not tables:
            return []
        query = _OF_TABLES.format(_places(customer_ids), _places(tables))
        rows = self._db.rows(query, *customer_ids, *tables)
        return [NumberedEvent(*row) for row in rows]

    def observed(self, customer_id: str, until: int) -> Mapping[str, Observed]:
        rows = self._db.rows(_OBSERVED, customer_id, until, customer_id)
        return {table: Observed(*latest) for table, *latest in rows}

    def shared(self, customer_id: str, until: int) -> list[bytes]:
        return shared_of_customer(self._db, customer_id, until)

    def shared_by(self, sequence: int, most: int) -> list[bytes]:
        return shared_of_batch(self._db, sequence, most)

    def numbered(
        self, numbers: Sequence[bytes], until: int, most: int
    ) -> list[NumberedEvent]:
        return numbered(self._db, numbers, until, most)

    def changes(self, since: int, most: int) -> Changes:
        last = self.last_sequence()
        if last == since:
            return Changes(last, frozenset())
        if self._db.rows(_ERASED, since)[0][0]:
            return Changes(last, None)
        rows = self._db.rows(_CHANGES, since, since, since, since, most + 1)
        if len(rows) > most:
            return Changes(last, None)
        return Changes(last, frozenset(str(row[0]) for row in rows))

    def customer_ids(self, after: str, most: int) -> list[str]:
        return [str(row[0]) for row in self._db.rows(_CUSTOMERS, after, most)]

    def n_rows(self) -> int:
        return int(self._db.rows("SELECT n_rows FROM event_state")[0][0])

    def find_batch(self, key_id: str, idempotency_key: str) -> Receipt | None:
        rows = self._db.rows(_BATCH, key_id, idempotency_key)
        if not rows:
            return None
        sequence, n_known, summary, digest = rows[0]
        return Receipt(sequence, n_known, summary, digest, is_new=False)

    def close(self) -> None:
        self._db.close()


class SqlEventStore(SqlEventReader, EventStore):
    """Records events by one writer thread a process.

    Args:
        reading: asked from the event loop; must not wait long.
        writing: used by the writer thread alone.
    """

    def __init__(self, reading: Database, writing: Database) -> None:
        super().__init__(reading)
        self._writing = writing
        self._writer: GroupCommit[EventBatch | Erasure | None, Receipt | int | None] = (
            GroupCommit(self._commit, _MOST_WAITING)
        )
        self._proof = Proof(self._commit_nothing)

    async def record(self, batch: EventBatch) -> Receipt:
        receipt = await self._writer.submit(batch)
        assert isinstance(receipt, Receipt)  # noqa: S101 - of a batch
        return receipt

    async def erase(self, erasure: Erasure) -> int:
        n_rows = await self._writer.submit(erasure)
        assert isinstance(n_rows, int)  # noqa: S101 - of an erasure
        return n_rows

    async def prove_writable(self) -> None:
        await self._proof.given()

    async def _commit_nothing(self) -> None:
        await self._writer.submit(None)

    def close(self) -> None:
        self._writer.close()
        self._writing.close()
        super().close()

    def _commit(
        self, waiting: Sequence[EventBatch | Erasure | None]
    ) -> Sequence[Receipt | int | Exception | None]:
        """One transaction for all that wait; None asks for a proof only."""
        try:
            with self._writing.transaction():
                if None in waiting:
                    self._writing.run(_PROVE, time.time_ns() // 1_000, _BALLAST)
                outcomes = [
                    None if item is None else self._done(item) for item in waiting
                ]
            if any(isinstance(item, Erasure) for item in waiting):
                self._writing.overwrite_deleted()
        except DecisionStoreError as error:
            return [error] * len(waiting)
        return outcomes

    def _done(self, item: EventBatch | Erasure) -> Receipt | int | Exception:
        if isinstance(item, Erasure):
            return erase_events(self._writing, item)
        return self._record(item)

    def _record(self, batch: EventBatch) -> Receipt | Exception:
        """Refuses before it writes anything."""
        db, reader = self._writing, SqlEventReader(self._writing)
        if batch.idempotency_key is not None:
            earlier = reader.find_batch(batch.key_id, batch.idempotency_key)
            if earlier is not None:
                is_same = earlier.request_sha256 == batch.request_sha256
                return earlier if is_same else IdempotencyConflictError()
        sequence = reader.last_sequence() + 1
        rows = [
            (row.customer_id, row.table, row.digest, row.content, sequence)
            for row in batch.rows
        ]
        db.insert("event_rows", _ROW_COLUMNS, rows, keep_earlier=True)
        add_numbers(db, batch.rows, sequence)
        n_known = len(rows) - db.rows(_N_NEW, sequence)[0][0]
        observed = [(*one, sequence) for one in batch.observed]
        db.insert("event_observed", _OBSERVED_COLUMNS, observed)
        dismissed = [(*one, sequence) for one in batch.dismissed]
        db.insert("event_dismissed", _DISMISSED_COLUMNS, dismissed, keep_earlier=True)
        tell_of_dismissals(db, batch.dismissed, sequence)
        db.run("UPDATE event_state SET n_rows = n_rows + ?", len(rows) - n_known)
        add_batch(db, batch, sequence, n_known)
        digest = batch.request_sha256
        return Receipt(sequence, n_known, batch.summary, digest, is_new=True)


def erase_events(database: Database, erasure: Erasure) -> int:
    """Inside a transaction: take all rows of a customer away; how many there were."""
    customer_id = erasure.customer_id
    [[n_rows]] = database.rows(
        "SELECT count(*) FROM event_rows WHERE customer_id = ?", customer_id
    )
    for table in _OF_CUSTOMERS:
        statement = f"DELETE FROM {table} WHERE customer_id = ?"  # noqa: S608 - literals
        database.run(statement, customer_id)
    database.run("UPDATE event_state SET n_rows = n_rows - ?", n_rows)
    sequence = SqlEventReader(database).last_sequence() + 1
    add_batch(
        database, EventBatch(erasure.at, erasure.key_id, None, b"", ""), sequence, 0
    )
    database.insert("event_erasures", ("sequence",), [(sequence,)])
    return int(n_rows)


def add_batch(
    database: Database, batch: EventBatch, sequence: int, n_known: int
) -> None:
    """Inside a transaction: note that a batch came, and when."""
    named = batch.key_id, batch.idempotency_key, batch.request_sha256
    row = sequence, batch.arrived_at, *named, n_known, batch.summary
    database.insert("event_batches", _BATCH_COLUMNS, [row])
