"""Microsoft Partner Center's words, whatever their case, and what they mean here.

Source: Partner Center's developer documentation, resources `Subscription` and
`ServiceRequest`, and the states of subscriptions seen beyond it (`expired`, `canceled`,
`disabled`). Bodies may begin with a byte order mark, and names come in either case.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from execution.port import Subscription, SubscriptionState
from execution.providers.provider_http import text_of
from store.requests import RequestState

STATES: Mapping[str, SubscriptionState] = {
    "active": "active",
    "pending": "pending",
    "suspended": "suspended",
    "deleted": "ended",
    "expired": "ended",
    "canceled": "ended",
    "cancelled": "ended",
    "disabled": "ended",
}
# a service request's states; lists of requests write them as numbers
REQUEST_STATES: Mapping[str, RequestState] = {
    "none": "sent",
    "open": "sent",
    "closed": "closed",
    "attention_needed": "answered",
    "attentionneeded": "answered",
    "0": "sent",
    "1": "sent",
    "2": "closed",
    "3": "answered",
}
_CANCEL_WINDOW = timedelta(days=7)  # of new commerce licences, from the purchase


def lower(value: Any) -> Any:  # noqa: ANN401 - JSON is any value
    """The same with all names in lower case.

    >>> lower({"Id": "1", "Attributes": {"Etag": "e"}})
    {'id': '1', 'attributes': {'etag': 'e'}}
    """
    if isinstance(value, dict):
        return {name.lower(): lower(item) for name, item in value.items()}
    if isinstance(value, list):
        return [lower(item) for item in value]
    return value


def with_status(resource: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The whole resource, as an update must send it, with another status.

    >>> with_status({"Id": "1", "Status": "active"}, "suspended")
    {'Id': '1', 'Status': 'suspended'}
    """
    return {
        name: status if name.lower() == "status" else value
        for name, value in resource.items()
    }


def subscription_of(content: Mapping[str, Any]) -> Subscription:
    """A subscription from its resource with names in lower case.

    Raises:
        ProviderUnreachableError: it has no id.
    """
    stated = str(content.get("status", ""))
    is_licence = str(content.get("billingtype", "")).lower() == "license"
    begin = moment_of(content.get("effectivestartdate"))
    return Subscription(
        subscription_id=text_of(content, "id"),
        state=STATES.get(stated.lower(), "unknown"),
        stated=stated,
        parent_id=content.get("parentsubscriptionid") or None,
        product=content.get("offername") or None,
        # new commerce licences have a term; they are billed on while suspended
        is_billed_while_suspended=bool(content.get("termduration"))
        if is_licence
        else None,
        cancel_until=begin + _CANCEL_WINDOW
        if begin is not None and is_licence and content.get("termduration")
        else None,
    )


def moment_of(text: object) -> datetime | None:
    """A moment, in UTC where it says no offset; None where it is none.

    >>> str(moment_of("2021-12-08T00:25:45.69"))
    '2021-12-08 00:25:45.690000+00:00'
    """
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
