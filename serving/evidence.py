"""Brings together what a decision rested on, from the store of this service."""

import json
from collections.abc import Mapping
from contextlib import closing
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pydantic import ValidationError

from execution.evidence import Evidence, letters_of, pack_of, packed, rows_known
from serving.champions import in_force_now
from serving.prior_decisions import PriorDecisions
from serving.replay import decides_the_same, replay
from serving.replay_errors import OtherReleaseError, ReplayError
from serving.settings import ServingSettings
from store.audit import entry_of
from store.decisions import Decision
from store.opening import (
    has_events,
    open_acts,
    open_decision_reader,
    open_event_reader,
    open_letters,
    open_recorded,
)

_EVERY_ROW = 2**31 - 1


def evidence_of(settings: ServingSettings, decision_id: str) -> Evidence:
    """All that is known about one decision, which is computed again for it.

    Raises:
        UnknownDecisionError: there is none of this id.
        NoDecisionsError, StoreUnavailableError: there are no decisions to read.
    """
    with closing(open_decision_reader(*settings.store)) as reader:
        decision = reader.find(decision_id)
        policy_text = reader.document(decision.policy_hash)
    with closing(open_recorded(*settings.store)) as database:
        position, link = entry_of(database, decision_id)
    with closing(open_acts(*settings.store)) as acts:
        planned = acts.of_decision(decision_id)
        agreed = {act.act_id: acts.approved_by(act.act_id) for act in planned}
    with closing(open_letters(*settings.store)) as letters:
        written = letters_of(decision, letters.of_customer(decision.customer_id))
    zone = in_force_now(settings).advisor.settings.zone  # of the portfolio
    sent = _rows(settings, decision)
    return Evidence(
        decision=decision,
        rows=None if sent is None else rows_known(sent, decision.as_of, zone),
        zone=zone,
        policy_text=policy_text,
        acts=planned,
        agreed=agreed,
        letters=written,
        replay=_replayed(settings, decision_id),
        position=position,
        link=link,
    )


def evidence_pack(settings: ServingSettings, decision_id: str) -> dict[str, bytes]:
    """All files of the evidence pack with their manifest, by name.

    Raises:
        As `evidence_of`.
    """
    from execution.evidence_page import evidence_files  # with fonts, only when asked

    evidence = evidence_of(settings, decision_id)
    return packed(*pack_of(evidence, evidence_files(evidence)))


def evidence_archive(settings: ServingSettings, decision_id: str) -> bytes:
    """The whole evidence pack as a ZIP file.

    Raises:
        As `evidence_of`.
    """
    return _zipped(decision_id, evidence_pack(settings, decision_id))


def _zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Files in a folder of their own, the same bytes for the same files."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = ZipInfo(f"{folder}/{name}")  # of the first day that ZIP knows
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o600 << 16  # for its owner's eyes only
            archive.writestr(entry, files[name])
    return written.getvalue()


def _replayed(settings: ServingSettings, decision_id: str) -> str:
    try:
        came_out = replay(settings, decision_id)
    except OtherReleaseError:
        return _of_another_release(settings, decision_id)
    except ReplayError as error:
        return error.code
    return "identical" if came_out.is_identical else "different"


def _of_another_release(settings: ServingSettings, decision_id: str) -> str:
    try:
        is_same = decides_the_same(settings, decision_id)
    except (ReplayError, ValidationError):
        return OtherReleaseError.code
    return "other_release_same_action" if is_same else "other_release_other_action"


def _rows(
    settings: ServingSettings, decision: Decision
) -> dict[str, list[dict[str, Any]]] | None:
    """Of the request, else those that were stored when it was decided."""
    stored = PriorDecisions.from_json(decision.prior_decisions).stored
    if stored is None:
        sent: dict[str, list[dict[str, Any]]] = json.loads(decision.request)["events"]
        return sent
    if not has_events(*settings.store):
        return None
    with closing(open_event_reader(*settings.store)) as reader:
        kept = reader.rows(decision.customer_id, stored.sequence, _EVERY_ROW)
    by_table: dict[str, list[dict[str, Any]]] = {}
    for row in kept:
        by_table.setdefault(row.table, []).append(json.loads(row.content))
    return by_table or None
