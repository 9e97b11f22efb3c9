"""What a decision rested on, in one folder: for a provider's claim or a dispute.

The folder holds the decision as it was answered, what was asked, the rows known then,
the policy that decided, what was done and what the provider said afterwards, the
letters that had gone out with what became of each, a page for people, and a manifest
with the SHA-256 of each file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from execution.errors import ExecutionError
from features.contract import TABLES
from features.moments import MomentError, parse_moment
from store.act import Act
from store.decisions import Decision
from store.letters import PlannedLetter

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]
KNOWN = "known_at", "event_at"
MANIFEST = "manifest.json"
SIGNS = ("alerts", "disputes", "outcomes", "access")  # where fraud shows
# of their rows, those from which a claim's deadline is counted
_FRAUD = {
    "alerts": None,
    "disputes": ("chargeback_fraud",),
    "outcomes": ("fraud", "account_takeover"),
}


class EvidenceThereError(ExecutionError):
    """There is something where a folder is to be written."""

    code = "evidence_there"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is there already; name another folder")


def rows_known(rows: Rows, as_of: int, zone: ZoneInfo) -> dict[str, list[Row]]:
    """The rows that were known at `as_of` (microseconds since 1970 UTC).

    A correction and what it corrects are both there where both were known. A row whose
    moments cannot be read was rejected then, and is there as it was sent.
    """
    return {
        table: [row for row in listed if _is_known(row, as_of, zone)]
        for table, listed in rows.items()
    }


def moment_of(row: Row, zone: ZoneInfo, *names: str) -> int | None:
    """The first of these moments that a row has; None: none that can be read."""
    for name in names:
        try:
            moment = parse_moment(row.get(name), zone)
        except MomentError:
            continue
        if moment is not None:
            return moment
    return None


def _is_known(row: Row, as_of: int, zone: ZoneInfo) -> bool:
    known = moment_of(row, zone, "known_at", "event_at", "created_at")
    return known is None or known <= as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known about one decision.

    Args:
        decision: as recorded.
        rows: of the customer, as they were known to the decision, by table; None where
            its stored events are not there any more.
        zone: in which the days of plain dates end.
        policy_text: of the policy that decided.
        acts: planned from the decision, with what the provider said.
        agreed: who agreed to each, by act.
        letters: to the customer that had gone out by then, or tell of the decision.
        replay: `identical`, `different`, or the code of why it could not be computed
            again here. Of a decision of another release: `other_release_same_action`,
            `other_release_other_action` (or other probabilities), or `other_release`.
        position: of its entry in the chain, from 1.
        link: of that entry: a hash over all entries up to it.
    """

    decision: Decision
    rows: Rows | None
    zone: ZoneInfo
    policy_text: str
    acts: Sequence[Act]
    agreed: Mapping[str, Sequence[str]]
    letters: Sequence[PlannedLetter] = ()
    replay: str
    position: int
    link: bytes

    @property
    def answer(self) -> dict[str, Any]:
        """As it was given."""
        content: dict[str, Any] = json.loads(self.decision.answer)
        return content


def first_sign(evidence: Evidence) -> tuple[str, int] | None:
    """The first row that speaks of fraud: its table, and microseconds since 1970 UTC.

    Any alert does, unless it was found legitimate. Of what was corrected the row known
    last counts, and what was retracted does not. None: no such row is known.
    """
    moments = [
        (moment, table)
        for table, kinds in _FRAUD.items()
        for row in _standing(table, evidence)
        if kinds is None or row.get("kind") in kinds
        if (moment := moment_of(row, evidence.zone, "event_at")) is not None
    ]
    if not moments:
        return None
    moment, table = min(moments)
    return table, moment


def _standing(table: str, evidence: Evidence) -> list[Row]:
    """Of each key the row known last, without what speaks of nothing any more."""
    zone, names = evidence.zone, TABLES[table].key
    rows = (evidence.rows or {}).get(table, ())
    latest: dict[tuple[object, ...], Row] = {}
    for row in sorted(rows, key=lambda one: moment_of(one, zone, *KNOWN) or 0):
        key = tuple(_key_part(row, name, zone) for name in names)
        latest.pop(key, None)  # in the order in which they were known
        latest[key] = row
    standing = [row for row in latest.values() if not row.get("retracted")]
    # what was opened again is not legitimate any more
    outcome = {row.get("alert_id"): row.get("resolved_reason") for row in standing}
    return [row for row in standing if outcome[row.get("alert_id")] != "legitimate"]


def _key_part(row: Row, name: str, zone: ZoneInfo) -> object:
    """A moment is the same however it was written."""
    return moment_of(row, zone, name) if name == "event_at" else row.get(name)


def letters_of(
    decision: Decision, of_customer: Sequence[PlannedLetter]
) -> list[PlannedLetter]:
    """Those that had gone out when it was decided, and those that tell of it."""
    return [
        one
        for one in of_customer
        if one.about_id == decision.decision_id
        or (one.sent_at is not None and one.sent_at <= decision.recorded_at)
    ]


def write_evidence(
    evidence: Evidence, pages: Mapping[str, bytes], folder: Path
) -> list[str]:
    """Write all files, for their owner's eyes only; their names.

    Args:
        evidence: of the decision.
        pages: for people, by name.
        folder: made here.

    Raises:
        EvidenceThereError: there is something of that name.
    """
    return write_pack(folder, *pack_of(evidence, pages))


def pack_of(
    evidence: Evidence, pages: Mapping[str, bytes]
) -> tuple[dict[str, bytes], dict[str, object]]:
    """All files by name, and what their manifest says before the hashes."""
    files = {name: content for name, content in _files(evidence) if content is not None}
    stated: dict[str, object] = {
        "decision_id": evidence.decision.decision_id,
        "chain": {"position": evidence.position, "link": evidence.link.hex()},
        "replay": evidence.replay,
    }
    return {**files, **pages}, stated


def write_pack(
    folder: Path, files: Mapping[str, bytes], stated: Mapping[str, object]
) -> list[str]:
    """Files and their manifest, for their owner's eyes only; their names.

    Args:
        folder: made here.
        files: by name.
        stated: what the manifest says before the hashes.

    Raises:
        EvidenceThereError: there is something of that name.
    """
    if folder.exists():
        raise EvidenceThereError(folder)
    folder.mkdir(mode=0o700, parents=True)
    whole = packed(files, stated)
    for name, content in whole.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_bytes(content)
    return sorted(whole)


def packed(
    files: Mapping[str, bytes], stated: Mapping[str, object]
) -> dict[str, bytes]:
    """Files with their manifest: the SHA-256 of each."""
    hashes = {name: sha256(files[name]).hexdigest() for name in sorted(files)}
    manifest = json.dumps({**stated, "sha256": hashes}, indent=2).encode() + b"\n"
    return {**files, MANIFEST: manifest}


def _files(evidence: Evidence) -> list[tuple[str, bytes | None]]:
    acts = [
        {**asdict(act), "approved_by": list(evidence.agreed.get(act.act_id, ()))}
        for act in evidence.acts
    ]
    letters = [asdict(one) for one in evidence.letters]
    rows = None if evidence.rows is None else _text(evidence.rows)
    return [
        ("decision.json", evidence.decision.answer),  # byte for byte
        ("request.json", evidence.decision.request),
        ("policy.yaml", evidence.policy_text.encode()),
        ("events.json", rows),
        ("acts.json", _text(acts) if acts else None),
        ("letters.json", _text(letters) if letters else None),
    ]


def _text(content: object) -> bytes:
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"
