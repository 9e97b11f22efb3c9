"""What Prometheus may know: counts and durations, never a customer."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from decisions.actions import Action
from features.targets import TARGETS
from serving.answer import ScoreAnswer
from serving.worker_metrics import page_of_all

if TYPE_CHECKING:
    from serving.tracing import Tracing

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
_PROBABILITIES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
_HOURS = (1, 6, 12, 24, 36, 48, 72, 168)
_NO_DECISION = "no_decision"
_CANNOT_SCORE = (
    "decision_store_unavailable",
    "decision_store_replaced",
    "champion_gone",
    "not_ready",
)
Stage = Literal["wait", "read", "decide", "record"]


class _Measured:
    """A block whose seconds are observed when it ends well."""

    __slots__ = ("_began", "_seconds")

    def __init__(self, seconds: Histogram) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._seconds.observe(time.perf_counter() - self._began)


class Metrics:
    """The counters of one app; its own registry, so that two apps do not mix.

    `tracing`: stages that are measured are traced as well, where somebody wants it.

    Args:
        shared: folder where the workers of a service keep their numbers, so that each
            of them tells those of all; None: there is one process.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self.tracing: Tracing | None = None
        self._shared = shared
        self._n_accepted: Callable[[], int] = int
        self._in_force: list[Gauge] = []
        self._of_request: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._registry = CollectorRegistry()
        self._counter = partial(Counter, registry=self._registry)
        # of all workers the largest value, but where they add up
        self._gauge = partial(
            Gauge, registry=self._registry, multiprocess_mode="livemax"
        )
        self._histogram = partial(Histogram, registry=self._registry)
        self._add_requests()
        self._add_decisions()
        self._add_in_force()
        self._add_events()
        self._add_webhooks()
        self._add_monitoring()

    def _add_requests(self) -> None:
        self._requests = self._counter(
            "forbear_requests", "answered requests", ("route", "method", "status")
        )
        self._seconds = self._histogram(
            "forbear_request_seconds",
            "time from the first byte to the last",
            ("route",),
            buckets=_SECONDS,
        )
        stages = self._histogram(
            "forbear_stage_seconds",
            "time of a score: waiting for its turn, reading, deciding, recording",
            ("stage",),
            buckets=_SECONDS,
        )
        self._of_stage = {stage: stages.labels(stage) for stage in get_args(Stage)}
        self._accepted = self._gauge(
            "forbear_accepted",
            "scores waited for, computed or recorded now",
            multiprocess_mode="livesum",
        )
        self._shed = self._counter(
            "forbear_shed", "scores refused unread, because too many waited"
        )

    def _add_decisions(self) -> None:
        self._decisions = self._counter(
            "forbear_decisions", "recorded decisions by recommended action", ("action",)
        )
        self._item_problems = self._counter(
            "forbear_item_problems",
            "customers of a batch or portfolio answered with a problem, by code",
            ("code",),
        )
        # what is counted from 0 on has a rate from its first time on
        for action in (*get_args(Action), _NO_DECISION):
            self._decisions.labels(action)
        for code in _CANNOT_SCORE:
            self._item_problems.labels(code)
        self._withheld = self._counter(
            "forbear_withheld",
            "reasons why an action was milder than the proposed one, by code",
            ("code",),
        )
        self._probabilities = self._histogram(
            "forbear_probability",
            "probabilities answered; a shift of the distribution is worth a look",
            ("target",),
            buckets=_PROBABILITIES,
        )
        self._data_age = self._histogram(
            "forbear_data_age_hours",
            "from the moment up to which the data observe to the one asked about",
            buckets=_HOURS,
        )

    def _add_in_force(self) -> None:
        self._refused = self._gauge(
            "forbear_newest_refused",
            "1 while the newest champion or policy is not in force",
        )
        self._policy = self._gauge(
            "forbear_policy", "the policy in force is 1", ("reference",)
        )
        self._gauge(
            "forbear_release", "the release that runs is 1", ("release",)
        ).labels(version("forbear")).set(1)
        self._bundles = self._gauge(
            "forbear_bundle", "the bundle in force is 1", ("target", "bundle_id")
        )
        self._reload_failures = self._counter(
            "forbear_reload_failures",
            "new champions or policies that could not be taken up",
        )

    def _add_events(self) -> None:
        self._events_accepted = self._counter(
            "forbear_events_accepted", "rows that keep the contract's rules", ("table",)
        )
        self._events_rejected = self._counter(
            "forbear_events_rejected", "rows that break a rule", ("table", "rule")
        )
        self._event_seconds = self._histogram(
            "forbear_event_commit_seconds",
            "from a batch of events read to its commit",
            buckets=_SECONDS,
        )
        self._event_rows = self._gauge("forbear_event_rows", "stored rows of events")
        self._events_age = self._gauge(
            "forbear_events_observed_age_seconds",
            "since the moment up to which a table was last said to be complete",
            ("table",),
        )

    def _add_webhooks(self) -> None:
        self._webhooks = self._counter(
            "forbear_webhook_attempts",
            "messages sent, by endpoint and what came of it",
            ("endpoint", "result"),
        )
        self._outbox = self._gauge(
            "forbear_webhooks",
            "messages that wait or were given up",
            ("endpoint", "state"),
        )
        self._outbox_lag = self._gauge(
            "forbear_webhook_lag_seconds",
            "the longest that a message waits",
            ("endpoint",),
        )

    def _add_monitoring(self) -> None:
        self._alarms = self._gauge(
            "forbear_monitoring_alarms",
            "alarms that stop automation until a person releases them",
            ("clock",),
        )
        self._restorations = self._gauge(
            "forbear_restorations",
            "access that is to come back and is not: it waits, or failed; of both those"
            " that are later than the policy promises (late)",
            ("state",),
        )
        self._monitoring_age = self._gauge(
            "forbear_monitoring_age_seconds", "since `forbear monitor` last ran"
        )
        self._monitored = self._gauge(
            "forbear_monitoring_measure",
            "what the last run measured, by target: weighted index of features, index"
            " of the probability, first outcomes over expected",
            ("measure", "target"),
        )

    def show_restorations(self, states: Iterable[str], n_late: int) -> None:
        """Restorations that are not done, by the state of their acts; how many late."""
        listed = list(states)
        self._restorations.labels("late").set(n_late)
        for name, kept in (("waiting", ("planned", "asked")), ("failed", ("failed",))):
            n = sum(state in kept for state in listed)
            self._restorations.labels(name).set(n)

    def show_alarms(self, n_by_clock: Mapping[str, int]) -> None:
        """How many alarms stand, by clock."""
        for clock, n in n_by_clock.items():
            self._alarms.labels(clock).set(n)

    def show_monitoring(
        self, age_s: float, measures: Mapping[str, Mapping[str, float]]
    ) -> None:
        """What the last run measured, by measure and target, so many seconds ago."""
        self._monitoring_age.set(age_s)
        for measure, by_target in measures.items():
            for target, value in by_target.items():
                self._monitored.labels(measure, target).set(value)

    def count_webhook(self, endpoint: str, result: str) -> None:
        """One attempt: `received`, or the code of its failure."""
        self._webhooks.labels(endpoint, result).inc()

    def show_outbox(
        self, endpoint: str, n_waiting: int, n_dead: int, lag_s: float
    ) -> None:
        """Messages that wait or were given up; seconds that one waits, at most."""
        self._outbox.labels(endpoint, "waiting").set(n_waiting)
        self._outbox.labels(endpoint, "dead").set(n_dead)
        self._outbox_lag.labels(endpoint).set(lag_s)

    def count_events(
        self,
        accepted: Mapping[str, int],
        rejected: Mapping[tuple[str, str], int],
        seconds: float,
    ) -> None:
        """A batch that was kept; `seconds` from when it was read until it was durable.

        Args:
            accepted: rows by table.
            rejected: rows by table and rule.
            seconds: waiting for the commit included.
        """
        for table, n in accepted.items():
            self._events_accepted.labels(table).inc(n)
        for (table, rule), n in rejected.items():
            # a rule may name what it is about, such as a currency: that is data
            self._events_rejected.labels(table, rule.partition(":")[0]).inc(n)
        self._event_seconds.observe(seconds)

    def show_events(self, n_rows: int, age_s_by_table: Mapping[str, float]) -> None:
        """What is stored, and how long ago each table was last said to be complete."""
        self._event_rows.set(n_rows)
        for table, age_s in age_s_by_table.items():
            self._events_age.labels(table).set(age_s)

    def count_shed(self) -> None:
        self._shed.inc()

    def count_request(
        self, route: str, method: str, status: int, seconds: float
    ) -> None:
        known = self._of_request.get((route, method, status))
        if known is None:  # to look labels up costs more than to count
            counted = self._requests.labels(route, method, str(status))
            known = counted, self._seconds.labels(route)
            self._of_request[route, method, status] = known
        known[0].inc()
        known[1].observe(seconds)
        if self._shared is not None:
            self._accepted.set(self._n_accepted())

    def show_accepted(self, n_accepted: Callable[[], int]) -> None:
        """Asked whenever Prometheus asks; of several workers after each request."""
        self._n_accepted = n_accepted

    def stage(self, stage: Stage) -> AbstractContextManager[None]:
        """Measure what happens within, where it does not fail."""
        measured = _Measured(self._of_stage[stage])
        if self.tracing is None:
            return measured
        return self.tracing.stage(stage, measured)

    def count_decision(self, answer: ScoreAnswer, data_age: timedelta) -> None:
        """A recorded answer; `data_age`: how old its data were."""
        self._decisions.labels(answer.action or _NO_DECISION).inc()
        for withheld in answer.permission.withheld:
            self._withheld.labels(withheld.code).inc()
        for target in TARGETS:
            probability = getattr(answer.scores, target).probability
            if probability is not None:
                self._probabilities.labels(target).observe(probability)
        self._data_age.observe(data_age / timedelta(hours=1))

    def count_item_problem(self, code: str) -> None:
        """Of many scores one that is none: the request itself is answered with 200."""
        self._item_problems.labels(code).inc()

    def count_reload_failure(self) -> None:
        self._reload_failures.inc()

    def show_refused(self, *, is_refused: bool) -> None:
        self._refused.set(is_refused)

    def show_in_force(
        self, policy: str, bundle_id_by_target: Iterable[tuple[str, str]]
    ) -> None:
        if self._shared is None:
            self._policy.clear()
            self._bundles.clear()
        else:  # what workers share cannot be taken away
            for before in self._in_force:
                before.set(0)
        self._in_force = [self._policy.labels(policy)]
        self._in_force += [self._bundles.labels(*one) for one in bundle_id_by_target]
        for one in self._in_force:
            one.set(1)

    def page(self) -> bytes:
        """The text Prometheus scrapes."""
        self._accepted.set(self._n_accepted())
        if self._shared is None:
            return generate_latest(self._registry)
        return page_of_all(self._shared)
