"""What any provider must do, shown on each by its protocol, with its faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from execution.errors import (
    ExecutionError,
    NotOfferedError,
    ProviderBusyError,
    ProviderChangedError,
    ProviderRefusedError,
    ProviderUnreachableError,
)
from execution.fakes.kill_bill import FakeKillBill
from execution.fakes.partner_center import FakePartnerCenter
from execution.fakes.server import RETRY_AFTER_S, Fault
from execution.port import OpenedRequest, Provider, RequestText
from tests.execution.conftest import kill_bill, partner_center

AnyFake = FakePartnerCenter | FakeKillBill


@pytest.fixture(params=["partner-center", "kill-bill"])
def fake(request: pytest.FixtureRequest) -> AnyFake:
    fakes = {"partner-center": FakePartnerCenter, "kill-bill": FakeKillBill}
    fake: AnyFake = fakes[request.param]()
    fake.add("acme", "s1")
    fake.add("brix", "s9")
    return fake


@pytest.fixture
def provider(fake: AnyFake, tmp_path: Path) -> Iterator[Provider]:
    drafts = tmp_path / "drafts"
    if isinstance(fake, FakePartnerCenter):
        with partner_center(fake, drafts) as provider:
            yield provider
    else:
        with kill_bill(fake, drafts) as provider:
            yield provider


def suspend(provider: Provider) -> None:
    provider.suspend("acme", "s1", "a1")


@pytest.mark.parametrize("with_mark", [False, True], ids=["plain", "behind a mark"])
def test_access_goes_and_comes_back(
    fake: AnyFake, provider: Provider, with_mark: bool
) -> None:
    fake.with_mark = with_mark
    assert provider.status("acme", "s1").state == "active"
    suspend(provider)
    assert provider.status("acme", "s1").state == "suspended"
    [listed] = provider.subscriptions("acme")
    assert (listed.subscription_id, listed.state) == ("s1", "suspended")
    provider.restore("acme", "s1", "a2")
    assert provider.status("acme", "s1").state == "active"
    assert len(fake.changes) == 2


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
    fake: AnyFake, provider: Provider, fault: Fault, error: type[ExecutionError]
) -> None:
    fake.faults.append(fault)
    with pytest.raises(error) as raised:
        suspend(provider)
    assert fake.changes == []
    assert "acme" not in str(raised.value)
    suspend(provider)
    assert len(fake.changes) == 1


def test_a_pause_is_as_long_as_the_provider_asks(
    fake: AnyFake, provider: Provider
) -> None:
    fake.faults.append("busy")
    with pytest.raises(ProviderBusyError) as raised:
        suspend(provider)
    assert raised.value.retry_after_s == RETRY_AFTER_S


def test_what_was_done_behind_a_failure_is_seen(
    fake: AnyFake, provider: Provider
) -> None:
    fake.faults.append("failed_after_acting")
    with pytest.raises(ProviderUnreachableError):
        suspend(provider)
    assert provider.status("acme", "s1").state == "suspended"


def test_what_is_asked_for_twice_is_done_once(
    fake: AnyFake, provider: Provider
) -> None:
    suspend(provider)
    with_another_etag = isinstance(fake, FakePartnerCenter)
    suspend(provider)
    assert len(fake.changes) == (2 if with_another_etag else 1)
    assert provider.status("acme", "s1").state == "suspended"


def test_another_customers_subscription_is_refused(provider: Provider) -> None:
    with pytest.raises(ProviderRefusedError):
        provider.status("acme", "s9")
    with pytest.raises(ProviderRefusedError):
        provider.suspend("acme", "s9", "a1")


def test_a_customer_of_nobody_is_refused(provider: Provider) -> None:
    with pytest.raises(ProviderRefusedError):
        provider.subscriptions("nobody")


@pytest.mark.parametrize("name", ["../../x", "..", "a/b?c=d#e"])
def test_an_id_leads_nowhere_else(provider: Provider, name: str) -> None:
    with pytest.raises(ProviderRefusedError):
        provider.status("acme", name)
    with pytest.raises(ProviderRefusedError):
        provider.subscriptions(name)


def test_a_service_request_becomes_a_mail_that_a_person_sends(
    fake: AnyFake, provider: Provider, tmp_path: Path
) -> None:
    text = RequestText(title="Under review", description="Please look.")
    draft = OpenedRequest("a7.eml", is_draft=True)
    assert provider.open_request("acme", text, "a7") == draft
    assert provider.open_request("acme", text, "a7") == draft
    [mail] = (tmp_path / "drafts").iterdir()
    assert "Please look." in mail.read_text()
    assert mail.stat().st_mode & 0o077 == 0


def test_without_a_folder_for_mails_there_are_none(fake: AnyFake) -> None:
    text = RequestText(title="Under review", description="Please look.")
    if isinstance(fake, FakePartnerCenter):
        with partner_center(fake) as provider, pytest.raises(NotOfferedError):
            provider.open_request("acme", text, "a7")
    else:
        with kill_bill(fake) as other, pytest.raises(NotOfferedError):
            other.open_request("acme", text, "a7")
