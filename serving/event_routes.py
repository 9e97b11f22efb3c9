"""The addresses that take rows: events of billing systems, and what people decided."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json
from starlette.responses import Response

from advice.advisor import Advisor
from decisions.actions import Action
from features.moments import (
    DAY_ZERO,
    days_of,
    microseconds,
    parse_moment,
    to_datetime,
)
from features.reading.cells import CellError, read_text
from features.settings import PortfolioSettings
from serving.access import EventsKey, ReviewKey, require_reach
from serving.any_id import OF_CUSTOMER
from serving.errors import ProblemError
from serving.events_request import (
    CheckedBatch,
    EventsAnswer,
    EventsRequest,
    check_batch,
    parse_events,
)
from serving.incoming import JSON, in_force_of, read_model, read_packed_body
from serving.keeping import answer_of, keep
from serving.openapi import EVENTS_BODY, IDEMPOTENCY_KEY, json_body, problems
from serving.request import CustomerId
from serving.settings import ServingSettings
from serving.stored_customers import MOST_ROWS, unknown_customer
from store.decisions import DecisionReader
from store.events import DismissedRow, EventReader, Receipt
from store.keys import ApiKey

router = APIRouter()
_REFUSALS = problems(401, 403, 404, 409, 413, 415, 422, 500, 503)


@router.post(
    "/v1/events",
    response_model=EventsAnswer,
    responses=problems(401, 403, 409, 413, 415, 422, 500, 503),
    openapi_extra=EVENTS_BODY,
    tags=["events"],
)
async def take_events(request: Request, key: EventsKey) -> Response:
    """Keep rows of any table, of any customers; durable before it is answered.

    Good rows of a batch are kept whatever the others are like. A row sent again is
    kept once; a later version of it is a correction.
    """
    settings: ServingSettings = request.app.state.settings
    body = await read_packed_body(
        request, settings.max_body_bytes, settings.max_unpacked_bytes
    )

    def check(portfolio: PortfolioSettings) -> CheckedBatch:
        return check_batch(parse_events(body, settings.clock_skew_s), portfolio)

    return _answered(request, await keep(request, key, body, check))


class _Said(BaseModel):
    """What a person says of a customer; who, is known by the key."""

    model_config = ConfigDict(extra="forbid")

    customer_id: CustomerId
    event_at: str | None = Field(
        default=None,
        description="when it was decided or seen: ISO 8601 with offset, or a day, whose"
        " end counts; today, or absent: now",
    )


class NewOverride(_Said):
    """What a person decided instead of the recommendation."""

    action: Action
    reason: str = Field(min_length=1, max_length=2_000, pattern=r"\S")
    until: str = Field(
        description="how long it stands: ISO 8601, or the last day, whose end counts"
        " in the policy's timezone (a plain date in a row of `overrides` or `holds` is"
        " of the portfolio's timezone)"
    )
    decision_id: str | None = Field(
        default=None, description="the decision it is about, which must be recorded"
    )
    subscription_id: str | None = None


class NewHold(_Said):
    """A reason not to act that a person knows of."""

    kind: Literal["exemption", "instalment_plan", "legal", "manual"]
    reason: str = Field(min_length=1, max_length=2_000, pattern=r"\S")
    until: str | None = Field(default=None, description="as of an override")


class NewOutcome(_Said):
    """What turned out about a customer."""

    kind: Literal[
        "fraud", "fraud_cleared", "account_takeover", "nonpayment", "written_off"
    ]
    strength: Literal["confirmed", "analyst", "chargeback", "warning", "weak"] = (
        "confirmed"
    )


@router.post(
    "/v1/overrides",
    response_model=EventsAnswer,
    responses=_REFUSALS,
    openapi_extra=json_body(NewOverride.model_json_schema(), IDEMPOTENCY_KEY),
    tags=["events"],
)
async def override(request: Request, key: ReviewKey) -> Response:
    """Keep what a person decided instead; a row of `overrides`, `by` the key's name.

    It counts from the next question about stored events on, until it ends.
    """
    body, content = await read_model(request, NewOverride)
    return _answered(request, await keep_override(request, key, body, content))


async def keep_override(
    request: Request, key: ApiKey, body: bytes, content: NewOverride
) -> Receipt:
    """Make a person's decision durable; `body` names it, as of `keep`.

    Raises:
        ProblemError: it is about something that is not there, or over already.
    """
    if content.decision_id is not None:
        decisions: DecisionReader = request.app.state.decisions
        about = decisions.find(content.decision_id).customer_id
        if about != content.customer_id:
            detail = "the decision is about another customer"
            where = {"pointer": "/decision_id", "rule": "other_customer"}
            raise ProblemError("invalid_request", detail, errors=[where])
    if content.subscription_id is not None:
        _require_known(request, key, content.customer_id)
        _require_subscription(request, content.customer_id, content.subscription_id)
    return await keep_until(request, key, body, "overrides", content)


async def keep_until(
    request: Request,
    key: ApiKey,
    body: bytes,
    table: str,
    content: NewOverride | NewHold,
) -> Receipt:
    """One row with its author that stands until a moment, the end of a day, or on.

    Raises:
        ProblemError: it is about nobody who is known, or over already.
    """
    author, notes = {"by": key.name}, list[str]()
    zone, until = zone_of_days(in_force_of(request).advisor), content.until
    day = None if until is None else _plain_date(until)
    end = None if day is None else parse_moment(until, zone)
    if end is not None:
        author["until"] = to_datetime(end).isoformat()
        notes = [f"last_day: it stands until the end of {day} in {zone.key}"]
    return await _kept(request, key, body, table, content, author, notes)


def _plain_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-12-31") else None
    except ValueError:
        return None  # the row's own rule says so


def zone_of_days(advisor: Advisor) -> ZoneInfo:
    """Where a day that people type ends: as the policy in force says."""
    terms = advisor.policy.in_force(datetime.now(UTC)) or advisor.policy.latest
    return terms.zone


@router.post(
    "/v1/outcomes",
    response_model=EventsAnswer,
    responses=_REFUSALS,
    openapi_extra=json_body(NewOutcome.model_json_schema(), IDEMPOTENCY_KEY),
    tags=["events"],
)
async def outcome(request: Request, key: ReviewKey) -> Response:
    """Keep what turned out; a row of `outcomes`, its `source` the key's name."""
    body, content = await read_model(request, NewOutcome)
    return _answered(request, await keep_outcome(request, key, body, content))


async def keep_outcome(
    request: Request, key: ApiKey, body: bytes, content: NewOutcome
) -> Receipt:
    """Make what turned out durable; `body` names it, as of `keep`.

    Raises:
        ProblemError: it is about nobody who is known, or has not happened yet.
    """
    author = {"source": key.name}
    return await _kept(request, key, body, "outcomes", content, author)


class Dismissal(BaseModel):
    """Rejected rows that a person has looked at."""

    model_config = ConfigDict(extra="forbid")

    reject_ids: list[str] = Field(
        min_length=1, max_length=1_000, description="as `errors` named the rows"
    )


@router.post(
    f"{OF_CUSTOMER}/dismissals",
    response_model=EventsAnswer,
    responses=_REFUSALS,
    openapi_extra=json_body(Dismissal.model_json_schema(), IDEMPOTENCY_KEY),
    tags=["events"],
)
async def dismiss(request: Request, customer_id: str, key: ReviewKey) -> Response:
    """Rejected rows of a customer count no more, so that it is not incomplete for them.

    For what a person has looked at and that no good row will mend.
    """
    body, content = await read_model(request, Dismissal)
    events: EventReader = request.app.state.events
    rows = events.rows(customer_id, events.last_sequence(), MOST_ROWS)
    digests = {row.digest.hex(): row.digest for row in rows}
    unknown = [
        {"pointer": f"/reject_ids/{n}", "rule": "unknown_row"}
        for n, reject_id in enumerate(content.reject_ids)
        if reject_id not in digests
    ]
    if unknown:
        detail = "no such row of this customer is kept; send ids as they were answered"
        raise ProblemError("invalid_request", detail, errors=unknown)
    dismissed = [DismissedRow(customer_id, digests[one]) for one in content.reject_ids]

    def check(_: PortfolioSettings) -> CheckedBatch:
        return CheckedBatch(dismissed=dismissed)

    return _answered(request, await keep(request, key, body, check))


async def _kept(
    request: Request,
    key: ApiKey,
    body: bytes,
    table: str,
    content: _Said,
    author: Mapping[str, str],
    notes: Sequence[str] = (),
) -> Receipt:
    """One row of a customer who is known, which stands or is refused."""
    _require_known(request, key, content.customer_id)
    row = {**content.model_dump(exclude_none=True), **author}
    now, advisor = datetime.now(UTC), in_force_of(request).advisor
    if content.event_at is None or _is_under_way(content.event_at, now, advisor):
        row["event_at"] = now.isoformat()

    def check(portfolio: PortfolioSettings) -> CheckedBatch:
        checked = check_batch(EventsRequest(events={table: [row]}), portfolio)
        if checked.errors:
            errors = [
                error.model_dump(exclude={"pointer", "reject_id"})
                | {"pointer": f"/{error.column}"}
                for error in checked.errors
            ]
            detail = "see `errors`; nothing was kept"
            raise ProblemError("invalid_rows", detail, errors=errors)
        _refuse_times(request, row, portfolio.zone)
        checked.warnings += notes
        return checked

    return await keep(request, key, body, check)


def _is_under_way(event_at: str, now: datetime, advisor: Advisor) -> bool:
    """Whether it is a day that has begun and not ended, so that its end is ahead."""
    day, moment = _plain_date(event_at), microseconds(now)
    if day is None:
        return False
    begin = days_of(zone_of_days(advisor)).start(day.toordinal() - DAY_ZERO)
    end = parse_moment(event_at, advisor.settings.zone)
    return begin <= moment and end is not None and end > moment


def _require_known(request: Request, key: ApiKey, customer_id: str) -> None:
    """A mistyped id must not make a customer of whom only that is known.

    Raises:
        ProblemError: the key is not for this customer, or nothing is stored of it.
    """
    require_reach(key, customer_id)
    events: EventReader = request.app.state.events
    if not events.rows(customer_id, events.last_sequence(), 1):
        raise unknown_customer()


def _require_subscription(
    request: Request, customer_id: str, subscription_id: str
) -> None:
    """A mistyped id must not make an order that binds nothing.

    Raises:
        ProblemError: no row of the customer names the subscription.
    """
    events: EventReader = request.app.state.events
    rows = events.rows(customer_id, events.last_sequence(), MOST_ROWS)
    told = [row.content for row in rows if row.table != "overrides"]
    if subscription_id not in {_subscription_of(content) for content in told}:
        detail = "no row that is kept of this customer names the subscription"
        where = {"pointer": "/subscription_id", "rule": "unknown_subscription"}
        raise ProblemError("invalid_request", detail, errors=[where])


def _subscription_of(content: str) -> str | None:
    """The subscription that a row names, as its cell is read; None if it cannot be."""
    try:
        return read_text(from_json(content).get("subscription_id"))
    except CellError:  # such as a list: the row was rejected for it
        return None


def _refuse_times(request: Request, row: Mapping[str, str], zone: ZoneInfo) -> None:
    """What is said now happened by now, and what stands does so for a while.

    Raises:
        ProblemError: `event_at` is ahead, or `until` is over.
    """
    settings: ServingSettings = request.app.state.settings
    now = microseconds(datetime.now(UTC))
    event_at = parse_moment(row["event_at"], zone) or now
    until = parse_moment(row["until"], zone) if "until" in row else None
    if event_at > now + settings.clock_skew_s * 1_000_000:
        name, rule, message = "event_at", "in_the_future", "it has not happened yet"
    elif until is not None and until <= now:
        name, rule, message = "until", "in_the_past", "it would be over already"
    else:
        return
    error = {"pointer": f"/{name}", "rule": rule, "message": message}
    raise ProblemError("invalid_request", "see `errors`", errors=[error])


def _answered(request: Request, receipt: Receipt) -> Response:
    headers = None if receipt.is_new else {"Idempotent-Replay": "true"}
    settings = in_force_of(request).advisor.settings
    body = answer_of(receipt, request.app.state.events, settings).model_dump_json()
    return Response(body, headers=headers, media_type=JSON)
