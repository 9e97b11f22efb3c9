"""The queue before scoring: one request at a time, a few that wait, the rest get a 503.

A score is a few milliseconds of pure computation, so two at once would only share the
interpreter. One at a time, with a look at the network in between, lets `/healthz` wait
for one score at most; and a queue that never grows long keeps what is accepted quick
(what it cannot take in time is better sent again than answered late).
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from serving.errors import ProblemError

T = TypeVar("T")
# some 12 ms of computation at 40 kB in 5 ms; beyond, a thread costs less than the wait
LARGE_BYTES = 100_000
MOST_RECEIVING = 64  # bodies that are on their way: times the largest body, in memory


class Turnstile:
    """Used inside one event loop.

    Args:
        most_accepted: requests that are waiting, computed or recorded; more are refused
            at once. A disk that does not keep up fills it as well.
    """

    def __init__(self, most_accepted: int) -> None:
        self._most_accepted = most_accepted
        self._n_accepted = self._n_receiving = 0
        self._lock = asyncio.Lock()  # whoever comes first has the first turn
        self._aside = ThreadPoolExecutor(1, "large-requests")

    @property
    def n_accepted(self) -> int:
        return self._n_accepted

    def is_full(self) -> bool:
        """Whether a request that comes now would be refused."""
        return self._n_accepted >= self._most_accepted

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """While the body of a request comes in.

        Raises:
            ProblemError: too many come in at once.
        """
        if self._n_receiving >= MOST_RECEIVING:
            raise overloaded()
        self._n_receiving += 1
        try:
            yield
        finally:
            self._n_receiving -= 1

    @contextmanager
    def accepted(self) -> Iterator[None]:
        """From the whole body to the answer.

        Raises:
            ProblemError: as many as can be answered in time are accepted already.
        """
        if self.is_full():
            raise overloaded()
        self._n_accepted += 1
        try:
            yield
        finally:
            self._n_accepted -= 1

    def turn(self) -> asyncio.Lock:
        """Held while this request, and no other, is computed."""
        return self._lock

    async def compute(self, n_bytes: int, what: Callable[[], T]) -> T:
        """`what` comes to; of a large body in a thread, so that the network goes on."""
        if n_bytes <= LARGE_BYTES:
            return what()
        return await asyncio.get_running_loop().run_in_executor(self._aside, what)

    def close(self) -> None:
        self._aside.shutdown()


def overloaded() -> ProblemError:
    return ProblemError("overloaded", "more is asked than can be answered in time")
