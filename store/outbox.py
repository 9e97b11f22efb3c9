"""Messages for another system, each delivered at least once, in order per customer.

A message is written in the transaction of the decision it tells of, so neither is there
without the other. Processes that deliver take a lease on what they are about to send;
what a process leaves behind when it dies is taken by another once the lease is over.

A lane is a customer at one endpoint, and one message of a lane is under way at a time:
the next is taken when the one before was delivered or given up. Moments are
microseconds since 1970 UTC.
"""

from dataclasses import dataclass
from secrets import token_hex
from typing import Literal, NamedTuple

from store.announcing import DEFAULT
from store.database import Database
from store.decisions import Decision
from store.errors import (
    AlteredDecisionError,
    UnknownDecisionError,
    UnknownMessageError,
)
from store.sql_decision_reader import SqlDecisionReader

State = Literal["waiting", "delivered", "dead"]
_DUE = """
SELECT position, message_id, decision_id, content, n_attempts FROM outbox AS one
WHERE state = 'waiting' AND endpoint = ? AND due_at <= ? AND leased_until <= ?
AND NOT EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.endpoint = one.endpoint AND earlier.lane = one.lane
    AND earlier.state = 'waiting' AND earlier.position < one.position
)
ORDER BY position LIMIT ?
"""
_LEASE = "UPDATE outbox SET lease = ?, leased_until = ? WHERE position = ?"
# whoever lost the lease meanwhile has no say any more
_DELIVERED = """
UPDATE outbox SET state = 'delivered', settled_at = ?, n_attempts = n_attempts + 1,
    last_failure = NULL, lease = NULL, leased_until = 0
WHERE position = ? AND lease = ?
"""
_FAILED = """
UPDATE outbox SET state = ?, settled_at = ?, n_attempts = n_attempts + 1,
    last_failure = ?, due_at = ?, lease = NULL, leased_until = 0
WHERE position = ? AND lease = ?
"""
_AGAIN = """
UPDATE outbox SET state = 'waiting', due_at = ?, queued_at = ?, n_attempts = 0,
    settled_at = NULL, last_failure = NULL, lease = NULL, leased_until = 0
WHERE state <> 'waiting' AND
"""
_LISTED = """
SELECT message_id, decision_id, state, created_at, due_at, n_attempts, last_failure,
    endpoint
FROM outbox WHERE state = ?"""
_STATES = """
SELECT endpoint, sum(CASE state WHEN 'waiting' THEN 1 ELSE 0 END),
    sum(CASE state WHEN 'dead' THEN 1 ELSE 0 END),
    min(CASE state WHEN 'waiting' THEN coalesce(queued_at, created_at) END)
FROM outbox WHERE state IN ('waiting', 'dead') GROUP BY endpoint ORDER BY endpoint
"""
_AT = " AND endpoint = ?"
_DISCARD = "DELETE FROM outbox WHERE endpoint = ?"
_PRUNE = "DELETE FROM outbox WHERE state = 'delivered' AND settled_at < ?"


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be delivered now: a decision, or `content` as it stands.

    Args:
        message_id: the same however often it is sent.
        decision: None where `content` is what is delivered.
        n_attempts: that failed before.
        is_altered: the decision's record cannot be read as it was sealed.
    """

    position: int
    message_id: str
    lease: str
    n_attempts: int
    decision: Decision | None = None
    content: str | None = None
    is_altered: bool = False


class ListedMessage(NamedTuple):
    """What a list says of one message."""

    message_id: str
    decision_id: str | None
    state: State
    created_at: int
    due_at: int
    n_attempts: int
    last_failure: str | None
    endpoint: str


class OutboxState(NamedTuple):
    """How much waits, and since when.

    `oldest_at`: since when the message waits that waits longest: it was written, or
    put back to be delivered again, at that moment; µs since 1970 UTC.
    """

    n_waiting: int
    n_dead: int
    oldest_at: int | None


class Outbox:
    """Takes messages and writes down what came of them.

    Args:
        database: used by one thread at a time. Its transactions exclude those of other
            outboxes, not those that record decisions.
    """

    def __init__(self, database: Database) -> None:
        self._db, self._reader = database, SqlDecisionReader(database)

    def claim(
        self, now: int, leased_until: int, most: int, endpoint: str = DEFAULT
    ) -> list[Message]:
        """Messages that are due, the first of each lane, leased to the caller."""
        due = endpoint, now, now, most
        if not self._db.rows(_DUE, *due):  # the rule: no lock is taken for that
            return []
        lease = token_hex(8)
        with self._db.transaction():
            rows = self._db.rows(_DUE, *due)
            for row in rows:
                self._db.run(_LEASE, lease, leased_until, row[0])
        messages = (self._message(lease, *row) for row in rows)
        return [message for message in messages if message is not None]

    def settle_delivered(self, message: Message, now: int) -> None:
        """It was received."""
        with self._db.transaction():
            self._db.run(_DELIVERED, now, message.position, message.lease)

    def settle_failed(
        self, message: Message, now: int, failure: str, due_at: int | None
    ) -> None:
        """It was not received; None for `due_at`: it is tried no more."""
        state = "waiting" if due_at is not None else "dead"
        settled_at = None if due_at is not None else now
        tried = state, settled_at, failure, due_at or now
        with self._db.transaction():
            self._db.run(_FAILED, *tried, message.position, message.lease)

    def states(self) -> dict[str, OutboxState]:
        """For each endpoint how many wait, and how long, and how many were given up.

        Endpoints that have none of either are left out.
        """
        return {
            endpoint: OutboxState(int(n_waiting), int(n_dead), oldest_at)
            for endpoint, n_waiting, n_dead, oldest_at in self._db.rows(_STATES)
        }

    def listed(
        self, state: State, most: int, endpoint: str | None = None
    ) -> list[ListedMessage]:
        """Messages of a state, the latest first; of one endpoint or of all."""
        query, values = _narrowed(_LISTED, (state,), endpoint)
        rows = self._db.rows(query + " ORDER BY position DESC LIMIT ?", *values, most)
        return [ListedMessage(*row) for row in rows]

    def replay(self, message_id: str, now: int) -> None:
        """Deliver a message again that was delivered or given up.

        Raises:
            UnknownMessageError: there is none of this id, or it waits already.
        """
        with self._db.transaction():
            if not self._db.run(_AGAIN + "message_id = ?", now, now, message_id):
                raise UnknownMessageError(message_id)

    def replay_dead(self, now: int, endpoint: str | None = None) -> int:
        """Deliver again whatever was given up; how many messages."""
        return self._replay("state = 'dead'", (), now, endpoint)

    def replay_since(self, since: int, now: int, endpoint: str | None = None) -> int:
        """Deliver again what was written from then on; how many messages."""
        return self._replay("created_at >= ?", (since,), now, endpoint)

    def discard(self, endpoint: str) -> int:
        """Forget all messages of an endpoint that is there no more; how many."""
        with self._db.transaction():
            return self._db.run(_DISCARD, endpoint)

    def prune(self, before: int) -> None:
        """Forget what was delivered before then."""
        with self._db.transaction():
            self._db.run(_PRUNE, before)

    def close(self) -> None:
        self._db.close()

    def _replay(
        self, which: str, values: tuple[object, ...], now: int, endpoint: str | None
    ) -> int:
        statement, values = _narrowed(_AGAIN + which, (now, now, *values), endpoint)
        with self._db.transaction():
            return self._db.run(statement, *values)

    def _message(
        self,
        lease: str,
        position: int,
        message_id: str,
        decision_id: str | None,
        content: str | None,
        n_attempts: int,
    ) -> Message | None:
        taken = position, message_id, lease, n_attempts
        if decision_id is None:
            return Message(*taken, content=content)
        try:
            return Message(*taken, decision=self._reader.find(decision_id))
        except AlteredDecisionError:
            return Message(*taken, is_altered=True)
        except UnknownDecisionError:  # erased a moment ago, and the message with it
            return None


def _narrowed(
    statement: str, values: tuple[object, ...], endpoint: str | None
) -> tuple[str, tuple[object, ...]]:
    """To the messages of one endpoint, where one is named."""
    if endpoint is None:
        return statement, values
    return statement + _AT, (*values, endpoint)
