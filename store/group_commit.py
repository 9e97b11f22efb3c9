"""Group commit: what waits while a commit is on its way shares the next one."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from store.errors import StoreUnavailableError

Item = TypeVar("Item")
Done = TypeVar("Done")
# a commit costs the processor as much as a fifth of a score, however many it is of:
# worth a wait of a few scores where others are about to come (PostgreSQL's commit_delay
# and commit_siblings). One that comes alone is not waited for, so that it is computed
# while the flush is on its way
_WAIT_S, _SIBLINGS = 0.02, 2


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item, Done]):
    item: Item
    future: "asyncio.Future[Done]"


class GroupCommit(Generic[Item, Done]):
    """One thread that commits in batches.

    Flushing a commit to the disk takes longer than all else about it. So items that
    arrive meanwhile wait together: durability costs a flush per batch, not per item. A
    batch also waits, 20 ms at most, while two or more others are `coming`, and for what
    the event loop was asked for already and has not begun. It is handed to the thread
    as a whole, which is woken once for it: to wake a thread for each item interrupts
    the event loop, whose interpreter it needs.

    Args:
        commit: makes a batch durable and says for each item what came of it, or why it
            was refused. Called in the thread, one batch after the other.
        limit: how many items may wait. Beyond it the disk does not keep up, and more
            are refused at once rather than queued without bound (back-pressure).
        wait_s: seconds the first item of a batch waits at most for what is coming.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Done | Exception]],
        limit: int = 10_000,
        wait_s: float = _WAIT_S,
    ) -> None:
        self._commit, self._limit, self._wait_s = commit, limit, wait_s
        # what follows is written by the event loop alone, but for `_is_busy`, which the
        # thread ends
        self._n_coming = 0
        self._waiting: list[_Waiting[Item, Done]] = []
        self._until_s = 0.0  # how long the first of them waits (`time.monotonic`)
        self._timer: asyncio.TimerHandle | None = None
        self._is_busy = False
        self._thread = ThreadPoolExecutor(1, "group-commit")

    @contextmanager
    def coming(self) -> Iterator[None]:
        """While something is made that is submitted right after. Of one event loop."""
        self._n_coming += 1
        is_made = False
        try:
            yield
            is_made = True
        finally:
            self._n_coming -= 1
            if not is_made:  # nothing of it comes, and others need not wait for it
                self._look_soon()

    async def submit(self, item: Item) -> Done:
        """What came of `item`, once its batch is durable.

        Raises:
            StoreUnavailableError: too many wait already.
            Exception: whatever `commit` refused it with.
        """
        if len(self._waiting) >= self._limit:
            raise StoreUnavailableError("too many decisions wait")
        future: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._until_s = time.monotonic() + self._wait_s
        self._waiting.append(_Waiting(item, future))
        self._look_soon()
        return await future

    def close(self) -> None:
        """Commit what waits, then end the thread."""
        self._hand_over()
        self._thread.shutdown()

    def _look_soon(self) -> None:
        """Look once those that have arrived meanwhile are `coming`, or submitted."""
        if time.monotonic() >= self._until_s:  # the loop may be busy for long
            self._look()
        else:  # in one round the loop sees what has arrived, in the next it begins it
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._look)

    def _look(self) -> None:
        """Hand over what waits, unless it had better wait for more."""
        if self._is_busy or not self._waiting:
            return
        left_s = self._until_s - time.monotonic()
        if self._n_coming < _SIBLINGS or left_s <= 0.0:
            self._hand_over()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(left_s, self._hand_over)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting, []
        if batch:
            self._is_busy = True
            items = [waiting.item for waiting in batch]
            committed = self._thread.submit(self._commit, items)
            committed.add_done_callback(partial(self._committed, batch))

    def _committed(
        self,
        batch: Sequence[_Waiting[Item, Done]],
        outcomes: "Future[Sequence[Done | Exception]]",
    ) -> None:
        """In the thread: the event loop tells who waited."""
        self._is_busy = False
        loop = batch[0].future.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._finish, batch, _each(outcomes, len(batch)))

    def _finish(
        self,
        batch: Sequence[_Waiting[Item, Done]],
        outcomes: "Sequence[Done | Exception] | Sequence[BaseException]",
    ) -> None:
        """In the event loop: tell who waited, and see to those who came meanwhile."""
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if waiting.future.cancelled():  # the caller went away; the record stands
                continue
            if isinstance(outcome, BaseException):
                waiting.future.set_exception(outcome)
            else:
                waiting.future.set_result(outcome)
        self._look_soon()


def _each(
    outcomes: "Future[Sequence[Done | Exception]]", n: int
) -> "Sequence[Done | Exception] | Sequence[BaseException]":
    """What came of each of `n` items; where the whole commit failed, that for each."""
    error = outcomes.exception()
    if error is None and len(outcomes.result()) != n:
        error = RuntimeError(f"{len(outcomes.result())} outcomes of {n} items")
    return outcomes.result() if error is None else [error] * n
