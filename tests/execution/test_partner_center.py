"""Partner Center: its own words for states, its tokens, its bill while suspended."""

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs

import httpx
import pytest

from execution.errors import (
    ExecutionError,
    MissingSettingError,
    NotOfferedError,
    ProviderAccessError,
    ProviderUnreachableError,
)
from execution.fakes.by_name import settings_of
from execution.fakes.partner_center import FakePartnerCenter
from execution.port import Provider
from execution.providers.by_name import CHOICES, Connection
from execution.providers.partner_center import CHINA_URL, PartnerCenter
from execution.providers.partner_tokens import Credentials, Tokens
from tests.execution.conftest import CREDENTIALS, partner_center

Call = Callable[[Provider], object]


@pytest.mark.parametrize("stated", ["Expired", "CANCELED", "disabled", "deleted"])
def test_states_beyond_the_documentation_are_an_end(
    fake: FakePartnerCenter, provider: PartnerCenter, stated: str
) -> None:
    fake.add("acme", "s2", Status=stated)
    assert provider.status("acme", "s2").state == "ended"


def test_a_word_nobody_listed_has_no_meaning(
    fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    fake.add("acme", "s2", Status="Provisioning")
    status = provider.status("acme", "s2")
    assert (status.state, status.stated) == ("unknown", "Provisioning")


def test_a_licence_with_a_term_is_billed_on(
    fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    fake.add(
        "acme", "s2", TermDuration="P1Y", EffectiveStartDate="2026-06-01T00:00:00Z"
    )
    by_id = {one.subscription_id: one for one in provider.subscriptions("acme")}
    assert by_id["s1"].is_billed_while_suspended is False
    assert by_id["s2"].is_billed_while_suspended is True
    assert str(by_id["s2"].cancel_until) == "2026-06-08 00:00:00+00:00"


def test_a_token_that_is_not_taken_is_fetched_once_more(
    fake: FakePartnerCenter,
) -> None:
    with partner_center(fake) as provider:
        provider._api._tokens._token, provider._api._tokens._good_until = (
            "old",
            10.0**12,
        )
        assert provider.status("acme", "s1").state == "active"
        fake.answer = lambda *_: (401, {})  # type: ignore[method-assign]
        with pytest.raises(ProviderAccessError):
            provider.status("acme", "s1")


def answering(status: int) -> httpx.Client:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={}))
    return httpx.Client(transport=transport, base_url="https://login")


@pytest.mark.parametrize(
    ("status", "error"), [(400, ProviderAccessError), (503, ProviderUnreachableError)]
)
def test_credentials_that_are_not_good_are_told_from_a_login_that_is_down(
    status: int, error: type[ExecutionError]
) -> None:
    credentials = Credentials("tenant", "application", "very-secret", "refresh-secret")
    with pytest.raises(error) as raised:
        Tokens(answering(status), credentials).bearer()
    assert "secret" not in str(raised.value) + repr(credentials)


def test_a_token_is_kept_while_it_is_good() -> None:
    n_asked, now = [0], [0.0]

    def answer(request: httpx.Request) -> httpx.Response:
        n_asked[0] += 1
        assert b"grant_type=refresh_token" in request.content
        return httpx.Response(200, json={"access_token": "t", "expires_in": "3600"})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    credentials = Credentials("tenant", "application", "secret", "refresh")
    tokens = Tokens(client, credentials, clock=lambda: now[0])
    assert [tokens.bearer(), tokens.bearer(), n_asked[0]] == ["Bearer t"] * 2 + [1]
    now[0] = 3_400.0
    tokens.bearer()
    assert n_asked == [2]


def test_a_missing_credential_is_named() -> None:
    with pytest.raises(MissingSettingError, match="FORBEAR_PARTNER_CENTER_CLIENT_ID"):
        Credentials.of_environment({"FORBEAR_PARTNER_CENTER_TENANT": "t"})


@pytest.mark.parametrize("body", ["[]", "7", "<html>", "{}", '{"items": [7]}'])
def test_an_answer_of_another_form_is_no_answer(body: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=body)

    client = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://pc")
    provider = PartnerCenter(client, Tokens(client, CREDENTIALS, "http://pc"))
    with pytest.raises(ProviderUnreachableError):
        provider.subscriptions("acme")
    provider._api._tokens._token, provider._api._tokens._good_until = "token", 10.0**12
    with pytest.raises(ProviderUnreachableError):
        provider.subscriptions("acme")
    with pytest.raises(ProviderUnreachableError):
        provider.status("acme", "s1")


def test_the_hosts_of_21vianet_are_asked_as_the_others(
    fake: FakePartnerCenter,
) -> None:
    """The fake under other hosts: nothing is asked elsewhere."""
    hosts, audiences = list[str](), set[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        if request.url.path.endswith("/oauth2/token"):
            audiences.update(parse_qs(request.content.decode())["resource"])
        is_json = "json" in request.headers.get("Content-Type", "")
        content = json.loads(request.content) if is_json else None
        path = request.url.raw_path.decode()
        status, body = fake.answer(request.method, path, request.headers, content)
        return httpx.Response(status, json=body)

    fake.more.add_event("e1", "acme", "s1")
    client = httpx.Client(transport=httpx.MockTransport(answer), base_url=CHINA_URL)
    environment = dict(settings_of("partner-center"))
    at = Connection(client=client, environment=environment)
    provider = CHOICES["partner-center"].connect(at)
    provider.suspend("acme", "s1", "a1")
    assert provider.status("acme", "s1").state == "suspended"
    [alert] = provider.alerts()
    provider.acknowledge(alert, "fraud")
    assert fake.more.resolved == [("e1", "fraud")]
    assert set(hosts) == {
        *("login.chinacloudapi.cn", "partner.partnercenterapi.microsoftonline.cn"),
    }
    assert audiences == {CHINA_URL}
    with pytest.raises(NotOfferedError):
        CHOICES["partner-center"].connect(replace(at, alerts_from="graph"))
