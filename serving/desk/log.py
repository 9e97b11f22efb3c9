"""The log: every decision and every act, by customer, day and action."""

from datetime import datetime, time, timedelta
from typing import Annotated, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from starlette.responses import Response

from decisions.actions import ACTIONS
from features.moments import microseconds
from serving.access import note_reading_of
from serving.desk.addresses import customer_path, decision_path
from serving.desk.days import day_of
from serving.desk.page import HOME, desk_router, page, wording_of
from serving.desk.visitor import LookingVisitor, Visitor, records_of
from serving.errors import ProblemError
from store.acts import ACT_KINDS, Act
from store.database import Database
from store.decision_log import DecisionLog, LogFilter
from store.decisions import ListedDecision

router = desk_router()
ON_A_PAGE = 100
LOG = f"{HOME}/log"
Text = Annotated[str, Query(max_length=200)]


class LogQuestion(NamedTuple):
    """What is looked for, as it was typed; empty: of all."""

    customer: str
    day: str
    action: str

    def address(self, **more: object) -> str:
        """The query of a page with this filter."""
        named = {**self._asdict(), **more}
        return f"?{urlencode({k: v for k, v in named.items() if v})}"

    def wanted(self, visitor: Visitor, zone: ZoneInfo) -> LogFilter:
        """The same for the store, for customers of this visitor.

        Raises:
            ProblemError: the day is none, or the customer is another's.
        """
        if self.customer:
            visitor.require_reach(self.customer)
        since = until = None
        if self.day:
            since, until = _bounds(self.day, zone)
        return LogFilter(
            self.customer, visitor.key.customers, since, until, self.action
        )


@router.get(LOG)
async def decision_log(
    request: Request,
    visitor: LookingVisitor,
    customer: Text = "",
    day: Text = "",
    action: Text = "",
    before: Text = "",
) -> Response:
    """Decisions, the latest first."""
    sought = LogQuestion(customer.strip(), day, action if action in ACTIONS else "")
    wanted = sought.wanted(visitor, wording_of(request).zone)
    note_reading_of(request, visitor.key, sought.customer)

    def look(database: Database) -> list[ListedDecision]:
        return DecisionLog(database).decisions(wanted, before, ON_A_PAGE + 1)

    found = await records_of(request).ask(look)
    shown = found[:ON_A_PAGE]
    return page(
        request,
        "log.html",
        visitor,
        sought=sought,
        actions=ACTIONS,
        decisions=shown,
        older=shown[-1].decision_id if len(found) > ON_A_PAGE else None,
        customer_path=customer_path,
        decision_path=decision_path,
    )


@router.get(f"{LOG}/acts")
async def act_log(
    request: Request,
    visitor: LookingVisitor,
    customer: Text = "",
    day: Text = "",
    action: Text = "",
    before: Annotated[int | None, Query(ge=0, lt=2**62)] = None,
) -> Response:
    """Acts at the provider, those planned last first."""
    sought = LogQuestion(customer.strip(), day, action if action in ACT_KINDS else "")
    wanted = sought.wanted(visitor, wording_of(request).zone)
    note_reading_of(request, visitor.key, sought.customer)

    def look(database: Database) -> list[tuple[int, Act]]:
        return DecisionLog(database).acts(wanted, before, ON_A_PAGE + 1)

    found = await records_of(request).ask(look)
    shown = found[:ON_A_PAGE]
    return page(
        request,
        "act_log.html",
        visitor,
        sought=sought,
        kinds=ACT_KINDS,
        acts=[act for _, act in shown],
        older=shown[-1][0] if len(found) > ON_A_PAGE else None,
        customer_path=customer_path,
        decision_path=decision_path,
    )


def _bounds(day: str, zone: ZoneInfo) -> tuple[int, int]:
    """Begin and end of a local day, microseconds since 1970 UTC."""
    try:
        begin = day_of(day)
        end = begin + timedelta(days=1)
    except ValueError as error:
        detail = "a day is written as 2026-06-30"
        raise ProblemError("invalid_request", detail) from error
    since, until = (
        microseconds(datetime.combine(d, time(0), zone)) for d in (begin, end)
    )
    return since, until
