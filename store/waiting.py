"""Who waits for a person, ranked by what looking at them gains.

One row for each customer, written in the transaction that records the decision it is
about. So the ranking is read from an index, however many wait, and no answer is opened
for it. Moments are microseconds since 1970 UTC, money is in ten-thousandths.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from store.database import Database

_UNKNOWN_GAIN = -(2**62)  # comes after every known one
_COLUMNS = (
    "customer_id",
    "decision_id",
    "as_of",
    "topic",
    "action",
    "gain",
    "place",
    "due_at",
    "expires_at",
    "measure",
)
_REPLACED = "DELETE FROM waiting WHERE customer_id = ? AND as_of <= ?"
_IS_AWAKE = """NOT EXISTS (
    SELECT 1 FROM snoozes WHERE snoozes.customer_id = waiting.customer_id
    AND snoozes.until > ?
)"""
_SHOWN = ", ".join(name for name in _COLUMNS if name != "place")
_WAIT = f"FROM waiting WHERE {_IS_AWAKE}"
_BEHIND = " AND (place, decision_id) < (?, ?)"
_AHEAD = " AND (place, decision_id) > (?, ?)"
_DOWN = " ORDER BY place DESC, decision_id DESC LIMIT ?"
_UP = " ORDER BY place, decision_id LIMIT ?"
# read from an index alone; few are put off, so they are counted by themselves
_COUNTS = "SELECT topic, count(*) FROM waiting WHERE 1 = 1{} GROUP BY topic"
_PUT_OFF = """
SELECT topic, count(*) FROM snoozes
JOIN waiting ON waiting.customer_id = snoozes.customer_id
WHERE snoozes.until > ?{} GROUP BY topic
"""
_OF_CUSTOMER = f"SELECT {_SHOWN} FROM waiting WHERE customer_id = ?"  # noqa: S608 - own names
_SNOOZES = """
SELECT customer_id, at, until, by_whom, reason FROM snoozes
WHERE customer_id = ? ORDER BY at DESC
"""

_FORGOTTEN = """
DELETE FROM snoozes WHERE customer_id = ? AND NOT EXISTS (
    SELECT 1 FROM decisions WHERE decisions.customer_id = snoozes.customer_id
)
"""


class WaitingCustomer(NamedTuple):
    """What a person is needed for, by the customer's last decision.

    Args:
        topic: what for; empty: nobody is needed any more.
        action: recommended; None where nothing could be decided.
        gain: what the recommended action saves against what happens until a person has
            answered, in ten-thousandths of the policy's currency; under a policy whose
            mode is not `cost` the money at stake; None: not known.
        due_at: until when somebody should have looked; None: no such moment.
        expires_at: how long the decision holds.
        measure: recommended beside the action; None: none is.
    """

    customer_id: str
    decision_id: str
    as_of: int
    topic: str
    action: str | None
    gain: int | None
    due_at: int | None
    expires_at: int
    measure: str | None = None

    @property
    def rank(self) -> "Rank":
        """Where the customer stands in the ranking."""
        return Rank(_place(self.gain), self.decision_id)


class Rank(NamedTuple):
    """A place in the ranking; it names one, whoever comes and goes meanwhile.

    Args:
        place: the greater ones come first.
        decision_id: of equal places the later decision comes first.
    """

    place: int
    decision_id: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """A customer does not wait for a while, because a person said so."""

    customer_id: str
    at: int
    until: int
    by_whom: str
    reason: str


class WaitingList:
    """Reads the ranking, and puts customers off.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def page(
        self,
        now: int,
        most: int,
        topic: str = "",
        begin: str = "",
        *,
        behind: Rank | None = None,
        ahead: Rank | None = None,
    ) -> list[WaitingCustomer]:
        """Those who wait, what gains most first.

        Args:
            now: who is put off beyond it is left out.
            most: on the page.
            topic: of one topic only.
            begin: how their ids begin.
            behind: those that follow on this rank; None: from the first one on.
            ahead: those right before this rank, instead.
        """
        condition, values = _of(topic, begin)
        query, values = f"SELECT {_SHOWN} {_WAIT}{condition}", (now, *values)
        if ahead is not None:
            rows = self._db.rows(query + _AHEAD + _UP, *values, *ahead, most)[::-1]
        elif behind is not None:
            rows = self._db.rows(query + _BEHIND + _DOWN, *values, *behind, most)
        else:
            rows = self._db.rows(query + _DOWN, *values, most)
        return [WaitingCustomer(*row) for row in rows]

    def n_ahead(self, rank: Rank, now: int, topic: str = "", begin: str = "") -> int:
        """How many stand before a rank."""
        condition, values = _of(topic, begin)
        query = f"SELECT count(*) {_WAIT}{condition}{_AHEAD}"
        [(n,)] = self._db.rows(query, now, *values, *rank)
        return int(n)

    def counts(self, now: int, begin: str = "") -> dict[str, int]:
        """How many wait, by topic."""
        condition, values = _of("", begin)
        counts: dict[str, int] = dict(self._db.rows(_COUNTS.format(condition), *values))
        for topic, n in self._db.rows(_PUT_OFF.format(condition), now, *values):
            # asked a moment later: somebody may have stopped to wait in between
            counts[topic] = counts.get(topic, 0) - n
        return {topic: n for topic, n in counts.items() if n > 0}

    def of_customer(self, customer_id: str) -> WaitingCustomer | None:
        """What this customer waits for; None: for nobody."""
        rows = self._db.rows(_OF_CUSTOMER, customer_id)
        return WaitingCustomer(*rows[0]) if rows else None

    def snooze(self, snooze: Snooze) -> None:
        """Put a customer off; the latest word counts."""
        row = (
            snooze.customer_id,
            snooze.at,
            snooze.until,
            snooze.by_whom,
            snooze.reason,
        )
        columns = "customer_id", "at", "until", "by_whom", "reason"
        ended = "UPDATE snoozes SET until = ? WHERE customer_id = ? AND until > ?"
        with self._db.transaction():
            self._db.run(ended, snooze.at, snooze.customer_id, snooze.at)
            self._db.insert("snoozes", columns, [row])

    def snoozes(self, customer_id: str) -> list[Snooze]:
        """When this customer was put off, the latest first."""
        return [Snooze(*row) for row in self._db.rows(_SNOOZES, customer_id)]


def put_waiting(database: Database, customers: Sequence[WaitingCustomer]) -> None:
    """In the transaction that records the decisions; a later moment stands."""
    for one in customers:
        database.run(_REPLACED, one.customer_id, one.as_of)
        if one.topic:
            row = *one[:6], _place(one.gain), *one[6:]
            database.insert("waiting", _COLUMNS, [row], keep_earlier=True)


def forget_waiting(database: Database, decision_ids: Collection[str]) -> None:
    """In the transaction that removes these decisions."""
    if decision_ids:
        marks = ", ".join("?" * len(decision_ids))
        statement = f"DELETE FROM waiting WHERE decision_id IN ({marks})"  # noqa: S608 - marks
        database.run(statement, *decision_ids)


def forget_snoozes(database: Database, customer_id: str) -> None:
    """In the transaction that removed decisions: of whom none is left."""
    database.run(_FORGOTTEN, customer_id)


def _place(gain: int | None) -> int:
    return _UNKNOWN_GAIN if gain is None else gain


def _of(topic: str, begin: str) -> tuple[str, tuple[object, ...]]:
    condition, values = "", list[object]()
    if topic:
        condition, values = " AND topic = ?", [topic]
    if begin:
        condition += " AND substr(waiting.customer_id, 1, ?) = ?"
        values += [len(begin), begin]
    return condition, tuple(values)
