"""Microsoft's alerts about customers, from either of two APIs.

`FraudEvents` is Partner Center's own (application and user); `GraphAlerts` is Microsoft
Graph's, which is newer, in beta, and not offered in 21Vianet's cloud.

Source: "Azure fraud notification - Get fraud events" and "- Update fraud event status"
(with the header `X-NewEventsModel`; moments are written without offset, and 9999-12-31
is "not set"); Microsoft Graph, resource `partnerSecurityAlert` and its enumerations.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from execution.errors import ProviderRefusedError, ProviderUnreachableError
from execution.port import ProviderAlert, Resolution
from execution.providers.partner_words import lower, moment_of
from execution.providers.provider_http import path_segment, resource_of, text_of
from execution.providers.token_connection import TokenConnection

GRAPH_URL = "https://graph.microsoft.com"
_PAGE = 200
_MOST_PAGES = 10_000
# Microsoft's kinds of alert, in the words of the table `alerts`
KINDS = {
    "servicehealthsecurityadvisory": "security_advisory",
    "usageanomalydetection": "spend_anomaly",
    "multiregionvirtualmachinescalesetdeploymentanomaly": "vm_anomaly",
    "networkconnectionstocryptominingpools": "crypto_mining",
    "virtualmachinedeploymentanomaly": "vm_anomaly",
    "multiregionmachinelearningusageanomaly": "spend_anomaly",
}
_CONFIDENCE = ("low", "medium", "high")
_REASONS = ("fraud", "legitimate", "ignore")
_NEVER = 9_000  # the year of "not set" is 9999


class AlertSource(Protocol):
    """Where alerts come from; customers are Microsoft's tenants."""

    def alerts(self) -> Iterator[ProviderAlert]:
        """All of them."""
        ...

    def acknowledge(self, alert: ProviderAlert, resolution: Resolution) -> None:
        """Resolve one."""
        ...


class FraudEvents(AlertSource):
    """Partner Center's fraud events."""

    _HEADERS: Mapping[str, str] = {"X-NewEventsModel": "true"}

    def __init__(self, api: TokenConnection) -> None:
        self._api = api

    def alerts(self) -> Iterator[ProviderAlert]:
        for page in range(1, _MOST_PAGES):
            path = f"/v1/fraudEvents?PageSize={_PAGE}&PageNumber={page}"
            content = lower(self._api.read(path, self._HEADERS))
            if isinstance(content, dict):
                content = content.get("items")
            if not isinstance(content, list):
                raise ProviderUnreachableError("no list of fraud events")
            yield from (_fraud_event(resource_of(one)) for one in content)
            if len(content) < _PAGE:
                return

    def acknowledge(self, alert: ProviderAlert, resolution: Resolution) -> None:
        if resolution == "legitimate":  # this API has no such word
            raise ProviderRefusedError("legitimate_is_not_offered")
        if alert.subscription_id is None:
            raise ProviderRefusedError("alert_of_no_subscription")
        sent = {
            "EventIds": [alert.alert_id],  # without an id all would be resolved
            "EventStatus": "Resolved",
            "ResolvedReason": resolution.capitalize(),
        }
        about = path_segment(alert.subscription_id)
        path = f"/v1/fraudEvents/subscription/{about}/status"
        self._api.ask("POST", path, self._HEADERS, sent)


class GraphAlerts(AlertSource):
    """Microsoft Graph's partner security alerts.

    Args:
        api: with tokens for Graph.
        url: of Graph; a page that leads elsewhere is not followed.
    """

    def __init__(self, api: TokenConnection, url: str = GRAPH_URL) -> None:
        self._api = api
        self._all = f"{url.rstrip('/')}/beta/security/partner/securityAlerts"

    def alerts(self) -> Iterator[ProviderAlert]:
        path: object = self._all
        for _ in range(_MOST_PAGES):
            content = resource_of(lower(self._api.read(str(path))))
            listed = content.get("value")
            if not isinstance(listed, list):
                raise ProviderUnreachableError("no list of alerts")
            yield from (_graph_alert(resource_of(one)) for one in listed)
            path = content.get("@odata.nextlink")
            if not path:
                return
            if not str(path).startswith(f"{self._all}?"):
                raise ProviderUnreachableError("the next page is elsewhere")

    def acknowledge(self, alert: ProviderAlert, resolution: Resolution) -> None:
        sent = {"status": "resolved", "resolvedReason": resolution}
        path = f"{self._all}/{path_segment(alert.alert_id)}"
        self._api.ask("PATCH", path, None, sent)


def _fraud_event(content: Mapping[str, Any]) -> ProviderAlert:
    status = str(content.get("eventstatus", "")).lower()
    begun = ("firstobserved", "firstoccurrence", "eventtime")
    return _alert(content, text_of(content, "eventid"), "eventtype", status, begun)


def _graph_alert(content: Mapping[str, Any]) -> ProviderAlert:
    status = str(content.get("status", "")).lower()
    begun = ("firstobserveddatetime", "detecteddatetime")
    return _alert(content, text_of(content, "id"), "alerttype", status, begun)


def _alert(
    content: Mapping[str, Any],
    alert_id: str,
    kind: str,
    status: str,
    begun: tuple[str, ...],
) -> ProviderAlert:
    reason = str(content.get("resolvedreason", "")).lower()
    confidence = str(content.get("confidencelevel", "")).lower()
    return ProviderAlert(
        alert_id=alert_id,
        customer_id=text_of(content, "customertenantid"),
        kind=KINDS.get(str(content.get(kind, "")).lower(), "other"),
        status=status or "other",
        event_at=_came_into(content, status, begun),
        severity=str(content.get("severity") or "").lower() or None,
        confidence=confidence if confidence in _CONFIDENCE else None,
        resolved_reason=reason if reason in _REASONS else None,
        subscription_id=content.get("subscriptionid") or None,
        is_test=str(content.get("istest", "")).lower() == "true",
    )


def _came_into(
    content: Mapping[str, Any], status: str, begun: tuple[str, ...]
) -> datetime | None:
    """When an alert came into its status, as far as that is told."""
    names = begun if status == "active" else ()
    if status == "resolved":
        names = ("resolvedon", "resolvedondatetime")
    stated = [moment_of(content.get(name)) for name in names]
    stated += [moment_of(one) for one in _logged(content, status)]
    known = (at for at in stated if at is not None and at.year < _NEVER)
    return next((at.astimezone(UTC) for at in known), None)


def _logged(content: Mapping[str, Any], status: str) -> list[object]:
    """Of the log of changes, which may be JSON in a string: the latest first."""
    log = content.get("activitylogs")
    if isinstance(log, str):
        try:
            log = lower(json.loads(log))
        except ValueError:
            return []
    entries = [one for one in log or () if isinstance(one, dict)]
    into = [e for e in entries if str(e.get("statusto", "")).lower() == status]
    return [entry.get("datetime") for entry in reversed(into)]
