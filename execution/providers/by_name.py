"""Which providers there are, and how each is reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import httpx

from execution.errors import NotOfferedError
from execution.port import Provider
from execution.providers.google import (
    CHANNEL_URL,
    LOGIN_URL,
    RESELLER_URL,
    GoogleChannel,
    GoogleCredentials,
    GoogleReseller,
    stated,
)
from execution.providers.kill_bill import KillBill, KillBillCredentials
from execution.providers.oauth import AccessTokens
from execution.providers.partner_alerts import GRAPH_URL, GraphAlerts
from execution.providers.partner_center import CHINA_URL, GLOBAL_URL, PartnerCenter
from execution.providers.partner_tokens import (
    AUDIENCE,
    GRAPH_AUDIENCE,
    Credentials,
    Tokens,
)
from execution.providers.token_connection import TokenConnection
from execution.providers.webhook import SECRET, WebhookProvider, signer_of
from execution.providers.whmcs import Whmcs, WhmcsCredentials

AlertsFrom = Literal["fraud-events", "graph"]


class Cloud(NamedTuple):
    """A cloud of Microsoft: where tokens are fetched, for whom, and if Graph warns.

    Source: `PartnerEnvironment` of Microsoft's PowerShell module for Partner Center,
    which asks for tokens for the Partner Center of each cloud at its own login.
    """

    login_url: str
    audience: str
    has_graph_alerts: bool


GLOBAL_CLOUD = Cloud("https://login.microsoftonline.com", AUDIENCE, True)
CHINA_CLOUD = Cloud("https://login.chinacloudapi.cn", CHINA_URL, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a provider is reached.

    Args:
        client: with the API's address as its base.
        environment: holds credentials.
        customers: the provider's customer ids by ours, where they differ.
        drafts: folder for mails that a person sends; None: there are none.
        login_url: where tokens are fetched; None: where the provider says.
        alerts_from: which of Microsoft's two APIs alerts are read from.
        graph_url: of Microsoft Graph.
    """

    client: httpx.Client
    environment: Mapping[str, str] = field(repr=False)
    customers: Mapping[str, str] = field(default_factory=dict)
    drafts: Path | None = None
    login_url: str | None = None
    alerts_from: AlertsFrom = "fraud-events"
    graph_url: str = GRAPH_URL


class Choice(NamedTuple):
    """One provider.

    Args:
        url: of its API; None where every customer has one.
        connect: to it.
        settings: in the environment, with which it lets us in.
    """

    url: str | None
    connect: Callable[[Connection], Provider]
    settings: str


def _partner_center(at: Connection) -> Provider:
    credentials = Credentials.of_environment(at.environment)
    host = httpx.URL(CHINA_URL).host
    cloud = CHINA_CLOUD if at.client.base_url.host == host else GLOBAL_CLOUD
    login = at.login_url or cloud.login_url
    tokens = Tokens(at.client, credentials, login, audience=cloud.audience)
    source = None
    if at.alerts_from == "graph":
        if not cloud.has_graph_alerts:
            raise NotOfferedError("21Vianet's Partner Center", "alerts from Graph")
        of_graph = Tokens(at.client, credentials, login, audience=GRAPH_AUDIENCE)
        source = GraphAlerts(TokenConnection(at.client, of_graph), at.graph_url)
    return PartnerCenter(at.client, tokens, at.customers, at.drafts, source)


def _kill_bill(at: Connection) -> Provider:
    user = KillBillCredentials.of_environment(at.environment)
    return KillBill(at.client, user, at.customers, at.drafts)


def _webhook(at: Connection) -> Provider:
    url = str(at.client.base_url).rstrip("/")
    return WebhookProvider(at.client, url, signer_of(at.environment), at.customers)


def _whmcs(at: Connection) -> Provider:
    credentials = WhmcsCredentials.of_environment(at.environment)
    return Whmcs(at.client, credentials, at.customers, at.drafts)


def _google_reseller(at: Connection) -> Provider:
    return GoogleReseller(at.client, _google_tokens(at), at.customers, at.drafts)


def _google_channel(at: Connection) -> Provider:
    account = stated(at.environment, "ACCOUNT")
    tokens = _google_tokens(at)
    return GoogleChannel(at.client, tokens, account, at.customers, at.drafts)


def _google_tokens(at: Connection) -> AccessTokens:
    credentials = GoogleCredentials.of_environment(at.environment)
    return credentials.tokens(at.client, at.login_url or LOGIN_URL)


CHOICES: Mapping[str, Choice] = {
    "partner-center": Choice(GLOBAL_URL, _partner_center, "FORBEAR_PARTNER_CENTER_*"),
    "kill-bill": Choice(None, _kill_bill, "FORBEAR_KILL_BILL_*"),
    "google-reseller": Choice(RESELLER_URL, _google_reseller, "FORBEAR_GOOGLE_*"),
    "google-channel": Choice(CHANNEL_URL, _google_channel, "FORBEAR_GOOGLE_*"),
    "whmcs": Choice(None, _whmcs, "FORBEAR_WHMCS_*"),
    "webhook": Choice(None, _webhook, SECRET),
}
