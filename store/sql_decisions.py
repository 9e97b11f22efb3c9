"""Decisions in tables: what is asked of them, written once for every database."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from store.budget_slots import BudgetSlot, Reservation
from store.database import Database
from store.decisions import (
    Decision,
    DecisionReader,
    DecisionStore,
    Recommended,
    same_request,
)
from store.errors import (
    DecisionStoreError,
    IdempotencyConflictError,
    SlotTakenError,
    UnknownDecisionError,
    UnknownDocumentError,
)
from store.group_commit import GroupCommit
from store.proof import Proof

_NAMES = tuple(f.name for f in fields(Decision))
_COLUMNS = ", ".join(_NAMES)
LAST_RECOMMENDED = """
SELECT customer_id, as_of, action FROM decisions
WHERE customer_id = ? AND as_of >= ? AND as_of < ? AND action IS NOT NULL
ORDER BY as_of DESC, recorded_at DESC LIMIT 1
"""
LAST_NOTICES = """
SELECT notices_due, max(as_of) FROM decisions
WHERE customer_id = ? AND as_of < ? AND notices_due <> '[]' GROUP BY notices_due
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
_SLOT_COLUMNS = "slot_id", "kind", "customer_id", "as_of", "decision_id"
_DOCUMENT_COLUMNS = "document_hash", "content"
_PROVE = "UPDATE proofs SET proven_at = ?, ballast = ?"
# as much as a decision takes: a disk with room for a flag alone is full
_BALLAST = bytes(100_000)
_OWN_SLOTS = """
SELECT count(*) FROM budget_slots
WHERE kind = ? AND as_of >= ? AND as_of < ? AND customer_id = ?
"""


class SqlDecisionReader(DecisionReader):
    """Looks decisions up in a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

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
        rows = self._db.rows(LAST_RECOMMENDED, customer_id, since, before)
        return Recommended(*rows[0]) if rows else None

    def last_notices(self, customer_id: str, before: int) -> Mapping[str, int]:
        last: dict[str, int] = {}
        for names, as_of in self._db.rows(LAST_NOTICES, customer_id, before):
            for name in json.loads(names):
                last[name] = max(as_of, last.get(name, as_of))
        return last

    def slots_taken(self, begin: int, end: int) -> list[BudgetSlot]:
        return [BudgetSlot(*row) for row in self._db.rows(SLOTS_TAKEN, begin, end)]

    def slots_since(self, slot_id: int) -> list[BudgetSlot]:
        return [BudgetSlot(*row) for row in self._db.rows(SLOTS_SINCE, slot_id)]

    def last_slot_id(self) -> int:
        query = "SELECT coalesce(max(slot_id), 0) FROM budget_slots"
        return int(self._db.rows(query)[0][0])

    def document(self, document_hash: str) -> str:
        query = "SELECT content FROM documents WHERE document_hash = ?"
        rows = self._db.rows(query, document_hash)
        if not rows:
            raise UnknownDocumentError(document_hash)
        return str(rows[0][0])

    def close(self) -> None:
        self._db.close()

    def _decisions(self, condition: str, *values: str) -> list[Decision]:
        query = f"SELECT {_COLUMNS} FROM decisions {condition}"  # noqa: S608 - literals
        return [_decision(row) for row in self._db.rows(query, *values)]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one transaction records together."""

    decision: Decision
    documents: Mapping[str, str]
    reservation: Reservation | None


class SqlDecisionStore(SqlDecisionReader, DecisionStore):
    """Records decisions by one writer thread a process.

    Args:
        reading: asked from the event loop; must not wait long.
        writing: used by the writer thread alone.
    """

    def __init__(self, reading: Database, writing: Database) -> None:
        super().__init__(reading)
        self._writing = writing
        self._writer: GroupCommit[_Entry | None, Decision | None] = GroupCommit(
            self._commit
        )
        self._proof = Proof(self._commit_nothing)

    async def record(
        self,
        decision: Decision,
        documents: Mapping[str, str],
        reservation: Reservation | None = None,
    ) -> Decision:
        entry = _Entry(decision, documents, reservation)
        recorded = await self._writer.submit(entry)
        assert recorded is not None  # noqa: S101 - only a proof has no decision
        return recorded

    async def prove_writable(self) -> None:
        await self._proof.given()

    def close(self) -> None:
        self._writer.close()
        self._writing.close()
        super().close()

    async def _commit_nothing(self) -> None:
        await self._writer.submit(None)

    def _commit(
        self, batch: Sequence[_Entry | None]
    ) -> Sequence[Decision | Exception | None]:
        """One transaction for the batch; None asks for a proof only."""
        try:
            with self._writing.transaction():
                if None in batch:
                    self._writing.run(_PROVE, time.time_ns() // 1_000, _BALLAST)
                return _Recording(self._writing).outcomes(batch)
        except DecisionStoreError as error:
            return [error] * len(batch)


class _Recording:
    """Decides for each entry of a batch, then writes those that stand together."""

    def __init__(self, db: Database) -> None:
        self._db, self._reader = db, SqlDecisionReader(db)
        self._accepted: list[_Entry] = []
        self._answered: dict[tuple[str, str], Decision] = {}

    def outcomes(
        self, batch: Sequence[_Entry | None]
    ) -> list[Decision | Exception | None]:
        outcomes = [None if entry is None else self._outcome(entry) for entry in batch]
        self._write()
        return outcomes

    def _outcome(self, entry: _Entry) -> Decision | Exception:
        """The decision to record, or why not: a refusal leaves the batch as it is."""
        try:
            return self._accept(entry)
        except (SlotTakenError, IdempotencyConflictError) as refusal:
            return refusal

    def _accept(self, entry: _Entry) -> Decision:
        decision = entry.decision
        if decision.idempotency_key is not None:
            key = decision.key_id, decision.idempotency_key
            earlier = self._answered.get(key) or self._reader.find_answered(*key)
            if earlier is not None:
                return same_request(earlier, decision.request_sha256)
        if entry.reservation is not None:
            self._take_slot(entry.reservation, decision.decision_id)
        if decision.idempotency_key is not None:
            self._answered[key] = decision
        self._accepted.append(entry)
        return decision

    def _take_slot(self, reservation: Reservation, decision_id: str) -> None:
        kind, who = reservation.kind, reservation.customer_id
        for limit in reservation.limits:
            others = kind, limit.begin, limit.end, who
            if self._db.rows(SLOTS_OF_OTHERS, *others)[0][0] >= limit.most:
                raise SlotTakenError
        today = kind, reservation.begin, reservation.end, who
        if self._db.rows(_OWN_SLOTS, *today)[0][0] == 0:
            slot_id = self._reader.last_slot_id() + 1
            slot = slot_id, kind, who, reservation.as_of, decision_id
            self._db.insert("budget_slots", _SLOT_COLUMNS, [slot])

    def _write(self) -> None:
        documents: dict[str, str] = {}
        for entry in self._accepted:
            documents = {**entry.documents, **documents}
        kept = documents.items()
        self._db.insert("documents", _DOCUMENT_COLUMNS, kept, keep_earlier=True)
        rows = [_row(entry.decision) for entry in self._accepted]
        self._db.insert("decisions", _NAMES, rows)


def _row(decision: Decision) -> tuple[object, ...]:
    """What the columns hold."""
    values = (getattr(decision, name) for name in _NAMES)
    return tuple(json.dumps(v) if isinstance(v, tuple) else v for v in values)


def _decision(row: Sequence[Any]) -> Decision:
    named = dict(zip(_NAMES, row, strict=True))
    return Decision(**named | {"notices_due": tuple(json.loads(named["notices_due"]))})
