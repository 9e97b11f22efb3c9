"""Decisions in tables: what is asked of them, written once for every database."""

import json
from collections.abc import Collection, Mapping

from store.budget_slots import BudgetSlot
from store.database import Database
from store.decisions import (
    Decision,
    DecisionReader,
    KnownBefore,
    ListedDecision,
    Recommended,
)
from store.errors import (
    UnknownDecisionError,
    UnknownDocumentError,
)
from store.monitoring import first_clock, standing_clock
from store.sealing import unsealed

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
        decisions = [unsealed(*row) for row in self._db.rows(query, *customer_ids)]
        return {one.customer_id: one for one in decisions}

    def _found(self, condition: str, *values: str) -> Decision | None:
        rows = self._db.rows(_FIND + condition, *values)
        return unsealed(*rows[0]) if rows else None
