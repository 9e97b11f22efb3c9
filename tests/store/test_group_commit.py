import asyncio
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress

import pytest

from store.errors import StoreUnavailableError
from store.group_commit import GroupCommit


def test_what_arrives_during_a_commit_shares_the_next_one() -> None:
    batches: list[list[int]] = []
    threads: list[threading.Thread] = []
    may_go_on = threading.Event()

    def commit(batch: Sequence[int]) -> Sequence[int]:
        threads.append(threading.current_thread())
        batches.append(list(batch))
        may_go_on.wait(20)
        return [2 * n for n in batch]

    async def submitted(writer: GroupCommit[int, int]) -> list[int]:
        first = asyncio.ensure_future(writer.submit(0))
        while not batches:
            await asyncio.sleep(0.001)
        others = [asyncio.ensure_future(writer.submit(n)) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        may_go_on.set()
        return await asyncio.gather(first, *others)

    writer = GroupCommit(commit)
    assert asyncio.run(submitted(writer)) == [0, 2, 4, 6]
    writer.close()
    assert batches == [[0], [1, 2, 3]]
    assert not any(one.is_alive() for one in threads)


def test_beyond_its_limit_more_is_refused_at_once() -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()

    def commit(batch: Sequence[int]) -> Sequence[int]:
        has_begun.set()
        may_go_on.wait(20)
        return batch

    async def submitted(writer: GroupCommit[int, int]) -> list[int]:
        being_committed = asyncio.ensure_future(writer.submit(0))
        while not has_begun.is_set():
            await asyncio.sleep(0.001)
        waiting = [asyncio.ensure_future(writer.submit(n)) for n in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailableError, match="too many"):
            await writer.submit(3)
        may_go_on.set()
        return await asyncio.gather(being_committed, *waiting)

    writer = GroupCommit(commit, limit=2)
    assert asyncio.run(submitted(writer)) == [0, 1, 2]
    writer.close()


def test_whoever_waits_hears_of_a_failure_and_the_next_batch_is_committed() -> None:
    def commit(batch: Sequence[int]) -> Sequence[int]:
        return [1 // n for n in batch]

    writer = GroupCommit(commit)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(writer.submit(0))
    assert asyncio.run(writer.submit(1)) == 1
    writer.close()


def test_a_batch_with_too_few_outcomes_fails_for_everybody_and_the_next_goes_on() -> (
    None
):
    def commit(batch: Sequence[int]) -> Sequence[int]:
        return [] if batch[0] == 0 else batch

    async def submitted(writer: GroupCommit[int, int]) -> int:
        with pytest.raises(RuntimeError, match="0 outcomes of 1 items"):
            await asyncio.wait_for(writer.submit(0), 20)
        return await asyncio.wait_for(writer.submit(1), 20)

    writer = GroupCommit(commit)
    assert asyncio.run(submitted(writer)) == 1
    writer.close()


def test_a_batch_waits_for_what_is_coming_and_not_for_one_alone() -> None:
    batches: list[list[int]] = []

    def commit(batch: Sequence[int]) -> Sequence[int]:
        batches.append(list(batch))
        return batch

    async def beside(writer: GroupCommit[int, int], n_others: int) -> None:
        """One is submitted; the others follow when nothing else is left to do."""
        with ExitStack() as others:
            for _ in range(n_others):
                others.enter_context(writer.coming())
            first = asyncio.ensure_future(writer.submit(0))
            await asyncio.wait([first], timeout=0.05)
            assert first.done() == (n_others < 2)
        rest = [writer.submit(n) for n in range(1, n_others + 1)]
        await asyncio.gather(first, *rest)

    writer = GroupCommit(commit, wait_s=60.0)
    for n_others in (0, 1, 3):
        batches.clear()
        asyncio.run(beside(writer, n_others))
        assert batches[0][0] == 0
        assert (len(batches[0]) > 1) == (n_others == 3)
    writer.close()


def test_a_batch_does_not_wait_for_what_failed() -> None:
    async def beside_failures(writer: GroupCommit[int, int]) -> None:
        with suppress(ZeroDivisionError), ExitStack() as others:
            for _ in range(2):
                others.enter_context(writer.coming())
            first = asyncio.ensure_future(writer.submit(0))
            await asyncio.wait([first], timeout=0.05)
            assert not first.done()
            raise ZeroDivisionError
        assert await asyncio.wait_for(first, 20.0) == 0

    writer = GroupCommit[int, int](lambda batch: batch, wait_s=60.0)
    asyncio.run(beside_failures(writer))
    writer.close()


def test_a_batch_waits_no_longer_than_it_may() -> None:
    async def beside_slow_ones(writer: GroupCommit[int, int]) -> int:
        with writer.coming(), writer.coming():
            return await asyncio.wait_for(writer.submit(1), 20.0)

    writer = GroupCommit[int, int](lambda batch: batch)
    assert asyncio.run(beside_slow_ones(writer)) == 1
    writer.close()


def test_what_waits_at_the_end_is_committed() -> None:
    committed: list[int] = []
    threads: list[threading.Thread] = []

    async def left_waiting(writer: GroupCommit[int, int]) -> int:
        with writer.coming(), writer.coming():
            waiting = asyncio.ensure_future(writer.submit(1))
            await asyncio.sleep(0)
            writer.close()
            return await asyncio.wait_for(waiting, 20.0)

    def commit(batch: Sequence[int]) -> Sequence[int]:
        threads.append(threading.current_thread())
        committed.extend(batch)
        return batch

    writer = GroupCommit(commit, wait_s=60.0)
    assert asyncio.run(left_waiting(writer)) == 1
    assert committed == [1]
    assert not any(one.is_alive() for one in threads)


def test_a_batch_waits_for_what_has_arrived_and_has_not_begun() -> None:
    batches: list[list[int]] = []

    def commit(batch: Sequence[int]) -> Sequence[int]:
        batches.append(list(batch))
        return batch

    async def one(writer: GroupCommit[int, int], number: int) -> int:
        """Like a score: nothing else runs between its begin and its end."""
        with writer.coming():
            pass
        return await writer.submit(number)

    async def at_once(writer: GroupCommit[int, int]) -> None:
        await asyncio.gather(*(one(writer, number) for number in range(4)))

    writer = GroupCommit(commit)
    asyncio.run(at_once(writer))
    writer.close()
    assert batches == [[0, 1, 2, 3]]
