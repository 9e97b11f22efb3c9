"""The page of one customer, and of one decision about it."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request
from starlette.responses import Response

from features.moments import microseconds
from serving.access import note_access_to
from serving.desk.acts import acts_shown
from serving.desk.addresses import (
    CUSTOMERS,
    DECISIONS,
    customer_of,
    customer_path,
    decision_path,
)
from serving.desk.appeals import appeals_of
from serving.desk.case_file import CaseFile, case_file
from serving.desk.clearances import (
    Clearance,
    clearances_of,
    paragraph,
    upheld_appeals,
)
from serving.desk.days import FIRST, LAST
from serving.desk.deeds import ends_by_people, longest_hold
from serving.desk.history import (
    Period,
    drawn,
    history,
    lane_of,
    n_newer,
    stored_rows,
    told,
    within,
)
from serving.desk.page import DeskText, desk_router, page, ranked_by, wording_of
from serving.desk.releases import FINDINGS, RELEASED
from serving.desk.teams import named_team
from serving.desk.visitor import (
    LookingVisitor,
    Visitor,
    decision_for,
    records_of,
)
from serving.errors import ProblemError
from serving.timeline import TimelineEntry
from store.act import Act
from store.acts import Acts
from store.database import Database
from store.decision_log import DecisionLog, LogFilter
from store.sql_decision_reader import SqlDecisionReader
from store.waiting import Snooze, WaitingCustomer, WaitingList

router = desk_router()
PERIODS = (30, 90, 365, 3650)  # days
_MOST_DECISIONS, _MOST_ACTS, _MOST_LISTED = 2_000, 500, 200


class _Kept(NamedTuple):
    """What the desk's own tables say of a customer."""

    waiting: WaitingCustomer | None
    snoozes: list[Snooze]
    acts: list[Act]
    upheld: dict[str, Clearance]
    is_taken: bool  # by acts of ours, though they were right, and it comes not back yet


@router.get(f"{CUSTOMERS}/{{code}}")
async def customer_page(
    request: Request,
    visitor: LookingVisitor,
    code: str,
    days: Annotated[int, Query(ge=1, le=10_000)] = 90,
    until: Annotated[date | None, Query(ge=FIRST, le=LAST)] = None,
    done: str = "",
) -> Response:
    """What waits, why, what is owed, and everything that happened in a period."""
    customer_id = customer_of(code)
    visitor.require_reach(customer_id)
    note_access_to(request, visitor.key, customer_id)
    words = wording_of(request)
    decisions = await records_of(request).ask(
        lambda database: SqlDecisionReader(database).listed(
            customer_id, None, _MOST_DECISIONS
        )
    )
    rows = stored_rows(request, customer_id)
    entries = history(request, customer_id, rows, decisions)
    if not entries:
        raise ProblemError("unknown_customer", "nothing is stored of this customer")
    kept = await records_of(request).ask(lambda db: _kept(db, customer_id))
    latest = max(decisions, key=lambda one: (one.as_of, one.decision_id), default=None)
    about = None if latest is None else latest.decision_id
    if kept.waiting is not None:
        about = kept.waiting.decision_id
    file = None if about is None else await _file_of(request, about)
    now = datetime.now(UTC)
    today = now.astimezone(words.zone).date()
    period = Period(days, min(until or today, today))
    return page(
        request,
        "customer.html",
        visitor,
        customer_id=customer_id,
        kept=kept,
        ranked_by=ranked_by(request),
        file=file,
        n_newer=0 if file is None else n_newer(rows, file.decision),
        acts=await acts_shown(request, about, customer_id),
        period=period,
        periods=PERIODS,
        today=today,
        timeline=drawn(words, entries, kept.acts, period),
        entries=within(entries, period, words.zone)[:_MOST_LISTED],
        told=partial(told, words),
        lane_of=lane_of,
        now=microseconds(now),
        now_at=now,
        done=done if words.has(f"desk.done.{done}") else "",
        appeals=await appeals_of(request, customer_id),
        can_act=True,
        cleared=_cleared(request, customer_id, kept, entries),
        findings=FINDINGS,
        released_here=RELEASED,
        **_of_deeds(request, visitor),
    )


@router.get(f"{DECISIONS}/{{decision_id}}")
async def decision_page(
    request: Request, visitor: LookingVisitor, decision_id: str, done: str = ""
) -> Response:
    """One decision: what was recommended, why, and what came of it."""
    decision = await decision_for(request, visitor, decision_id)
    return page(
        request,
        "decision.html",
        visitor,
        customer_id=decision.customer_id,
        file=await case_file(request, decision),
        acts=await acts_shown(request, decision_id),
        done=done if wording_of(request).has(f"desk.done.{done}") else "",
        can_act=False,
        released_here=RELEASED,
        **_of_deeds(request, visitor),
    )


def _of_deeds(request: Request, visitor: Visitor) -> dict[str, Any]:
    """What templates ask about deeds, and where they lead."""
    return {
        "named_team": partial(named_team, request, visitor),
        "longest_hold": partial(longest_hold, request),
        "ends_by_people": partial(ends_by_people, request),
        "customer_path": customer_path,
        "decision_path": decision_path,
    }


async def _file_of(request: Request, decision_id: str) -> CaseFile:
    """What a decision of this customer rests on."""
    decision = await records_of(request).ask(
        lambda database: SqlDecisionReader(database).find(decision_id)
    )
    return await case_file(request, decision)


def _cleared(
    request: Request, customer_id: str, kept: _Kept, entries: list[TimelineEntry]
) -> str | None:
    """Who cleared the customer, and what is new since; None: nobody did."""
    now, words = datetime.now(UTC), wording_of(request)
    said = clearances_of(request, [customer_id], kept.upheld, now).get(customer_id)
    if said is None:
        return None
    return paragraph(said, DeskText(words).moment(said.at), entries, words)


def _kept(database: Database, customer_id: str) -> _Kept:
    waiting = WaitingList(database)
    wanted = LogFilter(customer_id=customer_id)
    acts = DecisionLog(database).acts(wanted, None, _MOST_ACTS)
    return _Kept(
        waiting.of_customer(customer_id),
        waiting.snoozes(customer_id),
        [act for _, act in acts],
        upheld_appeals(database, [customer_id]),
        bool(Acts(database).unjust_runs(customer_id)),
    )
