"""The application: what is put together at start-up and taken down at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from execution.letters.signed_link import LinkSigner
from serving.access import RateLimits
from serving.api_page import add_api_page
from serving.champions import Champions
from serving.customer_routes import router as customer_router
from serving.desk.records import DeskRecords
from serving.desk.replay_desk import ReplayDesk
from serving.errors import (
    OURS,
    ProblemError,
    present_domain_error,
    present_http_error,
    present_invalid,
    present_problem,
)
from serving.event_routes import router as event_router
from serving.field_docs import describe_fields
from serving.guard import Guard
from serving.kept_policies import keep_policy
from serving.many_routes import router as many_router
from serving.many_scores import BatchTurnstile
from serving.metrics import Metrics
from serving.openapi import name_schemas
from serving.outbox_watch import watch_alone
from serving.pages import add_pages
from serving.records import RecordsOfKeys
from serving.routes import DirectScore, is_score, router
from serving.settings import ServingSettings, serving_settings
from serving.shedding import Shedding
from serving.stored_customers import StoredCustomers
from serving.turnstile import Turnstile
from serving.webhook_endpoint import WebhookEndpoint
from serving.webhook_terms import announced
from store.opening import (
    open_access_log,
    open_decision_store,
    open_desk,
    open_desk_reader,
    open_event_store,
    open_key_store,
    open_monitoring,
    open_outbox,
    open_policy_versions,
)

DESCRIPTION = """Calibrated probabilities of fraud and non-payment for one customer, and
one recommended action with its reasons. Every answer is recorded before it is given and
can be replayed bit for bit. Errors are RFC 9457 problems with stable codes."""


class Service(FastAPI):
    """The application; its OpenAPI document describes every field of an answer.

    `past_router`: answers scores, with the same layers around it but those of FastAPI.
    """

    past_router: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.past_router is not None and is_score(scope):
            scope["app"] = self
            await self.past_router(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            describe_fields(document)
            name_schemas(document)
        return super().openapi()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: ServingSettings = app.state.settings
    app.state.keys = open_key_store(*settings.store)
    app.state.decisions = open_decision_store(*settings.store, announced(settings))
    app.state.events = open_event_store(*settings.store)
    app.state.customers = StoredCustomers(
        app.state.events, settings.customer_memory_bytes
    )
    app.state.records = RecordsOfKeys(app.state.decisions, settings.home)
    app.state.access_log = open_access_log(*settings.store)
    app.state.monitoring = open_monitoring(*settings.store)
    app.state.desk = DeskRecords(
        open_desk_reader(*settings.store), open_desk(*settings.store)
    )
    app.state.replay_desk = ReplayDesk(settings)
    versions = open_policy_versions(*settings.store)
    keep = partial(keep_policy, settings.store)
    champions = Champions(settings, versions, app.state.metrics, keep)
    champions.look()
    app.state.champions = champions
    stop = asyncio.Event()
    watch = asyncio.create_task(champions.watch(stop))
    async with _delivering(settings, app.state.metrics), _token_keys(app):
        yield
    stop.set()
    await watch  # a look that has begun uses what is closed next
    versions.close()
    app.state.turnstile.close()
    app.state.records.close()
    app.state.events.close()
    app.state.keys.close()
    app.state.access_log.close()
    app.state.monitoring.close()
    app.state.desk.close()
    app.state.replay_desk.close()
    if app.state.metrics.tracing is not None:
        await asyncio.to_thread(app.state.metrics.tracing.close)


@asynccontextmanager
async def _token_keys(app: FastAPI) -> AsyncIterator[None]:
    """While the service runs, the keys of the token issuer are kept fresh."""
    settings: ServingSettings = app.state.settings
    app.state.tokens = None
    if settings.oidc_issuer is None:
        yield
        return
    from serving.tokens import Tokens  # loaded only where tokens are taken

    app.state.tokens = tokens = Tokens(settings.oidc_issuer, settings)
    watch = asyncio.create_task(tokens.keys.watch())
    try:
        yield
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


@asynccontextmanager
async def _delivering(
    settings: ServingSettings, metrics: Metrics
) -> AsyncIterator[None]:
    """While the service runs, what waits in the outbox goes to its receivers."""
    endpoints = WebhookEndpoint.all_of(settings)
    stop, outbox = asyncio.Event(), open_outbox(*settings.store)
    if endpoints:  # an HTTP client only where one is needed
        from serving.couriers import run_couriers

        work = run_couriers(outbox, endpoints, metrics, stop)
    else:
        work = watch_alone(outbox, metrics, stop)
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        stop.set()
        await task


def _add_layers(app: Service, turnstile: Turnstile, metrics: Metrics) -> None:
    """What surrounds every request; where nothing is traced, scores go past FastAPI."""
    app.add_middleware(Guard, metrics=metrics)
    settings: ServingSettings = app.state.settings
    if settings.traces_endpoint is None:
        guarded = Guard(DirectScore(), metrics)
        app.past_router = Shedding(guarded, turnstile, metrics)
    else:  # requests and their stages go to a collector
        from serving.tracing import Tracing  # the extra `otel`

        metrics.tracing = tracing = Tracing.to(settings.traces_endpoint)
        app.add_middleware(tracing.around)
    app.add_middleware(Shedding, turnstile=turnstile, metrics=metrics)


def create_app(
    settings: ServingSettings | None = None, shared: Path | None = None
) -> FastAPI:
    """The service; without `settings` the environment decides.

    `shared`: folder of what several workers count together.
    """
    app = Service(
        title="Forbear",
        version=version("forbear"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        redirect_slashes=False,
        # what a client generator calls the operation
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "/", "description": "this service"}],
        license_info={"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    )
    app.state.settings = stated = settings or serving_settings()
    app.state.metrics = metrics = Metrics(shared)
    app.state.turnstile = turnstile = Turnstile(stated.max_accepted)
    app.state.rate_limits = RateLimits(stated.rate_limit, shared)
    metrics.show_accepted(lambda: turnstile.n_accepted)
    app.state.many_turns = BatchTurnstile()
    app.state.link_signer = LinkSigner.of(stated.link_keys)
    app.include_router(router)
    add_api_page(app)
    app.include_router(event_router)
    app.include_router(customer_router)
    app.include_router(many_router)
    add_pages(app)
    app.add_exception_handler(ProblemError, present_problem)
    app.add_exception_handler(HTTPException, present_http_error)
    app.add_exception_handler(RequestValidationError, present_invalid)
    for kind in OURS:
        app.add_exception_handler(kind, present_domain_error)
    _add_layers(app, turnstile, metrics)
    return app
