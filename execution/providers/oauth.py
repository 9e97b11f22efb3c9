"""Access tokens, fetched when they are needed and kept while they are good.

Source: OAuth 2.0, RFC 6749, sections 4.4 (client credentials) and 6 (refresh).
"""

import time
from collections.abc import Callable, Mapping

import httpx

from execution.errors import ProviderAccessError, ProviderUnreachableError
from execution.providers.provider_http import text_of

_EARLY_S = 300.0  # a token is renewed before it ends
_REFUSED = (400, 401, 403)


class AccessTokens:
    """One access token. None is written or logged.

    Args:
        client: asks for tokens.
        url: where.
        form: what is sent for one; holds secrets.
        clock: seconds, rising.
    """

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        form: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._url, self._form = client, url, dict(form)
        self._clock = clock
        self._token, self._good_until = "", 0.0

    def bearer(self) -> str:
        """The value of the header `Authorization`.

        Raises:
            ProviderAccessError: the credentials are not taken.
            ProviderUnreachableError: no token could be fetched now.
        """
        if self._clock() >= self._good_until:
            self._fetch()
        return f"Bearer {self._token}"

    def forget(self) -> None:
        """The token was not taken; the next one is fetched anew."""
        self._good_until = 0.0

    def _fetch(self) -> None:
        try:
            answer = self._client.post(self._url, data=self._form)
            if answer.status_code in _REFUSED:
                raise ProviderAccessError(f"token: status {answer.status_code}")
            content = answer.raise_for_status().json()
            self._token = text_of(content, "access_token")
            lasts_s = float(content.get("expires_in") or 0)
        except (httpx.HTTPError, TypeError, ValueError) as error:
            raise ProviderUnreachableError(f"token: {type(error).__name__}") from error
        self._good_until = self._clock() + max(lasts_s - _EARLY_S, 0.0)
