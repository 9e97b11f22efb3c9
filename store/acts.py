"""What is to be done at the provider: written down before it is asked, and after.

An act is planned from a recorded decision, one for each subscription it touches. That
the provider is about to be asked is committed first, so a process that dies in between
leaves an act of which the next one knows that it may have been done: it reads before it
asks again, and asks under the same id.

A lane is a customer, and one act of a lane is under way at a time, in the order they
were planned. Moments are microseconds since 1970 UTC.
"""

from collections.abc import Collection, Sequence
from dataclasses import astuple
from secrets import token_hex
from typing import get_args

from store.act import (
    ACT_COLUMNS,
    COLUMNS,
    PLANNED_ANEW,
    UNKNOWN_WHETHER_DONE,
    Act,
    ActKind,
    ActState,
    ClaimedAct,
    EndKind,
    act_of,
)
from store.database import Database
from store.errors import ActIsOverError, UnknownActError, UnknownRunError
from store.letters import PlannedLetter, insert_letters

_SELECT = f"SELECT {ACT_COLUMNS} FROM acts"  # noqa: S608 - own names
_IS_OPEN = "(state IN ('planned', 'asked') OR (state = 'done' AND is_reported = 0))"
_IS_AGREED = """n_approvals <= (
    SELECT count(*) FROM act_approvals WHERE act_approvals.act_id = acts.act_id
)"""
_NOT_AGREED = f"""
{_SELECT} WHERE state = 'planned' AND NOT {_IS_AGREED}
AND substr(customer_id, 1, ?) = ? ORDER BY position LIMIT ?
"""
_NOT_AGREED_OF = f"""
{_SELECT} WHERE state = 'planned' AND customer_id = ? AND NOT {_IS_AGREED}
ORDER BY position
"""
# of later: planned for a moment that has not come
_IS_OF_LATER = "(state = 'planned' AND n_attempts = 0 AND due_at > ?)"
_GOES_AHEAD = "(one.kind = 'restore' AND earlier.kind NOT IN ('suspend', 'restore'))"
# one that waits for people holds up only others of its kind that the same decision asks
# for, and one that is done and not yet reported nothing that a person ordered; one of
# later nothing. What gives access back waits for access alone, and for what is under
# way this moment
_DUE = f"""
WITH open_acts AS (
    SELECT *, {_IS_AGREED} AS is_agreed FROM acts
    WHERE {_IS_OPEN} AND NOT {_IS_OF_LATER}
)
SELECT {ACT_COLUMNS} FROM open_acts AS one
WHERE is_agreed AND provider = ? AND due_at <= ? AND leased_until <= ? AND NOT EXISTS (
    SELECT 1 FROM open_acts AS earlier
    WHERE earlier.customer_id = one.customer_id AND earlier.position < one.position
    AND (earlier.is_agreed
        OR (earlier.decision_id = one.decision_id AND earlier.kind = one.kind))
    AND (earlier.state <> 'done' OR one.ordered_by IS NULL) AND NOT {_GOES_AHEAD}
) AND NOT EXISTS (
    SELECT 1 FROM open_acts AS other
    WHERE other.customer_id = one.customer_id AND other.act_id <> one.act_id
    AND other.state <> 'done' AND other.leased_until > ?
    AND (one.kind = 'restore' OR other.kind = 'restore')
)
ORDER BY position LIMIT ?
"""  # noqa: S608 - own names
_SAME = """
SELECT act_id, position FROM acts WHERE decision_id = ? AND kind = ?
AND run_id = ? AND ordered_by IS NULL AND state = 'planned' ORDER BY position
"""
_MOVE = "UPDATE acts SET position = ?, due_at = ? WHERE act_id = ?"
_N_OPEN = f"""
SELECT count(*) FROM acts WHERE provider = ? AND {_IS_OPEN} AND {_IS_AGREED}
AND NOT {_IS_OF_LATER}
"""  # noqa: S608 - own names
_LEASE = "UPDATE acts SET lease = ?, leased_until = ? WHERE act_id = ?"
# whoever lost the lease meanwhile has no say any more
_ASKED = """
UPDATE acts SET state = 'asked', why = NULL, asked_at = ?
WHERE act_id = ? AND lease = ? AND state IN ('planned', 'asked') AND is_undone = 0
"""
_SETTLED = """
UPDATE acts SET state = ?, settled_at = ?, why = ?, proof = ?,
    lease = NULL, leased_until = 0 WHERE act_id = ? AND lease = ?
"""
_LATER = """
UPDATE acts SET due_at = ?, why = ?, n_attempts = n_attempts + 1,
    lease = NULL, leased_until = 0 WHERE act_id = ? AND lease = ?
"""
_PROVEN = "UPDATE acts SET proof = ? WHERE act_id = ? AND state = 'done'"
_REPORTED = """
UPDATE acts SET is_reported = 1, why = ?, lease = NULL, leased_until = 0
WHERE act_id = ? AND lease = ?
"""
_WITHDRAWN = """
UPDATE acts SET state = 'withdrawn', settled_at = ?, why = 'undone',
    lease = NULL, leased_until = 0 WHERE run_id = ? AND state = 'planned'
"""
_UNDONE = "UPDATE acts SET is_undone = 1 WHERE run_id = ? AND state = 'asked'"
# measures that can be ended; a person ends what a person ordered
_ENDED = str(tuple(kind.removeprefix("end_") for kind in get_args(EndKind)))
# what was taken, or may have been, and after which nothing else was asked for
_TAKEN = f"""
{_SELECT} AS one WHERE run_id = ? AND state IN ('done', 'asked')
AND (kind = 'suspend' OR (kind IN {_ENDED} AND ordered_by IS NULL))
AND NOT EXISTS (
    SELECT 1 FROM acts AS later WHERE later.customer_id = one.customer_id
    AND later.subscription_id = one.subscription_id
    AND later.provider = one.provider AND later.position > one.position
    AND (later.kind IN (one.kind, 'end_' || one.kind)
        OR (one.kind = 'suspend' AND later.kind = 'restore'))
    AND later.state IN ('planned', 'asked', 'done')
)
ORDER BY position DESC
"""  # noqa: S608 - own names
# what an earlier decision asked for, and is to be done still
_ASKED_BEFORE = f"""
{_SELECT} WHERE provider = ? AND customer_id = ? AND subscription_id = ? AND kind = ?
AND decision_id <> ? AND ordered_by IS NULL AND is_undone = 0
AND state IN ('planned', 'asked') AND NOT {_IS_OF_LATER}
"""
# nobody need look at what a later decision asks for on other terms
_REPLACED = f"""
UPDATE acts SET state = 'withdrawn', settled_at = ?, why = '{PLANNED_ANEW}'
WHERE act_id = ? AND state = 'planned' AND leased_until <= ? AND NOT {_IS_AGREED}
"""  # noqa: S608 - own names
_LAST_DONE = """
SELECT kind FROM acts WHERE provider = ? AND customer_id = ? AND subscription_id = ?
AND kind IN ('suspend', 'restore') AND state = 'done'
ORDER BY position DESC LIMIT 1
"""
# what gives back counts from when it is planned, what takes from when it was asked for
_LATER_ABOUT = f"""
{_SELECT} AS later WHERE provider = ? AND customer_id = ? AND subscription_id = ?
AND position > (SELECT position FROM acts WHERE act_id = ?)
AND ((kind = ? AND state <> 'withdrawn') OR (kind = ? AND state IN ('asked', 'done')))
ORDER BY position DESC LIMIT 1
"""  # noqa: S608 - own names
# what people gave back, or withdrew before it had begun
_BY_PEOPLE = f"""
SELECT max(coalesce(settled_at, planned_at)) FROM acts
WHERE provider = ? AND customer_id = ? AND (
    (kind IN {("restore", *get_args(EndKind))} AND ordered_by IS NOT NULL
        AND state <> 'withdrawn')
    OR (ordered_by IS NULL AND state = 'withdrawn' AND why = 'undone')
)
"""  # noqa: S608 - own names
_LAST_DONE_BEFORE = """
SELECT kind FROM acts WHERE provider = ? AND customer_id = ? AND subscription_id = ?
AND kind IN (?, ?) AND act_id <> ? AND state = 'done' ORDER BY position DESC LIMIT 1
"""
_OPEN_REQUEST = f"""
SELECT 1 FROM acts WHERE provider = ? AND customer_id = ? AND kind = 'open_request'
AND (state IN ('planned', 'asked')
    OR (state = 'failed' AND why = '{UNKNOWN_WHETHER_DONE}')
    OR (state = 'done' AND NOT EXISTS (
        SELECT 1 FROM request_changes WHERE request_changes.act_id = acts.act_id
        AND request_changes.state = 'closed'
    ))
) LIMIT 1
"""  # noqa: S608 - own names
# what may have been done is read at the provider first
_AGAIN = """
UPDATE acts SET state = CASE WHEN asked_at IS NULL THEN 'planned' ELSE 'asked' END,
    due_at = ?, n_attempts = 0, settled_at = NULL,
    why = NULL WHERE act_id = ? AND state = 'failed'
"""


class Acts:
    """Plans, leases and settles acts.

    Args:
        database: used by one thread at a time.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def plan(self, acts: Sequence[Act], letters: Sequence[PlannedLetter] = ()) -> int:
        """Write acts down, in the order they are to be carried out; how many are new.

        One that was planned before stays as it is. What an earlier decision asked for
        on other terms, and waits for people, is withdrawn. `letters` that tell of the
        acts are written down with them, or neither is.
        """
        with self._db.transaction():
            insert_letters(self._db, letters)
            for act in acts:
                for earlier in self.asked_before(act):
                    now = act.planned_at
                    self._db.run(_REPLACED, now, earlier.act_id, now)
            return self._add(acts)

    def _add(self, acts: Sequence[Act]) -> int:
        """In a transaction."""
        n_new = 0
        [(last,)] = self._db.rows("SELECT coalesce(max(position), 0) FROM acts")
        for act in acts:
            if self._db.rows("SELECT 1 FROM acts WHERE act_id = ?", act.act_id):
                continue
            n_new += 1
            row = (*astuple(act), last + n_new, 0)
            columns = (*COLUMNS, "position", "leased_until")
            self._db.insert("acts", columns, [(*_plain(row),)])
        return n_new

    def _put_first(self, act: Act) -> None:
        """Before what its run planned of its kind for the same decision; due together.

        What a person ordered is left as it is. Together is when the last of the pauses
        ends: the service gives access back when every reason is cured, not before.
        """
        rows = self._db.rows(_SAME, act.decision_id, act.kind, act.run_id)
        positions = [position for _, position in rows]
        names = [name for name, _ in rows]
        for name, position in rows:  # positions differ at every moment
            self._db.run(_MOVE, -position, act.due_at, name)
        for name, position in zip([names[-1], *names[:-1]], positions, strict=True):
            self._db.run(_MOVE, position, act.due_at, name)

    def approve(self, act_id: str, by: str, now: int) -> Act:
        """A person agrees; the same name counts once, in whatever case.

        Raises:
            UnknownActError: there is none of this id.
            ActIsOverError: it was carried out, withdrawn or given up already.
        """
        with self._db.transaction():
            act = self.find(act_id)
            if act.state not in ("planned", "asked"):
                raise ActIsOverError(act_id, act.state)
            earlier = {name.casefold() for name in self.approved_by(act_id)}
            if by.strip().casefold() not in earlier:
                row = act_id, by.strip(), now
                columns = "act_id", "by_whom", "at"
                self._db.insert("act_approvals", columns, [row])
        return act

    def approved_by(self, act_id: str) -> list[str]:
        """Who agreed, in the order they did."""
        query = (
            "SELECT by_whom FROM act_approvals WHERE act_id = ? ORDER BY at, by_whom"
        )
        return [str(row[0]) for row in self._db.rows(query, act_id)]

    def find(self, act_id: str) -> Act:
        """Raises UnknownActError if there is none."""
        for row in self._db.rows(f"{_SELECT} WHERE act_id = ?", act_id):
            return act_of(row)
        raise UnknownActError(act_id)

    def listed(
        self,
        most: int,
        *,
        states: Collection[str] = (),
        run_id: str | None = None,
        kind: ActKind | None = None,
        customer_id: str | None = None,
    ) -> list[Act]:
        """Acts, the latest first; of states, of one run, of one kind, of a customer."""
        marks = ", ".join("?" * len(states))
        conditions = [f"state IN ({marks})"] if states else []
        named = {"run_id": run_id, "kind": kind, "customer_id": customer_id}
        given = {name: value for name, value in named.items() if value is not None}
        conditions += [f"{name} = ?" for name in given]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        values = (*states, *given.values(), most)
        query = f"{_SELECT}{where} ORDER BY position DESC LIMIT ?"
        return [act_of(row) for row in self._db.rows(query, *values)]

    def add_proof(self, act_id: str, proof: str) -> None:
        """What the provider told later of what was done; JSON, all of it anew."""
        with self._db.transaction():
            self._db.run(_PROVEN, proof, act_id)

    def waiting_for_people(self, most: int, begin: str = "") -> list[Act]:
        """Acts to which more people must agree, in the order they were planned.

        Of customers whose id begins with `begin`.
        """
        rows = self._db.rows(_NOT_AGREED, len(begin), begin, most)
        return [act_of(row) for row in rows]

    def waiting_of(self, customer_id: str) -> list[Act]:
        """Acts of a customer to which more people must agree, in their order."""
        return [act_of(row) for row in self._db.rows(_NOT_AGREED_OF, customer_id)]

    def of_decision(self, decision_id: str) -> list[Act]:
        """All acts that were planned from a decision, in their order."""
        query = f"{_SELECT} WHERE decision_id = ? ORDER BY position"
        return [act_of(row) for row in self._db.rows(query, decision_id)]

    def due(self, provider: str, now: int, most: int) -> list[Act]:
        """Acts that `claim` would give, untouched."""
        rows = self._db.rows(_DUE, now, provider, now, now, now, most)
        return [act_of(row) for row in rows]

    def of_later(self, provider: str, now: int, until: int) -> list[Act]:
        """Acts that are planned for a moment after `now`, and before `until`."""
        query = f"{_SELECT} WHERE provider = ? AND {_IS_OF_LATER} AND due_at < ?"
        rows = self._db.rows(f"{query} ORDER BY due_at, position", provider, now, until)
        return [act_of(row) for row in rows]

    def claim(
        self, provider: str, now: int, leased_until: int, most: int
    ) -> list[ClaimedAct]:
        """A provider's acts, due and agreed to, the first of each lane, leased."""
        lease = token_hex(8)
        with self._db.transaction():
            acts = self.due(provider, now, most)
            for act in acts:
                self._db.run(_LEASE, lease, leased_until, act.act_id)
        return [ClaimedAct(act, lease) for act in acts]

    def mark_asked(self, claimed: ClaimedAct, now: int) -> bool:
        """Before the provider is asked; False where the lease is another's by now."""
        return self._changed(claimed, _ASKED, now)

    def settle(
        self,
        claimed: ClaimedAct,
        state: ActState,
        now: int,
        why: str | None = None,
        proof: str | None = None,
        then: Act | None = None,
    ) -> bool:
        """It was done, withdrawn or given up; `then`, which undoes it, is planned."""
        with self._db.transaction():
            mine = claimed.act.act_id, claimed.lease
            is_mine = self._db.run(_SETTLED, state, now, why, proof, *mine) > 0
            if is_mine and then is not None and self._add([then]):
                self._put_first(then)
        return is_mine

    def postpone(self, claimed: ClaimedAct, due_at: int, why: str) -> bool:
        """It is tried again."""
        return self._changed(claimed, _LATER, due_at, why)

    def mark_reported(self, claimed: ClaimedAct, why: str | None = None) -> bool:
        """Its row of `actions` has arrived; `why`: or it never will."""
        return self._changed(claimed, _REPORTED, why)

    def retry(self, act_id: str, now: int) -> None:
        """Try again what was given up.

        Raises:
            UnknownActError: there is none of this id.
            ActIsOverError: it was not given up.
        """
        with self._db.transaction():
            if not self._db.run(_AGAIN, now, act_id):
                raise ActIsOverError(act_id, self.find(act_id).state)

    def end_run(self, run_id: str, now: int) -> tuple[int, int]:
        """What a run planned is not done; how many were withdrawn, and are under way.

        Of what is under way it is only read whether it was done.

        Raises:
            UnknownRunError: no act was ever planned in it.
        """
        with self._db.transaction():
            if not self._db.rows("SELECT 1 FROM acts WHERE run_id = ? LIMIT 1", run_id):
                raise UnknownRunError(run_id)
            n_withdrawn = self._db.run(_WITHDRAWN, now, run_id)
            return n_withdrawn, self._db.run(_UNDONE, run_id)

    def n_open(self, provider: str, now: int) -> int:
        """How many of a provider's acts are agreed to, not over, and not of later."""
        [(n_open,)] = self._db.rows(_N_OPEN, provider, now)
        return int(n_open)

    def taken(self, run_id: str) -> list[Act]:
        """Stops and measures of a run that stand, or may: the latest first.

        After each of them nothing else of its kind was asked for.
        """
        return [act_of(row) for row in self._db.rows(_TAKEN, run_id)]

    def last_done(
        self, provider: str, customer_id: str, subscription_id: str
    ) -> ActKind | None:
        """What we did last to a subscription; None: nothing."""
        what = provider, customer_id, subscription_id
        for (kind,) in self._db.rows(_LAST_DONE, *what):
            return kind  # type: ignore[no-any-return]  # as it was written
        return None

    def later_about(self, back: Act) -> Act | None:
        """What was last asked for of the same after an act that gives back.

        What takes it anew, or gives it back again; None: nothing.
        """
        about = back.provider, back.customer_id, back.subscription_id
        kinds = back.kind, _taking(back.kind)
        for row in self._db.rows(_LATER_ABOUT, *about, back.act_id, *kinds):
            return act_of(row)
        return None

    def given_back_at(self, provider: str, customer_id: str) -> int | None:
        """When people last gave something back to a customer, or withdrew a run.

        None: they never did.
        """
        [(moment,)] = self._db.rows(_BY_PEOPLE, provider, customer_id)
        return None if moment is None else int(moment)

    def is_to_end_ours(self, act: Act) -> bool:
        """Whether it gives back what an act of ours took, the last that was done."""
        taking = _taking(act.kind)
        about = act.provider, act.customer_id, act.subscription_id
        values = *about, act.kind, taking, act.act_id
        rows = self._db.rows(_LAST_DONE_BEFORE, *values)
        return taking != act.kind and rows == [(taking,)]

    def asked_before(self, act: Act) -> list[Act]:
        """What earlier decisions asked for of the same, and is to be done still.

        Not what a person ordered, or what is planned for later.
        """
        if act.ordered_by is not None:
            return []
        about = act.provider, act.customer_id, act.subscription_id, act.kind
        rows = self._db.rows(_ASKED_BEFORE, *about, act.decision_id, act.planned_at)
        return [act_of(row) for row in rows]

    def has_open_request(self, provider: str, customer_id: str) -> bool:
        """Whether a service request of the customer is planned, or is not closed."""
        return bool(self._db.rows(_OPEN_REQUEST, provider, customer_id))

    def close(self) -> None:
        self._db.close()

    def _changed(self, claimed: ClaimedAct, statement: str, *values: object) -> bool:
        with self._db.transaction():
            mine = claimed.act.act_id, claimed.lease
            return self._db.run(statement, *values, *mine) > 0


def _taking(kind: ActKind) -> str:
    """What an act of this kind gives back."""
    return "suspend" if kind == "restore" else kind.removeprefix("end_")


def _plain(row: Sequence[object]) -> list[object]:
    """Databases keep truth values as 0 and 1."""
    return [int(value) if isinstance(value, bool) else value for value in row]
