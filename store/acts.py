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

from store import act_statements as sql
from store.act import (
    COLUMNS,
    Act,
    ActKind,
    ActState,
    ClaimedAct,
    act_of,
)
from store.database import Database
from store.errors import ActIsOverError, UnknownActError, UnknownRunError
from store.letters import PlannedLetter, insert_letters


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
                    self._db.run(sql.REPLACED, now, earlier.act_id, now)
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
        rows = self._db.rows(sql.SAME, act.decision_id, act.kind, act.run_id)
        positions = [position for _, position in rows]
        names = [name for name, _ in rows]
        for name, position in rows:  # positions differ at every moment
            self._db.run(sql.MOVE, -position, act.due_at, name)
        for name, position in zip([names[-1], *names[:-1]], positions, strict=True):
            self._db.run(sql.MOVE, position, act.due_at, name)

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
        for row in self._db.rows(f"{sql.SELECT} WHERE act_id = ?", act_id):
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
        query = f"{sql.SELECT}{where} ORDER BY position DESC LIMIT ?"
        return [act_of(row) for row in self._db.rows(query, *values)]

    def add_proof(self, act_id: str, proof: str) -> None:
        """What the provider told later of what was done; JSON, all of it anew."""
        with self._db.transaction():
            self._db.run(sql.PROVEN, proof, act_id)

    def waiting_for_people(self, most: int, begin: str = "") -> list[Act]:
        """Acts to which more people must agree, in the order they were planned.

        Of customers whose id begins with `begin`.
        """
        rows = self._db.rows(sql.NOT_AGREED, len(begin), begin, most)
        return [act_of(row) for row in rows]

    def waiting_of(self, customer_id: str) -> list[Act]:
        """Acts of a customer to which more people must agree, in their order."""
        return [act_of(row) for row in self._db.rows(sql.NOT_AGREED_OF, customer_id)]

    def of_decision(self, decision_id: str) -> list[Act]:
        """All acts that were planned from a decision, in their order."""
        query = f"{sql.SELECT} WHERE decision_id = ? ORDER BY position"
        return [act_of(row) for row in self._db.rows(query, decision_id)]

    def due(
        self, provider: str, now: int, most: int, only: ActKind | None = None
    ) -> list[Act]:
        """Acts that `claim` would give, untouched.

        `only`: of this kind, and what is done already and is to be told.
        """
        which = only or ""
        rows = self._db.rows(sql.DUE, now, provider, which, which, now, now, now, most)
        return [act_of(row) for row in rows]

    def of_later(self, provider: str, now: int, until: int) -> list[Act]:
        """Acts that are planned for a moment after `now`, and before `until`."""
        of_later = f"provider = ? AND {sql.IS_OF_LATER} AND due_at < ?"
        query = f"{sql.SELECT} WHERE {of_later}"
        rows = self._db.rows(f"{query} ORDER BY due_at, position", provider, now, until)
        return [act_of(row) for row in rows]

    def claim(
        self,
        provider: str,
        now: int,
        leased_until: int,
        most: int,
        only: ActKind | None = None,
    ) -> list[ClaimedAct]:
        """A provider's acts, due and agreed to, the first of each lane, leased.

        `only`: as of `due`.
        """
        lease = token_hex(8)
        with self._db.transaction():
            acts = self.due(provider, now, most, only)
            for act in acts:
                self._db.run(sql.LEASE, lease, leased_until, act.act_id)
        return [ClaimedAct(act, lease) for act in acts]

    def mark_asked(self, claimed: ClaimedAct, now: int) -> bool:
        """Before the provider is asked; False where the lease is another's by now."""
        return self._changed(claimed, sql.ASKED, now)

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
            is_mine = self._db.run(sql.SETTLED, state, now, why, proof, *mine) > 0
            if is_mine and then is not None and self._add([then]):
                self._put_first(then)
        return is_mine

    def postpone(self, claimed: ClaimedAct, due_at: int, why: str) -> bool:
        """It is tried again."""
        return self._changed(claimed, sql.LATER, due_at, why)

    def mark_reported(self, claimed: ClaimedAct, why: str | None = None) -> bool:
        """Its row of `actions` has arrived; `why`: or it never will."""
        return self._changed(claimed, sql.REPORTED, why)

    def retry(self, act_id: str, now: int) -> None:
        """Try again what was given up.

        Raises:
            UnknownActError: there is none of this id.
            ActIsOverError: it was not given up.
        """
        with self._db.transaction():
            if not self._db.run(sql.AGAIN, now, act_id):
                raise ActIsOverError(act_id, self.find(act_id).state)

    def end_run(
        self, run_id: str, now: int, customer_id: str | None = None
    ) -> tuple[int, int]:
        """What a run planned is not done; how many were withdrawn, and are under way.

        Of what is under way it is only read whether it was done. With a customer only
        what was planned about this one.

        Raises:
            UnknownRunError: no act was ever planned in it, or none about the customer.
        """
        about = _of_run(run_id, customer_id)
        with self._db.transaction():
            if not self._db.rows(
                f"SELECT 1 FROM acts WHERE {sql.OF_RUN} LIMIT 1",  # noqa: S608
                *about,
            ):
                raise UnknownRunError(run_id, customer_id)
            n_withdrawn = self._db.run(sql.WITHDRAWN, now, *about)
            return n_withdrawn, self._db.run(sql.UNDONE, *about)

    def n_open(self, provider: str, now: int) -> int:
        """How many of a provider's acts are agreed to, not over, and not of later."""
        [(n_open,)] = self._db.rows(sql.N_OPEN, provider, now)
        return int(n_open)

    def taken(self, run_id: str, customer_id: str | None = None) -> list[Act]:
        """Stops and measures of a run that stand, or may: the latest first.

        After each of them nothing else of its kind was asked for. With a customer only
        what was taken from this one.
        """
        rows = self._db.rows(sql.TAKEN, *_of_run(run_id, customer_id))
        return [act_of(row) for row in rows]

    def unjust_runs(self, customer_id: str) -> list[str]:
        """Runs from before an appeal was upheld that hold something of the customer."""
        rows = self._db.rows(sql.UNJUST_RUNS, customer_id)
        return [str(run_id) for (run_id,) in rows]

    def unjustly_taken(self, most: int, begin: str = "") -> list[tuple[str, int]]:
        """Customers of whom `unjust_runs` are, and since when, the first taken first.

        Of customers whose id begins with `begin`.
        """
        rows = self._db.rows(sql.UNJUST_CUSTOMERS, len(begin), begin, most)
        return [(str(customer_id), int(since)) for customer_id, since in rows]

    def stopped_customers(self, provider: str) -> list[str]:
        """Customers from whom acts of ours took access that is not back."""
        rows = self._db.rows(sql.STOPPED, provider)
        return [str(customer_id) for (customer_id,) in rows]

    def open_restorations(self, provider: str | None, now: int) -> list[Act]:
        """What is to give access back, is not done, and is not of later.

        Also what failed, unless something else was asked for about the same since.
        None: of every provider.
        """
        rows = self._db.rows(sql.OPEN_RESTORATIONS, now, provider or "", provider or "")
        return [act_of(row) for row in rows]

    def restorations(
        self, provider: str, customer_id: str, subscription_id: str
    ) -> list[Act]:
        """All that were to give back what we stopped last, in the order of planning.

        Without what was not wanted any more.
        """
        about = provider, customer_id, subscription_id
        rows = self._db.rows(sql.RESTORATIONS, *about, *about)
        return [act_of(row) for row in rows]

    def last_done(
        self, provider: str, customer_id: str, subscription_id: str
    ) -> ActKind | None:
        """What we did last to a subscription; None: nothing."""
        what = provider, customer_id, subscription_id
        for (kind,) in self._db.rows(sql.LAST_DONE, *what):
            return kind  # type: ignore[no-any-return]  # as it was written
        return None

    def later_about(self, back: Act) -> Act | None:
        """What was last asked for of the same after an act that gives back.

        What takes it anew, or gives it back again; None: nothing.
        """
        about = back.provider, back.customer_id, back.subscription_id
        kinds = back.kind, _taking(back.kind)
        for row in self._db.rows(sql.LATER_ABOUT, *about, back.act_id, *kinds):
            return act_of(row)
        return None

    def given_back_at(self, provider: str, customer_id: str) -> int | None:
        """When people last gave something back to a customer, or withdrew a run.

        None: they never did.
        """
        [(moment,)] = self._db.rows(sql.BY_PEOPLE, provider, customer_id)
        return None if moment is None else int(moment)

    def is_to_end_ours(self, act: Act) -> bool:
        """Whether it gives back what an act of ours took, the last that was done."""
        taking = _taking(act.kind)
        about = act.provider, act.customer_id, act.subscription_id
        values = *about, act.kind, taking, act.act_id
        rows = self._db.rows(sql.LAST_DONE_BEFORE, *values)
        return taking != act.kind and rows == [(taking,)]

    def asked_before(self, act: Act) -> list[Act]:
        """What earlier decisions asked for of the same, and is to be done still.

        Not what a person ordered, or what is planned for later.
        """
        if act.ordered_by is not None:
            return []
        about = act.provider, act.customer_id, act.subscription_id, act.kind
        rows = self._db.rows(sql.ASKED_BEFORE, *about, act.decision_id, act.planned_at)
        return [act_of(row) for row in rows]

    def has_open_request(self, provider: str, customer_id: str) -> bool:
        """Whether a service request of the customer is planned, or is not closed."""
        return bool(self._db.rows(sql.OPEN_REQUEST, provider, customer_id))

    def close(self) -> None:
        self._db.close()

    def _changed(self, claimed: ClaimedAct, statement: str, *values: object) -> bool:
        with self._db.transaction():
            mine = claimed.act.act_id, claimed.lease
            return self._db.run(statement, *values, *mine) > 0


def _of_run(run_id: str, customer_id: str | None) -> tuple[str, str, str]:
    """As `OF_RUN` is filled in."""
    return run_id, customer_id or "", customer_id or ""


def _taking(kind: ActKind) -> str:
    """What an act of this kind gives back."""
    return "suspend" if kind == "restore" else kind.removeprefix("end_")


def _plain(row: Sequence[object]) -> list[object]:
    """Databases keep truth values as 0 and 1."""
    return [int(value) if isinstance(value, bool) else value for value in row]
