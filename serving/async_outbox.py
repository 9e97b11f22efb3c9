"""The outbox, asked from an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from store.outbox import Outbox

T = TypeVar("T")


class AsyncOutbox:
    """Asks one question at a time, in a thread: the outbox has one connection."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self._thread = ThreadPoolExecutor(1, "outbox")

    async def ask(self, question: Callable[..., T], *values: object) -> T:
        """What a method of the outbox says."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, question, *values)

    async def close(self) -> None:
        """Nothing may be asked afterwards."""
        await self.ask(self.outbox.close)
        self._thread.shutdown()
