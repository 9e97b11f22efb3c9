"""Who read what, and who changed keys: entries that are only ever added.

One log for all that share a store: a table where that is a PostgreSQL, else lines of
JSON in a file of the state folder. A customer is named by a hash of the id: the log
says whether somebody was looked at, and is not one more list of customers.
"""

import json
import os
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from errno import ENOSPC
from hashlib import sha256
from itertools import islice
from pathlib import Path
from secrets import token_hex
from time import time_ns
from typing import NamedTuple, Protocol

from store.database import Database
from store.errors import StoreUnavailableError

FILE = "access.jsonl"
_AFTER_ALL = "g"  # after every number in hexadecimal


@dataclass(frozen=True, slots=True)
class Access:
    """One thing that was done. `at`: ISO 8601, UTC.

    Args:
        key_id: of the API key; None for a command on the machine itself.
        what: method and address, or a command.
        subject: a decision id, a key id, or `customer_hash` of a customer.
    """

    at: str
    key_id: str | None
    what: str
    subject: str


def customer_hash(customer_id: str) -> str:
    """How the log names a customer."""
    return "customer-" + sha256(customer_id.encode()).hexdigest()[:32]


class AccessPage(NamedTuple):
    """Some entries; `next` asks for those before them, None at the end."""

    entries: list[Mapping[str, str | None]]
    next: str | None


class AccessLog(Protocol):
    """Where entries are added and read; nothing changes or removes one."""

    def add(self, key_id: str | None, what: str, subject: str) -> None:
        """Returns when it is kept.

        Raises:
            StoreUnavailableError: it cannot be written.
        """
        ...

    def page(
        self,
        n: int,
        before: str | None = None,
        subjects: Collection[str] | None = None,
    ) -> AccessPage:
        """Up to `n` entries, the latest first.

        Args:
            n: at least 1.
            before: `next` of the page before; None: from the last entry on.
            subjects: of entries about one of these alone; None: of all.

        Raises:
            ValueError: `before` is no such `next`.
        """
        ...

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        ...


class FileAccessLog(AccessLog):
    """Appends to the file; a line is one write, so processes do not mix.

    A line that a full disk cut is no entry. What comes after it begins on a line of
    its own, so it is lost alone, and whoever reads is refused until it can be written.
    """

    def __init__(self, home: Path) -> None:
        self._file = home / FILE

    def add(self, key_id: str | None, what: str, subject: str) -> None:
        line = json.dumps(asdict(Access(_now(), key_id, what, subject))) + "\n"
        try:
            self._append(line.encode())
        except OSError as error:
            raise StoreUnavailableError(error.strerror or str(error)) from error

    def _append(self, line: bytes) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._file, flags, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            text = b"\n" + line if is_torn else line
            if os.write(descriptor, text) < len(text):
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        finally:
            os.close(descriptor)

    def page(
        self,
        n: int,
        before: str | None = None,
        subjects: Collection[str] | None = None,
    ) -> AccessPage:
        end = None if before is None else int(before)  # a number of a line
        if not self._file.is_file():
            return AccessPage([], None)
        with self._file.open() as lines:
            numbered = enumerate(islice(lines, end))
            wanted = (
                (number, line)
                for number, line in numbered
                if subjects is None or _subject(line) in subjects
            )
            kept = list(reversed(deque(wanted, maxlen=n + 1)))
        entries = [entry for _, line in kept[:n] if (entry := _entry(line)) is not None]
        return AccessPage(entries, str(kept[n - 1][0]) if len(kept) > n else None)

    def close(self) -> None:
        pass


class SqlAccessLog(AccessLog):
    """Adds rows to a table that all replicas share."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, key_id: str | None, what: str, subject: str) -> None:
        entry_id = f"{time_ns():016x}{token_hex(4)}"
        row = entry_id, _now(), key_id, what, subject
        columns = "entry_id", "at", "key_id", "what", "subject"
        self._db.insert("access_log", columns, [row])

    def page(
        self,
        n: int,
        before: str | None = None,
        subjects: Collection[str] | None = None,
    ) -> AccessPage:
        if before is not None:
            int(before, 16)
        if subjects is not None and not subjects:
            return AccessPage([], None)
        named = list(subjects or ())
        places = ", ".join("?" * len(named))
        query = (
            "SELECT entry_id, at, key_id, what, subject FROM access_log"  # noqa: S608
            f" WHERE entry_id < ?{f' AND subject IN ({places})' if named else ''}"
            " ORDER BY entry_id DESC LIMIT ?"
        )
        rows = self._db.rows(query, before or _AFTER_ALL, *named, n + 1)
        entries: list[Mapping[str, str | None]] = [
            asdict(Access(*row[1:])) for row in rows[:n]
        ]
        return AccessPage(entries, rows[n - 1][0] if len(rows) > n else None)

    def close(self) -> None:
        self._db.close()


def _subject(line: str) -> str | None:
    entry = _entry(line)
    return None if entry is None else entry["subject"]


def _entry(line: str) -> Mapping[str, str | None] | None:
    """An entry; None of a line that was cut."""
    try:
        entry: Mapping[str, str | None] = json.loads(line)
    except ValueError:
        return None
    return entry


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
