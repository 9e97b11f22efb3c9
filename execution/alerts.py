"""A provider's alerts in, as rows of `alerts`; what they were found to be, out.

Every alert is told to the service once in each status, and again where it comes back
into one, whatever is read how often: what was read is written down before it is sent.
"""

import json
from typing import NamedTuple

from execution.errors import NotOfferedError, ReportRefusedError
from execution.port import Provider, ProviderAlert, Resolution
from execution.service import Service
from features.moments import to_datetime
from store.provider_alerts import ProviderAlerts, SeenAlert


class AlertsResult(NamedTuple):
    """What came of reading alerts.

    Args:
        n_read: of real ones; the provider's own tests count in `n_tests`.
        n_new: alerts in a status they were not seen in before.
        n_sent: rows that arrived.
        refused: rules by which the service refused a row, by alert.
    """

    n_read: int
    n_tests: int
    n_new: int
    n_sent: int
    refused: dict[str, str]


def bring_alerts(
    provider: Provider, seen: ProviderAlerts, service: Service, now: int
) -> AlertsResult:
    """Read all alerts and send what the service does not know.

    Args:
        provider: is asked.
        seen: what was read before.
        service: takes the rows, and that the table is complete up to `now`.
        now: microseconds since 1970 UTC; a row is known from then on.

    Raises:
        ExecutionError: the provider or the service cannot be asked; what was read is
            sent the next time.
    """
    listed = list(provider.alerts())
    real = [alert for alert in listed if not alert.is_test]
    n_new = seen.note([_seen(provider.name, alert, now, seen) for alert in real])
    n_sent, refused = 0, dict[str, str]()
    for one in seen.waiting(provider.name):
        row = json.loads(one.content or "{}")
        once = f"alert-{one.provider}-{one.alert_id}-{one.status}-{one.seen_at}"
        try:
            service.send({"alerts": [row]}, once)
        except ReportRefusedError as error:
            refused[one.alert_id] = error.rule
            seen.mark_sent(one, error.rule)
        else:
            n_sent += 1
            seen.mark_sent(one)
    service.vouch("alerts", to_datetime(now))
    n_tests = len(listed) - len(real)
    return AlertsResult(len(real), n_tests, n_new, n_sent, refused)


def acknowledge(
    provider: Provider, seen: SeenAlert, resolution: Resolution
) -> ProviderAlert:
    """Tell the provider what an alert was, and read it afterwards.

    One that is resolved so already is left alone.

    Args:
        provider: is told.
        seen: the alert.
        resolution: what a person found.

    Raises:
        NotOfferedError: the provider shows the alert no more, or as before.
        ExecutionError: as the port says.
    """
    before = _shown(provider, seen.alert_id)
    if (before.status, before.resolved_reason) == ("resolved", resolution):
        return before
    provider.acknowledge(before, resolution)
    after = _shown(provider, seen.alert_id)
    if after.status != "resolved":
        raise NotOfferedError(provider.name, "resolution of this alert")
    return after


def _shown(provider: Provider, alert_id: str) -> ProviderAlert:

    alerts = (one for one in provider.alerts() if one.alert_id == alert_id)
    alert = next(alerts, None)
    if alert is None:
        raise NotOfferedError(provider.name, "such alert any more")
    return alert


def _seen(
    provider: str, alert: ProviderAlert, now: int, seen: ProviderAlerts
) -> SeenAlert:
    """An alert as a row of `alerts`; one that was opened again begins now."""
    before = seen.status(provider, alert.alert_id)
    # the provider says when it began, and not when it was opened again
    is_reopened = before == "resolved" and alert.status != "resolved"
    event_at = None if is_reopened else alert.event_at
    row = {
        "customer_id": alert.customer_id,
        "alert_id": alert.alert_id,
        "kind": alert.kind,
        "status": alert.status,
        "event_at": (event_at or to_datetime(now)).isoformat(),
        "known_at": to_datetime(now).isoformat(),
        "severity": alert.severity,
        "confidence": alert.confidence,
        "resolved_reason": alert.resolved_reason,
    }
    content = {name: value for name, value in row.items() if value is not None}
    return SeenAlert(
        provider,
        alert.alert_id,
        alert.status,
        alert.customer_id,
        alert.subscription_id or "",
        json.dumps(content),
        now,
    )
