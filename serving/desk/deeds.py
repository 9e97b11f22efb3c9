"""What people do at the desk: forms whose author is written down before it is done."""

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from decisions.actions import SEVERITY, Action
from decisions.policy.holds import StandingHold
from decisions.rules.standing import standing_rule
from execution.plan import requested_act
from features.moments import microseconds
from serving.access import note_access, note_access_to
from serving.desk.addresses import (
    CUSTOMERS,
    DECISIONS,
    customer_of,
    customer_path,
    decision_path,
)
from serving.desk.days import day_of
from serving.desk.deciding import counted, decide_again
from serving.desk.form import Form
from serving.desk.page import HOME, desk_router, redirect, wording_of
from serving.desk.refusals import invalid
from serving.desk.teams import require_in_team
from serving.desk.visitor import (
    Visitor,
    decision_for,
    form_of,
    records_of,
    visitor_who_may,
)
from serving.errors import ProblemError, form_problem
from serving.event_routes import NewHold, NewOverride, keep_override, keep_until
from serving.incoming import in_force_of
from store.act import Act
from store.acts import Acts
from store.database import Database
from store.decisions import Decision
from store.sql_decision_reader import SqlDecisionReader
from store.waiting import Snooze, WaitingList

router = desk_router()
LONGEST_REASON = 2_000  # characters
_LONGEST_SNOOZE = timedelta(days=90)


@router.post(f"{CUSTOMERS}/{{code}}/score")
async def ask_again(
    request: Request,
    code: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("score"))],
) -> Response:
    """Decide about a customer as things stand now."""
    await form_of(request, visitor)
    customer_id = named_customer(request, visitor, code)
    await decide_again(request, visitor, customer_id)
    return _done(customer_id, "score")


@router.post(f"{CUSTOMERS}/{{code}}/snooze")
async def snooze(
    request: Request,
    code: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("snooze"))],
) -> Response:
    """Put a customer off until the end of a day."""
    form = await form_of(request, visitor)
    customer_id = named_customer(request, visitor, code)
    now = datetime.now(UTC)
    until = _end_of_day(_day_in(form), wording_of(request).zone)
    if not now < until <= now + _LONGEST_SNOOZE:
        raise invalid("until", "day_ahead", most=_LONGEST_SNOOZE.days)
    if not await records_of(request).ask(
        lambda database: SqlDecisionReader(database).listed(customer_id, None, 1)
    ):
        raise ProblemError("unknown_customer", "nothing was decided about this one")
    put_off = Snooze(
        customer_id,
        microseconds(now),
        microseconds(until),
        visitor.key.name,
        reason_in(form),
    )
    await records_of(request).ask(lambda db: WaitingList(db).snooze(put_off))
    return _done(customer_id, "snooze")


@router.post(f"{CUSTOMERS}/{{code}}/override")
async def override(
    request: Request,
    code: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("override"))],
) -> Response:
    """Choose a milder action than the one a decision recommends, until a day ends."""
    form = await form_of(request, visitor)
    customer_id = named_customer(request, visitor, code)
    decision = await decision_for(request, visitor, form.get("decision_id", ""))
    if decision.customer_id != customer_id:
        raise invalid("decision_id", "other_customer")
    names = "action", "decision_id"
    content = _content(NewOverride, form, customer_id, _day_in(form), *names)
    await _require_milder(request, decision, content.action)
    body = content.model_dump_json().encode()
    await keep_override(request, visitor.key, body, content)
    return _done(customer_id, await counted(request, visitor, customer_id, "override"))


async def _require_milder(request: Request, decision: Decision, action: Action) -> None:
    """Milder than what the form was about, and than what is recommended by now.

    Raises:
        ProblemError: it is not, or nothing milder is left.
    """
    who = decision.customer_id
    latest = await records_of(request).ask(
        lambda database: SqlDecisionReader(database).latest_of([who]).get(who)
    )
    actions = decision.action, None if latest is None else latest.action
    severity = min(SEVERITY[one or "none"] for one in actions)
    if severity == SEVERITY["none"]:
        raise invalid("action", "nothing_milder")
    if SEVERITY[action] >= severity:
        raise invalid("action", "milder_only")


@router.post(f"{CUSTOMERS}/{{code}}/hold")
async def hold(
    request: Request,
    code: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("hold"))],
) -> Response:
    """Keep a reason not to act, until a day ends."""
    form = await form_of(request, visitor)
    customer_id = named_customer(request, visitor, code)
    is_endless = not form.get("until") and ends_by_people(request, form.get("kind", ""))
    last = None if is_endless else _day_in(form)
    content = _content(NewHold, form, customer_id, last, "kind")
    most = longest_hold(request, content.kind)
    today = datetime.now(wording_of(request).zone).date()
    if most is not None and last is not None and last > today + timedelta(days=most):
        raise invalid("until", "day_ahead", most=most)
    body = content.model_dump_json().encode()
    await keep_until(request, visitor.key, body, "holds", content)
    return _done(customer_id, await counted(request, visitor, customer_id, "hold"))


@router.post(f"{DECISIONS}/{{decision_id}}/request")
async def ask_provider(
    request: Request,
    decision_id: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("ask_provider"))],
) -> Response:
    """Plan a request to the provider, by this person's order."""
    await form_of(request, visitor)
    decision = await decision_for(request, visitor, decision_id)
    provider = request.app.state.settings.desk_provider
    now = microseconds(datetime.now(UTC))
    act = requested_act(decision, provider, visitor.key.name, now)

    def plan(database: Database) -> str | None:
        """The state of the request where it was planned before."""
        acts = Acts(database)
        return None if acts.plan([act]) else acts.find(act.act_id).state

    state = await records_of(request).ask(plan)
    if state is not None:
        detail = f"the request of this decision was planned before, and is {state}"
        raise ProblemError("act_was_planned", detail)
    return redirect(f"{decision_path(decision_id)}?done=request")


@router.post(f"{HOME}/acts/{{act_id}}/approve")
async def approve(
    request: Request,
    act_id: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("approve"))],
) -> Response:
    """Agree to an act; the same person counts once."""
    await form_of(request, visitor)
    now = microseconds(datetime.now(UTC))

    def find(database: Database) -> Act:
        act = Acts(database).find(act_id)
        if not visitor.key.may_name(act.customer_id):
            raise ProblemError("unknown_act", "there is no such act")
        return act

    note_access(request, visitor.key, act_id)
    act = await records_of(request).ask(find)
    decision = await decision_for(request, visitor, act.decision_id)
    teams = json.loads(decision.answer)["people"]["approver_roles"]
    require_in_team(request, visitor, teams)

    def agree(database: Database) -> bool:
        """Whether it is the first time."""
        acts = Acts(database)
        before = acts.approved_by(act_id)
        acts.approve(act_id, visitor.key.name, now)
        return acts.approved_by(act_id) != before

    is_first = await records_of(request).ask(agree)
    done = "approve" if is_first else "approved_before"
    return redirect(f"{decision_path(act.decision_id)}?done={done}")


def longest_hold(request: Request, kind: str) -> int | None:
    """After how many days the policy in force ends a hold; None: it ends none."""
    return _rule_of(request, kind).max_days


def ends_by_people(request: Request, kind: str) -> bool:
    """Whether the policy lets a hold stand without an end until a person ends it."""
    rule = _rule_of(request, kind)
    return not rule.needs_expiry and rule.max_days is None


def _rule_of(request: Request, kind: str) -> StandingHold:
    policy = in_force_of(request).advisor.policy
    terms = policy.in_force(datetime.now(UTC)) or policy.latest
    return standing_rule(terms.document, kind)


def named_customer(request: Request, visitor: Visitor, code: str) -> str:
    """The customer of an address; that something is done about it is written down."""
    customer_id = customer_of(code)
    visitor.require_reach(customer_id)
    note_access_to(request, visitor.key, customer_id)
    return customer_id


Stated = TypeVar("Stated", NewOverride, NewHold)


def _content(
    model: type[Stated], form: Form, customer_id: str, last: date | None, *names: str
) -> Stated:
    """What a form states until a last day, in the form of the API.

    Raises:
        ProblemError: it cannot be used.
    """
    fields = {name: form.get(name, "") for name in (*names, "reason")}
    if last is not None:
        fields["until"] = last.isoformat()
    try:
        return model.model_validate({"customer_id": customer_id, **fields})
    except ValidationError as error:
        raise form_problem(error) from error


def reason_in(form: Form) -> str:
    """Why somebody does it. Raises ProblemError where it is not said."""
    reason = form.get("reason", "")
    if not reason:  # in the words in which the API's own forms say it
        raise invalid("reason", "string_too_short")
    if len(reason) > LONGEST_REASON:
        raise invalid("reason", "length", most=LONGEST_REASON)
    return reason


def _end_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)


def _day_in(form: Form) -> date:
    """The last day that a form names. Raises ProblemError: it names none."""
    try:
        return day_of(form.get("until", ""))
    except ValueError as error:
        raise invalid("until", "day_form") from error


def _done(customer_id: str, what: str) -> Response:
    return redirect(f"{customer_path(customer_id)}?done={what}")
