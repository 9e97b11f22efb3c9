"""Signs of fraud as of a moment: alerts, fraud chargebacks, outcomes."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from features.account.values import KnownTable, KnownTables
from features.contract import SURE_STRENGTHS
from features.facts import Evidence
from features.moments import to_datetime

_CONFIDENCE = {"warning": "medium", "weak": "low"}  # else high
# How far along a row of a log is, among rows of one moment (CONTRACT 1, Ties)
_CHARGEBACK_STEP = {"opened": 0, "won": 1, "withdrawn": 1, "lost": 2}
_ALERT_STEP = {"investigating": 1, "resolved": 2}


class Signs(NamedTuple):
    """Signs of fraud, oldest first.

    Attributes:
        standing: what nothing has taken back.
        doubted: what was cleared at the very moment at which it happened. A plain date
            gives a whole day one moment, so the clearing may have come first.
    """

    standing: tuple[Evidence, ...]
    doubted: tuple[Evidence, ...]


NO_SIGNS = Signs((), ())


def signs_of_fraud(known: KnownTables) -> Signs:
    """What speaks of fraud, by what is known.

    An alert counts until it is resolved as something else than fraud. A chargeback
    for fraud is a claim while it is open, confirmed once it is lost, and no sign any
    more once it is won or withdrawn. `fraud_cleared` takes back every sign of which
    nothing was said after its own moment.
    """
    outcomes, disputes = known["outcomes"], known["disputes"]
    if not (outcomes.n or disputes.n or known["alerts"].n):
        return NO_SIGNS
    told = [(sign.at, sign) for sign in _chargebacks(disputes)]
    told += [(sign.at, sign) for sign in _outcomes(outcomes)]
    told += _alerts(known["alerts"])
    cleared = [
        to_datetime(at)
        for at, kind in outcomes.rows("event_at", "kind")
        if kind == "fraud_cleared"
    ]
    if not cleared:
        return Signs(_oldest_first(sign for _, sign in told), ())
    last = max(cleared)
    return Signs(
        _oldest_first(sign for at, sign in told if at > last),
        _oldest_first(sign for at, sign in told if at == last),
    )


def _oldest_first(signs: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(signs, key=attrgetter("at")))


def _chargebacks(disputes: KnownTable) -> Iterator[Evidence]:
    log = disputes.rows("event_at", "dispute_id", "kind", "status")
    latest = {
        dispute_id: (to_datetime(at), status)
        for at, dispute_id, kind, status in sorted(
            log, key=lambda row: (row[0], _CHARGEBACK_STEP[row[3]])
        )
        if kind == "chargeback_fraud"
    }
    for at, status in latest.values():
        if status in ("opened", "lost"):
            is_lost = status == "lost"
            yield Evidence(
                "chargeback_fraud", at, confidence="high", is_confirmed=is_lost
            )


def _outcomes(outcomes: KnownTable) -> Iterator[Evidence]:
    names = ("event_at", "kind", "source", "strength")
    for at, kind, source, strength in outcomes.rows(*names):
        if kind in {"fraud", "account_takeover"}:
            yield Evidence(
                kind="outcome_fraud" if kind == "fraud" else kind,
                at=to_datetime(at),
                confidence=_CONFIDENCE.get(strength, "high"),
                source=source,
                is_confirmed=kind == "fraud" and strength in (None, *SURE_STRENGTHS),
            )


def _alerts(alerts: KnownTable) -> Iterator[tuple[datetime, Evidence]]:
    """Those that count, and when each was last told of."""
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
    log = alerts.rows(*names)
    for row in sorted(log, key=lambda row: (row[1], _ALERT_STEP.get(row[5], 0))):
        first.setdefault(row[0], row)
        latest[row[0]] = row
    for alert_id, (_, at, kind, severity, confidence, status, reason) in latest.items():
        if status != "resolved" or reason == "fraud":
            began = to_datetime(first[alert_id][1])
            yield to_datetime(at), Evidence(kind, began, severity, confidence)
