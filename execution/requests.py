"""Service requests to their end: sent, answered, closed; the answer becomes an event.

What an answer says of the customer is a person's reading of it: it becomes a row of
`outcomes`, with the request as its source. A draft that a person has sent becomes a row
of `actions`, like a request that the provider took by program.
"""

from collections.abc import Callable
from dataclasses import replace

from execution.errors import ProviderRefusedError, ReportRefusedError
from execution.port import Provider
from execution.service import Service
from features.moments import to_datetime
from store.requests import Request, RequestChange, Requests

RESULTS = ("fraud", "fraud_cleared", "account_takeover")
STRENGTHS = ("confirmed", "analyst", "weak")


def follow(
    provider: Provider,
    requests: Requests,
    now: int,
    tell: Callable[[str, str], None],
    most: int = 1_000,
) -> list[str]:
    """Ask the provider how far its requests are; those that came further.

    Args:
        provider: is asked about requests of its own that were sent.
        requests: what is known.
        now: microseconds since 1970 UTC.
        tell: called with the act and the provider's code where it refuses to tell, of
            a number it does not know for instance; the others go on.
        most: requests that are looked at, the latest first.

    Raises:
        ExecutionError: as the port says.
    """
    further = []
    for one in requests.listed(most):
        if one.act.provider != provider.name or one.state not in ("sent", "answered"):
            continue
        act_id = one.act.act_id
        try:
            state = provider.request_state(one.number)
        except ProviderRefusedError as error:
            tell(act_id, error.reason)
            continue
        change = RequestChange(act_id=act_id, state=state, at=now)
        if requests.change(change):
            further.append(act_id)
    return further


def report_changes(
    requests: Requests, service: Service, tell: Callable[[str, str], None]
) -> None:
    """Send the rows of what changed and was not sent yet.

    Args:
        requests: what changed.
        service: takes the rows.
        tell: called with the act and the rule by which a row was refused.

    Raises:
        ServiceUnusableError: they are sent the next time.
    """
    for change in requests.waiting():
        try:
            _report(requests.find(change.act_id), change, service)
        except ReportRefusedError as error:
            tell(change.act_id, error.rule)
        requests.mark_reported(change)


def _report(request: Request, change: RequestChange, service: Service) -> None:
    is_by_hand = bool(change.by_whom)
    if change.state == "sent" and is_by_hand:  # what went by program is told already
        service.report(replace(request.act, settled_at=change.at), "person", {})
    if change.result is not None:
        row = {
            "customer_id": request.act.customer_id,
            "event_at": to_datetime(change.at).isoformat(),
            "kind": change.result,
            "source": f"service_request:{change.number or request.act.act_id}",
            "strength": change.strength or "analyst",
        }
        service.send({"outcomes": [row]}, f"request-{change.act_id}-{change.state}")
