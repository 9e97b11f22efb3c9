"""The chain: each entry's link is a hash over the link before it and the entry.

Whoever changes, removes or reorders an entry must change every link behind it, and is
found out by anyone who kept one of them. One chain runs through the whole store, for
commits follow one another; an entry stands for a decision or for the removal of some.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from store.database import Database
from store.decisions import Decision
from store.errors import StoreReplacedError
from store.sealing import SealedDecision

BEGIN = sha256(b"forbear chain, form 1").digest()
_COLUMNS = (
    "position",
    "decision_id",
    "recorded_at",
    "commitment",
    "removal",
    "link",
)
_LAST = "SELECT position, link FROM chain ORDER BY position DESC LIMIT 1"


class Tip(NamedTuple):
    """The last entry. `position` counts from 1; 0 is the empty chain."""

    position: int = 0
    link: bytes = BEGIN


def link(before: Tip, name: str, recorded_at: int, commitment: bytes) -> Tip:
    """The entry after `before`.

    `name` is the decision's id, empty for a removal; `commitment` the SHA-256 of a
    record with its salt, or of a removal's text.
    """
    position = before.position + 1
    head = json.dumps([position, name, recorded_at]).encode()
    return Tip(position, sha256(before.link + commitment + head).digest())


def tip(database: Database) -> Tip:
    """The last entry as it is now."""
    rows = database.rows(_LAST)
    return Tip(rows[0][0], bytes(rows[0][1])) if rows else Tip()


def still_there(database: Database, seen: Tip) -> Tip:
    """The last entry, if the chain still goes through one seen before.

    Raises:
        StoreReplacedError: what was acknowledged is gone, as after a failover to a
            server that had not received it.
    """
    last = tip(database)
    if last.position <= seen.position:
        is_there = last == seen
    else:
        rows = database.rows("SELECT link FROM chain WHERE position = ?", seen.position)
        is_there = seen.position == 0 or rows == [(seen.link,)]
    if not is_there:
        raise StoreReplacedError("the chain of decisions")
    return last


def append_decisions(
    database: Database, last: Tip, decisions: Sequence[tuple[Decision, SealedDecision]]
) -> Tip:
    """In the transaction that records them; the new last entry."""
    entries = []
    for decision, (_, commitment) in decisions:
        entry = decision.decision_id, decision.recorded_at
        last = link(last, *entry, commitment)
        entries.append((last.position, *entry, commitment, None, last.link))
    database.insert("chain", _COLUMNS, entries)
    return last


def append_removal(
    database: Database, why: str, decision_ids: Sequence[str], removed_at: int
) -> None:
    """In the transaction that removes them. `why`: erasure or expiry."""
    content = {"why": why, "decision_ids": list(decision_ids)}
    removal = json.dumps(content, sort_keys=True)
    commitment = sha256(removal.encode()).digest()
    last = link(tip(database), "", removed_at, commitment)
    entry = last.position, None, removed_at, commitment, removal, last.link
    database.insert("chain", _COLUMNS, [entry])
