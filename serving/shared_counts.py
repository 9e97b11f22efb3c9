"""How often each key asked, counted for all workers of a service together.

A file that lives as long as the service: nothing in it must survive a crash, so no
commit waits for the disk.
"""

import sqlite3
import time
from pathlib import Path

from limits.storage import Storage

FILE = "rate-limits.sqlite"
_TABLE = """
CREATE TABLE IF NOT EXISTS counts (
    name TEXT PRIMARY KEY, n INTEGER NOT NULL, ends_at REAL NOT NULL
) STRICT, WITHOUT ROWID
"""
_ADD = """
INSERT INTO counts (name, n, ends_at) VALUES (:name, :n, :ends_at)
ON CONFLICT (name) DO UPDATE SET
    n = CASE WHEN ends_at <= :now THEN :n ELSE counts.n + :n END,
    ends_at = CASE WHEN ends_at <= :now THEN :ends_at ELSE counts.ends_at END
RETURNING n
"""
_EXPIRED = "DELETE FROM counts WHERE ends_at <= ?"
_WAIT_MS = 100
FORGET_EVERY = 1_000  # counts of one worker


class SharedCounts(Storage):
    """For `limits`: windows that begin with a key's first request."""

    STORAGE_SCHEME = None

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._db = sqlite3.connect(
            folder / FILE, isolation_level=None, check_same_thread=False
        )
        for statement in (
            f"PRAGMA busy_timeout={_WAIT_MS}",
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=OFF",
            _TABLE,
        ):
            self._db.execute(statement)
        self._n_counted = 0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What failures of the file are, for `limits`."""
        return sqlite3.Error

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount`; the new number in a window of `expiry` seconds."""
        now = time.time()
        self._n_counted += 1
        if self._n_counted % FORGET_EVERY == 0:  # most never come again
            self._db.execute(_EXPIRED, (now,))
        values = {"name": key, "n": amount, "now": now, "ends_at": now + expiry}
        return int(self._db.execute(_ADD, values).fetchone()[0])

    def get(self, key: str) -> int:
        """The number in the window that runs; 0 without one."""
        return int(self._found(key)[0])

    def get_expiry(self, key: str) -> float:
        """When its window ends, or now without one; seconds since 1970 UTC."""
        return float(self._found(key)[1])

    def check(self) -> bool:
        """Whether the file can be read."""
        return bool(self._db.execute("SELECT 1").fetchone())

    def reset(self) -> int:
        """Forget all keys; how many."""
        return self._db.execute("DELETE FROM counts").rowcount

    def clear(self, key: str) -> None:
        """Forget one key."""
        self._db.execute("DELETE FROM counts WHERE name = ?", (key,))

    def _found(self, key: str) -> tuple[int, float]:
        now = time.time()
        query = "SELECT n, ends_at FROM counts WHERE name = ? AND ends_at > ?"
        found: tuple[int, float] | None = self._db.execute(query, (key, now)).fetchone()
        return found or (0, now)
