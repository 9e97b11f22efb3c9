"""Decisions and keys in memory: what the protocols ask for and nothing else.

It is durable as long as its `Memory` lives; stores that share one are the processes of
one service. Tests use it where what keeps decisions does not matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from store.budget_slots import BudgetSlot, Reservation
from store.decisions import (
    Decision,
    DecisionStore,
    ErasureResult,
    KnownBefore,
    ListedDecision,
    Recommended,
    same_request,
)
from store.errors import (
    ErasureRefusedError,
    SlotTakenError,
    StoreUnavailableError,
    UnknownDecisionError,
    UnknownDocumentError,
)
from store.keys import ApiKey, KeyStore
from store.waiting import WaitingCustomer


@dataclass
class Memory:
    decisions: dict[str, Decision] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    slots: list[BudgetSlot] = field(default_factory=list)
    keys: dict[str, tuple[ApiKey, bytes]] = field(default_factory=dict)


def _listed(one: Decision) -> ListedDecision:
    return ListedDecision(
        one.decision_id, one.recorded_at, one.as_of, one.customer_id, one.action
    )


class MemoryDecisionStore(DecisionStore):
    def __init__(self, memory: Memory) -> None:
        self._kept = memory

    def find(self, decision_id: str) -> Decision:
        if decision_id not in self._kept.decisions:
            raise UnknownDecisionError(decision_id)
        return self._kept.decisions[decision_id]

    def find_answered(self, key_id: str, idempotency_key: str) -> Decision | None:
        for decision in self._kept.decisions.values():
            if (decision.key_id, decision.idempotency_key) == (key_id, idempotency_key):
                return decision
        return None

    def listed(
        self,
        customer_id: str | None,
        before: str | None,
        most: int,
        beginning: str = "",
    ) -> list[ListedDecision]:
        kept = [
            decision
            for decision in self._kept.decisions.values()
            if customer_id in (None, decision.customer_id)
            and (customer_id or decision.customer_id).startswith(beginning)
            and (before is None or decision.decision_id < before)
        ]
        kept.sort(key=lambda one: one.decision_id, reverse=True)
        return [_listed(one) for one in kept[:most]]

    def recorded(
        self,
        customer_id: str | None,
        since: int,
        before: int,
        after: str,
        most: int,
    ) -> list[ListedDecision]:
        kept = [
            decision
            for decision in self._kept.decisions.values()
            if customer_id in (None, decision.customer_id)
            and since <= decision.recorded_at < before
            and decision.decision_id > after
        ]
        kept.sort(key=lambda one: one.decision_id)
        return [_listed(one) for one in kept[:most]]

    def last_notices(self, customer_id: str, before: int) -> Mapping[str, int]:
        last: dict[str, int] = {}
        kept = self._kept.decisions.values()
        for decision in sorted(kept, key=lambda one: one.as_of):
            if decision.customer_id == customer_id and decision.as_of < before:
                last |= dict.fromkeys(decision.notices_due, decision.as_of)
        return last

    def slots_taken(self, begin: int, end: int) -> list[BudgetSlot]:
        return [slot for slot in self._kept.slots if begin <= slot.as_of < end]

    def known_before(
        self, customer_id: str, slot_id: int, since: int, before: int
    ) -> KnownBefore:
        last = self._last_recommended(customer_id, since, before)
        return KnownBefore(self._kept.slots[slot_id:], last, None)

    def _last_recommended(
        self, customer_id: str, since: int, before: int
    ) -> Recommended | None:
        mine = [
            (decision.as_of, decision.recorded_at, decision.action)
            for decision in self._kept.decisions.values()
            if decision.customer_id == customer_id
            and since <= decision.as_of < before
            and decision.action is not None
        ]
        if not mine:
            return None
        as_of, _, action = max(mine)
        return Recommended(customer_id, as_of, action)

    def last_slot_id(self) -> int:
        return len(self._kept.slots)

    def standing_alarm(self) -> str | None:
        return None  # nothing monitors what is only in memory

    def document(self, document_hash: str) -> str:
        if document_hash not in self._kept.documents:
            raise UnknownDocumentError(document_hash)
        return self._kept.documents[document_hash]

    async def record(
        self,
        decision: Decision,
        documents: Mapping[str, str],
        reservation: Reservation | None = None,
        waiting: WaitingCustomer | None = None,
    ) -> Decision:
        if decision.idempotency_key is not None:
            earlier = self.find_answered(decision.key_id, decision.idempotency_key)
            if earlier is not None:
                return same_request(earlier, decision.request_sha256)
        if decision.decision_id in self._kept.decisions:
            raise StoreUnavailableError("the id is in use")
        if reservation is not None:
            self._take_slot(reservation)
        self._kept.documents |= {**documents, **self._kept.documents}
        self._kept.decisions[decision.decision_id] = decision
        return decision

    async def erase(
        self, customer_id: str, now: int, *, is_agreed: bool = False
    ) -> ErasureResult:
        mine = [
            one
            for one in self._kept.decisions.values()
            if one.customer_id == customer_id
        ]
        last = max(mine, key=lambda one: (one.as_of, one.recorded_at), default=None)
        retained = max((one.retain_until or 0 for one in mine), default=0)
        because = () if last is None else last.erasure_waits_for
        if not is_agreed and (because or retained > now):
            raise ErasureRefusedError(because, retained if retained > now else None)
        for one in mine:
            del self._kept.decisions[one.decision_id]
        return ErasureResult(len(mine), 0)

    async def take_back(self, decision_id: str, now: int) -> None:
        self._kept.decisions.pop(decision_id, None)

    async def prove_writable(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _take_slot(self, reservation: Reservation) -> None:
        for limit in reservation.limits:
            held = self._holders(reservation.kind, limit.begin, limit.end)
            if len(held - {reservation.customer_id}) >= limit.most:
                raise SlotTakenError
        today = self._holders(reservation.kind, reservation.begin, reservation.end)
        if reservation.customer_id not in today:
            taken = reservation.kind, reservation.customer_id, reservation.as_of
            self._kept.slots.append(BudgetSlot(self.last_slot_id() + 1, *taken))

    def _holders(self, kind: str, begin: int, end: int) -> set[str]:
        taken = self.slots_taken(begin, end)
        return {slot.customer_id for slot in taken if slot.kind == kind}


class MemoryKeyStore(KeyStore):
    def __init__(self, memory: Memory) -> None:
        self._kept = memory.keys

    def add(self, key: ApiKey, secret_sha256: bytes) -> None:
        self._kept[key.key_id] = key, secret_sha256

    def lookup(self, key_id: str) -> tuple[ApiKey, bytes] | None:
        return self._kept.get(key_id)

    def listed(self) -> list[ApiKey]:
        return [key for key, _ in self._kept.values()]

    def update(self, key: ApiKey, secret_sha256: bytes) -> None:
        self._kept[key.key_id] = key, secret_sha256

    def close(self) -> None:
        pass


def a_decision(number: int, **changes: object) -> Decision:
    """Recorded by hand; the number tells it from others."""
    described: dict[str, Any] = {
        "decision_id": f"d{number}",
        "recorded_at": 1_000 + number,
        "as_of": 1_000,
        "customer_id": "acme",
        "action": "remind",
        "notices_due": (),
        "language": "en",
        "request": b"{}",
        "answer": b'{"decision_id":"d%d"}' % number,
        "versions": "{}",
        "prior_decisions": "{}",
        "policy_hash": "p1",
        "key_id": "k1",
        "idempotency_key": None,
        "request_sha256": b"of the request",
    }
    return Decision(**described | changes)
