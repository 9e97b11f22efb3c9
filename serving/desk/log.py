"""The log: every decision and every act, by customer, day and action."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response

from decisions.actions import ACTIONS
from features.moments import microseconds
from serving.access import note_access_to
from serving.decide import is_decision_id
from serving.desk.addresses import customer_path, decision_path
from serving.desk.days import day_of
from serving.desk.page import HOME, desk_router, page, wording_of
from serving.desk.refusals import DeskRefusalError, invalid
from serving.desk.visitor import LookingVisitor, Visitor, form_of, records_of
from serving.errors import ProblemError
from store.act import ACT_KINDS, Act
from store.database import Database
from store.decision_log import DecisionLog, LogFilter
from store.decisions import ListedDecision

router = desk_router()
ON_A_PAGE = 100
LOG = f"{HOME}/log"
_LONGEST = 200  # characters of what is typed


class LogQuestion(NamedTuple):
    """What is looked for, as it was typed; empty: of all.

    Args:
        before: continue behind this one.
    """

    customer: str
    day: str
    action: str
    before: str

    def address(self, **more: object) -> str:
        """The query of a page with this filter; never with a customer."""
        named = {"day": self.day, "action": self.action, **more}
        return f"?{urlencode({k: v for k, v in named.items() if v})}"

    def wanted(self, visitor: Visitor, zone: ZoneInfo) -> LogFilter:
        """The filter that the store takes, for customers of this visitor.

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


async def log_question(
    request: Request, visitor: Visitor, actions: Sequence[str]
) -> LogQuestion:
    """What a page asks for: by its address, or with a customer by a form.

    An id in an address would stand in histories and in logs of proxies.

    Raises:
        ProblemError: the form is of an older page, something is too long, or the
            action is none.
    """
    fields: Mapping[str, str] = request.query_params
    if request.method == "POST":
        fields = await form_of(request, visitor)
    texts = {name: fields.get(name, "").strip() for name in LogQuestion._fields}
    if any(len(text) > _LONGEST for text in texts.values()):
        raise DeskRefusalError("invalid_request", "too_long", most=_LONGEST)
    if request.method != "POST":
        texts["customer"] = ""
    if texts["action"] not in ("", *actions):
        raise invalid("action", "literal_error")
    return LogQuestion(**texts)


@router.get(LOG)
@router.post(LOG)
async def decision_log(request: Request, visitor: LookingVisitor) -> Response:
    """Decisions, the latest first."""
    sought = await log_question(request, visitor, ACTIONS)
    if sought.before and not is_decision_id(sought.before):
        raise _no_place()
    wanted = sought.wanted(visitor, wording_of(request).zone)
    note_access_to(request, visitor.key, sought.customer)

    def look(database: Database) -> list[ListedDecision]:
        return DecisionLog(database).decisions(wanted, sought.before, ON_A_PAGE + 1)

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
@router.post(f"{LOG}/acts")
async def act_log(request: Request, visitor: LookingVisitor) -> Response:
    """Acts at the provider, those planned last first."""
    sought = await log_question(request, visitor, ACT_KINDS)
    wanted = sought.wanted(visitor, wording_of(request).zone)
    before = _position(sought.before)
    note_access_to(request, visitor.key, sought.customer)

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


def _position(text: str) -> int | None:
    """Where a page of acts begins; None: at the latest."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) >= 2**62:
        raise _no_place()
    return int(text)


def _no_place() -> ProblemError:
    return DeskRefusalError("invalid_request", "no_place")


def _bounds(day: str, zone: ZoneInfo) -> tuple[int, int]:
    """Begin and end of a local day, microseconds since 1970 UTC."""
    try:
        begin = day_of(day)
        end = begin + timedelta(days=1)
    except ValueError as error:
        raise invalid("day", "day_form") from error
    since, until = (
        microseconds(datetime.combine(d, time(0), zone)) for d in (begin, end)
    )
    return since, until
