"""What Prometheus may know: counts and durations, never a customer."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """The counters of one app; its own registry, so that two apps do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "forbear_requests",
            "answered requests",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "forbear_request_seconds",
            "time from the first byte to the last",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._decisions = Counter(
            "forbear_decisions",
            "recorded decisions by recommended action",
            ("action",),
            registry=self._registry,
        )
        self._bundles = Gauge(
            "forbear_bundle",
            "the bundle in force is 1",
            ("target", "bundle_id"),
            registry=self._registry,
        )
        self._shed = Counter(
            "forbear_shed",
            "scores refused unread, because too many waited",
            registry=self._registry,
        )
        self._reload_failures = Counter(
            "forbear_reload_failures",
            "new champions or policies that could not be taken up",
            registry=self._registry,
        )

    def count_shed(self) -> None:
        self._shed.inc()

    def count_request(
        self, route: str, method: str, status: int, seconds: float
    ) -> None:
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_decision(self, action: str) -> None:
        self._decisions.labels(action).inc()

    def count_reload_failure(self) -> None:
        self._reload_failures.inc()

    def show_bundles(self, bundle_id_by_target: Iterable[tuple[str, str]]) -> None:
        self._bundles.clear()
        for target, bundle_id in bundle_id_by_target:
            self._bundles.labels(target, bundle_id).set(1)

    def page(self) -> bytes:
        """The text Prometheus scrapes."""
        return generate_latest(self._registry)
