"""What a store of events promises, whatever keeps it.

Rows arrive in batches. A batch is committed as a whole and gets the next `sequence`,
which rises in the order of commits over all processes; "what was known at sequence n"
is therefore a fixed set of rows for ever, and a decision that names its n can be
computed again after more has arrived.

* **Durable before acknowledged**: `record` returns when the batch survives a power cut.
* **Once**: a row of a customer is kept once, however often it is sent.
* **Append only**: rows are added. Only `erase` and `store.event_expiry` take any away,
  and then all of one customer.

The store knows nothing of what rows mean. Moments are microseconds since 1970 UTC.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

EVERYBODY = ""  # the customer id of what is true of all customers; none of theirs


class ArrivedRow(NamedTuple):
    """A row of a table of the portfolio contract, as JSON.

    `digest` is the same for the same row of the same customer, and for no other.
    `numbers`: hashes of what the row bears or names and is unique over all customers.
    """

    customer_id: str
    table: str
    digest: bytes
    content: str
    numbers: tuple[bytes, ...] = ()


class ObservedTable(NamedTuple):
    """A table that is complete up to a moment, for one customer or `EVERYBODY`."""

    customer_id: str
    table: str
    until: int


class DismissedRow(NamedTuple):
    """A row that a person has looked at and that counts no more."""

    customer_id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class EventBatch:
    """What one request brought.

    Args:
        arrived_at: when it was received.
        key_id: the API key that sent it.
        summary: JSON: what the sender is told, repeated for the same idempotency key.
    """

    arrived_at: int
    key_id: str
    idempotency_key: str | None
    request_sha256: bytes
    summary: str
    rows: Sequence[ArrivedRow] = ()
    observed: Sequence[ObservedTable] = ()
    dismissed: Sequence[DismissedRow] = ()


class Erasure(NamedTuple):
    """Takes all of one customer's rows away. `at`: when, `key_id`: who asked."""

    customer_id: str
    at: int
    key_id: str


class Receipt(NamedTuple):
    """A recorded batch.

    Args:
        sequence: of the batch.
        n_known: how many of its rows were there before.
        summary: as recorded; that of an earlier batch where `is_new` is False.
        is_new: False where its idempotency key was used before, for the same body.
    """

    sequence: int
    n_known: int
    summary: str
    request_sha256: bytes
    is_new: bool


class KeptRow(NamedTuple):
    """A row of one customer. `sequence`: of the batch that brought it first."""

    table: str
    sequence: int
    digest: bytes
    content: str


class NumberedEvent(NamedTuple):
    """A row of any customer that bears or names a number."""

    customer_id: str
    table: str
    sequence: int
    digest: bytes
    content: str


class Observed(NamedTuple):
    """The latest statement of how far one table is complete."""

    sequence: int
    until: int


class Changes(NamedTuple):
    """Customers about whom something arrived, or about a number that they share.

    None where it may be any customer.

    `EVERYBODY` is among them where something was said about all.
    """

    sequence: int
    customer_ids: frozenset[str] | None


class EventReader(Protocol):
    """Looks rows up. Every method raises StoreUnavailableError where it cannot."""

    def last_sequence(self) -> int:
        """Of the batch committed last; 0 before the first."""
        ...

    def rows(self, customer_id: str, until: int, most: int) -> list[KeptRow]:
        """A customer's rows as of sequence `until`, without the dismissed ones.

        At most `most`, ordered by table and digest.
        """
        ...

    def of_tables(
        self, customer_ids: Collection[str], tables: Collection[str]
    ) -> list[NumberedEvent]:
        """All rows of a few tables of a few customers, without the dismissed ones."""
        ...

    def observed(self, customer_id: str, until: int) -> Mapping[str, Observed]:
        """What was last said of each table by sequence `until`.

        For a customer that is what was said of this customer alone; what was said of
        all is kept under `EVERYBODY`.
        """
        ...

    def shared(self, customer_id: str, until: int) -> list[bytes]:
        """Numbers of a customer that rows of others bear or name, too.

        All that ever were by sequence `until`; what comes of it is not the store's.
        """
        ...

    def shared_by(self, sequence: int, most: int) -> list[bytes]:
        """Numbers that a batch made shared, or of whose rows it changed any."""
        ...

    def numbered(
        self, numbers: Sequence[bytes], until: int, most: int
    ) -> list[NumberedEvent]:
        """Rows that bear or name these, without the dismissed ones; at most `most`."""
        ...

    def changes(self, since: int, most: int) -> Changes:
        """What arrived after sequence `since`, about at most `most` customers."""
        ...

    def customer_ids(self, after: str, most: int) -> list[str]:
        """Customers with rows, in order, those behind `after`."""
        ...

    def n_rows(self) -> int:
        """How many rows are kept, of all customers."""
        ...

    def find_batch(self, key_id: str, idempotency_key: str) -> Receipt | None:
        """The batch recorded before under this idempotency key, if any."""
        ...

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        ...


class EventStore(EventReader, Protocol):
    """Records events. `record` and `erase` are called from one event loop."""

    async def record(self, batch: EventBatch) -> Receipt:
        """Make `batch` durable and say what came of it.

        Raises:
            IdempotencyConflictError: same idempotency key, another body.
            StoreUnavailableError: it could not be made durable, or too many wait.
        """
        ...

    async def erase(self, erasure: Erasure) -> int:
        """Take all rows of a customer away for good; how many there were.

        Whose rows they were is not kept either.
        """
        ...

    async def prove_writable(self) -> None:
        """Commit something that is no event by the path that events take.

        At most one such commit a second, however many ask.

        Raises:
            StoreUnavailableError: events could not be kept now, and why.
        """
        ...
