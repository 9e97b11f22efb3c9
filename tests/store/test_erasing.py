"""A customer leaves both stores, whatever is decided meanwhile."""

import asyncio
import json
from contextlib import closing

import pytest

from store.audit import audit
from store.erasing import WholeErasure, erase_everywhere
from store.errors import ErasureRefusedError
from store.events import Erasure
from store.opening import open_database, open_decision_store, open_event_store
from tests.store.conftest import Place
from tests.store.memory_store import a_decision
from tests.store.test_event_store import a_batch, a_row

ERASURE = Erasure("acme", 1_000, "k")
LATER = 2_000


def test_what_was_decided_between_the_two_stores_goes_as_well(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the policy would keep it: whoever erases is told that all went."""
    with (
        closing(open_decision_store(*place)) as decisions,
        closing(open_event_store(*place)) as events,
    ):
        made = a_decision(1, retain_until=LATER)
        erase_events = events.erase

        async def erase_after_a_score(erasure: Erasure) -> int:
            await decisions.record(made, {})
            return await erase_events(erasure)

        async def erased() -> WholeErasure:
            await events.record(a_batch(a_row("acme")))
            return await erase_everywhere(decisions, events, ERASURE)

        monkeypatch.setattr(events, "erase", erase_after_a_score)
        assert asyncio.run(erased())[:2] == (1, 1)
        assert decisions.listed("acme", None, 9) == []


@pytest.mark.parametrize(
    ("inputs", "is_left_over"),
    [pytest.param("{}", True, id="stored"), pytest.param(None, False, id="sent")],
)
def test_what_a_crash_left_of_a_decision_about_erased_events_goes_the_next_time(
    place: Place, inputs: str | None, is_left_over: bool
) -> None:
    """One about events that were sent with the question is kept as the policy says."""
    with (
        closing(open_decision_store(*place)) as decisions,
        closing(open_event_store(*place)) as events,
    ):
        left = a_decision(1, retain_until=LATER, inputs=inputs)

        async def erased_twice() -> WholeErasure:
            await events.record(a_batch(a_row("acme")))
            await erase_everywhere(decisions, events, ERASURE)
            await decisions.record(left, {})  # and nobody takes it back
            return await erase_everywhere(decisions, events, ERASURE)

        if is_left_over:
            assert asyncio.run(erased_twice())[:2] == (1, 0)
        else:
            with pytest.raises(ErasureRefusedError):
                asyncio.run(erased_twice())
        kept = decisions.listed("acme", None, 9)
        assert [one.decision_id for one in kept] == ([] if is_left_over else ["d1"])


def test_nothing_is_left_over_where_no_events_were_ever_kept(place: Place) -> None:
    with (
        closing(open_decision_store(*place)) as decisions,
        closing(open_event_store(*place)) as events,
    ):
        kept = a_decision(1, retain_until=LATER, inputs="{}")

        async def erased() -> WholeErasure:
            await decisions.record(kept, {})
            return await erase_everywhere(decisions, events, ERASURE)

        with pytest.raises(ErasureRefusedError):
            asyncio.run(erased())


def test_the_position_is_that_of_the_entry_which_says_what_went(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though others were decided about between the two stores."""
    with (
        closing(open_decision_store(*place)) as decisions,
        closing(open_event_store(*place)) as events,
    ):
        erase_events = events.erase

        async def erase_after_another_score(erasure: Erasure) -> int:
            await decisions.record(a_decision(2, customer_id="brix"), {})
            return await erase_events(erasure)

        async def erased() -> WholeErasure:
            await decisions.record(a_decision(1), {})
            return await erase_everywhere(decisions, events, ERASURE)

        monkeypatch.setattr(events, "erase", erase_after_another_score)
        position = asyncio.run(erased()).chain_position
    assert removals(place) == [(position, "d1")]


def test_what_was_decided_before_is_kept_as_the_policy_says(place: Place) -> None:
    with (
        closing(open_decision_store(*place)) as decisions,
        closing(open_event_store(*place)) as events,
    ):
        made = a_decision(1, retain_until=LATER)
        asyncio.run(decisions.record(made, {}))
        asyncio.run(events.record(a_batch(a_row("acme"))))
        with pytest.raises(ErasureRefusedError):
            asyncio.run(erase_everywhere(decisions, events, ERASURE))
        assert len(decisions.listed("acme", None, 9)) == 1
        assert len(events.rows("acme", events.last_sequence(), 9)) == 1


def test_one_decision_is_taken_back_and_others_stay(place: Place) -> None:
    with closing(open_decision_store(*place)) as decisions:
        for n in (1, 2):
            asyncio.run(decisions.record(a_decision(n, retain_until=LATER), {}))
        asyncio.run(decisions.take_back("d2", 1_000))
        assert [one.decision_id for one in decisions.listed("acme", None, 9)] == ["d1"]
        assert decisions.find("d1") == a_decision(1, retain_until=LATER)
    with closing(open_database(*place)) as database:
        audited = audit(database)
    assert (audited.n_removed, audited.findings) == (1, [])


def test_what_the_erasure_removed_is_not_taken_back_again(place: Place) -> None:
    """A decision recorded between the two stores goes once, and is said to go once."""
    with closing(open_decision_store(*place)) as decisions:
        asyncio.run(decisions.record(a_decision(1), {}))
        asyncio.run(decisions.erase("acme", 1_000, is_agreed=True))
        asyncio.run(decisions.take_back("d1", 1_000))
    assert [decision_id for _, decision_id in removals(place)] == ["d1"]


def removals(place: Place) -> list[tuple[int, str]]:
    """Positions in the chain, and the decisions of which they say that they went."""
    query = "SELECT position, removal FROM chain WHERE removal IS NOT NULL"
    with closing(open_database(*place)) as database:
        return [
            (position, decision_id)
            for position, removal in database.rows(query)
            for decision_id in json.loads(removal)["decision_ids"]
        ]
