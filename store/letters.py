"""Letters to customers: written down before they are sent, and what came of each.

That a letter is about to be sent is committed first, so a process that dies in between
leaves a letter of which the next one knows that it may be out. A lane is a customer:
the next letter goes when the one before is settled and the service was told of it.
Moments are microseconds since 1970 UTC.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from hashlib import sha256
from secrets import token_hex
from types import MappingProxyType
from typing import Literal, get_args

from store.database import Database
from store.errors import LetterIsOverError, UnknownLetterError

# of a restoration: what a run had taken was given back by the order of a person
LetterKind = Literal["notice", "answer", "restoration"]
LetterState = Literal[
    "planned",
    "sending",
    "handed_out",
    "sent",
    "delivered",
    "bounced",
    "withdrawn",
    "failed",
]
LETTER_STATES: tuple[LetterState, ...] = get_args(LetterState)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLetter:
    """One letter, from its planning to its end.

    Args:
        letter_id: the same however often it is planned; the customer reads it.
        notice: its name in the policy; empty: it is no notice.
        about_id: the decision that asks for it, the reply that it answers, or the run
            that gives back.
        channel: as the policy names it, such as `email`.
        policy, policy_hash: under which it goes out.
        why: code of what kept it from being sent.
        proof: JSON: what the carrier said.
        content: JSON: the letter as it was sent.
        is_reported: the rows of `contacts` that tell of its state have arrived.
    """

    letter_id: str
    customer_id: str
    kind: LetterKind
    notice: str
    about_id: str
    channel: str
    policy: str
    policy_hash: str
    planned_at: int
    due_at: int
    state: LetterState = "planned"
    n_attempts: int = 0
    sent_at: int | None = None
    ended_at: int | None = None
    why: str | None = None
    proof: str | None = None
    content: str | None = None
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class ClaimedLetter:
    """A letter that nobody else sends while the lease lasts."""

    letter: PlannedLetter
    lease: str


_COLUMNS = tuple(field.name for field in fields(PlannedLetter))
_NAMES = ", ".join(_COLUMNS)
_SELECT = f"SELECT {_NAMES} FROM letters AS one"  # noqa: S608 - own names
_UNTOLD = "(state IN ('sent', 'delivered', 'bounced') AND is_reported = 0)"
_IS_OPEN = f"(state IN ('planned', 'sending') OR {_UNTOLD})"
SUPERSEDED = "superseded"  # why a letter was withdrawn: another tells what it was to
UNKNOWN_WHETHER_SENT = "unknown_whether_sent"  # why a letter was left to a person
_IS_UNKNOWN = f"(state = 'failed' AND why = '{UNKNOWN_WHETHER_SENT}')"
# a notice that lies with a person is not planned anew, nor one that went out just now,
# or of which the service does not take the row
_LIES = f"""
SELECT 1 FROM letters WHERE customer_id = ? AND notice = ? AND kind = 'notice'
AND ({_IS_OPEN} OR {_IS_UNKNOWN} OR state = 'handed_out'
    OR (state IN ('sent', 'delivered')
        AND (sent_at > ? OR (substr(why, 1, 14) = 'report_refused' AND sent_at > ?)))
) LIMIT 1
"""  # noqa: S608 - own names
# nobody is sending it, and it would be withdrawn when it is tried
_SUPERSEDED = f"""
UPDATE letters SET state = 'withdrawn', why = '{SUPERSEDED}', ended_at = ?
WHERE customer_id = ? AND notice = ? AND kind = 'notice' AND state = 'planned'
AND leased_until <= ? AND (policy_hash <> ? OR channel <> ?)
"""  # noqa: S608 - own names
_JUST_NOW_US = 12 * 3_600_000_000
_ROW_MISSING_US = 30 * 24 * 3_600_000_000
_DUE = f"""
{_SELECT} WHERE {_IS_OPEN} AND due_at <= ? AND leased_until <= ?
AND (state <> 'planned' OR channel IN ({{marks}}))
AND NOT EXISTS (
    SELECT 1 FROM letters AS earlier WHERE earlier.customer_id = one.customer_id
    AND earlier.position < one.position AND (earlier.state = 'sending'
        OR (earlier.state IN ('sent', 'delivered', 'bounced')
            AND earlier.is_reported = 0))
)
ORDER BY position LIMIT ?
"""  # noqa: S608 - own names
_N_OPEN = f"""
SELECT count(*) FROM letters WHERE {_IS_OPEN}
AND (state <> 'planned' OR channel IN ({{marks}}))
"""  # noqa: S608 - own names
_LEASE = "UPDATE letters SET lease = ?, leased_until = ? WHERE letter_id = ?"
# whoever lost the lease meanwhile has no say any more
_SENDING = """
UPDATE letters SET state = 'sending', why = NULL, content = ?, about_id = ?, proof = ?
WHERE letter_id = ? AND lease = ? AND state IN ('planned', 'sending')
"""
_SETTLED = """
UPDATE letters SET state = ?, sent_at = coalesce(?, sent_at), ended_at = ?, why = ?,
    proof = coalesce(?, proof), lease = NULL, leased_until = 0
WHERE letter_id = ? AND lease = ?
"""
_LATER = """
UPDATE letters SET state = ?, due_at = ?, why = ?, n_attempts = n_attempts + ?,
    lease = NULL, leased_until = 0 WHERE letter_id = ? AND lease = ?
"""
_REPORTED = """
UPDATE letters SET is_reported = 1, why = ?, lease = NULL, leased_until = 0
WHERE letter_id = ? AND lease = ? AND state = ?
"""
# what became of a letter that went out
_ENDED = f"""
UPDATE letters SET state = ?, sent_at = coalesce(sent_at, ?), ended_at = ?, proof = ?,
    why = NULL, is_reported = 0 WHERE letter_id = ? AND state <> ?
AND (state IN ('sent', 'delivered', 'handed_out', 'bounced') OR {_IS_UNKNOWN})
"""  # noqa: S608 - own names
# a bounce may correct a delivery, a delivery no bounce, and no report what a person
# said: so reports that are read again change nothing
_BY_REPORT = """
AND state <> 'bounced' AND NOT (state = 'delivered' AND substr(proof, 1, 5) = '{"by"')
"""
_BY_HAND = f"AND (state = 'handed_out' OR {_IS_UNKNOWN})"
_OF_CARRIER = "carrier", "to", "stated"  # of a letter's proof
_AGAIN = """
UPDATE letters SET state = 'planned', due_at = ?, n_attempts = 0, ended_at = NULL,
    why = NULL WHERE letter_id = ? AND state = 'failed'
"""


class Letters:
    """Plans, leases and settles letters.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def plan(
        self,
        letters: Sequence[PlannedLetter],
        decided_at: Mapping[str, int] = MappingProxyType({}),
    ) -> int:
        """Write letters down, in the order they are to be sent; how many are new.

        A notice of which the customer's letter is not settled yet is not planned anew,
        nor one that went out since it was decided that it is due. One that waits under
        another policy, or for another channel, gives way (`superseded`).

        Args:
            letters: to be sent.
            decided_at: by letter, when it was decided.
        """
        with self._db.transaction():
            return insert_letters(self._db, letters, decided_at)

    def find(self, letter_id: str) -> PlannedLetter:
        """Raises UnknownLetterError if there is none."""
        for row in self._db.rows(f"{_SELECT} WHERE letter_id = ?", letter_id):
            return _letter(row)
        raise UnknownLetterError(letter_id)

    def listed(self, most: int, *, states: Collection[str] = ()) -> list[PlannedLetter]:
        """Letters, the latest first; of some states."""
        marks = ", ".join("?" * len(states))
        where = f" WHERE state IN ({marks})" if states else ""
        query = f"{_SELECT}{where} ORDER BY position DESC LIMIT ?"
        return [_letter(row) for row in self._db.rows(query, *states, most)]

    def of_customer(self, customer_id: str) -> list[PlannedLetter]:
        """All letters to a customer, in their order."""
        query = f"{_SELECT} WHERE customer_id = ? ORDER BY position"
        return [_letter(row) for row in self._db.rows(query, customer_id)]

    def due(
        self, channels: Collection[str], now: int, most: int
    ) -> list[PlannedLetter]:
        """Letters that `claim` would give, untouched."""
        marks = ", ".join("?" * len(channels)) or "''"
        query = _DUE.format(marks=marks)
        rows = self._db.rows(query, now, now, *sorted(channels), most)
        return [_letter(row) for row in rows]

    def claim(
        self, channels: Collection[str], now: int, leased_until: int, most: int
    ) -> list[ClaimedLetter]:
        """Letters to send by one of these channels, or to tell the service of."""
        lease = token_hex(8)
        with self._db.transaction():
            letters = self.due(channels, now, most)
            for letter in letters:
                self._db.run(_LEASE, lease, leased_until, letter.letter_id)
        return [ClaimedLetter(letter, lease) for letter in letters]

    def mark_sending(
        self, claimed: ClaimedLetter, content: str, about_id: str, proof: str
    ) -> bool:
        """Before it is handed to the carrier; False where the lease is another's."""
        return self._changed(claimed, _SENDING, content, about_id, proof)

    def settle(
        self,
        claimed: ClaimedLetter,
        state: LetterState,
        now: int,
        why: str | None = None,
        proof: str | None = None,
    ) -> bool:
        """It was sent, handed out, withdrawn or given up."""
        sent_at = now if state in ("sent", "bounced") else None
        ended_at = None if state in ("sent", "handed_out") else now
        return self._changed(claimed, _SETTLED, state, sent_at, ended_at, why, proof)

    def postpone(
        self,
        claimed: ClaimedLetter,
        due_at: int,
        why: str,
        state: LetterState | None = None,
        *,
        is_counted: bool = True,
    ) -> bool:
        """It is tried again.

        `state`: `sending` where it may be out; None: it certainly did not go out.
        `is_counted`: among the attempts after which it is given up.
        """
        state = state or claimed.letter.state
        return self._changed(claimed, _LATER, state, due_at, why, int(is_counted))

    def mark_reported(self, claimed: ClaimedLetter, why: str | None = None) -> bool:
        """Its rows of `contacts` have arrived; `why`: or they never will."""
        with self._db.transaction():
            mine = claimed.letter.letter_id, claimed.lease, claimed.letter.state
            return self._db.run(_REPORTED, why, *mine) > 0

    def end(
        self,
        letter_id: str,
        state: Literal["sent", "delivered", "bounced"],
        at: int,
        proof: str,
        *,
        by_person: bool = False,
    ) -> bool:
        """What became of a letter that went out; False where nothing is new.

        Args:
            letter_id: of the letter.
            state: it came to.
            at: when.
            proof: JSON; of a person `{"by": …}`.
            by_person: who may correct a bounce, which a report may not.

        Raises:
            UnknownLetterError: there is none of this id.
        """
        with self._db.transaction():
            told = json.loads(proof)
            # what the carrier said of its going out stays known beside it
            earlier = json.loads(self.find(letter_id).proof or "{}")
            told |= {name: earlier[name] for name in _OF_CARRIER if name in earlier}
            text = json.dumps(told, ensure_ascii=False)
            ended_at = None if state == "sent" else at
            changed = state, at, ended_at, text, letter_id, state
            only = "" if by_person else _BY_REPORT
            only = _BY_HAND if state == "sent" else only
            return self._db.run(_ENDED + only, *changed) > 0

    def n_open(self, channels: Collection[str]) -> int:
        """How many letters wait to be sent by one of these channels, or to be told."""
        marks = ", ".join("?" * len(channels)) or "''"
        query = _N_OPEN.format(marks=marks)
        [(n_open,)] = self._db.rows(query, *sorted(channels))
        return int(n_open)

    def retry(self, letter_id: str, now: int) -> None:
        """Send again what was given up.

        Raises:
            UnknownLetterError: there is none of this id.
            LetterIsOverError: it was not given up.
        """
        with self._db.transaction():
            if not self._db.run(_AGAIN, now, letter_id):
                raise LetterIsOverError(letter_id, self.find(letter_id).state)

    def close(self) -> None:
        self._db.close()

    def _changed(self, claimed: ClaimedLetter, statement: str, *values: object) -> bool:
        with self._db.transaction():
            mine = claimed.letter.letter_id, claimed.lease
            return self._db.run(statement, *values, *mine) > 0


def letter_id_of(kind: LetterKind, about_id: str, notice: str) -> str:
    """The same for the same letter, so that planning twice plans once.

    >>> letter_id_of("notice", "d1", "r1") == letter_id_of("notice", "d1", "r2")
    False
    """
    parts = f"{kind}\x1f{about_id}\x1f{notice}"
    return f"l{sha256(parts.encode()).hexdigest()[:31]}"


def insert_letters(
    database: Database,
    letters: Sequence[PlannedLetter],
    decided_at: Mapping[str, int] = MappingProxyType({}),
) -> int:
    """In a transaction; how many are new."""
    n_new = 0
    [(last,)] = database.rows("SELECT coalesce(max(position), 0) FROM letters")
    for letter in letters:
        same = "SELECT 1 FROM letters WHERE letter_id = ?"
        if database.rows(same, letter.letter_id):
            continue
        if letter.kind == "notice" and _lies(
            database, letter, decided_at.get(letter.letter_id, letter.planned_at)
        ):
            continue
        n_new += 1
        row = *astuple(letter), last + n_new, 0
        plain = tuple(int(one) if isinstance(one, bool) else one for one in row)
        columns = *_COLUMNS, "position", "leased_until"
        database.insert("letters", columns, [plain])
    return n_new


def _letter(row: Sequence[object]) -> PlannedLetter:
    values = dict(zip(_COLUMNS, row, strict=True))
    values["is_reported"] = bool(values["is_reported"])
    return PlannedLetter(**values)  # type: ignore[arg-type]  # as the columns are declared


def _lies(database: Database, letter: PlannedLetter, decided_at: int) -> bool:
    """Whether a letter of the notice is under way; an outdated one gives way first."""
    at, about = letter.planned_at, (letter.customer_id, letter.notice)
    database.run(_SUPERSEDED, at, *about, at, letter.policy_hash, letter.channel)
    just_now = min(at - _JUST_NOW_US, decided_at)
    return bool(database.rows(_LIES, *about, just_now, at - _ROW_MISSING_US))
