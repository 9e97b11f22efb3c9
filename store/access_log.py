"""Who read what, and who changed keys: lines of JSON that are only ever added to.

One file for all processes of a state folder. A customer is named by a hash of the id:
the file says whether somebody was looked at, and is not one more list of customers.
"""

import json
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

FILE = "access.jsonl"
MOST_READ = 1_000  # entries of one answer


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


class AccessLog:
    """Appends to the file; a line is one write, so processes do not mix."""

    def __init__(self, home: Path) -> None:
        self._file = home / FILE

    def add(self, key_id: str | None, what: str, subject: str) -> None:
        """Returns when the system has it; raises OSError where it cannot be written."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps(asdict(Access(now, key_id, what, subject))) + "\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._file, flags, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def latest(self, n: int = MOST_READ) -> list[Mapping[str, str | None]]:
        """The last `n` entries, the latest first."""
        if not self._file.is_file():
            return []
        with self._file.open() as lines:
            kept = deque(lines, maxlen=n)
        return [json.loads(line) for line in reversed(kept)]
