"""The models in force: what they were trained on, how they were judged, what rings."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from fastapi import Depends, Request
from starlette.responses import Response

from advice.advisor import Advisor
from features.moments import DAY_US, microseconds
from monitoring.shadow import NO_DECISION
from scoring.bundle import Bundle
from scoring.cards import Card, card, challenger_card
from serving.access import note_access
from serving.desk.addresses import decision_path
from serving.desk.deeds import reason_in
from serving.desk.monitored import SeenValue, seen_values
from serving.desk.page import HOME, desk_router, page, redirect, wording_of
from serving.desk.shadowed import shadow_cases
from serving.desk.visitor import (
    LookingVisitor,
    Visitor,
    form_of,
    records_of,
    visitor_who_may,
)
from serving.errors import ProblemError
from serving.incoming import in_force_of
from serving.shadow import decider_of
from store.database import Database
from store.errors import NothingToReleaseError
from store.monitoring import Alarm, Monitoring, MonitoringRun
from store.shadows import Shadow, Shadows

router = desk_router()
MODELS = f"{HOME}/models"
MOST_RUNS = 10
_SHOWN_US = 7 * DAY_US  # that an alarm was released
_MOST_LOOKED_AT = 50  # portfolios that share a store take turns
_MOST_ALARMS = 1_000  # among which one that was released is looked for
# in the order of the model card; a bundle may have others, which the card explains
MEASURES = (
    "auc",
    "pr_auc",
    "log_loss",
    "brier",
    "observed_over_expected",
    "calibration_slope",
    "calibration_intercept",
)
ReleasingVisitor = Depends(visitor_who_may("release_alarm"))


class Model(NamedTuple):
    """A bundle as the page shows it.

    Args:
        measures: on rows it did not see: name to value, low and high.
        seen: by the latest run of monitoring that looked at this bundle.
        card: of this bundle, where one was kept.
        challenger: the card of the latest bundle that was trained, where that is
            another one.
    """

    target: str
    bundle: Bundle
    measures: Mapping[str, tuple[float, float, float]]
    seen: list[SeenValue]
    card: Card | None
    challenger: Card | None


class _Watched(NamedTuple):
    alarms: list[Alarm]
    released: list[Alarm]
    runs: list[MonitoringRun]
    shadows: list[Shadow]


@router.get(MODELS)
async def models_page(request: Request, visitor: LookingVisitor) -> Response:
    """Both targets' models, standing alarms, and the latest runs of monitoring."""

    def look(database: Database) -> _Watched:
        monitoring = Monitoring(database)
        runs = monitoring.latest_runs(_MOST_LOOKED_AT)
        return _Watched(
            monitoring.standing(),
            _released(monitoring, microseconds(datetime.now(UTC))),
            runs,
            Shadows(database).listed(),
        )

    watched = await records_of(request).ask(look)
    in_force = in_force_of(request)
    return page(
        request,
        "models.html",
        visitor,
        models=await asyncio.to_thread(
            _models,
            in_force.advisor,
            watched.runs,
            request.app.state.settings.home,
        ),
        compared=MEASURES,
        alarms=watched.alarms,
        released=watched.released,
        runs=watched.runs[:MOST_RUNS],
        shadows=shadow_cases(
            watched.shadows, decider_of(in_force), wording_of(request)
        ),
        no_decision=NO_DECISION,
        decision_path=decision_path,
    )


@router.post(f"{MODELS}/alarms/{{alarm_id}}/release")
async def release(
    request: Request, alarm_id: str, visitor: Visitor = ReleasingVisitor
) -> Response:
    """A person lets automation go on; recorded with name and reason."""
    reason = reason_in(await form_of(request, visitor))
    note_access(request, visitor.key, alarm_id)

    def let_go(database: Database) -> None:
        now, monitoring = microseconds(datetime.now(UTC)), Monitoring(database)
        try:
            monitoring.release(visitor.key.name, reason, now, alarm_id)
        except NothingToReleaseError as error:
            known = {alarm.alarm_id for alarm in monitoring.alarms(_MOST_ALARMS)}
            code = "alarm_is_over" if alarm_id in known else "not_found"
            raise ProblemError(code, str(error)) from error

    await records_of(request).ask(let_go)
    return redirect(MODELS)


def _released(monitoring: Monitoring, now: int) -> list[Alarm]:
    """Alarms that people let go a short while ago, the latest first."""
    known = [
        (alarm.released_at, alarm)
        for alarm in monitoring.alarms(_MOST_ALARMS)
        if alarm.released_at is not None and alarm.released_at > now - _SHOWN_US
    ]
    return [alarm for _, alarm in sorted(known, key=lambda one: one[0], reverse=True)]


def _models(advisor: Advisor, runs: list[MonitoringRun], home: Path) -> list[Model]:
    return [
        Model(
            target,
            bundle,
            {name: bundle.metrics[name] for name in MEASURES if name in bundle.metrics},
            seen_values(runs, target, bundle.bundle_id),
            card(home, target, bundle.bundle_id),
            _challenger(home, target, bundle.bundle_id),
        )
        for target, bundle in advisor.bundles.items()
    ]


def _challenger(home: Path, target: str, champion: str) -> Card | None:
    latest = challenger_card(home, target)
    return None if latest is None or latest.bundle_id == champion else latest
