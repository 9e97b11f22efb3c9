"""Decisions leave the store in two ways: a customer is erased, or their time is over.

Both run inside a transaction and add to the chain which decisions went, and why.
"""

import json
from collections.abc import Sequence
from secrets import token_hex
from typing import NamedTuple

from store.act_statements import STANDS
from store.announcing import forget
from store.chain import append_removal, tip
from store.database import Database
from store.decisions import ErasureResult
from store.errors import ErasureRefusedError
from store.provider_alerts import forget_alerts
from store.replies import forget_correspondence
from store.shadows import forget_examples
from store.waiting import forget_snoozes, forget_waiting

_STEP = 500  # decisions an entry of the chain names at most
_OF_CUSTOMER = "SELECT decision_id FROM decisions WHERE customer_id = ?"
_LAST_WAITS_FOR = """
SELECT erasure_waits_for, as_of FROM decisions WHERE customer_id = ?
ORDER BY as_of DESC, recorded_at DESC LIMIT 1
"""
_RETAINED = "SELECT max(retain_until) FROM decisions WHERE customer_id = ?"
# no record goes while something goes on for its customer, or while a stop that was
# planned from it stands: who is stopped would be forgotten
_DUE = f"""
(SELECT decision_id, customer_id, retain_until FROM decisions AS old
WHERE retain_until < ? AND NOT EXISTS (
    SELECT 1 FROM decisions AS last WHERE last.customer_id = old.customer_id
    AND last.erasure_waits_for <> '[]' AND last.as_of = (
        SELECT max(as_of) FROM decisions WHERE customer_id = old.customer_id
    )
) AND NOT EXISTS (
    SELECT 1 FROM acts AS one WHERE one.customer_id = old.customer_id
    AND one.decision_id = old.decision_id AND {STANDS}
)) AS due
"""  # noqa: S608 - own names
_IS_THERE = "SELECT 1 FROM decisions WHERE decision_id = ?"
_HAS_DECISIONS = "SELECT 1 FROM decisions WHERE customer_id = ? LIMIT 1"
_KEY_OF_NOTHING = """
DELETE FROM customers WHERE customer_id = ? AND NOT EXISTS (
    SELECT 1 FROM decisions WHERE decisions.customer_id = customers.customer_id
)
"""
DUE_NEXT = f"SELECT decision_id FROM {_DUE} ORDER BY retain_until LIMIT ?"  # noqa: S608 - literals


class Due(NamedTuple):
    """Records whose time is over, and of how many customers they are."""

    n_decisions: int
    n_customers: int


def erase(
    database: Database, customer_id: str, now: int, is_agreed: bool = False
) -> ErasureResult:
    """Remove a customer; see `DecisionStore.erase`. Moments: microseconds, UTC."""
    if not is_agreed:
        _refuse_while_needed(database, customer_id, now)
    listed = [str(row[0]) for row in database.rows(_OF_CUSTOMER, customer_id)]
    _remove(database, "erasure", listed, now)
    database.run("DELETE FROM customers WHERE customer_id = ?", customer_id)
    forget_correspondence(database, customer_id)
    forget_snoozes(database, customer_id)
    # the slots stay taken, by nobody in particular
    nobody = f"erased-{token_hex(8)}"
    statement = "UPDATE budget_slots SET customer_id = ? WHERE customer_id = ?"
    database.run(statement, nobody, customer_id)
    forget_alerts(database, customer_id, nobody)
    return ErasureResult(len(listed), tip(database).position)


def take_back(database: Database, decision_id: str, now: int) -> None:
    """Remove one decision; see `DecisionStore.take_back`."""
    # the erasure it was recorded beside may have removed it, and said so
    if database.rows(_IS_THERE, decision_id):
        _leave(database, "erasure", [decision_id], now)


def due(database: Database, now: int) -> Due:
    """What `expire` would remove."""
    query = f"SELECT count(*), count(DISTINCT customer_id) FROM {_DUE}"  # noqa: S608 - literals
    return Due(*database.rows(query, now)[0])


def expire(database: Database, now: int) -> int:
    """Remove every record whose time is over; how many there were.

    In steps, so that decisions are recorded in between.
    """
    n_removed = 0
    while True:
        with database.transaction():
            listed = [str(row[0]) for row in database.rows(DUE_NEXT, now, _STEP)]
            _leave(database, "expiry", listed, now)
        n_removed += len(listed)
        if len(listed) < _STEP:
            database.overwrite_deleted()
            return n_removed


def _leave(database: Database, why: str, decision_ids: Sequence[str], now: int) -> None:
    """Remove some decisions, their slots, and keys that open nothing any more."""
    if not decision_ids:
        return
    these = f"decision_id IN ({', '.join('?' * len(decision_ids))})"
    query = f"SELECT DISTINCT customer_id FROM decisions WHERE {these}"  # noqa: S608 - literals
    customers = [row[0] for row in database.rows(query, *decision_ids)]
    database.run(f"DELETE FROM budget_slots WHERE {these}", *decision_ids)  # noqa: S608 - literals
    _remove(database, why, decision_ids, now)
    for customer_id in customers:
        database.run(_KEY_OF_NOTHING, customer_id)
        if not database.rows(_HAS_DECISIONS, customer_id):
            forget_correspondence(database, customer_id)
        forget_snoozes(database, customer_id)


def _remove(
    database: Database, why: str, decision_ids: Sequence[str], now: int
) -> None:
    for begin in range(0, len(decision_ids), _STEP):
        some = decision_ids[begin : begin + _STEP]
        these = f"decision_id IN ({', '.join('?' * len(some))})"
        database.run(f"DELETE FROM decisions WHERE {these}", *some)  # noqa: S608 - literals
        forget(database, some)
        _forget_acts(database, some)
        forget_waiting(database, some)
        forget_examples(database, some)
        append_removal(database, why, some, now)


def _refuse_while_needed(database: Database, customer_id: str, now: int) -> None:
    because: list[str] = []
    said_at: int | None = None
    for waits_for, as_of in database.rows(_LAST_WAITS_FOR, customer_id):
        because, said_at = json.loads(waits_for), as_of
    [(until,)] = database.rows(_RETAINED, customer_id)
    is_kept = until is not None and until > now
    if because or is_kept:
        raise ErasureRefusedError(because, until if is_kept else None, said_at)


def _forget_acts(database: Database, decision_ids: Sequence[str]) -> None:
    """In the transaction that removes these decisions."""
    if not decision_ids:
        return
    these = f"decision_id IN ({', '.join('?' * len(decision_ids))})"
    query = f"SELECT act_id FROM acts WHERE {these}"  # noqa: S608 - marks
    approvals = f"DELETE FROM act_approvals WHERE act_id IN ({query})"  # noqa: S608 - marks
    changes = f"DELETE FROM request_changes WHERE act_id IN ({query})"  # noqa: S608 - marks
    database.run(approvals, *decision_ids)
    database.run(changes, *decision_ids)
    database.run(f"DELETE FROM acts WHERE {these}", *decision_ids)  # noqa: S608 - marks
