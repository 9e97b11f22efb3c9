"""Decisions recorded in tables, written once for every database."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from store.announcing import NOBODY, Announced, put_decisions
from store.budget_slots import Reservation
from store.chain import Tip, append_decisions, still_there, tip
from store.database import Database
from store.decisions import (
    Decision,
    DecisionStore,
    ErasureResult,
    same_request,
)
from store.errors import (
    DecisionStoreError,
    ErasureRefusedError,
    IdempotencyConflictError,
    SlotTakenError,
)
from store.group_commit import GroupCommit
from store.proof import Proof
from store.removal import erase, take_back
from store.sealing import new_key, seal
from store.sql_decision_reader import SqlDecisionReader
from store.waiting import WaitingCustomer, put_waiting

# what is looked for; all else is in `sealed` alone
SOUGHT = (
    "decision_id",
    "recorded_at",
    "as_of",
    "customer_id",
    "action",
    "notices_due",
    "key_id",
    "idempotency_key",
    "retain_until",
    "erasure_waits_for",
)
_sought = attrgetter(*SOUGHT)
SLOTS_OF_OTHERS = """
SELECT count(DISTINCT customer_id) FROM budget_slots
WHERE kind = ? AND as_of >= ? AND as_of < ? AND customer_id <> ?
"""
_SLOT_COLUMNS = "slot_id", "kind", "customer_id", "as_of", "decision_id"
_DOCUMENT_COLUMNS = "document_hash", "content"
_KEY_OF = "SELECT data_key FROM customers WHERE customer_id = ?"
_PROVE = "UPDATE proofs SET proven_at = ?, ballast = ?"
# as much as a decision takes: a disk with room for a flag alone is full
_BALLAST = bytes(100_000)
_OWN_SLOTS = """
SELECT count(*) FROM budget_slots
WHERE kind = ? AND as_of >= ? AND as_of < ? AND customer_id = ?
"""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one transaction records together."""

    decision: Decision
    documents: Mapping[str, str]
    reservation: Reservation | None
    waiting: WaitingCustomer | None


class _Erasure(NamedTuple):
    customer_id: str
    now: int
    is_agreed: bool


class _TakenBack(NamedTuple):
    decision_id: str
    now: int


_Item = _Entry | _Erasure | _TakenBack | None
_Done = Decision | ErasureResult | None


class SqlDecisionStore(SqlDecisionReader, DecisionStore):
    """Records decisions by one writer thread a process.

    Args:
        reading: asked from the event loop; must not wait long.
        writing: used by the writer thread alone.
        announced: whose decisions are put into the outbox as well, and for whom.
    """

    def __init__(
        self, reading: Database, writing: Database, announced: Announced = NOBODY
    ) -> None:
        super().__init__(reading)
        self._announced = announced
        self._writing = writing
        self._writer: GroupCommit[_Item, _Done] = GroupCommit(self._commit)
        self._seen = tip(writing)
        self._documents: set[str] = set()  # hashes of those that were recorded
        self._proof = Proof(self._commit_nothing)

    def coming(self) -> AbstractContextManager[None]:
        return self._writer.coming()

    async def record(
        self,
        decision: Decision,
        documents: Mapping[str, str],
        reservation: Reservation | None = None,
        waiting: WaitingCustomer | None = None,
    ) -> Decision:
        entry = _Entry(decision, documents, reservation, waiting)
        recorded = await self._writer.submit(entry)
        assert isinstance(recorded, Decision)  # noqa: S101 - of an entry
        return recorded

    async def erase(
        self, customer_id: str, now: int, *, is_agreed: bool = False
    ) -> ErasureResult:
        erased = await self._writer.submit(_Erasure(customer_id, now, is_agreed))
        assert isinstance(erased, ErasureResult)  # noqa: S101 - of an erasure
        return erased

    async def take_back(self, decision_id: str, now: int) -> None:
        await self._writer.submit(_TakenBack(decision_id, now))

    async def prove_writable(self) -> None:
        await self._proof.given()

    def close(self) -> None:
        self._writer.close()
        self._writing.close()
        super().close()

    async def _commit_nothing(self) -> None:
        await self._writer.submit(None)

    def _commit(self, batch: Sequence[_Item]) -> Sequence[_Done | Exception]:
        """One transaction for the batch; None asks for a proof only."""
        try:
            with self._writing.transaction():
                if None in batch:
                    self._writing.run(_PROVE, time.time_ns() // 1_000, _BALLAST)
                recording = _Recording(
                    self._writing, self._seen, self._announced, self._documents
                )
                outcomes = recording.outcomes(batch)
            self._seen = recording.last
            self._documents |= recording.documents.keys()
            if any(isinstance(item, _Erasure | _TakenBack) for item in batch):
                self._writing.overwrite_deleted()
        except DecisionStoreError as error:
            return [error] * len(batch)
        return outcomes


class _Recording:
    """Decides for each entry of a batch, then writes those that stand together."""

    def __init__(
        self,
        db: Database,
        seen: Tip,
        announced: Announced,
        recorded: Collection[str],
    ) -> None:
        self._db, self._reader = db, SqlDecisionReader(db)
        self._announced, self._recorded = announced, recorded
        self.documents: dict[str, str] = {}  # new ones, by their hashes
        self.last = still_there(db, seen)
        self._accepted: list[_Entry] = []
        self._answered: dict[tuple[str, str], Decision] = {}

    def outcomes(self, batch: Sequence[_Item]) -> list[_Done | Exception]:
        outcomes = [self._outcome(item) for item in batch]
        self._write()
        return outcomes

    def _outcome(self, item: _Item) -> _Done | Exception:
        """What comes of one, or why nothing: a refusal leaves the batch as it is."""
        try:
            if isinstance(item, _Entry):
                return self._accept(item)
            if item is not None:
                self._write()  # what arrived before
                return self._removed(item)
        except (SlotTakenError, IdempotencyConflictError, ErasureRefusedError) as error:
            return error
        return None

    def _removed(self, item: _Erasure | _TakenBack) -> ErasureResult | None:
        result = None
        if isinstance(item, _Erasure):
            result = erase(self._db, *item)
        else:
            take_back(self._db, *item)
        self.last = tip(self._db)
        return result

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
        """Seal and insert what was accepted, and link it to the chain."""
        accepted, self._accepted = self._accepted, []
        for entry in accepted:
            for name, text in entry.documents.items():
                if name not in self._recorded:
                    self.documents.setdefault(name, text)
        new = self.documents.items()
        self._db.insert("documents", _DOCUMENT_COLUMNS, new, keep_earlier=True)
        decisions = [entry.decision for entry in accepted]
        keys = self._keys({decision.customer_id for decision in decisions})
        sealed = [(one, seal(one, keys[one.customer_id])) for one in decisions]
        rows = [(*sought(one), kept.content) for one, kept in sealed]
        self._db.insert("decisions", (*SOUGHT, "sealed"), rows)
        self.last = append_decisions(self._db, self.last, sealed)
        put_decisions(self._db, decisions, self._announced)
        put_waiting(self._db, [one.waiting for one in accepted if one.waiting])

    def _keys(self, customer_ids: set[str]) -> dict[str, bytes]:
        """The key of each customer, made where there is none."""
        keys: dict[str, bytes] = {}
        for who in customer_ids:
            for (key,) in self._db.rows(_KEY_OF, who):
                keys[who] = key
        new = {who: new_key() for who in customer_ids - keys.keys()}
        self._db.insert("customers", ("customer_id", "data_key"), new.items())
        return keys | new


def sought(decision: Decision) -> tuple[object, ...]:
    """What the columns beside the sealed record hold."""
    values = _sought(decision)
    return tuple([_as_json(v) if type(v) is tuple else v for v in values])


@lru_cache
def _as_json(names: tuple[str, ...]) -> str:
    """Of the names of notices and the like: few, and the same again and again."""
    return json.dumps(names)
