"""Partner Center's audit records: who changed a customer's subscriptions, and when.

Records appear some time after the change, and are kept for 90 days. A question spans at
most 30 days, and ends now at the latest. A page names the next one in `links`, with
headers that belong to it.

Source: Partner Center developer documentation (get a record of Partner Center activity,
auditing resources), as of 2026-11. It says that without dates the last 30 days are
told, that a question about more than 90 days ago is refused, and that a change
succeeded, failed or is in progress. It does not say how many days one question may
span, nor how pages go on: that they do as elsewhere in this API, by a link `next` with
the header `MS-ContinuationToken`, is assumed.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from execution.errors import ProviderUnreachableError
from execution.port import AuditRecord
from execution.providers.partner_words import STATES, lower, moment_of
from execution.providers.provider_http import resource_of
from execution.providers.token_connection import TokenConnection

_PATH = "/v1/auditrecords"
_MOST_PAGES = 1_000
_SPAN = timedelta(days=30)


def audit_records(
    api: TokenConnection, tenant: str, begin: datetime, end: datetime
) -> Iterator[AuditRecord]:
    """Changes of a customer's subscriptions between two moments, both included.

    Raises:
        ExecutionError: as the port says.
    """
    end = min(end, datetime.now(UTC))
    while begin <= end:
        until = min(begin + _SPAN, end)
        for record in _asked_for(api, tenant, begin, until):
            # what is on the seam of two questions is told once
            if begin <= record.at < until or record.at == until == end:
                yield record
        if until == end:
            return
        begin = until


def _asked_for(
    api: TokenConnection, tenant: str, begin: datetime, end: datetime
) -> Iterator[AuditRecord]:
    """What one question brings, page by page."""
    only = {"Field": "CustomerId", "Value": tenant, "Operator": "equals"}
    query = {"startDate": _date(begin), "endDate": _date(end)}
    path = f"{_PATH}?{urlencode({**query, 'filter': json.dumps(only)})}"
    headers: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        content = resource_of(lower(api.read(path, headers)))
        items = content.get("items")
        if not isinstance(items, list):
            raise ProviderUnreachableError("no list of audit records")
        for item in items:
            record = _record(resource_of(item))
            if record is not None:
                yield record
        following = _next(content)
        if following is None:
            return
        path, headers = following


def _next(content: Mapping[str, Any]) -> tuple[str, dict[str, str]] | None:
    """Path and headers of the next page; never of another host."""
    links = content.get("links")
    page = links.get("next") if isinstance(links, dict) else None
    if not isinstance(page, dict):
        return None
    path = f"/v1{str(page.get('uri', '')).removeprefix('/v1')}"
    if not path.startswith(f"{_PATH}?"):
        raise ProviderUnreachableError("the next page is elsewhere")
    pairs = [resource_of(one) for one in page.get("headers") or []]
    return path, {str(one.get("key")): str(one.get("value")) for one in pairs}


def _record(item: Mapping[str, Any]) -> AuditRecord | None:
    """Of a subscription; None: it is about something else."""
    at = moment_of(item.get("operationdate"))
    if str(item.get("resourcetype", "")).lower() != "subscription" or at is None:
        return None
    value = _new_value(item)
    return AuditRecord(
        subscription_id=str(value.get("id", "")),
        operation=str(item.get("operationtype", "")),
        at=at,
        by=str(item.get("userprincipalname") or item.get("applicationid") or ""),
        became=STATES.get(str(value.get("status", "")).lower(), "unknown"),
        status=str(item.get("operationstatus", "")),
        request_id=str(item.get("originalcorrelationid", "")),
    )


def _new_value(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The new value of the resource, which is JSON in a string."""
    try:
        value = lower(json.loads(str(item.get("resourcenewvalue") or "{}")))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
