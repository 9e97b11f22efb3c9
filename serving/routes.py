"""The addresses of the service.

Handlers are `async`, and most scores are computed on the event loop: a hop to a thread
and back costs more than it gives where one interpreter computes for all.
"""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from advice.assembly import is_stopped
from decisions.case import Clock
from execution.restoring import late_restorations
from features.moments import microseconds
from scoring.built import KernelName, built_kernels
from serving.access import AuditKey, ReadingKey, ScoringKey, key_of, require_reach
from serving.access_subjects import subjects_about
from serving.answer import ScoreAnswer
from serving.answering import Submission
from serving.champions import InForce, PolicyFrom, Refusal
from serving.customer_routes import Before, Limit, not_a_cursor
from serving.errors import (
    OURS,
    ProblemError,
    present_domain_error,
    problem_response,
)
from serving.incoming import JSON, idempotency_key_of, in_force_of, read_body
from serving.metrics import MEDIA_TYPE, Metrics
from serving.openapi import OPEN, SCORE_BODY, problems
from serving.records import find_for
from serving.score_one import score_one
from serving.settings import ServingSettings
from serving.shedding import SCORE
from store.access_log import AccessLog
from store.acts import Acts
from store.database import Database
from store.decisions import Decision
from store.errors import StoreUnavailableError
from store.events import EVERYBODY, EventReader
from store.monitoring import Monitoring, clocks_standing
from store.sql_decision_reader import SqlDecisionReader

BaseFrom = Literal["setting", "training"]


class AccessRecord(BaseModel):
    """One thing that was done; a customer is named by a hash of the id."""

    at: datetime
    key_id: str | None = Field(description="null: a command on the machine itself")
    what: str
    subject: str


class AccessAnswer(BaseModel):
    """The latest first."""

    entries: list[AccessRecord]
    next: str | None = Field(description="of the entries before these, null at the end")


class PolicyInForce(BaseModel):
    """Which policy decides here."""

    reference: str = Field(description="name@version")
    hash: str = Field(description="of its content, as decisions record it")
    file_hash: str = Field(
        description="of the file, as `forbear policy history` shows it; another where"
        " its money is counted in the currency of the portfolio"
    )
    origin: PolicyFrom = Field(
        description="published: in the store, the same for every service on it; file:"
        " of FORBEAR_POLICY; shipped"
    )


class Readiness(BaseModel):
    """Ready to score; and whether somebody should look."""

    status: Literal["ready"]
    is_stopped: bool = Field(description="the kill switch is on")
    alarm: Clock | None = Field(
        description="the clock of monitoring that stopped automation, until a person"
        " releases it"
    )
    not_taken_up: str | None = Field(
        description="code of what is wrong with the newest champion or policy;"
        " the ones before it stay in force"
    )
    policy: PolicyInForce
    n_customers: int | None = Field(
        description="the base of budgets stated as a share; null: they do not count"
    )
    n_customers_from: BaseFrom | None
    models: dict[str, Literal["champion", "starter"]] = Field(
        description="what gives the probability of each target"
    )
    kernels: tuple[KernelName, ...] = Field(
        description="what was compiled at installation; without them the same answers"
        " take longer"
    )


router = APIRouter()


@router.post(
    SCORE,
    response_model=ScoreAnswer,
    responses=problems(401, 403, 404, 409, 413, 415, 422, 500, 503),
    openapi_extra=SCORE_BODY,
    tags=["decisions"],
)
async def score(request: Request, key: ScoringKey) -> Response:
    """Score one customer and recommend an action; recorded before it is answered.

    With `events` the request says all there is to know about the customer; without, the
    answer rests on what POST /v1/events was sent. Nothing is executed. Send the same
    `Idempotency-Key` again to get the same answer.
    """
    state = request.app.state
    settings: ServingSettings = state.settings
    body = await read_body(request, settings.max_body_bytes)
    recorded = await score_one(
        state,
        Submission(body, key, idempotency_key_of(request)),
        in_force_of(request),
        request.headers.get("accept-language"),
        state.turnstile.accepted(),
    )
    return _answered(recorded.decision, is_replay=not recorded.is_new)


class DirectScore:
    """ASGI application: `score` without the router, its dependencies and their layers.

    FastAPI's own route of the address is there for the OpenAPI document, and where
    requests are traced.
    """

    def __init__(self) -> None:
        routes = (route for route in router.routes if isinstance(route, APIRoute))
        self._route = next(route for route in routes if route.endpoint is score)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self._route  # by which requests are counted
        request = Request(scope, receive)
        try:
            response = await score(request, key_of(request, "score"))
        except ProblemError as error:
            response = problem_response(error)
        except OURS as error:
            response = await present_domain_error(request, error)
        await response(scope, receive, send)


def is_score(scope: Scope) -> bool:
    """Whether it is a request that `DirectScore` answers."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    path: str = scope["path"]
    return path == SCORE


@router.get(
    "/v1/decisions/{decision_id}",
    response_model=ScoreAnswer,
    responses=problems(401, 403, 404, 422, 503),
    tags=["decisions"],
)
async def read_decision(
    request: Request, decision_id: str, key: ReadingKey
) -> Response:
    """A recorded decision, exactly as it was answered; who reads it is written down."""
    return _answered(find_for(request, key, decision_id), is_replay=False)


@router.get("/v1/access-log", responses=problems(401, 403, 422, 503), tags=["audit"])
async def read_access_log(
    request: Request,
    key: AuditKey,
    before: Before = None,
    limit: Limit = 50,
    customer_id: Annotated[
        str | None, Query(description="about this customer alone", max_length=200)
    ] = None,
) -> AccessAnswer:
    """Who read what and who changed keys, the latest first; of all processes here."""
    log: AccessLog = request.app.state.access_log
    subjects = None
    if customer_id is not None:
        require_reach(key, customer_id)
        subjects = await subjects_about(request, customer_id)
    try:
        page = await asyncio.to_thread(log.page, limit, before, subjects)
    except ValueError as error:
        raise not_a_cursor() from error
    entries = [AccessRecord.model_validate(one) for one in page.entries]
    return AccessAnswer(entries=entries, next=page.next)


@router.get("/v1/policy", responses=problems(401, 403, 503), tags=["policy"])
async def read_policy(request: Request, _: ReadingKey) -> dict[str, Any]:
    """The policy that decides now, as data."""
    policy = in_force_of(request).advisor.policy
    return {
        "reference": policy.reference,
        "hash": policy.hash,
        "is_in_force": policy.in_force(datetime.now(UTC)) is not None,
        "document": policy.document.model_dump(mode="json", by_alias=True),
    }


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", responses=problems(431), openapi_extra=OPEN, tags=["operation"])
async def healthz() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz", responses=problems(431, 503), openapi_extra=OPEN, tags=["operation"]
)
async def readyz(request: Request) -> Readiness:
    """Models and policy are loaded, decisions and events can be recorded."""
    in_force = in_force_of(request)
    state = request.app.state
    await asyncio.gather(
        state.decisions.prove_writable(), state.events.prove_writable()
    )
    refusal: Refusal | None = state.champions.refusal
    return Readiness(
        status="ready",
        is_stopped=is_stopped(state.settings.home),
        alarm=cast("Clock | None", state.decisions.standing_alarm()),
        not_taken_up=None if refusal is None else refusal.code,
        policy=PolicyInForce(
            reference=in_force.advisor.policy.reference,
            hash=in_force.advisor.policy.hash,
            file_hash=in_force.file_hash,
            origin=in_force.policy_from,
        ),
        n_customers=in_force.n_customers,
        n_customers_from=_base_from(state.settings, in_force),
        models={
            target: "starter" if bundle.is_starter else "champion"
            for target, bundle in in_force.advisor.bundles.items()
        },
        kernels=built_kernels(),
    )


def _base_from(settings: ServingSettings, in_force: InForce) -> BaseFrom | None:
    if settings.customers is not None:
        return "setting"
    return None if in_force.n_customers is None else "training"


@router.get(
    "/metrics",
    responses=problems(431),
    openapi_extra=OPEN,
    tags=["operation"],
    response_class=Response,
)
async def metrics_page(request: Request) -> Response:
    """Counts and durations for Prometheus; nothing about customers."""
    metrics: Metrics = request.app.state.metrics
    with suppress(StoreUnavailableError):  # what is known of the rest is shown still
        metrics.show_events(*_stored(request.app.state.events))
        _show_monitoring(metrics, request.app.state.monitoring)
        found = await request.app.state.desk.ask(_restorations)
        metrics.show_restorations(*found)
    return Response(metrics.page(), media_type=MEDIA_TYPE)


def _restorations(database: Database) -> tuple[list[str], int]:
    """States of the acts that are to give access back, and how many are late."""
    now, acts = microseconds(datetime.now(UTC)), Acts(database)
    states: list[str] = [act.state for act in acts.open_restorations(None, now)]
    if not states:
        return states, 0
    late = late_restorations(acts, SqlDecisionReader(database), None, now)
    return states, sum(1 for _ in late)


def _show_monitoring(metrics: Metrics, monitoring: Monitoring) -> None:
    """The alarms that stand, and what the last run measured."""
    metrics.show_alarms(clocks_standing(monitoring.standing()))
    runs = monitoring.latest_runs(1)
    if not runs:  # never is longer ago than any alert waits
        metrics.show_monitoring(inf, {})
    for run in runs:
        age_s = (microseconds(datetime.now(UTC)) - run.at) / 1e6
        metrics.show_monitoring(age_s, json.loads(run.content).get("gauges", {}))


def _stored(events: EventReader) -> tuple[int, dict[str, float]]:
    """How many rows, and how old what was said of each table is, in seconds."""
    now = microseconds(datetime.now(UTC))
    said = events.observed(EVERYBODY, events.last_sequence())
    ages = {table: (now - latest.until) / 1e6 for table, latest in said.items()}
    return events.n_rows(), ages


def _answered(decision: Decision, *, is_replay: bool) -> Response:
    headers = {"Idempotent-Replay": "true"} if is_replay else None
    return Response(decision.answer, headers=headers, media_type=JSON)
