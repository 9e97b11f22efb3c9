"""BAI2: records of comma-separated fields, continued by records 88.

The direction comes from the range of the type code (100 to 399 and a bank's own 920 to
959 credit, 400 to 699 and 960 to 999 debit), never from the words beside it. Facts: the
BAI2 specification of 2005 (X9) and its tables of type codes; the ranges of a bank's own
codes also as Oracle's JD Edwards documents them (UDC table 09/BA).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from features.money import currency_places
from importing.bank.movements import Direction, Movement, Problem, Read, Statement

_RETURNED = "123 252 255 257 258 266 268 395 423 468 552 555 557 558 566 568 694"
RETURNED = frozenset(_RETURNED.split())
METHODS = {
    **dict.fromkeys(("142", "165", "257", "258", "557", "558", "468"), "direct_debit"),
    **dict.fromkeys(("169", "195", "208", "495"), "bank_transfer"),
    **dict.fromkeys(("175", "115", "555", "255"), "cheque"),
}
_OPENING, _CLOSING = "010", "015"
_TYPE_CODE = re.compile(r"[0-9]{3}")
_SKIPPED_AFTER = {"V": 2, "S": 3}  # fields of when the money is available


@dataclass
class _Account:
    row: int
    name: str | None = None
    currency: str = "USD"
    balances: dict[str, Decimal] = field(default_factory=dict)
    control: int = 0  # what the account's own total has to be


@dataclass
class _Group:
    day: date | None = None
    currency: str = "USD"
    is_meant: bool = True  # neither a test nor a deletion


def read_bai2(file: Path) -> Iterator[Read]:
    """Transactions; row: the line of the file on which the record begins."""
    group, account = _Group(), _Account(0)
    for row, record in _records(file):
        code, fields = record[:2], record[3:].split(",")
        try:
            if code == "02":
                group = _group(fields)
            elif code == "03":
                account = _account(row, fields, group)
            elif code == "16":
                yield _transaction(row, fields, group, account)
            elif code == "49":
                yield from _account_end(row, fields, group, account)
            elif code not in ("01", "98", "99"):
                yield Problem(row, "record", f"{code!r} is no record of BAI2")
        except (ValueError, IndexError) as error:
            yield Problem(row, f"record {code}", f"cannot be read: {error}")


def _records(file: Path) -> Iterator[tuple[int, str]]:
    """Records with their continuations; a slash ends the line of a record."""
    start, record = 0, ""
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        for row, raw in enumerate(lines, 1):
            line = raw.strip()
            if line.startswith("88"):
                is_ended = record.endswith("/")
                record = (
                    record.removesuffix("/") + ("," if is_ended else " ") + line[3:]
                )
            elif line:
                if record:
                    yield start, record.removesuffix("/")
                start, record = row, line
    if record:
        yield start, record.removesuffix("/")


def _group(fields: list[str]) -> _Group:
    day = datetime.strptime(fields[3], "%y%m%d").date()  # noqa: DTZ007  a plain day
    currency = fields[5] if len(fields) > 5 and fields[5] else "USD"
    return _Group(day, currency, fields[2] in ("1", "3"))


def _account(row: int, fields: list[str], group: _Group) -> _Account:
    account = _Account(
        row, fields[0] or None, (fields[1:2] or [""])[0] or group.currency
    )
    rest = [text.strip() for text in fields[2:]]
    while len(rest) > 1:
        code, amount, *rest = rest
        rest = rest[1:]  # how many items
        kind, rest = (rest[0], rest[1:]) if rest else ("", [])
        rest = rest[_width(kind, rest) :]
        if amount:
            account.control += int(amount)
            account.balances[code] = _major(int(amount), account.currency)
    return account


def _width(kind: str, rest: list[str]) -> int:
    """How many fields say when the money is available."""
    return 1 + 2 * int(rest[0]) if kind == "D" else _SKIPPED_AFTER.get(kind, 0)


def _transaction(row: int, fields: list[str], group: _Group, account: _Account) -> Read:
    code, minor = fields[0], int(fields[1] or 0)
    account.control += minor
    rest = fields[3 + _width(fields[2], fields[3:]) :] + [""] * 2
    bank, customer, words = rest[0], rest[1], rest[2:-2]
    direction = direction_of(code)
    if direction is None and minor and not is_status(code):
        return Problem(
            row, "type code", f"{code} moves money in a direction that no table says"
        )
    is_meant = group.is_meant and direction is not None
    return Movement(
        row=row,
        form="bai2",
        account=account.name,
        amount=abs(_major(minor, account.currency)),
        currency=account.currency,
        direction=direction or "in",
        status="booked" if is_meant else "apart",
        is_return=code in RETURNED,
        booked_on=group.day,
        method=METHODS.get(code),
        code=code,
        entry=bank or None,
        end_to_end=customer or None,
        ids=tuple(reference for reference in (bank, customer) if reference),
        serials=(bank,) if bank else (),
        text=" ".join(",".join(words).split()) or None,
    )


@lru_cache(maxsize=1000)
def direction_of(code: str) -> Direction | None:
    """Where the money of a type code goes; None: the tables do not say.

    >>> [direction_of(code) for code in ("257", "557", "920", "960", "720", "95")]
    ['in', 'out', 'in', 'out', None, None]
    """
    number = _number(code)
    if 100 <= number <= 399 or 920 <= number <= 959:
        return "in"
    return "out" if 400 <= number <= 699 or 960 <= number <= 999 else None


def is_status(code: str) -> bool:
    """Whether a code says how an account stands, so that its amount is no movement."""
    number = _number(code)
    return 1 <= number <= 99 or 900 <= number <= 919


def _number(code: str) -> int:
    """A type code as a number; -1 for what is none, for it has three digits."""
    return int(code) if _TYPE_CODE.fullmatch(code) else -1


def _account_end(
    row: int, fields: list[str], group: _Group, account: _Account
) -> Iterator[Read]:
    if fields[0] and int(fields[0]) != account.control:
        yield Problem(
            row,
            "account control total",
            f"{fields[0]}, but the records add up to "
            f"{account.control}: some are missing or changed",
            is_money=False,
        )
    yield Statement(
        row=account.row,
        form="bai2",
        account=account.name,
        currency=account.currency,
        closed_on=group.day,
        opening=account.balances.get(_OPENING),
        closing=account.balances.get(_CLOSING),
    )


def _major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-currency_places(currency))
