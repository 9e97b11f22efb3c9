"""One customer's events in the normal form both compilers read.

Column types: text and choices are object arrays (None = missing); numbers and
booleans float64 (NaN = missing); moments, days and money int64 (`MISSING`).
Moments are microseconds since 1970 UTC, money ten-thousandths of the portfolio
currency. Every table also has `known_at` and `superseded_at`: a row exists as of
`t` when `known_at <= t < superseded_at`. Rows are sorted by event_at, known_at,
then key. `invoices.due_on` is the local calendar day of `due_at`, counted from
1970-01-01.
"""

from collections.abc import Mapping

import numpy as np

from features.arrays import AnyArray
from features.made_often import dataclass

MISSING = int(np.iinfo(np.int64).min)  # a missing moment, day or amount
FOREVER = int(np.iinfo(np.int64).max)  # `superseded_at` of a row that still stands

INT64_KINDS = frozenset({"moment", "day", "money"})  # column kinds by their type
FLOAT_KINDS = frozenset({"number", "integer", "boolean"})

Columns = Mapping[str, AnyArray]


@dataclass(frozen=True, slots=True)
class Events:
    """A customer's rows, all tables of the contract (empty ones included)."""

    customer_id: str
    tables: Mapping[str, Columns]
    # tables of which a row of this customer was rejected and nothing has mended it
    rejected: frozenset[str] = frozenset()
