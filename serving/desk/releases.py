"""What people end early: a hold, a decision of their own, a suspicion."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.responses import Response

from decisions.rules.standing import standing_rule
from features.moments import MomentError, microseconds, parse_moment
from features.reading.latest_versions import Version, latest_versions
from serving.desk.addresses import CUSTOMERS, customer_path
from serving.desk.deciding import counted
from serving.desk.deeds import named_customer, reason_in
from serving.desk.form import Form
from serving.desk.page import desk_router, redirect
from serving.desk.refusals import DeskRefusalError, invalid
from serving.desk.teams import require_in_team
from serving.desk.visitor import Visitor, form_of, visitor_who_may
from serving.errors import ProblemError, form_problem
from serving.event_routes import NewOutcome, keep_outcome
from serving.incoming import in_force_of
from serving.keeping import keep_rows
from serving.stored_customers import MOST_ROWS
from store.events import EventReader

router = desk_router()
FINDINGS = ("fraud_cleared", "fraud", "account_takeover")
RELEASED = ("exemption", "instalment_plan", "legal", "manual", "override")
Row = dict[str, Any]


@router.post(f"{CUSTOMERS}/{{code}}/release")
async def release(
    request: Request,
    code: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("release_hold"))],
) -> Response:
    """End a hold, or what a person decided instead, by whoever may."""
    form = await form_of(request, visitor)
    customer_id = named_customer(request, visitor, code)
    table, row = _standing(request, customer_id, form)
    _require_releaser(request, visitor, table, row)
    now = datetime.now(UTC).isoformat()
    author = {"by": visitor.key.name, "reason": reason_in(form)}
    # the same row, known from now on with its end: what stood until now is kept
    ended = {**row, **author, "until": now, "known_at": now}
    await keep_rows(request, visitor.key, {table: [ended]})
    what = await counted(request, visitor, customer_id, "release")
    return redirect(f"{customer_path(customer_id)}?done={what}")


@router.post(f"{CUSTOMERS}/{{code}}/finding")
async def finding(
    request: Request,
    code: str,
    visitor: Annotated[Visitor, Depends(visitor_who_may("find_out"))],
) -> Response:
    """Say what a suspicion turned out to be; a row of `outcomes`."""
    form = await form_of(request, visitor)
    customer_id = named_customer(request, visitor, code)
    if form.get("kind") not in FINDINGS:
        raise invalid("kind", "literal_error")
    stated = {"customer_id": customer_id, "kind": form.get("kind")}
    try:
        content = NewOutcome.model_validate({**stated, "strength": "analyst"})
    except ValidationError as error:
        raise form_problem(error) from error
    body = content.model_dump_json().encode()
    await keep_outcome(request, visitor.key, body, content)
    what = await counted(request, visitor, customer_id, "finding")
    return redirect(f"{customer_path(customer_id)}?done={what}")


def _standing(request: Request, customer_id: str, form: Form) -> tuple[str, Row]:
    """The row that a form names by kind, moment and subscription.

    Raises:
        ProblemError: it is none that a person ends here, or does not stand any more.
    """
    kind = form.get("kind", "")
    if kind not in RELEASED:
        raise invalid("kind", "literal_error")
    table = "overrides" if kind == "override" else "holds"
    wanted = kind, _since(request, form), form.get("subscription_id") or None
    now = microseconds(datetime.now(UTC))
    for row, values in _versions(request, customer_id, table, now):
        named = values.get("kind", kind), values["event_at"], values["subscription_id"]
        until = values["until"]
        is_over = values["retracted"] or (until is not None and until <= now)
        if named == wanted and not is_over:
            return table, {"customer_id": customer_id, **row}
    raise ProblemError("hold_is_over", "it ended, or was taken back, meanwhile")


def _since(request: Request, form: Form) -> int:
    """Since when what a form names stands. Raises ProblemError: it is no moment."""
    zone = in_force_of(request).advisor.settings.zone
    try:
        since = parse_moment(form.get("since"), zone)
    except MomentError:
        since = None
    if since is None:
        raise invalid("since", "moment")
    return since


def _versions(
    request: Request, customer_id: str, table: str, now: int
) -> list[Version]:
    """The rows of a table that decisions see, as of now."""
    events: EventReader = request.app.state.events
    kept = events.rows(customer_id, events.last_sequence(), MOST_ROWS)
    rows = [from_json(one.content) for one in kept if one.table == table]
    settings = in_force_of(request).advisor.settings
    return latest_versions(table, customer_id, rows, settings, now)


def _require_releaser(request: Request, visitor: Visitor, table: str, row: Row) -> None:
    """Raises ProblemError where somebody else releases it.

    A decision by its author, or by an administrator where the author is gone; a hold by
    the team that the policy in force names.
    """
    if table == "overrides":
        author = str(row.get("by", ""))
        is_own = author.strip().casefold() == visitor.key.name.strip().casefold()
        if not is_own and visitor.role != "admin":
            raise DeskRefusalError("not_in_team", "author_decided", author=author)
        return
    policy = in_force_of(request).advisor.policy
    terms = policy.in_force(datetime.now(UTC)) or policy.latest
    rule = standing_rule(terms.document, str(row.get("kind")))
    require_in_team(request, visitor, [rule.released_by])
