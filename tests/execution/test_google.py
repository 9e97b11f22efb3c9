"""Google: reasons of its own, quotas with 403, and what is done later."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from execution.errors import (
    ExecutionError,
    MissingSettingError,
    ProviderBusyError,
    ProviderRefusedError,
)
from execution.fakes.google import ACCOUNT, FakeGoogleChannel, FakeGoogleReseller
from execution.fakes.server import serving
from execution.plan import in_order
from execution.port import Provider
from execution.providers.google import GoogleChannel, GoogleCredentials, GoogleReseller
from execution.providers.oauth import AccessTokens
from store.acts import Acts
from tests.execution.conftest import NOW, an_act
from tests.execution.test_carry_out import Bench, bench

__all__ = ["bench"]
CREDENTIALS = GoogleCredentials("id", "very-secret", "refresh-secret")


@contextmanager
def reseller(fake: FakeGoogleReseller) -> Iterator[GoogleReseller]:
    with serving(fake) as url, httpx.Client(base_url=url) as client:
        yield GoogleReseller(client, CREDENTIALS.tokens(client, url))


@contextmanager
def channel(fake: FakeGoogleChannel) -> Iterator[GoogleChannel]:
    with serving(fake) as url, httpx.Client(base_url=url) as client:
        yield GoogleChannel(client, CREDENTIALS.tokens(client, url), ACCOUNT)


@pytest.fixture(params=["reseller", "channel"])
def google(request: pytest.FixtureRequest) -> Iterator[tuple[Provider, str]]:
    """With a subscription that Google itself suspended, and its word for it."""
    changes = {"suspensionReasons": ["TRIAL_ENDED"]}
    if request.param == "reseller":
        fake = FakeGoogleReseller()
        fake.add("acme", "s1", status="SUSPENDED", **changes)
        with reseller(fake) as provider:
            yield provider, "SUSPENDED TRIAL_ENDED"
    else:
        other = FakeGoogleChannel()
        other.add("acme", "s1", provisioningState="SUSPENDED", **changes)
        with channel(other) as provider:
            yield provider, "SUSPENDED TRIAL_ENDED"


def test_what_google_suspended_is_not_ours_to_give_back(
    google: tuple[Provider, str],
) -> None:
    provider, stated = google
    assert provider.status("acme", "s1").stated == stated
    with pytest.raises(ProviderRefusedError, match="SUSPENSION_NOT_RESELLER_INITIATED"):
        provider.restore("acme", "s1", "a1")


def test_a_reason_that_is_left_keeps_access_off() -> None:
    fake = FakeGoogleReseller()
    reasons = ["PENDING_TOS_ACCEPTANCE", "RESELLER_INITIATED"]
    fake.add("acme", "s1", status="SUSPENDED", suspensionReasons=reasons)
    with reseller(fake) as provider:
        provider.restore("acme", "s1", "a1")
        status = provider.status("acme", "s1")
    assert (status.state, status.stated) == (
        *("suspended", "SUSPENDED PENDING_TOS_ACCEPTANCE"),
    )


def test_a_quota_that_is_answered_with_403_is_waited_for() -> None:
    error = {"code": 403, "errors": [{"reason": "rateLimitExceeded"}]}
    fake = FakeGoogleReseller()
    fake.add("acme", "s1")
    with reseller(fake) as provider:
        provider.status("acme", "s1")
        fake.answer = lambda *_: (403, {"error": error})  # type: ignore[method-assign]
        with pytest.raises(ProviderBusyError):
            provider.status("acme", "s1")


def test_what_is_done_later_is_read_until_it_is(bench: Bench, acts: Acts) -> None:
    fake = FakeGoogleChannel(is_later=True)
    fake.add("acme", "s1")
    with channel(fake) as provider:
        bench.execution._provider = provider
        told = bench.run(an_act(provider="google-channel"))
        assert told == ["postponed:not_confirmed"]
        bench.pass_by(60)
        assert bench.run() == ["done", "reported"]
    assert fake.changes == [("s1", "SUSPENDED")]
    assert acts.listed(1)[0].settled_at == NOW + 60_000_000


def test_an_operation_that_failed_is_refused() -> None:
    fake = FakeGoogleChannel()
    fake.add("acme", "s1")
    with channel(fake) as provider:
        provider.status("acme", "s1")
        error = {"code": 9, "details": [{"reason": "NOT_ACTIVE"}]}
        fake._change = lambda *_: (200, {"name": "o", "done": True, "error": error})  # type: ignore[method-assign]
        with pytest.raises(ProviderRefusedError, match="NOT_ACTIVE"):
            provider.suspend("acme", "s1", "a1")


def test_an_add_on_depends_on_its_base() -> None:
    fake = FakeGoogleChannel()
    fake.add("acme", "base")
    name = fake.customers["acme"]["base"]["name"]
    fake.add("acme", "add-on", associationInfo={"baseEntitlement": name})
    with channel(fake) as provider:
        listed = provider.subscriptions("acme")
    assert in_order("suspend", listed) == ["add-on", "base"]


def test_credentials_are_named_when_missing_and_never_shown() -> None:
    with pytest.raises(MissingSettingError, match="FORBEAR_GOOGLE_REFRESH_TOKEN"):
        GoogleCredentials.of_environment(
            {"FORBEAR_GOOGLE_CLIENT_ID": "i", "FORBEAR_GOOGLE_CLIENT_SECRET": "s"}
        )
    assert "secret" not in repr(CREDENTIALS).replace("client_secret", "")


def test_a_customer_of_another_reseller_is_refused() -> None:
    with channel(FakeGoogleChannel()) as provider, pytest.raises(ExecutionError):
        provider.subscriptions("acme")


@pytest.mark.parametrize("lasts", [None, 0, "3600"])
def test_a_token_that_does_not_say_how_long_is_taken(lasts: object) -> None:
    answer = httpx.Response(200, json={"access_token": "t", "expires_in": lasts})
    transport = httpx.MockTransport(lambda _: answer)
    with httpx.Client(transport=transport) as client:
        assert (
            AccessTokens(client, "https://login.example/t", {}).bearer() == "Bearer t"
        )
