"""`forbear webhooks`, and heads that are told of."""

import asyncio
from pathlib import Path

import pytest

from store.opening import open_decision_store, open_outbox
from tests.cli.conftest import Run
from tests.store.memory_store import a_decision


@pytest.fixture
def told(home: Path) -> Path:
    """One message waits, one was given up, one was delivered."""
    store = open_decision_store(home, announced={"suspend"})
    for number, who in enumerate(("waiting", "dead", "delivered"), start=1):
        decision = a_decision(number, customer_id=who, action="suspend")
        asyncio.run(store.record(decision, {}))
    store.close()
    outbox = open_outbox(home)
    _, dead, delivered = outbox.claim(2_000, 2_001, 3)
    outbox.settle_failed(dead, 2_000, "http_400", None)
    outbox.settle_delivered(delivered, 2_000)
    outbox.close()
    return home


@pytest.mark.usefixtures("told")
def test_what_waits_and_what_was_given_up_is_listed(forbear: Run) -> None:
    waiting, dead = forbear("webhooks", "list"), forbear("webhooks", "dead")
    for ran in (waiting, dead):
        assert ran.code == 0
        assert "1 wait, 1 were given up" in ran.out
    assert "msg_d1" in waiting.out
    assert "msg_d2" not in waiting.out
    assert "http_400" in dead.out


@pytest.mark.parametrize(
    ("named", "message_id"),
    [(["--dead"], "msg_d2"), (["msg_d3"], "msg_d3")],
)
def test_what_is_over_is_delivered_again(
    forbear: Run, told: Path, named: list[str], message_id: str
) -> None:
    ran = forbear("webhooks", "replay", *named)
    assert (ran.code, ran.out) == (0, "1 messages wait to be delivered again\n")
    outbox = open_outbox(told)
    assert message_id in [one.message_id for one in outbox.listed("waiting", 9)]
    outbox.close()


@pytest.mark.usefixtures("told")
def test_all_since_a_day_is_delivered_again(forbear: Run) -> None:
    since = forbear("webhooks", "replay", "--since", "1970-01-01")
    assert since.out.startswith("2 messages")
    later = forbear("webhooks", "replay", "--since", "2026-01-01")
    assert later.out.startswith("0 messages")


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("named", [[], ["msg_d1", "--dead"]])
def test_one_way_of_naming_messages_is_asked_for(
    forbear: Run, named: list[str]
) -> None:
    assert forbear("webhooks", "replay", *named).code == 2


@pytest.mark.usefixtures("told")
def test_an_unknown_message_is_said_so(forbear: Run) -> None:
    ran = forbear("webhooks", "replay", "msg_d9")
    assert ran.code == 2
    assert "[unknown_message]" in ran.err
