"""What is put into the outbox, in the transaction of what it tells of."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from store.database import Database
from store.decisions import Decision

DEFAULT = "default"  # the endpoint that needs no name
# for each action the endpoints that are told of its decisions
Announced = Mapping[str, Sequence[str]]
NOBODY: Announced = MappingProxyType({})
_COLUMNS = (
    "position",
    "endpoint",
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

    endpoint: str
    message_id: str
    lane: str
    decision_id: str | None
    content: str | None
    created_at: int


def message_id(subject: str, endpoint: str) -> str:
    """The id of what an endpoint is told of a decision or a head.

    >>> message_id("d1", "default"), message_id("d1", "billing")
    ('msg_d1', 'msg_d1_billing')
    """
    return f"msg_{subject}" if endpoint == DEFAULT else f"msg_{subject}_{endpoint}"


def put_decisions(
    database: Database, decisions: Sequence[Decision], announced: Announced
) -> None:
    """In the transaction that records them."""
    entries = [
        _Entry(
            endpoint,
            message_id(one.decision_id, endpoint),
            one.customer_id,
            one.decision_id,
            None,
            one.recorded_at,
        )
        for one in decisions
        for endpoint in announced.get(one.action or "", ())
    ]
    _put(database, entries)


def put_content(
    database: Database, subject: str, content: str, endpoints: Sequence[str], now: int
) -> None:
    """A message about no customer for each endpoint; of one subject it is once."""
    names = {endpoint: message_id(subject, endpoint) for endpoint in endpoints}
    with database.transaction():
        query = "SELECT 1 FROM outbox WHERE message_id = ?"
        entries = [
            _Entry(endpoint, name, "", None, content, now)
            for endpoint, name in names.items()
            if not database.rows(query, name)
        ]
        _put(database, entries)


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
