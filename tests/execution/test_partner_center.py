"""What any provider must do, shown on Partner Center's protocol with its faults."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from execution.errors import (
    ExecutionError,
    MissingSettingError,
    NotOfferedError,
    ProviderAccessError,
    ProviderBusyError,
    ProviderChangedError,
    ProviderRefusedError,
    ProviderUnreachableError,
)
from execution.fakes.partner_center import RETRY_AFTER_S, FakePartnerCenter, Fault
from execution.partner_center import PartnerCenter
from execution.partner_tokens import Credentials, Tokens
from execution.port import Provider, RequestText
from tests.execution.conftest import partner_center

Call = Callable[[Provider], object]


def suspend(provider: Provider) -> None:
    provider.suspend("acme", "s1", "a1")


@pytest.mark.parametrize("with_mark", [False, True], ids=["plain", "behind a mark"])
def test_access_goes_and_comes_back(
    fake: FakePartnerCenter, provider: PartnerCenter, with_mark: bool
) -> None:
    fake.with_mark = with_mark
    assert provider.status("acme", "s1").state == "active"
    suspend(provider)
    assert provider.status("acme", "s1").state == "suspended"
    provider.restore("acme", "s1", "a2")
    assert provider.status("acme", "s1").state == "active"
    assert fake.changes == [("s1", "suspended"), ("s1", "active")]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("busy", ProviderBusyError),
        ("failed", ProviderUnreachableError),
        ("changed", ProviderChangedError),
        ("conflict", ProviderRefusedError),
    ],
)
def test_each_refusal_is_told_apart(
    fake: FakePartnerCenter,
    provider: PartnerCenter,
    fault: Fault,
    error: type[ExecutionError],
) -> None:
    fake.faults.append(fault)
    with pytest.raises(error) as raised:
        suspend(provider)
    assert fake.changes == []
    assert "acme" not in str(raised.value)
    suspend(provider)
    assert fake.changes == [("s1", "suspended")]


def test_a_pause_is_as_long_as_the_provider_asks(
    fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    fake.faults.append("busy")
    with pytest.raises(ProviderBusyError) as raised:
        suspend(provider)
    assert raised.value.retry_after_s == RETRY_AFTER_S


def test_what_was_done_behind_a_failure_is_seen(
    fake: FakePartnerCenter, provider: PartnerCenter
) -> None:
    fake.faults.append("failed_after_acting")
    with pytest.raises(ProviderUnreachableError):
        suspend(provider)
    assert provider.status("acme", "s1").state == "suspended"


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


def test_a_customer_of_nobody_is_refused(provider: PartnerCenter) -> None:
    with pytest.raises(ProviderRefusedError) as raised:
        provider.subscriptions("nobody")
    assert raised.value.reason == "20002"


@pytest.mark.parametrize("name", ["../../x", "..", "a/b?c=d#e"])
def test_an_id_leads_nowhere_else(provider: PartnerCenter, name: str) -> None:
    with pytest.raises(ProviderRefusedError):
        provider.status("acme", name)
    with pytest.raises(ProviderRefusedError):
        provider.subscriptions(name)


def test_a_token_that_is_not_taken_is_fetched_once_more(
    fake: FakePartnerCenter,
) -> None:
    with partner_center(fake) as provider:
        provider._tokens._token, provider._tokens._good_until = "old", 10.0**12
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


def test_a_service_request_becomes_a_mail_that_a_person_sends(
    fake: FakePartnerCenter, provider: PartnerCenter, tmp_path: Path
) -> None:
    text = RequestText(title="Under review", description="Please look.")
    assert provider.open_request("acme", text, "a7") == "a7.eml"
    assert provider.open_request("acme", text, "a7") == "a7.eml"
    [mail] = (tmp_path / "drafts").iterdir()
    assert "Please look." in mail.read_text()
    assert mail.stat().st_mode & 0o077 == 0
    with partner_center(fake) as without_drafts, pytest.raises(NotOfferedError):
        without_drafts.open_request("acme", text, "a7")
