"""Checks that what is kept is what was recorded, in one pass over the chain.

Found are: a record or a column beside it that was edited, a record removed without an
entry that says so, an entry edited, removed, added or in another place, a policy or a
settings file that decided and is gone or says something else, and, against a head kept
elsewhere, a tail cut off or a chain written anew.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from store.chain import Tip, link
from store.database import Database
from store.decisions import Decision
from store.errors import UnknownDecisionError
from store.sealing import BrokenSealError, unseal
from store.sql_decisions import SOUGHT, sought

_STEP = 200  # entries read at a time: each may bring a record of 100 kB
_ENTRIES = f"""
SELECT position, chain.decision_id, chain.recorded_at, commitment, removal, link,
    sealed, data_key, {", ".join(f"decisions.{name}" for name in SOUGHT)} FROM chain
LEFT JOIN decisions ON decisions.decision_id = chain.decision_id
LEFT JOIN customers ON customers.customer_id = decisions.customer_id
WHERE position > ? ORDER BY position LIMIT ?
"""  # noqa: S608 - literals
_ENTRY = "SELECT position, link FROM chain WHERE decision_id = ?"
_DOCUMENT = "SELECT content FROM documents WHERE document_hash = ?"
_OUTSIDE = """
SELECT decision_id FROM decisions WHERE NOT EXISTS (
    SELECT 1 FROM chain WHERE chain.decision_id = decisions.decision_id
)
"""
IsAsNamed = Callable[[str, str], bool]


class Finding(NamedTuple):
    """What is not as it was recorded.

    Args:
        code: `entry_altered`, `entry_missing`, `record_altered`, `columns_altered`,
            `key_missing`, `record_missing`, `record_outside_chain`, `document_altered`,
            `document_missing`, `tail_cut` or `rewritten`.
        position: of the entry in the chain; of a document, of the first decision that
            rests on it.
        decision_id: of the record, if it is about one.
    """

    code: str
    position: int
    decision_id: str | None = None


class Audit(NamedTuple):
    """What was checked, and what was found."""

    tip: Tip
    n_decisions: int
    n_removed: int
    findings: list[Finding]


def audit(
    database: Database,
    head: Tip | None = None,
    is_as_named: IsAsNamed | None = None,
) -> Audit:
    """Check everything; the store may be in use meanwhile.

    Args:
        database: of the decisions.
        head: an entry kept where the store's owner cannot write.
        is_as_named: whether the text of a policy or a settings file is the one of its
            hash, by whoever can read them; without it they are not checked.
    """
    check = _Check(head)
    for row in _entries(database):
        check.entry(*row[:6])
        check.record(row[0], row[1], row[3], row[6:])
    if is_as_named is not None:
        check.documents(database, is_as_named)
    outside = [str(row[0]) for row in database.rows(_OUTSIDE)]
    return check.result(outside)


def entry_of(database: Database, decision_id: str) -> Tip:
    """Where a decision stands in the chain.

    Raises:
        UnknownDecisionError: nowhere.
    """
    for row in database.rows(_ENTRY, decision_id):
        return Tip(row[0], bytes(row[1]))
    raise UnknownDecisionError(decision_id)


def _entries(database: Database) -> Iterator[Any]:
    position = 0
    while rows := database.rows(_ENTRIES, position, _STEP):
        yield from rows
        position = rows[-1][0]


class _Check:
    """Goes along the chain."""

    def __init__(self, head: Tip | None) -> None:
        self._tip, self._head = Tip(), head
        self._n_decisions = 0
        self._absent: dict[str, int] = {}
        self._first_use: dict[str, tuple[int, str]] = {}  # of each document
        self._removed: set[str] = set()
        self._findings: list[Finding] = []

    def entry(
        self,
        position: int,
        decision_id: str | None,
        recorded_at: int,
        commitment: bytes,
        removal: str | None,
        linked: bytes,
    ) -> None:
        """Take up the next entry of the chain; finds what is missing or altered."""
        if position != self._tip.position + 1:
            self._find("entry_missing", self._tip.position + 1)
            self._tip = Tip(position - 1, self._tip.link)
        expected = link(self._tip, decision_id or "", recorded_at, commitment)
        is_right = expected.link == linked
        if removal is not None:
            is_right &= sha256(removal.encode()).digest() == commitment
            self._removed.update(
                json.loads(removal)["decision_ids"] if is_right else ()
            )
        if not is_right:
            self._find("entry_altered", position, decision_id)
        self._tip = Tip(position, bytes(linked))  # so that each fault is found once
        head = self._head
        if head is not None and head.position == position and head.link != linked:
            self._find("rewritten", position)

    def record(
        self,
        position: int,
        decision_id: str | None,
        commitment: bytes,
        kept: Sequence[Any],
    ) -> None:
        """`kept`: the sealed record, the key and the columns beside it."""
        sealed, key, *columns = kept
        if decision_id is None:
            return
        if sealed is None:
            self._absent[decision_id] = position
            return
        self._n_decisions += 1
        if key is None:
            self._find("key_missing", position, decision_id)
            return
        try:
            decision, committed = unseal(sealed, decision_id, key)
        except BrokenSealError:
            self._find("record_altered", position, decision_id)
            return
        if committed != commitment:
            self._find("record_altered", position, decision_id)
        elif sought(decision) != tuple(columns):
            self._find("columns_altered", position, decision_id)
        for document_hash in _documents_of(decision):
            self._first_use.setdefault(document_hash, (position, decision_id))

    def documents(self, database: Database, is_as_named: IsAsNamed) -> None:
        """What the decisions rest on is there, and says what it said."""
        for document_hash, used in self._first_use.items():
            rows = database.rows(_DOCUMENT, document_hash)
            if not rows:
                self._find("document_missing", *used)
            elif not is_as_named(document_hash, str(rows[0][0])):
                self._find("document_altered", *used)

    def result(self, outside: list[str]) -> Audit:
        for decision_id, position in self._absent.items():
            if decision_id not in self._removed:
                self._find("record_missing", position, decision_id)
        for decision_id in outside:
            self._find("record_outside_chain", 0, decision_id)
        if self._head is not None and self._head.position > self._tip.position:
            self._find("tail_cut", self._tip.position + 1)
        n_removed = len(self._removed)
        return Audit(self._tip, self._n_decisions, n_removed, self._findings)

    def _find(self, code: str, position: int, decision_id: str | None = None) -> None:
        self._findings.append(Finding(code, position, decision_id))


def _documents_of(decision: Decision) -> list[str]:
    """Hashes of the policy and, where there was one, of the settings file."""
    settings_hash = json.loads(decision.versions).get("settings_hash")
    return [decision.policy_hash, *([settings_hash] if settings_hash else [])]
