"""Readiness: a real commit proves that decisions can be recorded; callers share it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from store.errors import StoreUnavailableError


class Proof:
    """Proves by `commit`, which writes and flushes, that decisions can be recorded.

    Whoever asks while a proof is on its way, or within `fresh_s` seconds of its begin,
    shares its outcome: probes by many balancers cost one flush a second.
    """

    def __init__(
        self,
        commit: Callable[[], Awaitable[None]],
        fresh_s: float = 1.0,
        patience_s: float = 5.0,
    ) -> None:
        self._commit = commit
        self._fresh_s, self._patience_s = fresh_s, patience_s
        self._begun = 0.0
        self._running: asyncio.Task[None] | None = None

    async def given(self) -> None:
        """Raises StoreUnavailableError if the commit failed or does not come back."""
        proof = self._current()
        if not proof.done():
            await asyncio.wait({proof}, timeout=self._patience_s)
        if not proof.done():
            raise StoreUnavailableError(f"no commit within {self._patience_s:g} s")
        proof.result()

    def _current(self) -> "asyncio.Task[None]":
        running, now = self._running, time.monotonic()
        if running is not None:
            is_done = running.done()
            if not is_done or now - self._begun < self._fresh_s:
                return running
        self._begun = now
        self._running = asyncio.create_task(self._committed())
        return self._running

    async def _committed(self) -> None:
        await self._commit()
