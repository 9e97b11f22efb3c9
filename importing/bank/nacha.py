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
class _Totals:
    """What a control record sums up: cents, entries with addenda, and the hash.

    The hash is the sum of the banks' numbers (8 digits), its last ten digits.
    """

    debits: int = 0
    credits: int = 0
    n: int = 0
    hash: int = 0

    def add(self, other: "_Totals") -> None:
        """Sum up what the other sums up as well."""
        self.debits += other.debits
        self.credits += other.credits
        self.n += other.n
        self.hash += other.hash


@dataclass
class _File:
    """What was read so far, to compare with the file's own totals."""

    made_on: date | None = None
    section: str = ""  # the standard entry class of the batch
    batch: "_Totals" = field(default_factory=_Totals)
    ended: "_Totals" = field(default_factory=_Totals)  # of ended batches
    n_batches: int = 0
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
        if kind == "7":
            _take_addendum(state, record)
            continue
        if state.entry:
            yield _movement(state, state.entry)
            state.entry = None
        if kind == "6":
            _take_entry(state, row, record)
        else:
            yield from _taken(state, row, record)
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


def _take_entry(state: _File, row: int, record: str) -> None:
    state.entry, totals = _Entry(row, record), state.batch
    amount, bank = record[29:39].strip(), record[3:11]
    cents = int(amount) if amount.isdigit() else 0
    if _is_debit(record):
        totals.debits += cents
    else:
        totals.credits += cents
    totals.n += 1
    totals.hash += int(bank) if bank.isdigit() else 0


def _take_addendum(state: _File, record: str) -> None:
    state.batch.n += 1
    if state.entry:
        state.entry.addenda.append(record)


def _taken(state: _File, row: int, record: str) -> Iterator[Problem]:
    """Take a record of a batch or the file in; yields where it sums up otherwise."""
    match record[0]:
        case "1":
            state.made_on = _day(record[23:29])
        case "5":
            state.section, state.batch = record[50:53], _Totals()
        case "8":
            yield from _compared(row, "batch", record[4:], state.batch)
            state.ended.add(state.batch)
            state.batch, state.n_batches = _Totals(), state.n_batches + 1
        case "9":
            state.is_ended = True
            state.ended.add(state.batch)  # of a batch without a control record
            yield from _compared(row, "file", record[13:], state.ended)
            said = record[1:7].strip()
            if said.isdigit() and int(said) != state.n_batches:
                counted = f"{state.n_batches} batches were read"
                yield Problem(
                    row, "number of batches", f"{said}, but {counted}", is_money=False
                )


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
        is_money=False,
    )


def _compared(row: int, name: str, sums: str, counted: _Totals) -> Iterator[Problem]:
    """Where a control record's sums (count, hash, debits, credits) are others."""
    n_digits = 8 if name == "file" else 6
    hash_at = sums[n_digits:]
    for what, said, number, unit in (
        ("entries and addenda", sums[:n_digits], counted.n, ""),
        ("entry hash", hash_at[:10], counted.hash % 10**10, ""),
        ("total debit", hash_at[10:22], counted.debits, " cents"),
        ("total credit", hash_at[22:34], counted.credits, " cents"),
    ):
        if said.strip().isdigit() and int(said) != number:
            yield Problem(
                row,
                f"{what} of the {name}",
                f"{said}{unit}, but what was read comes to {number}: entries are "
                "missing or changed",
                is_money=False,
            )
