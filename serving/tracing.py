"""OpenTelemetry traces, where an endpoint is set: a span for each request and stage.

Names of routes and stages, methods and statuses; never an address, a body or a message
of an error, for these may hold values of customers.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.method import method_of

_EXPORT_TIMEOUT_S = 5.0
_SERVER_ERROR = 500
_TRACEPARENT = b"traceparent"


class Tracing:
    """Hands spans to a collector from a thread of its own; what it cannot is dropped.

    Args:
        exporter: where spans go.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        release = version("forbear")
        named = {"service.name": "forbear", "service.version": release}
        self._provider = TracerProvider(resource=Resource.create(named))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("forbear", release)
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def to(cls, endpoint: str) -> "Tracing":
        """To a collector that takes OTLP over HTTP."""
        return cls(OTLPSpanExporter(endpoint, timeout=_EXPORT_TIMEOUT_S))

    @contextmanager
    def stage(
        self, name: str, measured: AbstractContextManager[None]
    ) -> Iterator[None]:
        """A part of the request under way, which is measured as well."""
        span = self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        )
        with span, measured:
            yield

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def around(self, app: ASGIApp) -> ASGIApp:
        """`app` with a span around each request."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            """The application within a span; what an error says is not recorded."""
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status = 0

            async def watched_send(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            with self._tracer.start_as_current_span(
                "request",
                self._parent(scope),
                SpanKind.SERVER,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                try:
                    await app(scope, receive, watched_send)
                finally:
                    route = getattr(scope.get("route"), "path", "unmatched")
                    method = method_of(scope)
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                    span.set_attribute("http.request.method", method)
                    span.set_attribute("http.response.status_code", status)
                    if status == 0 or status >= _SERVER_ERROR:
                        span.set_status(Status(StatusCode.ERROR))

        return traced

    def _parent(self, scope: Scope) -> Context:
        """The caller's span, where the caller traces, too."""
        stated = {k: v for k, v in scope["headers"] if k == _TRACEPARENT}
        carrier = {k.decode(): v.decode("latin-1") for k, v in stated.items()}
        return self._propagator.extract(carrier, Context())
