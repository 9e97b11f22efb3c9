"""The webhook: signed, once for one id, in order per customer, given up and retried."""

from collections.abc import Iterator

import httpx
import pytest
from standardwebhooks import Webhook

from execution.carry_out import MOST_ATTEMPTS
from execution.errors import (
    MissingSettingError,
    NotOfferedError,
    ProviderAccessError,
    ProviderUnreachableError,
)
from execution.fakes.server import serving
from execution.fakes.webhook import SECRET, FakeReceiver
from execution.providers.webhook import WebhookProvider, signer_of
from tests.execution.conftest import an_act
from tests.execution.test_carry_out import Bench, bench

__all__ = ["bench"]


@pytest.fixture
def receiver() -> FakeReceiver:
    receiver = FakeReceiver()
    for name in ("acme", "brix"):
        receiver.add(name, "s1")
        receiver.add(name, "s2")
    return receiver


@pytest.fixture
def provider(receiver: FakeReceiver) -> Iterator[WebhookProvider]:
    with serving(receiver) as url, httpx.Client() as client:
        yield WebhookProvider(client, f"{url}/hook", Webhook(SECRET))


def test_another_secret_is_not_let_in(receiver: FakeReceiver) -> None:
    other = Webhook("whsec_" + "QUFB" * 8)
    with serving(receiver) as url, httpx.Client() as client:
        provider = WebhookProvider(client, url, other)
        with pytest.raises(ProviderAccessError):
            provider.suspend("acme", "s1", "a1")
    assert receiver.changes == []


def test_one_id_is_done_once_whatever_is_sent_how_often(
    receiver: FakeReceiver, provider: WebhookProvider
) -> None:
    receiver.faults.append("failed_after_acting")
    with pytest.raises(ProviderUnreachableError):
        provider.suspend("acme", "s1", "a1")
    provider.suspend("acme", "s1", "a1")
    provider.restore("acme", "s1", "a2")
    provider.suspend("acme", "s1", "a1")  # an old one, which arrives late
    assert [state for _, state in receiver.changes] == ["suspended", "active"]


def test_of_a_customer_one_message_is_under_way_at_a_time(
    receiver: FakeReceiver, provider: WebhookProvider, bench: Bench
) -> None:
    bench.execution._provider = provider
    receiver.faults.append("failed")
    acts = [
        an_act(name, subscription, provider="webhook")
        for name in ("acme", "brix")
        for subscription in ("s1", "s2")
    ]
    bench.run(*acts)
    assert [name for name, _ in receiver.changes] == ["s1", "s2"]  # of brix
    bench.pass_by(60)
    bench.run()
    assert receiver.state("acme", "s2") == "suspended"
    assert [name for name, _ in receiver.changes] == ["s1", "s2", "s1", "s2"]


def test_what_is_given_up_is_kept_and_sent_again_by_hand(
    receiver: FakeReceiver, provider: WebhookProvider, bench: Bench
) -> None:
    bench.execution._provider = provider
    receiver.faults.extend(["failed"] * MOST_ATTEMPTS)
    act = an_act(provider="webhook")
    bench.run(act)
    for _ in range(MOST_ATTEMPTS):
        bench.pass_by(1_000)
        bench.run()
    assert bench.acts.find(act.act_id).state == "failed"
    assert receiver.changes == []
    bench.acts.retry(act.act_id, bench.now)
    assert bench.run() == ["done", "reported"]


def test_what_a_receiver_does_not_do_it_says(
    receiver: FakeReceiver, provider: WebhookProvider
) -> None:
    receiver.answer = lambda *_: (501, None)  # type: ignore[method-assign]
    with pytest.raises(NotOfferedError):
        provider.suspend("acme", "s1", "a1")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_é", "whsec_AAAA", "secret"])
def test_a_secret_that_is_none_is_named(secret: str) -> None:
    with pytest.raises(MissingSettingError, match="FORBEAR_ACT_WEBHOOK_SECRET"):
        signer_of({"FORBEAR_ACT_WEBHOOK_SECRET": secret})
