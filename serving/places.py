"""Places of the policy's budgets, taken in the transaction that records the decision.

Several processes may decide at once on one store. Each counts in memory what it last
read; whether the place was really free is settled here, under the store's write lock,
so that all of them together never give more places than there are.
"""

import sqlite3
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["stop", "review"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS places (
    place_id INTEGER PRIMARY KEY,   -- rises in the order of commits
    kind TEXT NOT NULL,             -- stop or review
    customer_id TEXT NOT NULL,      -- once per kind and local day
    as_of INTEGER NOT NULL,         -- microseconds since 1970 UTC
    decision_id TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS places_taken ON places (kind, as_of, customer_id);
"""
TAKEN = """
SELECT place_id, kind, customer_id, as_of FROM places
WHERE kind IN ('stop', 'review') AND as_of >= ? AND as_of < ?
"""
SINCE = """
SELECT place_id, kind, customer_id, as_of FROM places
WHERE place_id > ? ORDER BY place_id
"""
_OTHERS = """
SELECT count(DISTINCT customer_id) FROM places
WHERE kind = ? AND as_of >= ? AND as_of < ? AND customer_id <> ?
"""
_TAKE = """
INSERT INTO places (kind, customer_id, as_of, decision_id)
SELECT :kind, :customer_id, :as_of, :decision_id WHERE NOT EXISTS (
    SELECT 1 FROM places WHERE kind = :kind
    AND as_of >= :begin AND as_of < :end AND customer_id = :customer_id
)
"""


class Place(NamedTuple):
    """One recorded stop or review of one customer."""

    place_id: int
    kind: Kind
    customer_id: str
    as_of: int


class Limit(NamedTuple):
    """Fewer than `most` other customers may have a place in [begin, end)."""

    begin: int
    end: int
    most: float


@dataclass(frozen=True, slots=True)
class Claim:
    """The place a decision takes, and what must still hold when it is recorded.

    Args:
        begin, end: the local day; a customer takes one place of a kind in it.
        limits: of the budgets the decision rests on.
    """

    kind: Kind
    customer_id: str
    as_of: int
    begin: int
    end: int
    limits: tuple[Limit, ...] = ()


def take(db: sqlite3.Connection, claim: Claim, decision_id: str) -> bool:
    """Take the place inside the open transaction; False when none is left."""
    for limit in claim.limits:
        asked = (claim.kind, limit.begin, limit.end, claim.customer_id)
        [(taken,)] = db.execute(_OTHERS, asked)
        if taken >= limit.most:
            return False
    named = {name: getattr(claim, name) for name in ("kind", "customer_id", "as_of")}
    day = {"begin": claim.begin, "end": claim.end}
    db.execute(_TAKE, {**named, **day, "decision_id": decision_id})
    return True
