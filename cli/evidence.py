"""`forbear evidence`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import say

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from serving.settings import ServingSettings
    from store.decisions import Decision

_EVERY_ROW = 2**31 - 1


def register(app: typer.Typer) -> None:
    app.command()(evidence)


def evidence(
    decision_id: Annotated[str, typer.Argument(help="from an answer")],
    out: Annotated[Path, typer.Option(help="folder to write, which is not there yet")],
) -> None:
    """Write what a decision rested on into a folder.

    For a claim at the provider or a dispute: the decision as answered, what was asked,
    the rows known then, the policy, what was done at the provider, a page to read
    (HTML) or to send (PDF), and the hash of each file. They hold personal data and you
    alone can read them.

    Example: forbear evidence d0198… --out evidence-acme
    """
    from execution.evidence import Evidence, rows_known, write_evidence
    from execution.evidence_page import evidence_files
    from serving.settings import serving_settings
    from store.audit import entry_of
    from store.opening import open_acts, open_decision_reader, open_recorded

    settings = serving_settings()
    reader = open_decision_reader(*settings.store)
    decision = reader.find(decision_id)
    policy_text = reader.document(decision.policy_hash)
    reader.close()
    database = open_recorded(*settings.store)
    position, link = entry_of(database, decision_id)
    database.close()
    acts = open_acts(*settings.store)
    planned = acts.of_decision(decision_id)
    agreed = {act.act_id: acts.approved_by(act.act_id) for act in planned}
    acts.close()
    sent, zone = _rows(settings, decision), _zone(settings)
    pack = Evidence(
        decision=decision,
        rows=None if sent is None else rows_known(sent, decision.as_of, zone),
        zone=zone,
        policy_text=policy_text,
        acts=planned,
        agreed=agreed,
        replay=_replayed(settings, decision_id),
        position=position,
        link=link,
    )
    names = write_evidence(pack, evidence_files(pack), out)
    say(f"{len(names)} files in {out}: {', '.join(names)}")


def _zone(settings: "ServingSettings") -> "ZoneInfo":
    """Of the portfolio, as the models in force have it."""
    from serving.champions import in_force_now

    return in_force_now(settings).advisor.settings.zone


def _replayed(settings: "ServingSettings", decision_id: str) -> str:
    from serving.replay import replay
    from serving.replay_errors import OtherReleaseError, ReplayError

    try:
        came_out = replay(settings, decision_id)
    except OtherReleaseError:
        return _of_another_release(settings, decision_id)
    except ReplayError as error:
        return error.code
    return "identical" if came_out.is_identical else "different"


def _of_another_release(settings: "ServingSettings", decision_id: str) -> str:
    from pydantic import ValidationError

    from serving.replay import decides_the_same
    from serving.replay_errors import OtherReleaseError, ReplayError

    try:
        is_same = decides_the_same(settings, decision_id)
    except (ReplayError, ValidationError):
        return OtherReleaseError.code
    return "other_release_same_action" if is_same else "other_release_other_action"


def _rows(
    settings: "ServingSettings", decision: "Decision"
) -> dict[str, list[dict[str, Any]]] | None:
    """Of the request, else those that were stored when it was decided."""
    import json

    from serving.prior_decisions import PriorDecisions
    from store.opening import has_events, open_event_reader

    stored = PriorDecisions.from_json(decision.prior_decisions).stored
    if stored is None:
        sent: dict[str, list[dict[str, Any]]] = json.loads(decision.request)["events"]
        return sent
    if not has_events(*settings.store):
        return None
    reader = open_event_reader(*settings.store)
    kept = reader.rows(decision.customer_id, stored.sequence, _EVERY_ROW)
    reader.close()
    by_table: dict[str, list[dict[str, Any]]] = {}
    for row in kept:
        by_table.setdefault(row.table, []).append(json.loads(row.content))
    return by_table or None
