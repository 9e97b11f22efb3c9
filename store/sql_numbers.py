"""Numbers that rows of several customers bear or name, in tables.

Written with the rows, inside their transaction: whose numbers are shared is known at
once, and whoever keeps such a customer in memory hears of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from store.database import Database
from store.events import ArrivedRow, DismissedRow, NumberedEvent

_STEP = 500  # numbers in one statement
_MOST_BEARERS = 200  # customers of one number who hear of each other
_COLUMNS = "number", "customer_id", "table_name", "digest", "sequence"
_SHARED_COLUMNS = "customer_id", "number", "sequence"
_NEWLY_SHARED = """
SELECT DISTINCT number FROM event_numbers AS mine
WHERE number IN ({}) AND sequence = ? AND EXISTS (
    SELECT 1 FROM event_numbers AS other
    WHERE other.number = mine.number AND other.customer_id <> mine.customer_id
)
"""
_BEARERS = "SELECT DISTINCT number, customer_id FROM event_numbers WHERE number IN ({})"
_BRINGING = """
SELECT DISTINCT customer_id FROM event_numbers WHERE number IN ({}) AND sequence = ?
"""
_SHARED_BY = "SELECT DISTINCT number FROM event_shared WHERE customer_id IN ({})"
_OF_CUSTOMER = """
SELECT DISTINCT number FROM event_shared WHERE customer_id = ? AND sequence <= ?
"""
_OF_BATCH = "SELECT DISTINCT number FROM event_shared WHERE sequence = ? LIMIT ?"
_NUMBERED = """
SELECT DISTINCT kept.customer_id, kept.table_name, kept.sequence, kept.digest, content
FROM event_numbers AS numbered JOIN event_rows AS kept
ON kept.customer_id = numbered.customer_id AND kept.table_name = numbered.table_name
    AND kept.digest = numbered.digest
WHERE number IN ({}) AND kept.sequence <= ? AND NOT EXISTS (
    SELECT 1 FROM event_dismissed AS dismissed
    WHERE dismissed.customer_id = kept.customer_id
    AND dismissed.digest = kept.digest AND dismissed.sequence <= ?
) ORDER BY kept.customer_id, kept.table_name, kept.digest LIMIT ?
"""


def add_numbers(database: Database, rows: Sequence[ArrivedRow], sequence: int) -> None:
    """Note which rows bear or name a number, and whose numbers are shared now."""
    noted = [
        (number, row.customer_id, row.table, row.digest, sequence)
        for row in rows
        for number in row.numbers
    ]
    database.insert("event_numbers", _COLUMNS, noted, keep_earlier=True)
    numbers = dict.fromkeys(number for number, *_ in noted)
    shared = [number for [number] in _found(database, _NEWLY_SHARED, numbers, sequence)]
    # what comes about who shares another number may mend what others wait for
    bringing = [who for [who] in _found(database, _BRINGING, numbers, sequence)]
    shared += [number for [number] in _found(database, _SHARED_BY, set(bringing))]
    _tell(database, list(dict.fromkeys(map(bytes, shared))), sequence, rows)


def tell_of_dismissals(
    database: Database, dismissed: Sequence[DismissedRow], sequence: int
) -> None:
    """A row that counts no more may make another customer's count again."""
    for customer_id in {row.customer_id for row in dismissed}:
        shared = shared_of_customer(database, customer_id, sequence)
        _tell(database, shared, sequence, ())


def shared_of_customer(database: Database, customer_id: str, until: int) -> list[bytes]:
    """Numbers of a customer that other customers' rows bear or name as well."""
    rows = database.rows(_OF_CUSTOMER, customer_id, until)
    return [bytes(number) for [number] in rows]


def shared_of_batch(database: Database, sequence: int, most: int) -> list[bytes]:
    """Numbers which that batch made shared, or whose rows it changed."""
    return [bytes(number) for [number] in database.rows(_OF_BATCH, sequence, most)]


def numbered(
    database: Database, numbers: Sequence[bytes], until: int, most: int
) -> list[NumberedEvent]:
    """Rows that bear or name one of these, as of a sequence, at most `most`."""
    found: dict[NumberedEvent, None] = {}
    for row in _found(database, _NUMBERED, numbers, until, until, most):
        found[NumberedEvent(*row)] = None
    return list(found)[:most]


def _found(
    database: Database, query: str, numbers: Iterable[object], *values: object
) -> Iterator[Any]:
    listed = list(numbers)
    for begin in range(0, len(listed), _STEP):
        some = listed[begin : begin + _STEP]
        yield from database.rows(query.format(_marks(some)), *some, *values)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _tell(
    database: Database,
    numbers: Sequence[bytes],
    sequence: int,
    rows: Sequence[ArrivedRow],
) -> None:
    """All who bear or name a number hear of it.

    Where half the world does so, as of a placeholder, only who brought it.
    """
    bearers: dict[bytes, set[str]] = defaultdict(set)
    for number, customer_id in _found(database, _BEARERS, numbers):
        bearers[bytes(number)].add(customer_id)
    bringing = {row.customer_id for row in rows}
    told = [
        (customer_id, number, sequence)
        for number, customers in bearers.items()
        for customer_id in sorted(
            customers if len(customers) <= _MOST_BEARERS else customers & bringing
        )
    ]
    database.insert("event_shared", _SHARED_COLUMNS, told, keep_earlier=True)
