"""Shadows: how a challenger would have decided what was decided.

A shadow follows the chain of decisions: which of them were looked at and what came of
it change together, so an interrupted run goes on where it was and counts none twice.
Sums are kept, and a few decisions as examples: their ids, both actions and what was
open. An example goes with its decision, when that is erased or its time is over.
Moments are microseconds since 1970 UTC.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import NamedTuple

from store.database import Database
from store.decisions import Decision
from store.sealing import BrokenSealError, unseal


@dataclass(frozen=True, slots=True)
class Decider:
    """Models and policy that decide together.

    Args:
        bundles: ids by target.
        policy_hash: of the policy's text.
    """

    bundles: Mapping[str, str]
    policy_hash: str

    def to_json(self) -> str:
        content = {"bundles": dict(self.bundles), "policy_hash": self.policy_hash}
        return json.dumps(content, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Decider":
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Shadow:
    """What a challenger would have decided, beside what the champion did.

    Args:
        champion: whose decisions were looked at.
        challenger: who was asked again.
        since: decisions recorded before it are left out.
        position: of the chain, up to which it was looked.
        updated_at: when that was.
        first_at, last_at: when the first and the last of the compared decisions were
            recorded; None while there is none.
        n: compared decisions.
        n_failed: decisions of the champion that the challenger could not answer.
        n_different: of the compared, those with another action.
        stops_before, stops_after: of the compared, those that stop a customer by the
            champion, and by the challenger.
        content: JSON, the whole comparison; its `examples` have a `decision_id`.
    """

    shadow_id: str
    champion: Decider
    challenger: Decider
    since: int = 0
    position: int = 0
    updated_at: int = 0
    first_at: int | None = None
    last_at: int | None = None
    n: int = 0
    n_failed: int = 0
    n_different: int = 0
    stops_before: int = 0
    stops_after: int = 0
    content: str = ""


class ChainedDecision(NamedTuple):
    """A decision with its place in the chain; without it where it cannot be read."""

    position: int
    decision_id: str
    recorded_at: int
    decision: Decision | None


_COLUMNS = tuple(field.name for field in fields(Shadow))
_SHADOWS = f"SELECT {', '.join(_COLUMNS)} FROM shadows "  # noqa: S608 - literals
_AFTER = """
SELECT position, decisions.decision_id, decisions.recorded_at, sealed, data_key
FROM chain JOIN decisions ON decisions.decision_id = chain.decision_id
JOIN customers ON customers.customer_id = decisions.customer_id
WHERE position > ? AND decisions.recorded_at >= ? ORDER BY position LIMIT ?
"""
_REPLACE = (
    f"UPDATE shadows SET {', '.join(f'{name} = ?' for name in _COLUMNS)}"  # noqa: S608 - literals
    " WHERE shadow_id = ? AND position = ?"
)


_BEGIN_AT = "UPDATE shadows SET since = ? WHERE shadow_id = ? AND position = 0"
_EXISTS = "SELECT 1 FROM decisions WHERE decision_id = ?"


def forget_examples(database: Database, decision_ids: Collection[str]) -> None:
    """In the transaction that removes these decisions."""
    gone = set(decision_ids)
    for name, content in database.rows("SELECT shadow_id, content FROM shadows"):
        if gone & set(_examples(content)):
            statement = "UPDATE shadows SET content = ? WHERE shadow_id = ?"
            database.run(statement, _without(content, gone), name)


def _examples(content: str) -> list[str]:
    """Ids of the decisions that a comparison shows."""
    shown = json.loads(content).get("examples", []) if content else []
    return [one["decision_id"] for one in shown]


def _without(content: str, gone: Collection[str]) -> str:
    """A comparison that shows none of these decisions; its sums stay."""
    if not gone:
        return content
    compared = json.loads(content)
    shown = compared["examples"]
    compared["examples"] = [one for one in shown if one["decision_id"] not in gone]
    return json.dumps(compared, sort_keys=True)


def shadow_id(champion: Decider, challenger: Decider) -> str:
    """One for each pair: who asks for it again goes on with it."""
    pair = champion.to_json() + challenger.to_json()
    return sha256(pair.encode()).hexdigest()[:12]


class Shadows:
    """Shadows of one store, over all processes that share it.

    Every method raises StoreUnavailableError where the store cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def begun(
        self, champion: Decider, challenger: Decider, since: int | None = None
    ) -> Shadow:
        """The shadow of this pair as far as it is.

        Args:
            champion: whose decisions are looked at.
            challenger: who is asked again.
            since: where one begins that has looked at nothing yet, µs since 1970 UTC;
                None: where it was to begin, a new one with the first decision.
        """
        name = shadow_id(champion, challenger)
        fresh = Shadow(name, champion, challenger, since or 0)
        with self._db.transaction():
            self._db.insert("shadows", _COLUMNS, [_row(fresh)], keep_earlier=True)
            if since is not None:
                self._db.run(_BEGIN_AT, since, name)
        [found] = self._db.rows(_SHADOWS + "WHERE shadow_id = ?", name)
        return _shadow(found)

    def listed(self) -> list[Shadow]:
        """All of them, what was looked at last first."""
        query = _SHADOWS + "ORDER BY updated_at DESC, shadow_id"
        return [_shadow(row) for row in self._db.rows(query)]

    def after(self, shadow: Shadow, most: int) -> list[ChainedDecision]:
        """The next decisions in the order in which they were committed."""
        rows = self._db.rows(_AFTER, shadow.position, shadow.since, most)
        return [_chained(*row) for row in rows]

    def advance(self, before: Shadow, now: Shadow) -> bool:
        """Keep what a further look found; False where another process was first."""
        with self._db.transaction():
            keys = before.shadow_id, before.position
            listed = _examples(now.content)
            gone = {one for one in listed if not self._db.rows(_EXISTS, one)}
            now = replace(now, content=_without(now.content, gone))
            return self._db.run(_REPLACE, *_row(now), *keys) == 1

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        self._db.close()


def _row(shadow: Shadow) -> list[object]:
    values = [getattr(shadow, name) for name in _COLUMNS]
    return [v.to_json() if isinstance(v, Decider) else v for v in values]


def _shadow(row: tuple[object, ...]) -> Shadow:
    read = Shadow(*row)  # type: ignore[arg-type]
    champion, challenger = (
        Decider.from_json(str(text)) for text in (read.champion, read.challenger)
    )
    return replace(read, champion=champion, challenger=challenger)


def _chained(
    position: int, decision_id: str, recorded_at: int, sealed: bytes, key: bytes
) -> ChainedDecision:
    try:
        decision = unseal(sealed, decision_id, key)[0]
    except BrokenSealError:
        decision = None
    return ChainedDecision(position, decision_id, recorded_at, decision)
