"""Access tokens for Partner Center, from what the environment holds.

With a refresh token of the secure application model (application and user), else with
the application's own credentials. No token is written or logged.

Source: Microsoft's documentation of the secure application model; OAuth 2.0, RFC 6749,
sections 4.4 and 6.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from execution.errors import (
    MissingSettingError,
    ProviderAccessError,
    ProviderUnreachableError,
)
from execution.providers.provider_http import text_of

AUDIENCE = "https://api.partnercenter.microsoft.com"
_PREFIX = "FORBEAR_PARTNER_CENTER_"
_EARLY_S = 300.0  # a token is renewed before it ends
_REFUSED = (400, 401, 403)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Of an application registered for Partner Center.

    Args:
        tenant, client_id: the partner's tenant, and the application's id.
        client_secret: never shown.
        refresh_token: of the secure application model, for what needs application and
            user; None: application only. Never shown.
    """

    tenant: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "Credentials":
        """From FORBEAR_PARTNER_CENTER_TENANT, _CLIENT_ID, _CLIENT_SECRET.

        And _REFRESH_TOKEN, which may be absent.

        Raises:
            MissingSettingError: one of them is not there.
        """

        def stated(name: str) -> str:
            value = environment.get(_PREFIX + name, "")
            if not value:
                what = "Partner Center is asked with the credentials of an application"
                raise MissingSettingError(_PREFIX + name, what)
            return value

        return cls(
            stated("TENANT"),
            stated("CLIENT_ID"),
            stated("CLIENT_SECRET"),
            environment.get(_PREFIX + "REFRESH_TOKEN") or None,
        )


class Tokens:
    """One access token, fetched when it is needed and kept while it is good.

    Args:
        client: asks for tokens.
        login_url: where, without a path.
        clock: seconds, rising.
    """

    def __init__(
        self,
        client: httpx.Client,
        credentials: Credentials,
        login_url: str = "https://login.microsoftonline.com",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._credentials = client, credentials
        self._url = f"{login_url}/{credentials.tenant}/oauth2/token"
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
        stated = self._credentials
        form = {
            "client_id": stated.client_id,
            "client_secret": stated.client_secret,
            "resource": AUDIENCE,
        }
        if stated.refresh_token is None:
            form["grant_type"] = "client_credentials"
        else:
            form |= {
                "grant_type": "refresh_token",
                "refresh_token": stated.refresh_token,
            }
        try:
            answer = self._client.post(self._url, data=form)
            if answer.status_code in _REFUSED:
                raise ProviderAccessError(f"token: status {answer.status_code}")
            content = answer.raise_for_status().json()
            self._token = text_of(content, "access_token")
            lasts_s = float(content.get("expires_in", 0))
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderUnreachableError(f"token: {type(error).__name__}") from error
        self._good_until = self._clock() + max(lasts_s - _EARLY_S, 0.0)
