import asyncio
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.decision_store import (
    _LAST_RECOMMENDED,
    _PLACES_TAKEN,
    Decision,
    DecisionStore,
    IdempotencyConflictError,
    StoreUnavailableError,
    UnknownDecisionError,
)

POLICY = "name: test\n"


def a_decision(number: int, key: str | None = None, body: bytes = b"{}") -> Decision:
    return Decision(
        decision_id=f"d{number}",
        recorded_at=1_000 + number,
        as_of=1_000,
        request=body,
        answer=b'{"decision_id":"d%d"}' % number,
        versions="{}",
        book="{}",
        policy_hash="p1",
        key_id="k1",
        idempotency_key=key,
        request_sha256=hashlib.sha256(body).digest(),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DecisionStore]:
    store = DecisionStore(tmp_path / "decisions.sqlite")
    yield store
    store.close()


def recorded(store: DecisionStore, *decisions: Decision) -> list[Decision]:
    async def together() -> list[Decision]:
        return await asyncio.gather(*(store.record(d, POLICY) for d in decisions))

    return asyncio.run(together())


def test_a_recorded_decision_is_on_disk_before_the_caller_goes_on(
    store: DecisionStore, tmp_path: Path
) -> None:
    recorded(store, a_decision(1))
    other = sqlite3.connect(tmp_path / "decisions.sqlite")
    assert other.execute("SELECT decision_id FROM decisions").fetchall() == [("d1",)]
    other.close()


def test_a_commit_is_flushed_to_the_disk(store: DecisionStore) -> None:
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_decision_comes_back_as_it_was(store: DecisionStore) -> None:
    decision = a_decision(1, key="once")
    recorded(store, decision)
    assert store.find("d1") == decision
    assert store.policy_content("p1") == POLICY
    with pytest.raises(UnknownDecisionError):
        store.find("d2")


def test_many_at_once_are_all_recorded(store: DecisionStore) -> None:
    decisions = [a_decision(n) for n in range(300)]
    assert recorded(store, *decisions) == decisions
    assert [store.find(d.decision_id) for d in decisions] == decisions


def test_the_first_of_two_concurrent_retries_is_the_answer(
    store: DecisionStore,
) -> None:
    first, second = recorded(store, a_decision(1, "once"), a_decision(2, "once"))
    assert second == first
    assert store.find_answered("k1", "once") == first
    with pytest.raises(UnknownDecisionError):
        store.find("d2")


def test_the_same_idempotency_key_with_another_body_is_refused(
    store: DecisionStore,
) -> None:
    recorded(store, a_decision(1, "once"))
    with pytest.raises(IdempotencyConflictError):
        recorded(store, a_decision(2, "once", body=b"[]"))


def test_one_refused_decision_does_not_take_its_batch_with_it(
    store: DecisionStore,
) -> None:
    recorded(store, a_decision(1, "once"))

    async def together() -> list[Decision | BaseException]:
        tries = (a_decision(2, "once", body=b"[]"), a_decision(3))
        return await asyncio.gather(
            *(store.record(d, POLICY) for d in tries), return_exceptions=True
        )

    refused, accepted = asyncio.run(together())
    assert isinstance(refused, IdempotencyConflictError)
    assert accepted == store.find("d3")


def test_what_cannot_be_recorded_is_not_given(store: DecisionStore) -> None:
    recorded(store, a_decision(1))
    with pytest.raises(StoreUnavailableError, match="SQLITE_CONSTRAINT"):
        recorded(store, a_decision(1))  # the same id cannot be recorded twice
    recorded(store, a_decision(2))  # and the writer lives on
    assert store.is_writable()


def test_a_closed_store_has_committed_everything(tmp_path: Path) -> None:
    store = DecisionStore(tmp_path / "decisions.sqlite")

    async def leave_early() -> None:
        task = asyncio.ensure_future(store.record(a_decision(1), POLICY))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave_early())
    store.close()
    reopened = DecisionStore(tmp_path / "decisions.sqlite")
    assert reopened.find("d1") == a_decision(1)
    reopened.close()


@pytest.mark.parametrize("query", [_LAST_RECOMMENDED, _PLACES_TAKEN])
def test_what_was_decided_before_is_found_by_an_index(
    store: DecisionStore, query: str
) -> None:
    """A scan would hold up the event loop for longer with every decision."""
    values = [1] * query.count("?")
    plan = store._db.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
    assert "USING INDEX decisions_" in plan[0][3]
    assert "as_of" in plan[0][3]
