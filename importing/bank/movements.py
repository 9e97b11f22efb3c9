"""What every format says of one movement of money, and the table that holds them.

Readers of the formats yield movements, statements and problems one by one; they are
written in parts, so that memory does not grow with a file.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import duckdb
import numpy as np

from importing.errors import UnreadableValueError
from importing.report import BadRow
from importing.unread import keep_unread

ROWS_OF_A_PART = 10_000
TOO_LARGE = Decimal(10) ** 14  # no table of the contract holds it
PLACES = 5  # of an amount: one more than the contract has
_BETWEEN = "\x1f"  # the unit separator of ASCII: nobody types it into a reference
Direction = Literal["in", "out"]  # as seen from the account's owner, the reseller
Status = Literal[
    "booked",  # on the account
    "pending",  # announced by the bank, not booked
    "rejected",  # our collection was refused before it was booked
    "accepted",  # our collection goes on; a statement will say when it is booked
    "dishonored",  # our bank refused a return: the payment stands again
    "correction",  # a notice of changed account data, no money
    "apart",  # what moves no money of a customer: information, tests
    "difference",  # what a batch is more or less than its transactions
]


class Movement(NamedTuple):
    """One movement of money, or a message about one.

    Attributes:
        row: line, or number of the entry where the format has no lines; from 1.
        amount: in major units, not below 0.
        direction: where the money went; of a rejected collection: in.
        is_return: it undoes a movement that went the other way before.
        booked_on: the bank's day; `booked_at` where it says the moment.
        code: of the bank for this kind of movement.
        reason: code for a return or a rejection.
        entry: the bank's reference of the entry that it belongs to.
        number: the bank's own reference of the entry: another one is another entry.
        is_whole: the entry is one sum of several transactions that are not listed.
        end_to_end: the reference that the payer's side gave.
        ids: what the bank and we called it, or the movement that it undoes.
        serials: those of `ids` that are the bank's own numbers: they name no invoice.
        structured: references in a form of their own (ISO 11649, Swiss, Belgian), and
            the numbers of documents that the payer named.
        text: what the payer wrote.
    """

    row: int
    form: str
    account: str | None
    amount: Decimal
    currency: str
    direction: Direction
    status: Status = "booked"
    is_return: bool = False
    booked_on: date | None = None
    booked_at: datetime | None = None
    method: str | None = None
    code: str | None = None
    reason: str | None = None
    entry: str | None = None
    number: str | None = None
    is_whole: bool = False
    end_to_end: str | None = None
    ids: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    structured: tuple[str, ...] = ()
    text: str | None = None


class Statement(NamedTuple):
    """One statement of one account.

    Attributes:
        made_at: when the bank wrote it.
        closed_on: the last day that it covers.
        opening, closing: booked balances; None where it does not say them.
    """

    row: int
    form: str
    account: str | None
    currency: str | None = None
    made_at: datetime | None = None
    closed_on: date | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None


class Problem(NamedTuple):
    """A row that could not be read.

    `is_money`: it may be a movement, so it protects; a control total is none.
    """

    row: int
    column: str
    text: str
    is_money: bool = True


Read = Movement | Statement | Problem

_TYPES = {
    "row": "BIGINT",
    "amount": f"DECIMAL(28, {PLACES})",
    "opening": f"DECIMAL(28, {PLACES})",
    "closing": f"DECIMAL(28, {PLACES})",
    "is_return": "BOOLEAN",
    "is_whole": "BOOLEAN",
    "booked_on": "DATE",
    "closed_on": "DATE",
    "booked_at": "TIMESTAMPTZ",
    "made_at": "TIMESTAMPTZ",
    "ids": "VARCHAR[]",
    "serials": "VARCHAR[]",
    "structured": "VARCHAR[]",
}
_MONEY = {"amount", "opening", "closing"}
_LISTS = {name for name, type_ in _TYPES.items() if type_.endswith("[]")}


def _columns(kind: type[Movement] | type[Statement]) -> dict[str, str]:
    own = {"file": "VARCHAR", "statement": "BIGINT"}
    return own | {name: _TYPES.get(name, "VARCHAR") for name in kind._fields}


_TABLES = {"movement": _columns(Movement), "statement": _columns(Statement)}


def make_tables(connection: Any) -> None:
    """Empty tables `movement` and `statement`, with the file that a row is from.

    `statement` counts the statements of a file; each ends with the row that says so.
    Of a movement that could not be read, `unread_of` has the statement.
    """
    # every cell goes over as its text: no type is inferred from the first rows
    connection.execute("SET pandas_analyze_sample = 0")
    for name, columns in _TABLES.items():
        typed = ", ".join(f'"{column}" {type_}' for column, type_ in columns.items())
        connection.execute(f"CREATE TABLE {name} ({typed})")
    connection.execute("CREATE TABLE unread_of (file VARCHAR, statement BIGINT)")


def write_movements(
    connection: Any, file: Path, read: Iterable[Read]
) -> Iterator[BadRow]:
    """Add what was read to the tables; yields the rows that could not be read."""
    everything, n_statements = iter(read), 0
    while part := list(islice(everything, ROWS_OF_A_PART)):
        movements: list[Movement] = []
        numbers: list[int] = []
        statements: list[Statement] = []
        for one in part:
            if isinstance(one, Movement):
                movements.append(one)
                numbers.append(n_statements + len(statements) + 1)
            elif isinstance(one, Statement):
                statements.append(one)
            else:
                if one.is_money:
                    place = [file.name, one.row]
                    keep_unread(connection, "movement", "SELECT ?, ?, NULL", place)
                    nth = n_statements + len(statements) + 1
                    connection.execute(
                        "INSERT INTO unread_of VALUES (?, ?)", [file.name, nth]
                    )
                yield BadRow(file.name, one.row, one.column, one.text)
        _insert(connection, "movement", file, movements, numbers)
        first, n_statements = n_statements + 1, n_statements + len(statements)
        _insert(
            connection, "statement", file, statements, range(first, n_statements + 1)
        )


def _insert(
    connection: Any,
    name: str,
    file: Path,
    rows: Sequence[Movement] | Sequence[Statement],
    numbers: Sequence[int],
) -> None:
    """Hand the rows over as columns: of NumPy, for Arrow would first load Pandas.

    A column of one value in all rows, as most are, goes over as that value.
    """
    if not rows:
        return
    types = _TABLES[name]
    columns = zip(*rows, strict=True)
    cells: dict[str, Sequence[Any]] = dict(zip(rows[0]._fields, columns, strict=True))
    for column in cells.keys() & _MONEY:
        _must_fit(file, cells["row"], cells[column], is_balance=column != "amount")
    cells["file"], cells["statement"] = [file.name] * len(rows), numbers
    for column in cells.keys() & _LISTS:
        cells[column] = list(map(_BETWEEN.join, cells[column]))
    same = {n: v[0] for n, v in cells.items() if v.count(v[0]) == len(v)}
    varying = {n: values for n, values in cells.items() if n not in same or n == "row"}
    connection.register("part", {n: _of_numpy(n, v) for n, v in varying.items()})
    typed = ", ".join(
        f"{_cell(column, is_same=column not in varying)}::{type_}"
        for column, type_ in types.items()
    )
    for column in same.keys() & _LISTS:  # as `_cell` takes a varying one apart
        same[column] = same[column].split(_BETWEEN) if same[column] else []
    parameters = [same[column] for column in types if column not in varying]
    try:
        connection.execute(f"INSERT INTO {name} SELECT {typed} FROM part", parameters)
    except duckdb.ConversionException as error:
        line = str(error).splitlines()[0]
        raise UnreadableValueError(f"{file.name}: {line}") from error
    finally:
        connection.unregister("part")


def _cell(column: str, *, is_same: bool) -> str:
    """SQL of a cell: a parameter, or a column of `part`, where a list is one text."""
    if is_same:
        return "?"
    if column in _LISTS:
        parts = f"string_split(\"{column}\", '{_BETWEEN}')"
        return f"CASE WHEN \"{column}\" = '' THEN [] ELSE {parts} END"
    return f'"{column}"'


def _must_fit(
    file: Path,
    rows: Sequence[int],
    amounts: Sequence[Decimal | None],
    *,
    is_balance: bool,
) -> None:
    """Refuse money that no table holds, by its row."""
    for row, amount in zip(rows, amounts, strict=True):
        if amount is None:
            continue
        problem = None
        if not is_balance and amount >= TOO_LARGE:
            problem = "is too large an amount"
        elif _exponent(amount) < -PLACES and _exponent(amount.normalize()) < -PLACES:
            # zeros at the end say nothing
            problem = f"has more than {PLACES} decimals"
        if problem:
            raise UnreadableValueError(f"{file.name} row {row}: {amount} {problem}")


def _exponent(amount: Decimal) -> int:
    return int(amount.as_tuple().exponent)


def _of_numpy(name: str, values: Sequence[Any]) -> Any:
    """A column: places of rows and statements as whole numbers, all else as objects."""
    if name in ("row", "statement"):
        return np.array(values)
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
