"""What the desk keeps and looks up."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from store.database import Database

Found = TypeVar("Found")


class DeskRecords:
    """Two connections for all pages, closed with it.

    Args:
        reading: asked from the event loop; must not wait long.
        database: asked in threads, so that no answer waits for it.
    """

    def __init__(self, reading: Database, database: Database) -> None:
        self._reading = reading
        self._db, self._lock = database, threading.Lock()

    def look(self, question: Callable[[Database], Found]) -> Found:
        """What `question` finds at once, in an index; it writes nothing.

        Raises:
            StoreUnavailableError: the store cannot be used.
        """
        return question(self._reading)

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
        self._reading.close()
        with self._lock:
            self._db.close()
