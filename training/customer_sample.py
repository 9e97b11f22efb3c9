"""Which customers are learnt from where the rows of all would not fit the memory.

Customers stand in the order of a hash of their id, and the first so many are taken. So
it is chance who is among them, the same portfolio gives the same sample, and a larger
sample holds every smaller one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from features.catalogue import feature_set
from features.portfolio import Portfolio
from features.snapshots import snapshots

FIXED_MB = 1_600  # libraries, tables and a part of a large portfolio being computed
BYTES_PER_NUMBER = 19  # eight of the number itself, the others of bins and folds
PILOT = 500  # customers that tell how many rows one has


@dataclass(frozen=True)
class SampleLimits:
    """How much may be learnt from.

    Args:
        memory_mb: megabytes that training may use; None: no limit.
        n_customers: at most so many; None: as many as fit.
    """

    memory_mb: int | None = None
    n_customers: int | None = None


@dataclass(frozen=True)
class CustomerSample:
    """The customers that are learnt from.

    Args:
        customer_ids: in the order of their hash.
        n_all: in the portfolio.
        is_asked_for: a number of customers was named, rather than an amount of memory.
    """

    customer_ids: tuple[str, ...]
    n_all: int
    is_asked_for: bool = False

    @property
    def is_everyone(self) -> bool:
        return len(self.customer_ids) == self.n_all

    def __str__(self) -> str:
        return f"{len(self.customer_ids):,} of {self.n_all:,} customers"


def sample_of(portfolio: Portfolio, limits: SampleLimits) -> CustomerSample:
    """As many customers as the limits bear.

    Args:
        portfolio: an opened portfolio.
        limits: of memory, or a number of customers.
    """
    ids = in_hash_order(portfolio.customer_ids)
    if limits.n_customers is not None:
        return CustomerSample(tuple(ids[: limits.n_customers]), len(ids), True)
    if limits.memory_mb is None:
        return CustomerSample(tuple(ids), len(ids))
    n_numbers = (limits.memory_mb - FIXED_MB) * 1e6 / BYTES_PER_NUMBER
    n_rows = max(n_numbers, 1.0) / len(feature_set(portfolio.settings).features)
    n = max(PILOT, int(n_rows / _rows_of_one(portfolio, ids[:PILOT])))
    return CustomerSample(tuple(ids[:n]), len(ids))


def in_hash_order(customer_ids: Sequence[str]) -> list[str]:
    """The customers in an order that says nothing of them."""

    def place(customer_id: str) -> bytes:
        return blake2b(customer_id.encode(), digest_size=8).digest()

    return sorted(customer_ids, key=place)


def _rows_of_one(portfolio: Portfolio, some: Sequence[str]) -> float:
    """Snapshots of a customer, on average; of each at least one."""
    n_rows = int(snapshots(portfolio, sorted(some)).num_rows)
    return max(1.0, n_rows / max(1, len(some)))
