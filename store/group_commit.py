"""Group commit: what waits while a commit is on its way shares the next one."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from store.errors import StoreUnavailableError

Item = TypeVar("Item")
Done = TypeVar("Done")
# a flush costs the processor as much as an eighth of a score: worth a short wait where
# others are about to come (PostgreSQL's commit_delay and commit_siblings). One that
# comes alone is not waited for, so that it is computed while the flush is on its way
_WAIT_S, _SIBLINGS = 0.005, 2


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item, Done]):
    item: Item
    future: "asyncio.Future[Done]"


class GroupCommit(Generic[Item, Done]):
    """One thread that commits in batches.

    Flushing a commit to the disk takes longer than all else about it. So items that
    arrive meanwhile wait together: durability costs a flush per batch, not per item. A
    batch also waits, 5 ms at most, while two or more others are `coming`.

    Args:
        commit: makes a batch durable and says for each item what came of it, or why it
            was refused. Called in the thread, one batch after the other.
        limit: how many items may wait. Beyond it the disk does not keep up, and more
            are refused at once rather than queued without bound (back-pressure).
        wait_s: seconds a batch waits at most for what is coming.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Done | Exception]],
        limit: int = 10_000,
        wait_s: float = _WAIT_S,
    ) -> None:
        self._commit, self._limit, self._wait_s = commit, limit, wait_s
        self._n_coming = 0  # written by the event loop alone
        self._queue: queue.SimpleQueue[_Waiting[Item, Done] | None]
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name="group-commit", daemon=True
        )
        self._thread.start()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """While something is made that will be submitted. Of one event loop."""
        self._n_coming += 1
        try:
            yield
        finally:
            self._n_coming -= 1

    async def submit(self, item: Item) -> Done:
        """What came of `item`, once its batch is durable.

        Raises:
            StoreUnavailableError: too many wait already.
            Exception: whatever `commit` refused it with.
        """
        if self._queue.qsize() >= self._limit:
            raise StoreUnavailableError("too many decisions wait")
        future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(item, future))
        return await future

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """Commit what waits, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            arrived = self._arrived()
            is_open = None not in arrived
            batch = [waiting for waiting in arrived if waiting is not None]
            if batch:
                self._finish(batch)

    def _arrived(self) -> list[_Waiting[Item, Done] | None]:
        """What is there, and what comes within a short wait that is worth it."""
        arrived = [self._queue.get()]
        until_s = time.monotonic() + self._wait_s
        while None not in arrived:
            while not self._queue.empty():
                arrived.append(self._queue.get_nowait())
            left_s = until_s - time.monotonic()
            if self._n_coming < _SIBLINGS or left_s <= 0.0:
                break
            with suppress(queue.Empty):
                arrived.append(self._queue.get(timeout=left_s))
        return arrived

    def _finish(self, batch: Sequence[_Waiting[Item, Done]]) -> None:
        outcomes: Sequence[Done | Exception]
        try:
            outcomes = self._commit([waiting.item for waiting in batch])
        except Exception as error:  # broad: it is raised again where it is waited for
            outcomes = [error] * len(batch)
        futures = [waiting.future for waiting in batch]
        loop = futures[0].get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, futures, outcomes)


def _resolve(
    futures: Sequence["asyncio.Future[Done]"], outcomes: Sequence[Done | Exception]
) -> None:
    for future, outcome in zip(futures, outcomes, strict=True):
        if future.cancelled():  # the caller went away; the record stands
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
