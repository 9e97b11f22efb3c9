"""Stored events leave when nothing has come about their customer for long.

They leave a customer at a time: rows stand for one another (a payment for an invoice),
so that part of them would say something else than all.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from store.database import Database
from store.events import Erasure
from store.sql_events import erase_events

_STEP = 200  # customers looked at, and removed, at a time
_SILENT = """
SELECT customer_id, count(*), max(sequence) FROM event_rows WHERE customer_id > ?
GROUP BY customer_id
HAVING max(sequence) <= (
    SELECT coalesce(max(sequence), 0) FROM event_batches WHERE arrived_at < ?
)
ORDER BY customer_id LIMIT ?
"""
_LATEST = "SELECT max(sequence) FROM event_rows WHERE customer_id = ?"
_BY = "expiry"  # stands where an erasure has the key that asked


class SilentCustomer(NamedTuple):
    """Of whom nothing new has arrived since `sequence`."""

    customer_id: str
    n_rows: int
    sequence: int


class EventExpiry(NamedTuple):
    """How many rows of how many customers are due, and of how many silent ones not."""

    n_rows: int
    n_customers: int
    n_kept_for_decisions: int


def expire_events(
    events: Database, decisions: Database, before: int, now: int, *, removes: bool
) -> EventExpiry:
    """Remove, or count, the rows of customers silent since `before`.

    Kept are those of whom a decision is recorded still: its replay reads them. In
    steps, so that events are kept in between. Moments: microseconds since 1970 UTC.
    """
    n_rows = n_customers = n_kept = 0
    for silent in _pages(events, before):
        decided = _decided(decisions, [one.customer_id for one in silent])
        due = [one for one in silent if one.customer_id not in decided]
        n_kept += len(silent) - len(due)
        if removes and due:
            due = _removed(events, due, now)
        n_rows += sum(one.n_rows for one in due)
        n_customers += len(due)
    if removes and n_customers:
        events.overwrite_deleted()
    return EventExpiry(n_rows, n_customers, n_kept)


def _pages(events: Database, before: int) -> Iterator[list[SilentCustomer]]:
    after = ""
    while rows := events.rows(_SILENT, after, before, _STEP):
        yield [SilentCustomer(*row) for row in rows]
        after = rows[-1][0]


def _decided(decisions: Database, customer_ids: Sequence[str]) -> set[str]:
    marks = ", ".join("?" * len(customer_ids))
    query = f"SELECT DISTINCT customer_id FROM decisions WHERE customer_id IN ({marks})"  # noqa: S608 - literals
    return {str(row[0]) for row in decisions.rows(query, *customer_ids)}


def _removed(
    events: Database, due: Sequence[SilentCustomer], now: int
) -> list[SilentCustomer]:
    """Those that were still silent when they were removed."""
    with events.transaction():
        still = [
            one
            for one in due
            if events.rows(_LATEST, one.customer_id) == [(one.sequence,)]
        ]
        for one in still:
            erase_events(events, Erasure(one.customer_id, now, _BY))
    return still
