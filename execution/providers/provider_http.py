"""HTTP as providers speak it: what an answer means for an act."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

from execution.errors import (
    ProviderAccessError,
    ProviderBusyError,
    ProviderChangedError,
    ProviderRefusedError,
    ProviderUnreachableError,
)

_LONGEST_PAUSE_S = 3_600.0
_PAUSE_S = 60.0  # where it asks for one and does not say how long


def send(
    client: httpx.Client,
    method: str,
    path: str,
    headers: Mapping[str, str],
    content: Mapping[str, Any] | list[str] | None = None,
) -> httpx.Response:
    """One request.

    Raises:
        ProviderUnreachableError: there is no answer.
    """
    try:
        return client.request(method, path, headers=dict(headers), json=content)
    except httpx.HTTPError as error:
        raise ProviderUnreachableError(type(error).__name__) from error


def raise_for_status(
    answer: httpx.Response,
    reason: str,
    stale: str | None = None,
    busy: Collection[str] = (),
) -> None:
    """Nothing where it was done.

    Args:
        answer: of the provider.
        reason: its own code, where it did not do it.
        stale: the code that says: changed since it was read.
        busy: codes that say: wait, whatever the status.

    Raises:
        ExecutionError: as the port says.
    """
    status = answer.status_code
    if status < httpx.codes.BAD_REQUEST:
        return
    if status == httpx.codes.UNAUTHORIZED:
        raise ProviderAccessError(f"status {status}")
    if status == httpx.codes.TOO_MANY_REQUESTS or reason in busy:
        raise ProviderBusyError(pause_s(answer, datetime.now(UTC)))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ProviderUnreachableError(f"status {status}")
    if status == httpx.codes.PRECONDITION_FAILED or reason == stale:
        raise ProviderChangedError
    raise ProviderRefusedError(reason)


def content_of(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON is any value
    """JSON of a body, which may begin with a byte order mark.

    Raises:
        ProviderUnreachableError: it is none.
    """
    try:
        return json.loads(answer.content.decode("utf-8-sig"))
    except ValueError as error:
        raise ProviderUnreachableError("no JSON") from error


def resource_of(content: object) -> dict[str, Any]:
    """An object of JSON.

    Raises:
        ProviderUnreachableError: it is none.
    """
    if not isinstance(content, dict):
        raise ProviderUnreachableError("no resource")
    return content


def text_of(content: object, name: str) -> str:
    """A text that a resource must have.

    Raises:
        ProviderUnreachableError: it has none.

    >>> text_of({"id": "s1"}, "id")
    's1'
    """
    value = resource_of(content).get(name)
    if not isinstance(value, str) or not value:
        raise ProviderUnreachableError(f"no {name} in a resource")
    return value


def code_of(answer: httpx.Response) -> str:
    """The provider's own code of a refusal; what else it says may name a customer."""
    try:
        content = content_of(answer)
    except ProviderUnreachableError:
        content = None
    named = content if isinstance(content, dict) else {}
    codes = [value for name, value in named.items() if name.lower() == "code"]
    return str(codes[0]) if codes and codes[0] else f"status {answer.status_code}"


def path_segment(text: str) -> str:
    """A path's part: nothing of it may lead elsewhere.

    >>> path_segment("a/b"), path_segment("..")
    ('a%2Fb', '%2E%2E')
    """
    return quote(text, safe="").replace(".", "%2E")


def pause_s(answer: httpx.Response, now: datetime) -> float:
    """How long a provider asks to wait, in seconds, at least 1 and at most an hour.

    After an hour it is asked again, whatever it said. `Retry-After` is seconds or a
    moment (RFC 9110, section 10.2.3).

    >>> moment = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    >>> at = datetime(2026, 10, 21, 7, 26, tzinfo=UTC)
    >>> pause_s(httpx.Response(429, headers=moment), at)
    120.0
    """
    stated = answer.headers.get("Retry-After", "")
    try:
        wait_s = float(stated)
    except ValueError:
        wait_s = _until_s(stated, now)
    return min(max(wait_s, 1.0), _LONGEST_PAUSE_S)


def _until_s(stated: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return _PAUSE_S
    if moment.tzinfo is None:  # `-0000`: UTC
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()
