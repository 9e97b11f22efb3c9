"""Stored rows whose numbers rows of other customers bear or name as well."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, Field
from pydantic_core import from_json

from features.reading.rejects import what_to_do
from features.reading.row_reader import BrokenRow
from features.reading.shared_numbers import NumberedRow, numbers_of, shared_numbers
from features.settings import PortfolioSettings
from store.events import EventReader, KeptRow, NumberedEvent

_MOST_ROWS = 2_000  # of all customers, looked at for one
_MOST_NUMBERS = 100  # of one batch about which its sender is told
_DIGEST_BYTES = 16  # no two numbers share them by chance


class SharedRow(BaseModel):
    """A row that is kept and does not count, for its number is another customer's."""

    table: str
    customer_id: str
    column: str
    rule: str
    message: str
    reject_id: str = Field(description="names the row where a person dismisses it")


class CountedRows(NamedTuple):
    """A customer's rows that count, those that do not, and the incomplete tables.

    A table may be incomplete for a row of another customer that names what is theirs,
    or because too many rows share a number of it to be looked at.
    """

    rows: Sequence[KeptRow]
    broken: Sequence[BrokenRow] = ()
    incomplete: frozenset[str] = frozenset()


def numbers_in(
    table: str, row: Mapping[str, Any], settings: PortfolioSettings
) -> tuple[bytes, ...]:
    """Hashes of the numbers a row bears or names, if they are unique over customers."""
    if settings.keys == "per_customer":
        return ()
    return tuple(_digest(*one) for one in numbers_of(table, row))


def settled(
    reader: EventReader,
    customer_id: str,
    rows: Sequence[KeptRow],
    until: int,
    settings: PortfolioSettings,
) -> CountedRows:
    """Take out of a customer's rows what the rules between customers reject.

    Raises:
        StoreUnavailableError: the store of events cannot be read.
    """
    if settings.keys == "per_customer":
        return CountedRows(rows)
    numbers = reader.shared(customer_id, until)
    if not numbers:
        return CountedRows(rows)
    events, is_whole = _around(reader, numbers, until, settings)
    shared = shared_numbers(map(_numbered, events), settings)
    out = {
        (table, digest): why
        for (who, table, digest), why in shared.broken.items()
        if who == customer_id
    }
    broken = [
        BrokenRow(row.table, 0, why.rule, why.column, from_json(row.content))
        for row in rows
        if (why := out.get((row.table, row.digest))) is not None
    ]
    incomplete = {table for who, table in shared.incomplete if who == customer_id}
    if not is_whole:  # what was not looked at may break any row of these numbers
        incomplete |= _tables_with(set(numbers), rows, settings)
    kept = [row for row in rows if (row.table, row.digest) not in out]
    return CountedRows(kept, broken, frozenset(incomplete))


def shared_rows(
    reader: EventReader, sequence: int, settings: PortfolioSettings
) -> list[SharedRow]:
    """Rows of a batch that do not count, for their numbers are other customers'.

    Of the first numbers; a feed that has more of them shows it by these.
    """
    if settings.keys == "per_customer":
        return []
    numbers = reader.shared_by(sequence, _MOST_NUMBERS)
    if not numbers:
        return []
    events, _ = _around(reader, numbers, sequence, settings)
    shared = shared_numbers(map(_numbered, events), settings)
    arrived = {
        (*event[:2], event.digest) for event in events if event.sequence == sequence
    }
    return [
        SharedRow(
            table=table,
            customer_id=customer_id,
            column=why.column,
            rule=why.rule,
            message=what_to_do(table, why.rule, why.column),
            reject_id=digest.hex(),
        )
        for (customer_id, table, digest), why in shared.broken.items()
        if (customer_id, table, digest) in arrived
    ]


def _around(
    reader: EventReader, numbers: list[bytes], until: int, settings: PortfolioSettings
) -> tuple[list[NumberedEvent], bool]:
    """Rows with these numbers, and with those that these rows bear or name as well.

    A payment of another's invoice, say, and what mends it: a later one of its number.
    False: there are more than `_MOST_ROWS`, and only some of them are here.
    """
    known = set[bytes]()
    while True:
        known.update(numbers)
        events = reader.numbered(sorted(known), until, _MOST_ROWS + 1)
        if len(events) > _MOST_ROWS:
            return events, False
        numbers = [
            number
            for event in events
            for number in numbers_in(event.table, from_json(event.content), settings)
        ]
        if known.issuperset(numbers):
            return events, True


def _tables_with(
    numbers: set[bytes], rows: Sequence[KeptRow], settings: PortfolioSettings
) -> set[str]:
    """The tables in which rows bear or name one of these numbers."""
    return {
        row.table
        for row in rows
        if not numbers.isdisjoint(
            numbers_in(row.table, from_json(row.content), settings)
        )
    }


def _numbered(event: NumberedEvent) -> NumberedRow:
    content = from_json(event.content)
    return NumberedRow(event.customer_id, event.table, bytes(event.digest), content)


def _digest(table: str, number: str) -> bytes:
    named = f"{table}\0{number}".encode()
    return hashlib.blake2b(named, digest_size=_DIGEST_BYTES).digest()
