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

from execution.environment import required
from execution.providers.oauth import AccessTokens

AUDIENCE = "https://api.partnercenter.microsoft.com"
GRAPH_AUDIENCE = "https://graph.microsoft.com"
_PREFIX = "FORBEAR_PARTNER_CENTER_"


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
        what = "Partner Center is asked with the credentials of an application"
        names = "TENANT", "CLIENT_ID", "CLIENT_SECRET"
        needed = [required(environment, _PREFIX + name, what) for name in names]
        tenant, client_id, secret = needed
        refresh = environment.get(_PREFIX + "REFRESH_TOKEN") or None
        return cls(tenant, client_id, secret, refresh)


class Tokens(AccessTokens):
    """Tokens for Partner Center, or for another service of Microsoft.

    Args:
        client: asks for tokens.
        login_url: where, without a path.
        clock: seconds, rising.
        audience: the service they are for.
    """

    def __init__(
        self,
        client: httpx.Client,
        credentials: Credentials,
        login_url: str = "https://login.microsoftonline.com",
        clock: Callable[[], float] = time.monotonic,
        audience: str = AUDIENCE,
    ) -> None:
        form = {
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "resource": audience,
        }
        if credentials.refresh_token is None:
            form["grant_type"] = "client_credentials"
        else:
            form |= {
                "grant_type": "refresh_token",
                "refresh_token": credentials.refresh_token,
            }
        url = f"{login_url}/{credentials.tenant}/oauth2/token"
        super().__init__(client, url, form, clock)
