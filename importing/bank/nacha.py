"""Nacha files of returns and of notices of change: records of 94 characters.

A return undoes a collection of ours (a debit), or gives back money that we sent. Our
bank may dishonor a return (R61 to R70): then the payment stands; the other bank may
contest that (R71 to R77): then it is returned all the same. Facts: the Nacha operating
rules, as the record layouts of public readers have them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from importing.bank.movements import Direction, Movement, Problem, Read, Statement

LENGTH = 94
_DISHONORED = range(61, 71)
_RETURN, _CHANGE = "99", "98"
_FILLER = "9" * LENGTH


@dataclass
class _File:
    """What was read so far, to compare with the file's own totals."""

    made_on: date | None = None
    section: str = ""  # the standard entry class of the batch
    debits: int = 0
    credits: int = 0
    entry: "_Entry | None" = None
    last_row: int = 0
    is_ended: bool = False  # its control record was read


@dataclass
class _Entry:
    row: int
    record: str
    addenda: list[str] = field(default_factory=list)


def read_nacha(file: Path) -> Iterator[Read]:
    """Returned entries; row: the number of the entry's record."""
    state = _File()
    for row, record in _records(file):
        if record == _FILLER:
            continue
        kind, state.last_row = record[0], row
        if kind != "7" and state.entry:
            yield _movement(state, state.entry)
            state.entry = None
        if kind == "1":
            state.made_on = _day(record[23:29])
        elif kind == "5":
            state.section = record[50:53]
        elif kind == "6":
            state.entry = _taken(state, row, record)
        elif kind == "7" and state.entry:
            state.entry.addenda.append(record)
        elif kind == "9":
            state.is_ended = True
            yield from _totals(row, record, state)
    yield from _ending(state)
    yield Statement(row=1, form="nacha", account=None, closed_on=state.made_on)


def _records(file: Path) -> Iterator[tuple[int, str]]:
    """Records in lines, or one after the other without any."""
    row = 0
    with file.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            text = line.rstrip("\r\n")
            for start in range(0, max(len(text), 1), LENGTH):
                record = text[start : start + LENGTH]
                if record.strip():
                    row += 1
                    yield row, record.ljust(LENGTH)


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%y%m%d").date()  # noqa: DTZ007  a plain day
    except ValueError:
        return None


def _taken(state: _File, row: int, record: str) -> _Entry:
    amount = record[29:39].strip()
    if amount.isdigit():
        if _is_debit(record):
            state.debits += int(amount)
        else:
            state.credits += int(amount)
    return _Entry(row, record)


def _is_debit(record: str) -> bool:
    """Of the transaction code: 21 to 24 credit an account, 26 to 29 debit it."""
    return record[2:3] >= "5"


def _movement(state: _File, entry: _Entry) -> Read:
    record = entry.record
    told = [a for a in entry.addenda if a[1:3] in (_RETURN, _CHANGE)]
    if state.section == "IAT":
        return Problem(
            entry.row,
            "IAT",
            "international entries are laid out otherwise and not read",
        )
    if not record[29:39].isdigit() or state.made_on is None:
        column = "date" if record[29:39].isdigit() else "amount"
        return Problem(entry.row, column, "missing, or no number")
    reason = told[-1][3:6] if told else None
    return Movement(
        row=entry.row,
        form="nacha",
        account=None,
        amount=Decimal(record[29:39]).scaleb(-2),
        currency="USD",
        direction=_direction(record),
        status=_status(told, reason),  # type: ignore[arg-type]
        is_return=True,
        booked_on=state.made_on,
        method="direct_debit",
        code=state.section.strip() or None,
        reason=reason,
        entry=record[79:94].strip() or None,
        end_to_end=record[39:54].strip() or None,
        ids=tuple(filter(None, (told[-1][6:21].strip() if told else "",))),
    )


def _direction(record: str) -> Direction:
    """A debit that comes back takes money from us; a credit gives it back."""
    return "out" if _is_debit(record) else "in"


def _status(told: list[str], reason: str | None) -> str:
    if not told:
        return "apart"
    if told[-1][1:3] == _CHANGE:
        return "correction"
    number = (reason or "")[1:]
    is_dishonored = number.isdigit() and int(number) in _DISHONORED
    return "dishonored" if is_dishonored else "booked"


def _ending(state: _File) -> Iterator[Read]:
    """Of a file that is cut off: its last entry may be cut too and is left out."""
    if state.is_ended:
        return
    if state.entry:
        yield Problem(state.entry.row, "entry", "cut off, and left out")
    yield Problem(
        state.last_row,
        "file control",
        "the file ends before its control record (9): it is cut off, so fetch it again",
    )


def _totals(row: int, record: str, state: _File) -> Iterator[Problem]:
    for name, said, counted in (
        ("total debit", record[31:43], state.debits),
        ("total credit", record[43:55], state.credits),
    ):
        if said.strip().isdigit() and int(said) != counted:
            yield Problem(
                row,
                name,
                f"{said} cents, but the entries add up to {counted}: some are "
                "missing or changed",
            )
