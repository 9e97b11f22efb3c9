"""Changes of the policy on their way: tried, submitted, published or refused."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal

from store.database import Database

ChangeState = Literal["tried", "submitted", "published", "refused"]
_MOST_TRIED = 200  # of those nobody submitted; older ones are forgotten
_COLUMNS = (
    "change_id",
    "author_id",
    "author",
    "tried_at",
    "base_hash",
    "text",
    "state",
    "reason",
    "decided_by",
    "decided_at",
    "decision_reason",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM policy_changes"  # noqa: S608


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A whole policy file that somebody proposes in place of the one in force.

    Args:
        author_id: of the key of whoever tried it.
        author: the name of that key.
        tried_at: microseconds since 1970 UTC, as `decided_at`.
        base_hash: of the policy in force then; of another one it changes nothing.
        reason: of the author, when it was submitted.
        decision_reason: of whoever published or refused it.
    """

    change_id: str
    author_id: str
    author: str
    tried_at: int
    base_hash: str
    text: str
    state: ChangeState
    reason: str | None = None
    decided_by: str | None = None
    decided_at: int | None = None
    decision_reason: str | None = None


class PolicyChanges:
    """Keeps changes and who agreed to them.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self, author_id: str, author: str, tried_at: int, base_hash: str, text: str
    ) -> str:
        """Keep what somebody tries; its id, which nobody guesses."""
        change_id = token_hex(12)
        row = (change_id, author_id, author, tried_at, base_hash, text, "tried")
        with self._db.transaction():
            self._db.insert("policy_changes", _COLUMNS[: len(row)], [row])
            self._db.run(
                "DELETE FROM policy_changes WHERE state = 'tried' AND change_id NOT IN"
                " (SELECT change_id FROM policy_changes WHERE state = 'tried'"
                " ORDER BY tried_at DESC LIMIT ?)",
                _MOST_TRIED,
            )
        return change_id

    def find(self, change_id: str) -> PolicyChange | None:
        """A change by its id; None where there is none."""
        found = self._db.rows(f"{_SELECT} WHERE change_id = ?", change_id)
        return PolicyChange(*found[0]) if found else None

    def latest(self, limit: int) -> list[PolicyChange]:
        """Those that were submitted, whatever became of them; the latest first."""
        query = f"{_SELECT} WHERE state <> 'tried' ORDER BY tried_at DESC LIMIT ?"
        return [PolicyChange(*row) for row in self._db.rows(query, limit)]

    def submit(self, change_id: str, author_id: str, reason: str) -> bool:
        """Its author asks somebody else to agree; whether it was still to be asked."""
        statement = (
            "UPDATE policy_changes SET state = 'submitted', reason = ?"
            " WHERE change_id = ? AND author_id = ? AND state = 'tried'"
        )
        with self._db.transaction():
            return self._db.run(statement, reason, change_id, author_id) == 1

    def decide(
        self,
        change_id: str,
        state: Literal["published", "refused"],
        by: str,
        at: int,
        reason: str,
        then: Callable[[], None] = lambda: None,
    ) -> bool:
        """Somebody published or refused it; False where that was done already.

        Args:
            change_id: of the change.
            state: what was decided.
            by: who did.
            at: microseconds since 1970 UTC.
            reason: why.
            then: done before it is kept; where that fails, nothing is kept.
        """
        statement = (
            "UPDATE policy_changes SET state = ?, decided_by = ?, decided_at = ?,"
            " decision_reason = ? WHERE change_id = ? AND state = 'submitted'"
        )
        with self._db.transaction():
            is_new = self._db.run(statement, state, by, at, reason, change_id) == 1
            if is_new:
                then()
        return is_new
