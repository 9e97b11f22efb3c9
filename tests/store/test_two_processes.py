"""Processes that record at once into one store keep its promises together."""

import asyncio
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from store.audit import audit
from store.budget_slots import Limit, Reservation
from store.decisions import Decision
from store.errors import SlotTakenError
from store.opening import open_database, open_decision_store
from tests.store.conftest import Place
from tests.store.memory_store import a_decision

N, MOST = 60, 30
pytestmark = pytest.mark.slow


def test_slots_and_idempotency_keys_hold_over_two_processes(
    place: Place,
) -> None:
    """Both ask for the same keys at once, and for more slots than there are."""
    home, url = place
    command = [sys.executable, "-m", "tests.store.test_two_processes", str(home)]
    running = [
        Popen([*command, url or "", name], stdin=PIPE, stdout=PIPE, text=True)
        for name in ("a", "b")
    ]
    for process in running:  # begin together
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    one, other = outcomes
    assert len(one) == len(other) == N
    both = list(zip(one, other, strict=True))
    # a key has one decision, whichever process recorded it
    assert all("taken" in pair or pair[0] == pair[1] for pair in both)
    given = {said for pair in both for said in pair} - {"taken"}
    assert {said[0] for said in given} == {"a", "b"}
    store = open_decision_store(home, url)
    assert all(store.find(decision_id) for decision_id in given)
    slots = store.known_before("acme", 0, 0, 0).slots
    assert len(slots) == len({slot.customer_id for slot in slots}) == MOST
    assert [slot.slot_id for slot in slots] == list(range(1, MOST + 1))
    assert len(given) == MOST
    store.close()
    database = open_database(home, url)
    audited = audit(database)
    database.close()
    assert (audited.n_decisions, audited.findings) == (MOST, [])


async def tried(home: Path, url: str | None, name: str) -> list[str]:
    store = open_decision_store(home, url)
    print("ready", flush=True)  # noqa: T201 - what the test waits for
    sys.stdin.readline()

    async def asked(number: int) -> Decision | SlotTakenError:
        who = f"c{number}"
        decision = a_decision(
            number,
            decision_id=f"{name}{number}",
            customer_id=who,
            idempotency_key=f"i{number}",
        )
        limit = Limit(0, 2_000, MOST)
        slot = Reservation("stop", who, 1_000, 0, 2_000, (limit,))
        try:
            return await store.record(decision, {}, slot)
        except SlotTakenError as taken:
            return taken

    # from both ends, so that each is the first with some of the keys
    numbers = range(N) if name == "a" else range(N - 1, -1, -1)
    outcomes: dict[int, Decision | SlotTakenError] = {}
    for begin in range(0, N, 4):  # several commits, so that the two interleave
        some = numbers[begin : begin + 4]
        outcomes |= zip(some, await asyncio.gather(*map(asked, some)), strict=True)
        await asyncio.sleep(0.05)  # whoever waits for SQLite's lock looks again late
    store.close()
    said = (outcomes[number] for number in range(N))
    return [one.decision_id if isinstance(one, Decision) else "taken" for one in said]


if __name__ == "__main__":
    said = asyncio.run(tried(Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3]))
    sys.stdout.write("\n".join(said))
