"""A change of the policy tried on the last quarter, from the page of the change."""

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from advice.advisor import Advisor
from serving.access import note_access
from serving.desk.backtests import Backtests, State
from serving.desk.days import day_of
from serving.desk.form import Form
from serving.desk.page import HEADERS, desk_router, redirect
from serving.desk.policy_change import POLICY, ChangingVisitor, change_of
from serving.desk.refusals import DeskRefusalError
from serving.desk.visitor import (
    LookingVisitor,
    Visitor,
    form_of,
)
from serving.errors import ProblemError
from serving.incoming import in_force_of
from serving.settings import ServingSettings

router = desk_router()
QUARTER_DAYS = 90
LONGEST_DAYS = 366
# the report is a whole page with its own style; it may run and load nothing
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox;"
    " frame-ancestors 'none'"
)


class ShownBacktest(NamedTuple):
    """What the page of a change shows of its backtest."""

    state: State
    said: str
    first: date
    last: date


def backtests_of(request: Request) -> Backtests | None:
    """Where changes are tried; None where no portfolio is set."""
    settings: ServingSettings = request.app.state.settings
    if settings.desk_portfolio is None:
        return None
    return Backtests(settings.home, settings.desk_portfolio)


def backtest_shown(request: Request, change_id: str) -> ShownBacktest | None:
    """Of a change; None where no portfolio is set."""
    backtests = backtests_of(request)
    if backtests is None:
        return None
    state = backtests.state(change_id)
    said = backtests.said(change_id) if state == "failed" else ""
    last = _last_day(in_force_of(request).advisor)
    return ShownBacktest(state, said, last - timedelta(days=QUARTER_DAYS - 1), last)


@router.post(f"{POLICY}/{{change_id}}/backtest")
async def begin(
    request: Request,
    change_id: str,
    visitor: Visitor = ChangingVisitor,
) -> Response:
    """Begin it in a process of its own."""
    form = await form_of(request, visitor)
    change, in_force = await change_of(request, change_id), in_force_of(request)
    backtests = backtests_of(request)
    if backtests is None:
        raise DeskRefusalError("invalid_request", "no_portfolio")
    first, last = _days(form)
    note_access(request, visitor.key, change_id)
    asked = partial(backtests.begin, change_id, change.text, in_force.policy_text)
    if not await asyncio.to_thread(asked, first, last):
        raise DeskRefusalError("invalid_request", "other_backtest")
    return redirect(f"{POLICY}/{change_id}")


@router.get(f"{POLICY}/{{change_id}}/backtest")
async def report(request: Request, change_id: str, visitor: LookingVisitor) -> Response:
    """The report of a backtest that ended well."""
    visitor.require_everybody()
    await change_of(request, change_id)
    backtests = backtests_of(request)
    page = None if backtests is None else backtests.report(change_id)
    if page is None:
        raise ProblemError("not_found", "this change was not tried on the past")
    text = await asyncio.to_thread(page.read_text, "utf-8")
    headers = {**HEADERS, "Content-Security-Policy": _REPORT_POLICY}
    return HTMLResponse(text, headers=headers)


def _last_day(advisor: Advisor) -> date:
    """How far the models' portfolio reached; of a starter today."""
    trained = [b.trained_on for b in advisor.bundles.values() if not b.is_starter]
    return max(trained, default=date.today())  # noqa: DTZ011 - a day to begin with


def _days(form: Form) -> tuple[date, date]:
    """Raises ProblemError where they are none, or too many."""
    try:
        first, last = (day_of(form.get(name, "")) for name in ("from", "to"))
    except ValueError as error:
        raise DeskRefusalError("invalid_request", "days_form") from error
    if not 0 <= (last - first).days < LONGEST_DAYS:
        raise DeskRefusalError("invalid_request", "days_range", most=LONGEST_DAYS)
    return first, last
