"""Signs of fraud as of a moment: alerts, fraud chargebacks, outcomes."""

from collections.abc import Iterator
from typing import Any

from features.account.values import KnownTable, known_table
from features.events import Events
from features.facts import Evidence
from features.moments import to_datetime

_CONFIDENCE = {
    None: "high",  # an absent strength means confirmed
    "confirmed": "high",
    "analyst": "high",
    "chargeback": "high",
    "warning": "medium",
    "weak": "low",
}


def evidence(events: Events, as_of: int) -> tuple[Evidence, ...]:
    """Signs of fraud that nothing has taken back, oldest first.

    An alert counts until it is resolved as something else than fraud; a chargeback
    for fraud counts even when won; `fraud_cleared` takes back every chargeback and
    outcome that happened before it.
    """
    outcomes = known_table(events, "outcomes", as_of)
    cleared_at = max(
        (
            at
            for at, kind in outcomes.rows("event_at", "kind")
            if kind == "fraud_cleared"
        ),
        default=None,
    )
    signs = [
        sign
        for sign in (
            *_chargebacks(known_table(events, "disputes", as_of)),
            *_outcomes(outcomes),
        )
        if cleared_at is None or sign.at >= to_datetime(cleared_at)
    ]
    signs += _alerts(known_table(events, "alerts", as_of))
    return tuple(sorted(signs, key=lambda sign: sign.at))


def _chargebacks(disputes: KnownTable) -> Iterator[Evidence]:
    for at, kind, status in disputes.rows("event_at", "kind", "status"):
        if kind == "chargeback_fraud" and status == "opened":
            yield Evidence(kind, to_datetime(at), confidence="high")


def _outcomes(outcomes: KnownTable) -> Iterator[Evidence]:
    names = ("event_at", "kind", "source", "strength")
    for at, kind, source, strength in outcomes.rows(*names):
        if kind in {"fraud", "account_takeover"}:
            yield Evidence(
                kind="outcome_fraud" if kind == "fraud" else kind,
                at=to_datetime(at),
                confidence=_CONFIDENCE[strength],
                source=source,
            )


def _alerts(alerts: KnownTable) -> Iterator[Evidence]:
    names = (
        "alert_id",
        "event_at",
        "kind",
        "severity",
        "confidence",
        "status",
        "resolved_reason",
    )
    first: dict[str, tuple[Any, ...]] = {}
    latest: dict[str, tuple[Any, ...]] = {}
    for row in alerts.rows(*names):
        first.setdefault(row[0], row)
        latest[row[0]] = row
    for alert_id, (_, _, kind, severity, confidence, status, reason) in latest.items():
        if status != "resolved" or reason == "fraud":
            yield Evidence(kind, to_datetime(first[alert_id][1]), severity, confidence)
