"""What is put into the outbox, in the transaction of what it tells of."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from store.database import Database
from store.decisions import Decision

_COLUMNS = (
    "position",
    "message_id",
    "lane",
    "decision_id",
    "content",
    "created_at",
    "state",
    "due_at",
    "n_attempts",
    "leased_until",
)


class _Entry(NamedTuple):
    """One message; `created_at`: microseconds since 1970 UTC."""

    message_id: str
    lane: str
    decision_id: str | None
    content: str | None
    created_at: int


def put_decisions(database: Database, decisions: Sequence[Decision]) -> None:
    """In the transaction that records them."""
    entries = [
        _Entry(
            f"msg_{one.decision_id}",
            one.customer_id,
            one.decision_id,
            None,
            one.recorded_at,
        )
        for one in decisions
    ]
    _put(database, entries)


def put_content(database: Database, message_id: str, content: str, now: int) -> None:
    """A message about no customer; one of this id is written once."""
    with database.transaction():
        query = "SELECT 1 FROM outbox WHERE message_id = ?"
        if not database.rows(query, message_id):
            _put(database, [_Entry(message_id, "", None, content, now)])


def forget(database: Database, decision_ids: Collection[str]) -> None:
    """In the transaction that removes these decisions."""
    if decision_ids:
        marks = ", ".join("?" * len(decision_ids))
        statement = f"DELETE FROM outbox WHERE decision_id IN ({marks})"  # noqa: S608 - marks
        database.run(statement, *decision_ids)


def _put(database: Database, entries: Sequence[_Entry]) -> None:
    if not entries:
        return
    [(last,)] = database.rows("SELECT coalesce(max(position), 0) FROM outbox")
    rows = [
        (last + number, *entry, "waiting", entry.created_at, 0, 0)
        for number, entry in enumerate(entries, start=1)
    ]
    database.insert("outbox", _COLUMNS, rows)
