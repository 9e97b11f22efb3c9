"""Decisions in tables: what is asked of them, written once for every database."""

import json
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from store.announcing import NOBODY, Announced, put_decisions
from store.budget_slots import BudgetSlot, Reservation
from store.chain import Tip, append_decisions, still_there, tip
from store.database import Database
from store.decisions import (
    Decision,
    DecisionReader,
    DecisionStore,
    ErasureResult,
    KnownBefore,
    ListedDecision,
    Recommended,
    same_request,
)
from store.errors import (
    AlteredDecisionError,
    DecisionStoreError,
    ErasureRefusedError,
    IdempotencyConflictError,
    SlotTakenError,
    UnknownDecisionError,
    UnknownDocumentError,
)
from store.group_commit import GroupCommit
from store.monitoring import first_clock, standing_clock
from store.proof import Proof
from store.removal import erase
from store.sealing import BrokenSealError, new_key, seal, unseal
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
_FIND = """
SELECT decision_id, sealed, data_key FROM decisions
JOIN customers ON customers.customer_id = decisions.customer_id WHERE
"""
_LATEST = """
SELECT decision_id, sealed, data_key FROM customers
JOIN decisions ON decision_id = (
    SELECT one.decision_id FROM decisions AS one
    WHERE one.customer_id = customers.customer_id
    ORDER BY one.as_of DESC, one.decision_id DESC LIMIT 1
) WHERE customers.customer_id IN ({})
"""
# an id begins with the moment it was made: the order of ids is that of decisions
_LISTED = """
SELECT decision_id, recorded_at, as_of, customer_id, action FROM decisions
WHERE {} decision_id < ? ORDER BY decision_id DESC LIMIT ?
"""
_RECORDED = """
SELECT decision_id, recorded_at, as_of, customer_id, action FROM decisions
WHERE {} decision_id > ? AND recorded_at >= ? AND recorded_at < ?
ORDER BY decision_id LIMIT ?
"""
_ID_BEYOND_ALL = "e"  # they begin with d
LAST_NOTICES = """
SELECT notices_due, max(as_of) FROM decisions
WHERE customer_id = ? AND as_of < ? AND notices_due <> '[]' GROUP BY notices_due
"""
SLOTS_TAKEN = """
SELECT slot_id, kind, customer_id, as_of FROM budget_slots
WHERE kind IN ('stop', 'review') AND as_of >= ? AND as_of < ?
"""
# each request asks for all of it: one statement is one way to a server and back
KNOWN_BEFORE = """
SELECT kind, slot_id, customer_id, as_of FROM budget_slots WHERE slot_id > ?
UNION ALL
SELECT 'last ' || action, 0, customer_id, as_of FROM (
    SELECT action, customer_id, as_of FROM decisions
    WHERE customer_id = ? AND as_of >= ? AND as_of < ? AND action IS NOT NULL
    ORDER BY as_of DESC, recorded_at DESC LIMIT 1
) AS recommended
UNION ALL
SELECT 'alarm ' || clock, 0, '', 0 FROM monitoring_alarms
WHERE released_at IS NULL
"""
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


class SqlDecisionReader(DecisionReader):
    """Looks decisions up in a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, decision_id: str) -> Decision:
        decisions = self._found("decision_id = ?", decision_id)
        if decisions is None:
            raise UnknownDecisionError(decision_id)
        return decisions

    def find_answered(self, key_id: str, idempotency_key: str) -> Decision | None:
        condition = "key_id = ? AND idempotency_key = ?"
        return self._found(condition, key_id, idempotency_key)

    def listed(
        self,
        customer_id: str | None,
        before: str | None,
        most: int,
        beginning: str = "",
    ) -> list[ListedDecision]:
        last = _ID_BEYOND_ALL if before is None else before
        who: tuple[object, ...] = ()
        condition = ""
        if customer_id is not None:
            condition, who = "customer_id = ? AND", (customer_id,)
        elif beginning:
            condition = "substr(customer_id, 1, ?) = ? AND"
            who = len(beginning), beginning
        rows = self._db.rows(_LISTED.format(condition), *who, last, most)
        return [ListedDecision(*row) for row in rows]

    def recorded(
        self,
        customer_id: str | None,
        since: int,
        before: int,
        after: str,
        most: int,
    ) -> list[ListedDecision]:
        bounds = after, since, before, most
        if customer_id is None:
            rows = self._db.rows(_RECORDED.format(""), *bounds)
        else:
            of_one = _RECORDED.format("customer_id = ? AND")
            rows = self._db.rows(of_one, customer_id, *bounds)
        return [ListedDecision(*row) for row in rows]

    def last_notices(self, customer_id: str, before: int) -> Mapping[str, int]:
        last: dict[str, int] = {}
        for names, as_of in self._db.rows(LAST_NOTICES, customer_id, before):
            for name in json.loads(names):
                last[name] = max(as_of, last.get(name, as_of))
        return last

    def slots_taken(self, begin: int, end: int) -> list[BudgetSlot]:
        return [BudgetSlot(*row) for row in self._db.rows(SLOTS_TAKEN, begin, end)]

    def known_before(
        self, customer_id: str, slot_id: int, since: int, before: int
    ) -> KnownBefore:
        slots: list[BudgetSlot] = []
        clocks: list[str] = []
        last: Recommended | None = None
        rows = self._db.rows(KNOWN_BEFORE, slot_id, customer_id, since, before)
        for what, slot, who, as_of in rows:
            kind, _, named = what.partition(" ")
            if kind == "alarm":
                clocks.append(named)
            elif kind == "last":
                last = Recommended(who, as_of, named)
            else:
                slots.append(BudgetSlot(slot, kind, who, as_of))
        return KnownBefore(sorted(slots), last, first_clock(clocks))

    def last_slot_id(self) -> int:
        query = "SELECT coalesce(max(slot_id), 0) FROM budget_slots"
        return int(self._db.rows(query)[0][0])

    def standing_alarm(self) -> str | None:
        return standing_clock(self._db)

    def document(self, document_hash: str) -> str:
        query = "SELECT content FROM documents WHERE document_hash = ?"
        rows = self._db.rows(query, document_hash)
        if not rows:
            raise UnknownDocumentError(document_hash)
        return str(rows[0][0])

    def close(self) -> None:
        self._db.close()

    def latest_of(self, customer_ids: Collection[str]) -> dict[str, Decision]:
        """The decision about each customer that has the latest `as_of`, by customer.

        Found in one query; whoever has no decision is left out.
        """
        if not customer_ids:
            return {}
        query = _LATEST.format(", ".join("?" * len(customer_ids)))
        decisions = [_opened(*row) for row in self._db.rows(query, *customer_ids)]
        return {one.customer_id: one for one in decisions}

    def _found(self, condition: str, *values: str) -> Decision | None:
        rows = self._db.rows(_FIND + condition, *values)
        return _opened(*rows[0]) if rows else None


def _opened(decision_id: str, sealed: bytes, key: bytes) -> Decision:
    """A sealed decision; AlteredDecisionError where its seal is broken."""
    try:
        return unseal(sealed, decision_id, key)[0]
    except BrokenSealError as error:
        raise AlteredDecisionError(decision_id) from error


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
        self._writer: GroupCommit[_Entry | _Erasure | None, _Done] = GroupCommit(
            self._commit
        )
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

    async def erase(self, customer_id: str, now: int) -> ErasureResult:
        erased = await self._writer.submit(_Erasure(customer_id, now))
        assert isinstance(erased, ErasureResult)  # noqa: S101 - of an erasure
        return erased

    async def prove_writable(self) -> None:
        await self._proof.given()

    def close(self) -> None:
        self._writer.close()
        self._writing.close()
        super().close()

    async def _commit_nothing(self) -> None:
        await self._writer.submit(None)

    def _commit(
        self, batch: Sequence[_Entry | _Erasure | None]
    ) -> Sequence[_Done | Exception]:
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
            if any(isinstance(item, _Erasure) for item in batch):
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

    def outcomes(
        self, batch: Sequence[_Entry | _Erasure | None]
    ) -> list[_Done | Exception]:
        outcomes = [self._outcome(item) for item in batch]
        self._write()
        return outcomes

    def _outcome(self, item: _Entry | _Erasure | None) -> _Done | Exception:
        """What comes of one, or why nothing: a refusal leaves the batch as it is."""
        try:
            if isinstance(item, _Entry):
                return self._accept(item)
            if item is not None:
                self._write()  # what arrived before
                erased = erase(self._db, *item)
                self.last = tip(self._db)
                return erased
        except (SlotTakenError, IdempotencyConflictError, ErasureRefusedError) as error:
            return error
        return None

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
        for who in customer_ids:  # one IN of all costs more: an index of the list
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
