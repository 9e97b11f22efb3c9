"""HTTP as providers speak it: what an answer means for an act."""

from collections.abc import Mapping
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
    content: Mapping[str, Any] | None = None,
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
    answer: httpx.Response, reason: str, stale: str | None = None
) -> None:
    """Nothing where it was done.

    Args:
        answer: of the provider.
        reason: its own code, where it did not do it.
        stale: the code that says: changed since it was read.

    Raises:
        ExecutionError: as the port says.
    """
    status = answer.status_code
    if status < httpx.codes.BAD_REQUEST:
        return
    if status == httpx.codes.UNAUTHORIZED:
        raise ProviderAccessError(f"status {status}")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise ProviderBusyError(_pause_s(answer))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise ProviderUnreachableError(f"status {status}")
    if status == httpx.codes.PRECONDITION_FAILED or reason == stale:
        raise ProviderChangedError
    raise ProviderRefusedError(reason)


def path_segment(text: str) -> str:
    """A path's part: nothing of it may lead elsewhere.

    >>> path_segment("a/b"), path_segment("..")
    ('a%2Fb', '%2E%2E')
    """
    return quote(text, safe="").replace(".", "%2E")


def _pause_s(answer: httpx.Response) -> float:
    try:
        pause_s = float(answer.headers.get("Retry-After", _PAUSE_S))
    except ValueError:
        pause_s = _PAUSE_S
    return min(max(pause_s, 1.0), _LONGEST_PAUSE_S)
