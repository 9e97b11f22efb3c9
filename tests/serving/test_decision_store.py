import asyncio
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from serving import places
from serving.decision_store import (
    _LAST_RECOMMENDED,
    Decision,
    DecisionStore,
    IdempotencyConflictError,
    NoPlaceLeftError,
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


def a_claim(who: str, as_of: int = 1_000, most: float = 2) -> places.Claim:
    limits = (places.Limit(900, 2_000, most),)
    return places.Claim("stop", who, as_of, 500, 2_000, limits)


def test_a_place_is_taken_with_its_decision_or_neither(store: DecisionStore) -> None:
    async def all_of_them() -> list[Decision | BaseException]:
        claims = [a_claim("one"), a_claim("two"), a_claim("three"), a_claim("one")]
        tries = (
            store.record(a_decision(n), POLICY, claim) for n, claim in enumerate(claims)
        )
        return await asyncio.gather(*tries, return_exceptions=True)

    one, two, three, again = asyncio.run(all_of_them())
    assert isinstance(three, NoPlaceLeftError)
    assert [one, two, again] == [store.find(f"d{n}") for n in (0, 1, 3)]
    with pytest.raises(UnknownDecisionError):
        store.find("d2")
    taken = [(p.customer_id, p.as_of) for p in store.places_taken(0, 5_000)]
    assert taken == [("one", 1_000), ("two", 1_000)]
    assert [p.customer_id for p in store.places_since(1)] == ["two"]
    assert store.last_place() == 2


def test_places_count_for_their_time_their_kind_and_others_only(
    store: DecisionStore,
) -> None:
    def tried(number: int, claim: places.Claim) -> bool:
        try:
            asyncio.run(store.record(a_decision(number), POLICY, claim))
        except NoPlaceLeftError:
            return False
        return True

    assert tried(1, a_claim("one", most=1))
    assert not tried(2, a_claim("two", most=1))
    assert tried(3, a_claim("one", most=1))
    assert tried(4, replace(a_claim("two", most=1), kind="review"))
    elsewhen = (places.Limit(2_000, 3_000, 1),)
    assert tried(5, replace(a_claim("two"), as_of=2_500, limits=elsewhen))


@pytest.mark.parametrize(
    ("query", "index", "sought"),
    [
        (_LAST_RECOMMENDED, "decisions_customer", "as_of"),
        (places.TAKEN, "places_taken", "as_of"),
        (places._OTHERS, "COVERING INDEX places_taken", "as_of"),
        (places.SINCE, "INTEGER PRIMARY KEY", "rowid"),
    ],
)
def test_what_was_decided_before_is_found_by_an_index(
    store: DecisionStore, query: str, index: str, sought: str
) -> None:
    """A scan would hold up the event loop for longer with every decision."""
    values = [1] * query.count("?")
    plan = store._db.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
    found = next(step[3] for step in plan if "SEARCH" in step[3])
    assert index in found
    assert sought in found
