"""Proofs in the log: a decision computed again, the chain verified, lists to keep."""

import asyncio
import csv
import io
from collections.abc import Iterable
from contextlib import closing
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from decisions.actions import ACTIONS
from features.moments import to_datetime
from serving.access import note_access, note_access_to
from serving.access_subjects import subjects_about
from serving.desk.addresses import DECISIONS, customer_path, decision_path
from serving.desk.log import LOG, log_question
from serving.desk.page import HEADERS, desk_router, page, wording_of
from serving.desk.visitor import (
    LookingVisitor,
    Visitor,
    decision_for,
    form_of,
    records_of,
    visitor_who_may,
)
from serving.errors import ProblemError
from serving.evidence import evidence_archive
from serving.many_scores import BatchTurnstile
from serving.replay import replay
from serving.replay_errors import ReplayError
from serving.replay_run import Replay
from store.access_log import AccessLog
from store.audit import Audit, audit
from store.decision_log import DecisionLog
from store.decisions import ListedDecision
from store.errors import NoDecisionsError, StoreReplacedError
from store.opening import open_desk

router = desk_router()
MOST_EXPORTED = 100_000  # lines of one file
_MOST_ACCESSES = 200
# what a spreadsheet would compute instead of showing
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@router.post(f"{DECISIONS}/{{decision_id}}/replay")
async def replay_decision(
    request: Request, decision_id: str, visitor: LookingVisitor
) -> Response:
    """Compute a decision again from its record and compare it byte for byte."""
    await form_of(request, visitor)
    decision = await decision_for(request, visitor, decision_id)
    state = request.app.state
    turns: BatchTurnstile = state.many_turns
    found: Replay | None = None
    refusal: str | None = None
    try:
        async with turns.item:
            found = await asyncio.to_thread(replay, state.settings, decision_id)
    except (ReplayError, ProblemError) as error:
        refusal = error.code
    except NoDecisionsError as error:  # there a moment ago, for it was found
        raise StoreReplacedError("decisions.sqlite") from error
    return page(
        request,
        "replay.html",
        visitor,
        decision=decision,
        found=found,
        refusal=refusal,
        customer_path=customer_path,
        decision_path=decision_path,
    )


@router.get(f"{DECISIONS}/{{decision_id}}/evidence")
async def evidence_pack(
    request: Request, decision_id: str, visitor: LookingVisitor
) -> Response:
    """What the decision rested on, as a ZIP file with a manifest of hashes."""
    if not (visitor.may("export") or visitor.may("ask_provider")):
        visitor.require("export")
    await decision_for(request, visitor, decision_id)
    state = request.app.state
    turns: BatchTurnstile = state.many_turns
    async with turns.item:
        content = await asyncio.to_thread(evidence_archive, state.settings, decision_id)
    name = f'attachment; filename="evidence-{decision_id}.zip"'
    headers = HEADERS | {"Content-Disposition": name}
    return Response(content, media_type="application/zip", headers=headers)


@router.post(f"{LOG}/chain")
async def verify_chain(request: Request, visitor: LookingVisitor) -> Response:
    """Read every record again and check that it is as it was sealed."""
    visitor.require_everybody()
    await form_of(request, visitor)
    note_access(request, visitor.key, "")
    state = request.app.state

    def audited() -> Audit:
        with closing(open_desk(*state.settings.store)) as database:
            return audit(database)

    turns: BatchTurnstile = state.many_turns
    async with turns.item:
        found = await asyncio.to_thread(audited)
    return page(request, "chain.html", visitor, audit=found)


@router.get(f"{LOG}/decisions.csv")
@router.post(f"{LOG}/decisions.csv")
async def export_decisions(
    request: Request,
    visitor: Annotated[Visitor, Depends(visitor_who_may("export"))],
) -> Response:
    """The decisions of a filter as CSV, the latest first."""
    question = await log_question(request, visitor, ACTIONS)
    wanted = question.wanted(visitor, wording_of(request).zone)
    note_access_to(request, visitor.key, question.customer)
    found = await records_of(request).ask(
        lambda db: DecisionLog(db).decisions(wanted, "", MOST_EXPORTED)
    )
    headers = HEADERS | {
        "Content-Disposition": 'attachment; filename="decisions.csv"',
    }
    written = await asyncio.to_thread(_csv, found)
    return Response(written, headers=headers, media_type="text/csv")


@router.get(f"{LOG}/access")
@router.post(f"{LOG}/access")
async def access_page(
    request: Request,
    visitor: Annotated[Visitor, Depends(visitor_who_may("see_access"))],
) -> Response:
    """Who looked at what and who did what, the latest first; of all or one customer."""
    sought = await log_question(request, visitor, ())
    note_access_to(request, visitor.key, sought.customer)
    log: AccessLog = request.app.state.access_log
    about = None
    if sought.customer:
        about = await subjects_about(request, sought.customer)
    found = await asyncio.to_thread(log.page, _MOST_ACCESSES, None, about)
    names = {key.key_id: key.name for key in request.app.state.keys.listed()}
    return page(
        request,
        "access.html",
        visitor,
        entries=found.entries,
        names=names,
        sought=sought,
    )


def _csv(decisions: Iterable[ListedDecision]) -> str:
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(ListedDecision._fields)
    for one in decisions:
        moments = (to_datetime(at).isoformat() for at in (one.recorded_at, one.as_of))
        cells = one.decision_id, *moments, one.customer_id, one.action or ""
        lines.writerow([_harmless(cell) for cell in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    """An apostrophe before what a spreadsheet would take for a formula.

    >>> _harmless("=1+1"), _harmless("acme")
    ("'=1+1", 'acme')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
