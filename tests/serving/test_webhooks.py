"""Another system is told of decisions: signed, in order, in no answer's way."""

import asyncio
import json
import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from serving import courier as courier_module
from serving.app import create_app
from serving.async_outbox import AsyncOutbox
from serving.courier import MOST_ATTEMPTS, Courier, pause_before, retry_after_s
from serving.metrics import Metrics
from serving.settings import BadSettingError, ServingSettings
from serving.webhook_endpoint import WebhookEndpoint, head_body
from serving.webhook_terms import announced
from store.announcing import put_content
from store.decisions import DecisionStore
from store.errors import StoreUnavailableError
from store.opening import (
    open_database,
    open_decision_store,
    open_key_store,
    open_outbox,
)
from store.outbox import Message, Outbox
from tests.serving.conftest import a_client
from tests.serving.receiver import Answer, Received, Receiver, receiving
from tests.serving.test_operation import until
from tests.store.memory_store import a_decision

OLD, NEW = (f"whsec_{b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))
SECOND = 1_000_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def webhook_settings(home: Path, url: str, **terms: Any) -> ServingSettings:  # noqa: ANN401
    stated = {"webhook_url": url, "webhook_secret": SecretStr(NEW)} | terms
    return ServingSettings(home=home, poll_s=0.02, **stated)


def test_a_decision_is_told_of_and_proves_who_sent_it(
    tmp_path: Path, receiver: Receiver, asked: dict[str, Any]
) -> None:
    secrets = SecretStr(f"{NEW} {OLD}")
    settings = webhook_settings(tmp_path, receiver.url, webhook_secret=secrets)
    keys = open_key_store(tmp_path)
    real, test = keys.create("tests")[1], keys.create("tests", is_test=True)[1]
    keys.close()
    with a_client(create_app(settings)) as service:
        for key in (test, real):
            bearer = {"Authorization": f"Bearer {key}"}
            answer = service.post("/v1/score", json=asked, headers=bearer).json()
        assert answer["action"] == "review"
        assert until(lambda: bool(receiver.received))
        page = "forbear_webhooks"
        assert until(lambda: page in service.get("/metrics").text)
    [got] = receiver.received  # of the test key nothing is told
    for secret in (NEW, OLD):
        body = Webhook(secret).verify(got.body, got.headers)
    assert body["type"] == "decision.recorded"
    assert body["timestamp"] == answer["recorded_at"]
    assert body["data"] == {
        name: answer[name] for name in ("decision_id", "customer_id", "action", "as_of")
    }
    stranger = Webhook(bytes(32))
    with pytest.raises(WebhookVerificationError):
        stranger.verify(got.body, got.headers)


def test_a_receiver_that_does_not_answer_holds_up_no_answer(
    tmp_path: Path, asked: dict[str, Any]
) -> None:
    settings = webhook_settings(tmp_path, "http://127.0.0.1:1/nobody")
    keys = open_key_store(tmp_path)
    _, key = keys.create("tests")
    keys.close()
    with a_client(create_app(settings)) as service:
        service.headers["Authorization"] = f"Bearer {key}"
        assert service.post("/v1/score", json=asked).status_code == 200
        counted = re.compile(  # how often it was tried, a slow machine may tell late
            "forbear_webhook_attempts_total"
            r'\{endpoint="default",result="unreachable"\} [1-9]'
        )
        assert until(lambda: bool(counted.search(service.get("/metrics").text)))
    outbox = open_outbox(tmp_path)
    [waiting] = outbox.listed("waiting", 10)
    outbox.close()
    assert waiting.n_attempts >= 1
    assert waiting.last_failure == "unreachable"


@dataclass
class Deliveries:
    """A courier whose clock the test moves."""

    store: DecisionStore
    outbox: Outbox
    metrics: Metrics = field(default_factory=Metrics)
    now: int = 10 * SECOND
    courier: Courier = field(init=False)

    def record(self, number: int, who: str = "acme", action: str = "suspend") -> None:
        decision = a_decision(number, customer_id=who, action=action)
        asyncio.run(self.store.record(decision, {}))

    def deliver(self, n_rounds: int = 1) -> bool | None:
        """What the last round says; all of them share connections."""

        async def deliver() -> bool | None:
            async with httpx.AsyncClient() as client:
                said = [await self.courier.deliver_due(client) for _ in range(n_rounds)]
            return said[-1]

        return asyncio.run(deliver())

    def states(self) -> list[tuple[str, int, str | None]]:
        listed = [*self.outbox.listed("waiting", 9), *self.outbox.listed("dead", 9)]
        return [(one.message_id, one.n_attempts, one.last_failure) for one in listed]


@pytest.fixture
def deliveries(tmp_path: Path, receiver: Receiver) -> Iterator[Deliveries]:
    settings = webhook_settings(tmp_path, receiver.url)
    store = open_decision_store(tmp_path, announced=announced(settings))
    made = Deliveries(store, open_outbox(tmp_path))
    [endpoint] = WebhookEndpoint.all_of(settings)
    thread = AsyncOutbox(made.outbox)
    made.courier = Courier(thread, endpoint, made.metrics, lambda: made.now)
    yield made
    asyncio.run(thread.close())
    store.close()


def answering(*answers: Answer) -> Callable[[Received], Answer]:
    listed = iter(answers)
    return lambda _: next(listed, (204, {}))


def test_a_failure_is_tried_again_later_and_the_next_waits(
    deliveries: Deliveries, receiver: Receiver
) -> None:
    receiver.answer = answering((500, {}))
    deliveries.record(1)
    deliveries.record(2)
    assert deliveries.deliver() is False
    assert deliveries.deliver() is None  # it is not due yet
    deliveries.now += 5 * SECOND
    assert deliveries.deliver()
    assert deliveries.deliver()
    assert receiver.names() == ["msg_d1", "msg_d1", "msg_d2"]
    first, again, _ = receiver.received
    assert first.body == again.body
    assert deliveries.outbox.states() == {}


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_gets_the_pause_it_asks_for(
    deliveries: Deliveries, receiver: Receiver, status: int
) -> None:
    receiver.answer = answering((status, {"Retry-After": "600"}))
    deliveries.record(1, "acme")
    deliveries.deliver()
    deliveries.record(2, "other")
    deliveries.now += 599 * SECOND
    assert deliveries.deliver() is None
    assert receiver.names() == ["msg_d1"]
    deliveries.now += 2 * SECOND
    assert deliveries.deliver()
    assert sorted(receiver.names()) == ["msg_d1", "msg_d1", "msg_d2"]


def test_a_redirect_is_not_followed(deliveries: Deliveries, receiver: Receiver) -> None:
    receiver.answer = answering((307, {"Location": receiver.url}))
    deliveries.record(1)
    assert deliveries.deliver() is False
    assert len(receiver.received) == 1
    assert deliveries.states() == [("msg_d1", 1, "http_307")]


def test_what_is_never_received_is_given_up_and_holds_nobody_up(
    deliveries: Deliveries, receiver: Receiver
) -> None:
    receiver.answer = lambda got: (400 if got.message_id == "msg_d1" else 204, {})
    deliveries.record(1)
    deliveries.record(2)
    for _ in range(MOST_ATTEMPTS):
        deliveries.deliver()
        deliveries.now += 6 * 3_600 * SECOND
    dead = ("msg_d1", MOST_ATTEMPTS, "http_400")
    assert deliveries.states() == [("msg_d2", 0, None), dead]
    assert receiver.names() == ["msg_d1"] * MOST_ATTEMPTS
    deliveries.deliver()
    assert receiver.names()[-1] == "msg_d2"
    assert deliveries.outbox.states()["default"].n_dead == 1


def test_a_receiver_that_hangs_is_left(
    deliveries: Deliveries, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "TIMEOUT_S", 0.05)
    wait = threading.Event()
    receiver.answer = lambda _: (204 if wait.wait(5) else 500, {})
    deliveries.record(1)
    assert deliveries.deliver() is False
    wait.set()
    assert deliveries.states() == [("msg_d1", 1, "timeout")]


@pytest.mark.parametrize("status", [200, 204])
def test_a_connection_serves_one_message_after_the_other(
    deliveries: Deliveries, receiver: Receiver, status: int
) -> None:
    receiver.answer = lambda _: (status, {})
    for number in range(3):
        deliveries.record(number)
    deliveries.deliver(3)
    assert receiver.names() == ["msg_d0", "msg_d1", "msg_d2"]
    assert receiver.n_connections == 1


def test_a_message_is_received_though_the_rest_of_the_answer_never_comes(
    deliveries: Deliveries, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the status comes in time, the rest would not
    monkeypatch.setattr(courier_module, "TIMEOUT_S", 2.0)
    monkeypatch.setattr(courier_module, "_READ_S", 2.5)
    receiver.answer = lambda _: (200, {"Content-Length": "5"})
    deliveries.record(1)
    assert deliveries.deliver()
    assert deliveries.outbox.states() == {}


def test_a_store_that_fails_meanwhile_loses_nothing(
    deliveries: Deliveries, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliveries.record(1, "acme")
    deliveries.record(2, "other")
    settle = deliveries.outbox.settle_delivered

    def failing(message: Message, now: int) -> None:
        if message.message_id == "msg_d1":
            raise StoreUnavailableError("it is full")
        settle(message, now)

    monkeypatch.setattr(deliveries.outbox, "settle_delivered", failing)
    with pytest.raises(StoreUnavailableError):
        deliveries.deliver()
    assert deliveries.states() == [("msg_d1", 0, None)]
    monkeypatch.undo()
    assert deliveries.deliver() is None  # its lease runs
    deliveries.now += 31 * SECOND
    assert deliveries.deliver()
    assert sorted(receiver.names()) == ["msg_d1", "msg_d1", "msg_d2"]


def test_a_record_that_was_altered_is_given_up_at_once(
    deliveries: Deliveries, receiver: Receiver, tmp_path: Path
) -> None:
    deliveries.record(1)
    database = open_database(tmp_path)
    with database.transaction():
        database.run("UPDATE customers SET data_key = ?", bytes(32))
    database.close()
    assert deliveries.deliver() is False
    assert receiver.received == []
    assert deliveries.states() == [("msg_d1", 1, "decision_altered")]


def test_the_head_of_the_chain_is_a_message_as_well(
    deliveries: Deliveries, receiver: Receiver, tmp_path: Path
) -> None:
    head = {"position": 7, "link": "ab", "at": "2026-06-30T03:00:00+00:00"}
    database = open_database(tmp_path)
    put_content(database, *head_body(json.dumps(head)), ["default"], 5)
    database.close()
    assert deliveries.deliver()
    [got] = receiver.received
    assert got.message_id == "msg_head_7"
    body = json.loads(got.body)
    assert (body["type"], body["data"]) == ("chain.head", head)


def test_the_whole_answer_is_sent_only_where_it_is_asked_for(tmp_path: Path) -> None:
    settings = webhook_settings(tmp_path, "https://x.example", webhook_content="answer")
    [endpoint] = WebhookEndpoint.all_of(settings)
    outbox_message = Message(1, "msg_d1", "", 0, a_decision(1))
    body = json.loads(endpoint.body(outbox_message))
    assert body["data"]["answer"] == {"decision_id": "d1"}


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        ("none", {"none", "remind", "review", "service_request", "suspend", "block"}),
        ("suspend", {"suspend", "block"}),
        ("block", {"block"}),
    ],
)
def test_what_is_told_of_begins_at_a_severity(
    tmp_path: Path, severity: str, told: set[str]
) -> None:
    url = "https://x.example"
    stated = webhook_settings(tmp_path, url, webhook_severity=severity)
    assert announced(stated) == {action: ["default"] for action in told}
    assert announced(ServingSettings(home=tmp_path)) == {}


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({"webhook_url": "http://x.example"}, "plain http"),
        ({"webhook_url": "http://127.0.0.1.x.example"}, "plain http"),
        ({"webhook_url": "http://localhost.x.example"}, "plain http"),
        ({"webhook_url": "ftp://x.example"}, "https://host/path"),
        ({"webhook_url": "https://"}, "https://host/path"),
        ({"webhook_url": "https://[x"}, "https://host/path"),
        ({"webhook_url": "https://me:word@x.example"}, "no name or password"),
        ({"webhook_secret": None}, "one to 3 secrets"),
        ({"webhook_secret": SecretStr(" ")}, "one to 3 secrets"),
        ({"webhook_secret": SecretStr("word" * 20)}, "begins with whsec_"),
        ({"webhook_secret": SecretStr("whsec_AAAA")}, "at least 24 random bytes"),
        ({"webhook_secret": SecretStr("whsec_§")}, "whsec_ and base64"),
    ],
)
def test_an_unsafe_receiver_or_secret_is_refused(
    tmp_path: Path, stated: dict[str, Any], why: str
) -> None:
    settings = webhook_settings(tmp_path, "https://x.example")
    with pytest.raises(BadSettingError, match=why) as refused:
        WebhookEndpoint.all_of(settings.model_copy(update=stated))
    assert "word" not in str(refused.value).replace("no name or password", "")


def test_plain_http_is_for_this_machine_unless_it_is_allowed(tmp_path: Path) -> None:
    for url in ("http://localhost:9/x", "http://127.0.0.2/x", "http://[::1]/x"):
        assert WebhookEndpoint.all_of(webhook_settings(tmp_path, url))
    allowed = webhook_settings(tmp_path, "http://hook", webhook_allow_http=True)
    assert WebhookEndpoint.all_of(allowed)


def test_pauses_grow_and_end() -> None:
    longest = [max(pause_before(n) for _ in range(200)) for n in range(1, 16)]
    assert longest == sorted(longest[:8]) + longest[8:]
    assert 4 < longest[0] <= 5
    assert longest[-1] <= 6 * 3_600
    assert pause_before(2) >= 7.5


def test_retry_after_may_be_a_date() -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    assert 590 < retry_after_s(format_datetime(ahead, usegmt=True)) <= 600
    assert retry_after_s(format_datetime(ahead - timedelta(hours=1), usegmt=True)) == 0
    assert retry_after_s("9" * 400) == 86_400
