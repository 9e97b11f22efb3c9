"""What is told to others: with the decision or not at all, in order, taken once."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator

import pytest

from store.announcing import put_content
from store.decisions import DecisionStore
from store.errors import UnknownMessageError
from store.opening import (
    open_access_log,
    open_database,
    open_decision_store,
    open_outbox,
)
from store.outbox import Message, Outbox
from store.removal import expire
from tests.store.conftest import Place
from tests.store.memory_store import a_decision

TOLD = {"suspend": ["default"], "review": ["default"]}
TWO = {"suspend": ["default", "crm"]}
NOW, LEASE, LATER = 2_000_000, 60_000_000, 10**15


@pytest.fixture
def store(place: Place) -> Iterator[DecisionStore]:
    store = open_decision_store(*place, announced=TOLD)
    yield store
    store.close()


@pytest.fixture
def outbox(place: Place) -> Iterator[Outbox]:
    outbox = open_outbox(*place)
    yield outbox
    outbox.close()


def record(store: DecisionStore, number: int, who: str, **changes: object) -> None:
    told = {"customer_id": who, "action": "suspend"} | changes
    asyncio.run(store.record(a_decision(number, **told), {}))


def names(messages: list[Message]) -> list[str]:
    return [message.message_id for message in messages]


def test_only_what_is_announced_is_told_and_once(
    store: DecisionStore, outbox: Outbox
) -> None:
    record(store, 1, "acme", action="remind")
    record(store, 2, "acme", action="review", idempotency_key="i2")
    record(store, 3, "acme", action="review", idempotency_key="i2")  # the same again
    [message] = outbox.claim(NOW, NOW + LEASE, 10)
    assert message.message_id == "msg_d2"
    assert message.decision is not None
    assert message.decision.answer == b'{"decision_id":"d2"}'
    outbox.settle_delivered(message, NOW)
    assert outbox.claim(NOW, NOW + LEASE, 10) == []


def test_the_next_of_a_customer_waits_for_the_one_before(
    store: DecisionStore, outbox: Outbox
) -> None:
    for number, who in enumerate(["acme", "acme", "other"], start=1):
        record(store, number, who)
    first, other = outbox.claim(NOW, NOW + LEASE, 10)
    assert names([first, other]) == ["msg_d1", "msg_d3"]
    outbox.settle_failed(first, NOW, "http_503", NOW + 5)
    outbox.settle_delivered(other, NOW)
    assert outbox.claim(NOW, NOW + LEASE, 10) == []
    [again] = outbox.claim(NOW + 5, NOW + LEASE, 10)
    assert (again.message_id, again.n_attempts) == ("msg_d1", 1)
    outbox.settle_delivered(again, NOW)
    assert names(outbox.claim(NOW + 5, NOW + LEASE, 10)) == ["msg_d2"]


def test_what_a_dead_process_took_is_taken_when_its_lease_is_over(
    place: Place, store: DecisionStore, outbox: Outbox
) -> None:
    record(store, 1, "acme")
    [taken] = outbox.claim(NOW, NOW + LEASE, 10)
    other = open_outbox(*place)
    assert other.claim(NOW + LEASE - 1, NOW + 2 * LEASE, 10) == []
    [again] = other.claim(NOW + LEASE, NOW + 2 * LEASE, 10)
    outbox.settle_failed(taken, NOW + LEASE, "timeout", LATER)  # has no say any more
    other.settle_delivered(again, NOW + LEASE)
    assert outbox.states() == {}
    other.close()


def test_what_was_given_up_is_listed_and_delivered_again(
    store: DecisionStore, outbox: Outbox
) -> None:
    record(store, 1, "acme")
    record(store, 2, "acme")
    [first] = outbox.claim(NOW, NOW + LEASE, 10)
    outbox.settle_failed(first, NOW, "http_410", None)
    assert outbox.states() == {"default": (1, 1, 1_002)}
    [dead] = outbox.listed("dead", 10)
    assert (dead.message_id, dead.last_failure) == ("msg_d1", "http_410")
    [second] = outbox.claim(NOW, NOW + LEASE, 10)  # it holds nobody up
    outbox.settle_delivered(second, NOW)
    assert outbox.replay_dead(NOW) == 1
    [again] = outbox.claim(NOW, NOW + LEASE, 10)
    assert (again.message_id, again.n_attempts) == ("msg_d1", 0)
    outbox.settle_delivered(again, NOW)
    assert outbox.states() == {}
    outbox.replay("msg_d2", NOW)
    assert (
        outbox.states()["default"].oldest_at == NOW
    )  # not when it was written, long ago
    assert names(outbox.claim(NOW, NOW + LEASE, 10)) == ["msg_d2"]
    for unknown in ("msg_d2", "msg_d9"):  # waits already; never was
        with pytest.raises(UnknownMessageError):
            outbox.replay(unknown, NOW)
    assert outbox.replay_since(1_002, NOW) == 0  # of d2 alone, which waits
    assert outbox.replay_since(1_001, NOW) == 1


def test_what_was_delivered_long_ago_is_forgotten(
    store: DecisionStore, outbox: Outbox
) -> None:
    record(store, 1, "acme")
    [first] = outbox.claim(NOW, NOW + LEASE, 10)
    outbox.settle_delivered(first, NOW)
    outbox.prune(NOW)
    assert len(outbox.listed("delivered", 10)) == 1
    outbox.prune(NOW + 1)
    assert outbox.listed("delivered", 10) == []


def test_who_is_erased_or_whose_time_is_over_is_not_told_of(
    place: Place, store: DecisionStore, outbox: Outbox
) -> None:
    record(store, 1, "acme")
    record(store, 2, "old", retain_until=NOW)
    record(store, 3, "kept")
    asyncio.run(store.erase("acme", NOW))
    database = open_database(*place)
    assert expire(database, NOW + 1) == 1
    database.close()
    assert names(outbox.claim(NOW, NOW + LEASE, 10)) == ["msg_d3"]


def test_a_record_that_was_altered_is_not_delivered(
    place: Place, store: DecisionStore, outbox: Outbox
) -> None:
    record(store, 1, "acme")
    database = open_database(*place)
    with database.transaction():
        database.run("UPDATE customers SET data_key = ?", bytes(32))
    database.close()
    [message] = outbox.claim(NOW, NOW + LEASE, 10)
    assert message.is_altered
    assert message.decision is None


def test_a_head_is_put_once(place: Place, outbox: Outbox) -> None:
    database = open_database(*place)
    for _ in range(2):
        put_content(database, "head_1", "{}", ["default", "crm"], NOW)
    database.close()
    [message] = outbox.claim(NOW, NOW + LEASE, 10)
    assert message.message_id == "msg_head_1"
    assert (message.content, message.decision) == ("{}", None)
    assert names(outbox.claim(NOW, NOW + LEASE, 10, "crm")) == ["msg_head_1_crm"]


@pytest.fixture
def told_twice(place: Place) -> Iterator[DecisionStore]:
    store = open_decision_store(*place, announced=TWO)
    yield store
    store.close()


def test_each_endpoint_has_its_own_messages_and_order(
    told_twice: DecisionStore, outbox: Outbox
) -> None:
    record(told_twice, 1, "acme")
    record(told_twice, 2, "acme")
    [first] = outbox.claim(NOW, NOW + LEASE, 10)
    outbox.settle_failed(first, NOW, "http_503", LATER)
    for name in ("msg_d1_crm", "msg_d2_crm"):  # the other waits for nobody
        [message] = outbox.claim(NOW, NOW + LEASE, 10, "crm")
        assert message.message_id == name
        outbox.settle_delivered(message, NOW)
    assert outbox.claim(NOW, NOW + LEASE, 10) == []
    assert outbox.states() == {"default": (2, 0, 1_001)}


def test_an_endpoint_is_replayed_listed_and_discarded_alone(
    told_twice: DecisionStore, outbox: Outbox
) -> None:
    record(told_twice, 1, "acme")
    for endpoint in ("default", "crm"):
        [message] = outbox.claim(NOW, NOW + LEASE, 10, endpoint)
        outbox.settle_failed(message, NOW, "http_410", None)
    assert [one.endpoint for one in outbox.listed("dead", 9, "crm")] == ["crm"]
    assert outbox.replay_dead(NOW, "crm") == 1
    assert outbox.replay_since(0, NOW, "crm") == 0  # it waits
    assert outbox.states() == {"crm": (1, 0, NOW), "default": (0, 1, None)}
    assert outbox.discard("crm") == 1
    assert outbox.replay_since(0, NOW) == 1
    assert names(outbox.claim(NOW, NOW + LEASE, 10)) == ["msg_d1"]
    assert outbox.claim(NOW, NOW + LEASE, 10, "crm") == []


def test_of_who_is_erased_no_endpoint_is_told(
    told_twice: DecisionStore, outbox: Outbox
) -> None:
    record(told_twice, 1, "acme")
    asyncio.run(told_twice.erase("acme", NOW))
    assert outbox.states() == {}


def test_processes_that_deliver_at_once_take_each_message_once_and_in_order(
    place: Place, store: DecisionStore
) -> None:
    n_messages, n_customers = 60, 5
    for number in range(n_messages):
        record(store, number, f"c{number % n_customers}")
    delivered: dict[str, list[int]] = defaultdict(list)
    lock = threading.Lock()

    def deliver() -> None:
        outbox = open_outbox(*place)
        while outbox.states():
            for message in outbox.claim(NOW, NOW + LEASE, 3):
                assert message.decision is not None
                with lock:
                    number = int(message.message_id.removeprefix("msg_d"))
                    delivered[message.decision.customer_id].append(number)
                outbox.settle_delivered(message, NOW)
        outbox.close()

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for who, numbers in delivered.items():
        assert numbers == list(range(int(who[1:]), n_messages, n_customers))
    assert sum(map(len, delivered.values())) == n_messages


def test_the_access_log_is_one_for_all_that_share_the_store(place: Place) -> None:
    one, other = open_access_log(*place), open_access_log(*place)
    one.add("k1", "GET /v1/decisions", "d1")
    other.add(None, "keys create", "k2")
    listed = [(entry["key_id"], entry["subject"]) for entry in one.page(1_000).entries]
    assert listed == [(None, "k2"), ("k1", "d1")]
    first = one.page(1)
    assert [entry["subject"] for entry in first.entries] == ["k2"]
    other.add(None, "keys create", "k3")  # moves no page
    then = one.page(1, first.next)
    assert [entry["subject"] for entry in then.entries] == ["d1"]
    assert then.next is None
    named = one.page(1, None, {"d1", "k2"})
    assert [entry["subject"] for entry in named.entries] == ["k2"]
    then = one.page(1, named.next, {"d1", "k2"})
    assert ([entry["subject"] for entry in then.entries], then.next) == (["d1"], None)
    assert one.page(1, None, set()).entries == []
    with pytest.raises(ValueError, match="x"):
        one.page(1, "x")
    one.close()
    other.close()
