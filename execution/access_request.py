"""Everything that is known, decided and done about one customer, in one folder.

For whoever asks what is held about them (GDPR, article 15) and contests a decision
(article 22): a page in their language, the data, and a manifest with hashes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from execution.errors import ExecutionError
from execution.evidence import Rows, write_pack
from store.act import Act
from store.decisions import Decision
from store.letters import PlannedLetter
from store.replies import Reply

# they name other customers, and staff
_OF_OTHERS: Mapping[str, frozenset[str]] = {
    "links": frozenset({"other_id", "shared_id"}),
    "overrides": frozenset({"by"}),
    "holds": frozenset({"by"}),
}
_OF_STAFF = frozenset({"decided_by", "ordered_by", "lease"})


class NothingKnownError(ExecutionError):
    """Nothing is kept about a customer of this id."""

    code = "nothing_known"

    def __init__(self) -> None:
        super().__init__(
            "nothing is kept about a customer of this id; ids are compared as they are"
            " written, and what was erased is gone"
        )


@dataclass(frozen=True, kw_only=True)
class AccessRequest:
    """What is kept about one customer.

    Args:
        rows: as they were sent, by table; corrections and what they correct.
        decisions: the first one first.
        acts, letters, replies: in their order.

    Raises:
        NothingKnownError: there is nothing of all that.
    """

    customer_id: str
    rows: Rows
    decisions: Sequence[Decision]
    acts: Sequence[Act]
    letters: Sequence[PlannedLetter]
    replies: Sequence[Reply]

    def __post_init__(self) -> None:
        if not (self.rows or self.decisions or self.letters or self.replies):
            raise NothingKnownError

    @cached_property
    def answers(self) -> list[dict[str, Any]]:
        """The decisions as they were answered."""
        return [json.loads(decision.answer) for decision in self.decisions]

    def data(self) -> dict[str, Any]:
        """All of it, but for what tells of other people."""
        return {
            "customer_id": self.customer_id,
            "events": _own(self.rows),
            "decisions": [
                {"answer": answer, "request": _own_request(decision.request)}
                for decision, answer in zip(self.decisions, self.answers, strict=True)
            ],
            "acts": [_own_proof(_without(asdict(a), _OF_STAFF)) for a in self.acts],
            "letters": [_own_proof(asdict(letter)) for letter in self.letters],
            "replies": [_without(asdict(reply), _OF_STAFF) for reply in self.replies],
        }


def write_access_request(request: AccessRequest, page: str, folder: Path) -> list[str]:
    """Write all files, for their owner's eyes only; their names.

    Args:
        request: of one customer.
        page: HTML for people.
        folder: made here.

    Raises:
        EvidenceThereError: there is something of that name.
    """
    data = json.dumps(request.data(), indent=2, ensure_ascii=False).encode() + b"\n"
    files = {"data.json": data, "page.html": page.encode()}
    return write_pack(folder, files, {"customer_id": request.customer_id})


def _own(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Rows without the columns that name others."""
    return {
        table: [_without(row, _OF_OTHERS.get(table, frozenset())) for row in listed]
        for table, listed in rows.items()
    }


def _own_request(body: bytes) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(body)
    if "events" in request:
        request["events"] = _own(request["events"])
    return request


def _own_proof(row: dict[str, Any]) -> dict[str, Any]:
    """Without who of our staff says so."""
    proof = json.loads(row["proof"] or "null")
    if isinstance(proof, dict) and not proof.keys().isdisjoint({"by", "audit_records"}):
        told = proof.get("audit_records", [])
        kept = [_without(record, frozenset({"by"})) for record in told]
        mine = _without(proof, frozenset({"by", "audit_records"}))
        row["proof"] = json.dumps({**mine, "audit_records": kept} if kept else mine)
    return row


def _without(row: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
