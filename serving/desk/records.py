"""What the desk keeps and looks up, asked in threads so that no answer waits for it."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from store.database import Database

Found = TypeVar("Found")


class DeskRecords:
    """One connection for all pages.

    Args:
        database: closed with it.
    """

    def __init__(self, database: Database) -> None:
        self._db, self._lock = database, threading.Lock()

    async def ask(self, question: Callable[[Database], Found]) -> Found:
        """What `question` finds, in a thread; one question at a time.

        Raises:
            StoreUnavailableError: the store cannot be used.
        """

        def answered() -> Found:
            with self._lock:
                return question(self._db)

        return await asyncio.to_thread(answered)

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        with self._lock:
            self._db.close()
