"""Events in tables: what is asked of them, written once for every database."""

from collections.abc import Mapping, Sequence

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
_OBSERVED = """
SELECT table_name, sequence, observed_until FROM event_observed AS said
WHERE customer_id = ? AND sequence = (
    SELECT max(sequence) FROM event_observed
    WHERE customer_id = said.customer_id AND table_name = said.table_name
    AND sequence <= ?
)
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
_MOST_WAITING = 16  # batches; each may hold thousands of rows in memory


class SqlEventReader(EventReader):
    """Looks events up in a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def last_sequence(self) -> int:
        return int(self._db.rows(_LAST)[0][0])

    def rows(self, customer_id: str, until: int, most: int) -> list[KeptRow]:
        rows = self._db.rows(_ROWS, customer_id, until, until, most)
        return [KeptRow(*row) for row in rows]

    def observed(self, customer_id: str, until: int) -> Mapping[str, Observed]:
        rows = self._db.rows(_OBSERVED, customer_id, until)
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
        self._writer: GroupCommit[EventBatch | Erasure, Receipt | int] = GroupCommit(
            self._commit, _MOST_WAITING
        )

    async def record(self, batch: EventBatch) -> Receipt:
        receipt = await self._writer.submit(batch)
        assert isinstance(receipt, Receipt)  # noqa: S101 - of a batch
        return receipt

    async def erase(self, erasure: Erasure) -> int:
        n_rows = await self._writer.submit(erasure)
        assert isinstance(n_rows, int)  # noqa: S101 - of an erasure
        return n_rows

    def close(self) -> None:
        self._writer.close()
        self._writing.close()
        super().close()

    def _commit(
        self, waiting: Sequence[EventBatch | Erasure]
    ) -> Sequence[Receipt | int | Exception]:
        """One transaction for all that wait."""
        try:
            with self._writing.transaction():
                outcomes = [
                    self._erase(item)
                    if isinstance(item, Erasure)
                    else self._record(item)
                    for item in waiting
                ]
            if any(isinstance(item, Erasure) for item in waiting):
                self._writing.overwrite_deleted()
        except DecisionStoreError as error:
            return [error] * len(waiting)
        return outcomes

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
        self._add_batch(batch, sequence, n_known)
        digest = batch.request_sha256
        return Receipt(sequence, n_known, batch.summary, digest, is_new=True)

    def _erase(self, erasure: Erasure) -> int:
        customer_id = erasure.customer_id
        [[n_rows]] = self._writing.rows(
            "SELECT count(*) FROM event_rows WHERE customer_id = ?", customer_id
        )
        for table in _OF_CUSTOMERS:
            statement = f"DELETE FROM {table} WHERE customer_id = ?"  # noqa: S608 - literals
            self._writing.run(statement, customer_id)
        sequence = SqlEventReader(self._writing).last_sequence() + 1
        self._add_batch(
            EventBatch(erasure.at, erasure.key_id, None, b"", ""), sequence, 0
        )
        self._writing.insert("event_erasures", ("sequence",), [(sequence,)])
        return int(n_rows)

    def _add_batch(self, batch: EventBatch, sequence: int, n_known: int) -> None:
        named = batch.key_id, batch.idempotency_key, batch.request_sha256
        row = sequence, batch.arrived_at, *named, n_known, batch.summary
        self._writing.insert("event_batches", _BATCH_COLUMNS, [row])
