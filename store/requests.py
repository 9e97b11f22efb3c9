"""How far service requests are: each change of state once, until it is reported.

A request is opened by an act; what the act says (`drafted`, or `sent` where the
provider took it by program) is its first state. Moments are microseconds since 1970
UTC.
"""

import json
from dataclasses import dataclass, replace
from typing import Literal

from store.act import Act
from store.acts import Acts
from store.database import Database
from store.errors import RequestStateError

# a person must send it still; it is with the provider; the provider said something;
# it is over
RequestState = Literal["drafted", "sent", "answered", "closed"]
_ORDER: tuple[RequestState, ...] = ("drafted", "sent", "answered", "closed")
_COLUMNS = (
    *("act_id", "state", "at", "number", "by_whom", "result", "strength"),
    "is_reported",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM request_changes"  # noqa: S608 - own names
_IN_ORDER = """
ORDER BY at, CASE state WHEN 'sent' THEN 1 WHEN 'answered' THEN 2 ELSE 3 END
"""
_REPORTED = """
UPDATE request_changes SET is_reported = 1 WHERE act_id = ? AND state = ?
"""
_RESULT = """
UPDATE request_changes SET result = ?, strength = ?, by_whom = ?, is_reported = 0
WHERE act_id = ? AND state = ? AND state IN ('answered', 'closed')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChange:
    """A request came into a state.

    Args:
        number: the provider's own.
        by_whom: who says so; empty: the provider was asked.
        result: what the answer says of the customer, in the words of `outcomes`; None:
            nothing that the service should know.
        strength: of that result.
        is_reported: its row has arrived among the events.
    """

    act_id: str
    state: RequestState
    at: int
    number: str = ""
    by_whom: str = ""
    result: str | None = None
    strength: str | None = None
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A service request as far as it has come."""

    act: Act
    state: RequestState
    number: str
    result: str | None = None


class Requests:
    """Service requests of acts.

    Args:
        database: used by one thread at a time.
        acts: in the same database.
    """

    def __init__(self, database: Database, acts: Acts) -> None:
        self._db, self._acts = database, acts

    def listed(self, most: int) -> list[Request]:
        """Requests that were opened, the latest first."""
        opened = self._acts.listed(most, states=("done",), kind="open_request")
        return [self._of(act) for act in opened]

    def find(self, act_id: str) -> Request:
        """Raises UnknownActError, or RequestStateError where it opened no request."""
        act = self._acts.find(act_id)
        if act.kind != "open_request" or act.state != "done":
            raise RequestStateError(act_id, f"{act.kind} {act.state}")
        return self._of(act)

    def change(self, change: RequestChange) -> bool:
        """Write a change down; False where the request is that far already.

        What an answer says may be written down later, once. A draft that a person says
        was answered or closed was sent before.

        Raises:
            UnknownActError: no act of this id.
            RequestStateError: it opened no request.
        """
        with self._db.transaction():
            before = self.find(change.act_id)
            if _ORDER.index(change.state) <= _ORDER.index(before.state):
                return self._add_result(before, change)
            is_sent_too = before.state == "drafted" and change.state != "sent"
            if is_sent_too and change.by_whom:
                sent = replace(change, state="sent", result=None, strength=None)
                self._insert(sent, before)
            self._insert(change, before)
            return True

    def _insert(self, change: RequestChange, before: Request) -> None:
        row = (
            *(change.act_id, change.state, change.at),
            *(change.number or before.number, change.by_whom),
            *(change.result, change.strength, 0),
        )
        self._db.insert("request_changes", _COLUMNS, [row])

    def _add_result(self, before: Request, change: RequestChange) -> bool:
        if change.result is None or before.result is not None:
            return False
        said = change.result, change.strength, change.by_whom
        about = change.act_id, before.state
        return self._db.run(_RESULT, *said, *about) > 0

    def waiting(self) -> list[RequestChange]:
        """Changes that were not reported yet, in their order."""
        rows = self._db.rows(f"{_SELECT} WHERE is_reported = 0 {_IN_ORDER}")
        return [_change(row) for row in rows]

    def mark_reported(self, change: RequestChange) -> None:
        """What it says has arrived, or there is nothing to say."""
        with self._db.transaction():
            self._db.run(_REPORTED, change.act_id, change.state)

    def close(self) -> None:
        self._db.close()

    def _of(self, act: Act) -> Request:
        proof = json.loads(act.proof or "{}")
        first: RequestState = "drafted" if proof.get("is_draft", True) else "sent"
        request = Request(act, first, str(proof.get("number", "")))
        query = f"{_SELECT} WHERE act_id = ? {_IN_ORDER}"
        for change in map(_change, self._db.rows(query, act.act_id)):
            result = change.result or request.result
            request = Request(act, change.state, change.number, result)
        return request


def _change(row: tuple[object, ...]) -> RequestChange:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["is_reported"] = bool(values["is_reported"])
    return RequestChange(**values)  # type: ignore[arg-type]  # as the columns are
