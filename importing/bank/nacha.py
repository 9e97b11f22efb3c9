"""Nacha files of returns and of notices of change: records of 94 characters.

A return undoes a collection of ours (a debit), or gives back money that we sent. Our
bank may dishonor a return (R61 to R70): then the payment stands; the other bank may
contest that (R71 to R77): then it is returned all the same. Facts: the Nacha operating
rules, as the record layouts of public readers have them.
"""

import re
from collections.abc import Iterator
from itertools import islice
from operator import add, sub
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from importing.bank.movements import Problem, Read, Statement

LENGTH = 94
# a batch header or an entry, by its digits; after it a line ends or a record begins
INNER_RECORD = re.compile(
    rb"(5[0-9]{3}.{46}[A-Z]{3}.{26}[0-9]{15}|6[0-9]{11}.{17}[0-9]{10}.{39}[0-9]{16})"
    rb"(?![^5-9\s])"
)
_SQL = Path(__file__).parent / "nacha.sql"
_LINES = (
    "read_csv(?, columns = {'text': 'VARCHAR'}, auto_detect = false, header = false, "
    "delim = chr(1), quote = '', escape = '')"
)
_RECORDS_AT_ONCE = 20_000
_MARKS = {  # by the first character of the record
    "1": "the file header (1)",
    "5": "a batch header (5)",
    "8": "a batch control (8)",
    "9": "the file control (9)",
}


class _Totals(NamedTuple):
    """What a control record sums up: cents, entries with addenda, and the hash.

    The hash is the sum of the banks' numbers (8 digits), its last ten digits.
    """

    debits: int
    credits: int
    n: int
    hash: int


def stage_nacha(connection: Any, file: Path) -> Iterator[Read]:
    """Add the returned entries to `movement`; row: the number of the entry's record.

    Yields:
        What could not be read or is summed up otherwise, and the statement at the end.
    """
    _stage_records(connection, file)
    connection.execute(_SQL.read_text(encoding="utf-8"))
    connection.execute(
        "INSERT INTO movement BY NAME "
        "SELECT ? AS file, * EXCLUDE fault FROM nacha_entry WHERE fault IS NULL",
        [file.name],
    )
    problems = [*_unread(connection), *_summed_otherwise(connection)]
    yield from sorted(problems, key=lambda problem: problem.row)
    yield from _cut_off(connection)
    [(made_on,)] = connection.execute(
        "SELECT arg_max(of_file, row).day FROM nacha_mark"
    ).fetchall()
    for table in ("record", "placed", "mark", "entry"):
        connection.execute(f"DROP TABLE nacha_{table}")
    yield Statement(row=1, form="nacha", account=None, closed_on=made_on)


def _stage_records(connection: Any, file: Path) -> None:
    """Make `nacha_record` (row, text): the records that are not blank, from 1."""
    make = "CREATE OR REPLACE TEMP TABLE nacha_record AS SELECT row_number() OVER () "
    try:
        connection.execute(
            f"{make} AS row, text FROM {_LINES} WHERE trim(text) <> ''", [str(file)]
        )
        [(longest,)] = connection.execute(
            "SELECT max(length(text)) FROM nacha_record"
        ).fetchall()
        if longest <= LENGTH:
            return
    except duckdb.Error:  # other line ends, or bytes that are no text
        pass
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE nacha_record (row BIGINT, text VARCHAR)"
    )
    numbered = enumerate(_records(file), start=1)
    while part := list(islice(numbered, _RECORDS_AT_ONCE)):
        rows, texts = zip(*part, strict=True)
        connection.execute(
            "INSERT INTO nacha_record SELECT unnest(?), unnest(?)", [rows, texts]
        )


def _records(file: Path) -> Iterator[str]:
    """Records in lines, or one after the other without any."""
    with file.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            text = line.rstrip("\r\n")
            for start in range(0, len(text), LENGTH):
                record = text[start : start + LENGTH]
                if record.strip():
                    yield record


def lacking_records(file: Path) -> list[str]:
    """The headers and controls of which the file has none, for people."""
    there = {record[0] for record in _records(file)}
    return [name for kind, name in _MARKS.items() if kind not in there]


def _unread(connection: Any) -> Iterator[Problem]:
    """Entries that are no movement."""
    texts = {
        "IAT": "international entries are laid out otherwise and not read",
        "date": "the file's first line does not say on which day it was made (YYMMDD, "
        "columns 24 to 29), so nobody knows when this came back: write the day there",
    }
    for row, fault in connection.execute(
        "SELECT row, fault FROM nacha_entry WHERE fault IS NOT NULL ORDER BY row"
    ).fetchall():
        yield Problem(row, fault, texts.get(fault, "missing, or no number"))


def _summed_otherwise(connection: Any) -> Iterator[Problem]:
    """Where a control record of a batch or of the file sums up otherwise."""
    begun = ended = _Totals(0, 0, 0, 0)
    n_batches, open_batch = 0, None
    for row, kind, text, *sums in connection.execute(
        "SELECT row, kind, text, debits, credits, n, hash FROM nacha_mark "
        "WHERE kind <> '1' ORDER BY row"
    ).fetchall():
        so_far = _Totals(*sums)
        batch = _Totals(*map(sub, so_far, begun))
        if kind != "9":
            begun = so_far
        if kind != "8" and open_batch:
            yield Problem(
                open_batch,
                "batch control",
                "the batch that begins here has none (8): nothing says that it is "
                "whole, so fetch the file again",
                is_money=False,
            )
        open_batch = row if kind == "5" else None
        if kind == "5":
            continue
        ended = _Totals(
            *map(add, ended, batch)
        )  # by the file's, of one without its own
        if kind == "8":
            n_batches += 1
            yield from _compared(row, "batch", text[4:], batch)
            continue
        yield from _compared(row, "file", text[13:], ended)
        said = text[1:7].strip()
        if said.isdigit() and int(said) != n_batches:
            counted = f"{n_batches} batches were read"
            yield Problem(
                row, "number of batches", f"{said}, but {counted}", is_money=False
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


def _cut_off(connection: Any) -> Iterator[Read]:
    """Of a file that is cut off: its last entry may be cut too and is left out."""
    [(last_row, entry, is_entry, is_ended)] = connection.execute(
        "SELECT max(row), max(entry), arg_max(kind, row) FILTER (WHERE kind <> '7') = "
        "'6', bool_or(kind = '9') FROM nacha_placed"
    ).fetchall()
    if is_ended:
        return
    if is_entry:
        yield Problem(entry, "entry", "cut off, and left out")
    yield Problem(
        last_row,
        "file control",
        "the file ends before its control record (9): it is cut off, so fetch it again",
        is_money=False,
    )
