"""What the metrics are told of the outbox, also where no endpoint is named."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress

from serving.async_outbox import AsyncOutbox
from serving.guard import surviving
from serving.metrics import Metrics
from store.errors import StoreUnavailableError
from store.outbox import Outbox, OutboxState

_WATCH_S, _PRUNE_S = 5.0, 3_600.0
_KEPT_S = 30 * 86_400.0  # what was delivered, to be delivered again if asked
_SECOND = 1_000_000
_log = logging.getLogger("forbear.webhooks")


async def watch_alone(outbox: Outbox, metrics: Metrics, stop: asyncio.Event) -> None:
    """Watch until `stop` where no endpoint is named; then `outbox` is closed.

    Messages of an endpoint that was taken out wait still, and that is to be seen.
    """
    thread = AsyncOutbox(outbox)
    try:
        await OutboxWatch(thread, (), metrics).run(stop)
    finally:
        await thread.close()


class OutboxWatch:
    """Tells the metrics how long messages wait; forgets old ones."""

    def __init__(
        self, outbox: AsyncOutbox, endpoints: Sequence[str], metrics: Metrics
    ) -> None:
        self._outbox, self._metrics = outbox, metrics
        self._seen = set(endpoints)  # also those that are told of no more
        self._prune_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop`."""
        while not stop.is_set():
            with surviving():
                try:
                    await self._look()
                except StoreUnavailableError as error:
                    _log.warning("the outbox cannot be used: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _WATCH_S)

    async def _look(self) -> None:
        states = await self._outbox.ask(self._outbox.outbox.states)
        now = time.time_ns() // 1_000
        self._seen |= states.keys()
        for endpoint in self._seen:
            state = states.get(endpoint, OutboxState(0, 0, None))
            lag_s = max((now - (state.oldest_at or now)) / _SECOND, 0.0)
            self._metrics.show_outbox(endpoint, state.n_waiting, state.n_dead, lag_s)
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + _PRUNE_S
            before = now - int(_KEPT_S * _SECOND)
            await self._outbox.ask(self._outbox.outbox.prune, before)
