"""What every store of decisions promises, whatever keeps it."""

import asyncio
from collections.abc import Mapping

import pytest

from store.budget_slots import BudgetSlot, Limit, Reservation, SlotKind
from store.decisions import Decision, DecisionStore, Recommended
from store.errors import (
    IdempotencyConflictError,
    SlotTakenError,
    StoreUnavailableError,
    UnknownDecisionError,
    UnknownDocumentError,
)
from tests.store.conftest import OpenDecisions
from tests.store.memory_store import a_decision

DOCUMENTS = {"p1": "name: test\n"}


def record(
    store: DecisionStore,
    decision: Decision,
    reservation: Reservation | None = None,
    documents: Mapping[str, str] = DOCUMENTS,
) -> Decision:
    return asyncio.run(store.record(decision, documents, reservation))


def tried(
    store: DecisionStore, *tries: tuple[Decision, Reservation | None]
) -> list[Decision | BaseException]:
    """What came of each when all are recorded at once."""

    async def together() -> list[Decision | BaseException]:
        return await asyncio.gather(
            *(store.record(decision, DOCUMENTS, slot) for decision, slot in tries),
            return_exceptions=True,
        )

    return asyncio.run(together())


def test_a_recorded_decision_is_seen_by_others_before_the_caller_goes_on(
    store: DecisionStore, open_decisions: OpenDecisions
) -> None:
    other = open_decisions()

    async def recorded_and_seen() -> Decision:
        await store.record(a_decision(1), DOCUMENTS)
        return other.find("d1")

    assert asyncio.run(recorded_and_seen()) == a_decision(1)
    other.close()


def test_a_decision_comes_back_as_it_was(store: DecisionStore) -> None:
    decision = a_decision(
        1,
        customer_id="Ünï ✓",
        action=None,
        notices_due=("first", "last"),
        request=b"\x00{}\xff",
        idempotency_key="once",
    )
    record(store, decision)
    assert store.find("d1") == decision
    with pytest.raises(UnknownDecisionError):
        store.find("d2")


def test_decisions_are_listed_the_latest_first(store: DecisionStore) -> None:
    for n in range(1, 6):
        record(store, a_decision(n, customer_id="a" if n % 2 else "b"))
    listed = store.listed(None, None, 10)
    assert [one.decision_id for one in listed] == ["d5", "d4", "d3", "d2", "d1"]
    third = a_decision(3)
    assert listed[2] == (
        third.decision_id,
        third.recorded_at,
        third.as_of,
        "a",
        third.action,
    )
    of_one = store.listed("a", None, 2)
    assert [one.decision_id for one in of_one] == ["d5", "d3"]
    assert [one.decision_id for one in store.listed("a", "d3", 2)] == ["d1"]
    assert store.listed("nobody", None, 2) == []


def test_documents_are_kept_once_by_their_hash(store: DecisionStore) -> None:
    record(store, a_decision(1), documents={"p1": "as it was", "s1": "settings"})
    record(store, a_decision(2), documents={"p1": "in another layout"})
    assert (store.document("p1"), store.document("s1")) == ("as it was", "settings")
    with pytest.raises(UnknownDocumentError):
        store.document("p2")


def test_many_at_once_are_all_recorded_in_order(store: DecisionStore) -> None:
    decisions = [a_decision(n) for n in range(300)]
    assert tried(store, *((d, None) for d in decisions)) == decisions
    assert [store.find(d.decision_id) for d in decisions] == decisions


def test_the_first_of_two_concurrent_retries_is_the_answer(
    store: DecisionStore,
) -> None:
    both = [(a_decision(n, idempotency_key="once"), None) for n in (1, 2)]
    first, second = tried(store, *both)
    assert second == first == store.find_answered("k1", "once")
    assert store.find_answered("k2", "once") is None
    with pytest.raises(UnknownDecisionError):
        store.find("d2")


def test_one_refused_decision_does_not_take_its_batch_with_it(
    store: DecisionStore,
) -> None:
    record(store, a_decision(1, idempotency_key="once"))
    another = a_decision(2, idempotency_key="once", request_sha256=b"of another")
    refused, accepted = tried(store, (another, None), (a_decision(3), None))
    assert isinstance(refused, IdempotencyConflictError)
    assert accepted == store.find("d3")


def test_what_cannot_be_recorded_is_refused_and_the_store_lives_on(
    store: DecisionStore,
) -> None:
    record(store, a_decision(1))
    with pytest.raises(StoreUnavailableError):
        record(store, a_decision(1))  # the same id cannot be recorded twice
    record(store, a_decision(2))
    asyncio.run(store.prove_writable())


def test_a_closed_store_has_recorded_everything(open_decisions: OpenDecisions) -> None:
    store = open_decisions()

    async def leave_early() -> None:
        task = asyncio.ensure_future(store.record(a_decision(1), DOCUMENTS))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave_early())
    store.close()
    reopened = open_decisions()
    assert reopened.find("d1") == a_decision(1)
    reopened.close()


def test_the_last_action_recommended_counts_within_its_time(
    store: DecisionStore,
) -> None:
    for number, (as_of, action) in enumerate(
        [(10, "review"), (20, "remind"), (20, "suspend"), (30, None), (40, "block")]
    ):
        record(store, a_decision(number, as_of=as_of, action=action))
    record(store, a_decision(9, customer_id="other", as_of=25))
    assert last(store, 0, 40) == Recommended("acme", 20, "suspend")
    assert last(store, 10, 20) == Recommended("acme", 10, "review")
    assert last(store, 11, 20) is None


def last(store: DecisionStore, since: int, before: int) -> Recommended | None:
    return store.known_before("acme", 0, since, before).last


def slots_since(store: DecisionStore, slot_id: int) -> list[BudgetSlot]:
    return store.known_before("acme", slot_id, 0, 0).slots


def test_notices_are_found_with_the_moment_they_were_due_last(
    store: DecisionStore,
) -> None:
    due = [(20, ("first",)), (10, ("first", "final")), (30, ()), (40, ("final",))]
    for number, (as_of, notices) in enumerate(due):
        record(store, a_decision(number, as_of=as_of, notices_due=notices))
    record(store, a_decision(9, customer_id="other", as_of=25, notices_due=("first",)))
    assert store.last_notices("acme", 40) == {"first": 20, "final": 10}
    assert store.last_notices("nobody", 40) == {}


def a_reservation(
    who: str, most: float = 2, kind: SlotKind = "stop", as_of: int = 1_000
) -> Reservation:
    return Reservation(kind, who, as_of, 500, 2_000, (Limit(900, 2_000, most),))


def test_a_slot_is_taken_with_its_decision_or_neither(store: DecisionStore) -> None:
    names = ["one", "two", "three", "one"]
    one, two, three, again = tried(
        store, *((a_decision(n), a_reservation(who)) for n, who in enumerate(names))
    )
    assert isinstance(three, SlotTakenError)
    assert [one, two, again] == [store.find(f"d{n}") for n in (0, 1, 3)]
    with pytest.raises(UnknownDecisionError):
        store.find("d2")
    taken = [(slot.customer_id, slot.as_of) for slot in store.slots_taken(0, 5_000)]
    assert taken == [("one", 1_000), ("two", 1_000)]


def test_slots_are_numbered_in_the_order_they_were_taken(store: DecisionStore) -> None:
    assert store.last_slot_id() == 0
    assert store.slots_taken(0, 5_000) == slots_since(store, 0) == []
    for n, who in enumerate(["one", "two"]):
        record(store, a_decision(n), a_reservation(who))
    first, second = slots_since(store, 0)
    assert (first.customer_id, second.customer_id) == ("one", "two")
    assert slots_since(store, first.slot_id) == [second]
    assert store.last_slot_id() == second.slot_id
    assert slots_since(store, second.slot_id) == []


def test_limits_count_other_customers_of_their_kind_and_time(
    store: DecisionStore,
) -> None:
    def is_recorded(number: int, reservation: Reservation) -> bool:
        [outcome] = tried(store, (a_decision(number), reservation))
        assert isinstance(outcome, Decision | SlotTakenError)
        return isinstance(outcome, Decision)

    assert is_recorded(1, a_reservation("one", most=1))
    assert not is_recorded(2, a_reservation("two", most=1))
    assert is_recorded(3, a_reservation("one", most=1))  # not against itself
    assert is_recorded(4, a_reservation("two", most=1, kind="review"))
    later = Reservation("stop", "two", 2_500, 2_000, 3_000, (Limit(2_000, 3_000, 1),))
    assert is_recorded(5, later)
    without_limits = Reservation("stop", "three", 1_500, 500, 2_000)
    assert is_recorded(6, without_limits)


def test_what_another_process_took_is_gone(
    store: DecisionStore, open_decisions: OpenDecisions
) -> None:
    other = open_decisions()
    record(other, a_decision(1), a_reservation("one", most=1))
    with pytest.raises(SlotTakenError):
        record(store, a_decision(2), a_reservation("two", most=1))
    assert [slot.customer_id for slot in slots_since(store, 0)] == ["one"]
    other.close()
