"""Common random numbers: one counter-based generator per (stream, month, branch)."""

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

BEFORE_TIME = 0xFFFF  # the month of what is drawn once per customer


def spread(u: Floats, low: int, high: int) -> Ints:
    """Whole numbers in [low, high] from uniforms."""
    return low + (u * (high - low + 1)).astype(np.int64)


class Draws:
    """Random numbers of one month: always one per customer, whoever is alive.

    So a change of policy changes only what the policy causes, and adding a stream
    changes no other stream.
    """

    def __init__(
        self,
        seed: int,
        customers: int,
        month: int = BEFORE_TIME,
        branch: int = 0,
        rows: Ints | None = None,
    ) -> None:
        self.seed, self.customers, self.month = seed, customers, month
        self.branch, self.rows = branch, rows

    def of_month(self, month: int) -> "Draws":
        return Draws(self.seed, self.customers, month, self.branch, self.rows)

    def _generator(self, stream: str) -> np.random.Generator:
        low = zlib.crc32(stream.encode()) << 32 | self.branch << 16 | self.month
        key = np.array(
            [self.seed, low], dtype=np.uint64
        )  # a list would turn into floats
        return np.random.Generator(np.random.Philox(key=key))

    def uniform(self, stream: str) -> Floats:
        values = self._generator(stream).random(self.customers)
        return values if self.rows is None else values[self.rows]

    def normal(self, stream: str) -> Floats:
        values = self._generator(stream).standard_normal(self.customers)
        return values if self.rows is None else values[self.rows]

    def normals(self, stream: str, columns: int) -> npt.NDArray[np.float32]:
        shape = (self.customers, columns)
        return self._generator(stream).standard_normal(shape, dtype=np.float32)

    def whole(self, stream: str, low: int, high: int) -> Ints:
        """Return whole numbers in [low, high]."""
        return spread(self.uniform(stream), low, high)

    def happens(self, stream: str, chance: float | Floats) -> Flags:
        return self.uniform(stream) < chance

    def choice(self, stream: str, shares: Floats) -> Ints:
        """Draw a category per customer; `shares` is (k,) or (customers, k)."""
        edges = np.cumsum(shares, axis=-1)
        edges = edges / edges[..., -1:]
        u = self.uniform(stream)[:, None]
        last = edges.shape[-1] - 1
        return np.asarray(np.minimum((u >= edges).sum(axis=1), last))
