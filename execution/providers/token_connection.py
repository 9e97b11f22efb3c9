"""Requests that bear an access token, for providers that speak OAuth 2.0."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import httpx

from execution.errors import ProviderAccessError
from execution.providers.oauth import AccessTokens
from execution.providers.provider_http import (
    code_of,
    content_of,
    raise_for_status,
    send,
)


class TokenConnection:
    """Asks one API with one kind of token.

    Args:
        client: with the API's address as its base.
        tokens: for it.
        headers: of every request.
        reason: of an answer that refuses, the API's own code.
        stale: the code that says: changed since it was read.
        busy: codes that say: wait, whatever the status.
    """

    def __init__(
        self,
        client: httpx.Client,
        tokens: AccessTokens,
        headers: Mapping[str, str] | None = None,
        *,
        reason: Callable[[httpx.Response], str] = code_of,
        stale: str | None = None,
        busy: Collection[str] = (),
    ) -> None:
        self._client, self._tokens = client, tokens
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._reason, self._stale, self._busy = reason, stale, busy

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """One request; a token that is not taken is renewed once.

        Raises:
            ExecutionError: as the port says.
        """
        for is_last in (False, True):
            sent = {
                "Authorization": self._tokens.bearer(),
                **self._headers,
                **(headers or {}),
            }
            answer = send(self._client, method, path, sent, content)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                break
            self._tokens.forget()
            if is_last:
                raise ProviderAccessError("status 401")
        reason = self._reason(answer)
        raise_for_status(answer, reason, stale=self._stale, busy=self._busy)
        return answer

    def read(self, path: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON is any value
        """The content of a GET."""
        return content_of(self.ask("GET", path, headers))
