"""What customers wrote through the link of a letter: promises, disputes, appeals.

A reply is written down before its row is kept among the events, and an appeal keeps
what a person decided about it, and why. Moments are microseconds since 1970 UTC.
"""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Literal

from store.database import Database
from store.errors import AppealIsOverError, UnknownReplyError
from store.letters import PlannedLetter, insert_letters

ReplyKind = Literal["promise", "dispute", "appeal"]
AppealResult = Literal["upheld", "denied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a customer wrote, and of an appeal what a person decided.

    Args:
        reply_id: the same however often the form is sent.
        letter_id: whose link was followed.
        language: of the form, and of the answer.
        amount: major units of the portfolio's currency; None: all of it.
        until: the day a promise names.
        content: the customer's own words.
        is_counted: its row is among the events.
        reasons: of the decision, in the reply's language.
        instead_until: how long an override stands: a moment, or a day, whose end counts
            in the zone of whoever keeps it.
        is_reported: that the appeal ended is among the events.
    """

    reply_id: str
    letter_id: str
    customer_id: str
    kind: ReplyKind
    language: str
    filed_at: int
    invoice_id: str | None = None
    amount: str | None = None
    until: str | None = None
    content: str = ""
    is_counted: bool = False
    decided_at: int | None = None
    decided_by: str | None = None
    result: AppealResult | None = None
    reasons: str | None = None
    instead_until: str | None = None
    is_reported: bool = False


_COLUMNS = tuple(field.name for field in fields(Reply))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM replies"  # noqa: S608 - own names
_DECIDED = """
UPDATE replies SET decided_at = ?, decided_by = ?, result = ?, reasons = ?,
    instead_until = ? WHERE reply_id = ? AND kind = 'appeal' AND result IS NULL
"""
UPHELD = "kind = 'appeal' AND result = 'upheld'"
_OPEN = "kind = 'appeal' AND result IS NULL"
_UNTOLD = "kind = 'appeal' AND result IS NOT NULL AND is_reported = 0"


class Replies:
    """Keeps replies and the decisions about appeals.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, reply: Reply) -> Reply:
        """Keep a reply; one that is there already stays, and is returned."""
        with self._db.transaction():
            if kept := self._rows("reply_id = ?", reply.reply_id):
                return kept[0]
            [(last,)] = self._db.rows("SELECT coalesce(max(position), 0) FROM replies")
            values = (
                int(one) if isinstance(one, bool) else one for one in astuple(reply)
            )
            row = *values, last + 1
            self._db.insert("replies", (*_COLUMNS, "position"), [row])
        return reply

    def mark_counted(self, reply_id: str) -> None:
        """Its row is among the events."""
        with self._db.transaction():
            statement = "UPDATE replies SET is_counted = 1 WHERE reply_id = ?"
            self._db.run(statement, reply_id)

    def find(self, reply_id: str) -> Reply:
        """Raises UnknownReplyError if there is none."""
        for reply in self._rows("reply_id = ?", reply_id):
            return reply
        raise UnknownReplyError(reply_id)

    def open_appeals(self, most: int, begin: str = "") -> list[Reply]:
        """Appeals nobody has decided, the oldest first.

        Of customers whose id begins with `begin`.
        """
        condition = f"{_OPEN} AND substr(customer_id, 1, ?) = ?"
        ordered = f"{condition} ORDER BY filed_at, position LIMIT ?"
        return self._rows(ordered, len(begin), begin, most)

    def listed(self, most: int) -> list[Reply]:
        """Replies of every kind, the latest first."""
        return self._rows("1 = 1 ORDER BY position DESC LIMIT ?", most)

    def of_customer(self, customer_id: str) -> list[Reply]:
        """All replies of a customer, in their order."""
        return self._rows("customer_id = ? ORDER BY position", customer_id)

    def upheld(self, customer_ids: Collection[str]) -> list[Reply]:
        """Appeals of these customers that were upheld, in their order."""
        if not customer_ids:
            return []
        places = ", ".join("?" * len(customer_ids))
        condition = f"{UPHELD} AND customer_id IN ({places}) ORDER BY position"
        return self._rows(condition, *customer_ids)

    def decide(
        self,
        reply_id: str,
        result: AppealResult,
        *,
        by: str,
        reasons: str,
        now: int,
        instead_until: str | None = None,
        answer: PlannedLetter,
    ) -> None:
        """A person decides an appeal; `answer` is the letter that tells the customer.

        Raises:
            UnknownReplyError: there is none of this id.
            AppealIsOverError: it is no appeal, or was decided before.
        """
        with self._db.transaction():
            decided = now, by, result, reasons, instead_until, reply_id
            if not self._db.run(_DECIDED, *decided):
                self.find(reply_id)
                raise AppealIsOverError(reply_id)
            insert_letters(self._db, [answer])

    def decided_and_untold(self) -> list[Reply]:
        """Appeals that were decided and whose end is not among the events yet."""
        return self._rows(f"{_UNTOLD} ORDER BY position")

    def mark_reported(self, reply_id: str) -> None:
        """The end of the appeal is among the events."""
        with self._db.transaction():
            statement = "UPDATE replies SET is_reported = 1 WHERE reply_id = ?"
            self._db.run(statement, reply_id)

    def close(self) -> None:
        self._db.close()

    def _rows(self, condition: str, *values: object) -> list[Reply]:
        rows = self._db.rows(f"{_SELECT} WHERE {condition}", *values)
        return [_reply(row) for row in rows]


def forget_correspondence(database: Database, customer_id: str) -> None:
    """In the transaction that erases a customer."""
    for table in ("letters", "replies"):
        statement = f"DELETE FROM {table} WHERE customer_id = ?"  # noqa: S608 - literals
        database.run(statement, customer_id)


def _reply(row: Sequence[object]) -> Reply:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in ("is_counted", "is_reported"):
        values[name] = bool(values[name])
    return Reply(**values)  # type: ignore[arg-type]  # as the columns are declared
