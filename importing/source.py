"""A source: another system's files, and what each of them becomes in a portfolio.

A source is a value. What it maps is SQL, one file for each table of the contract, that
DuckDB runs over the source's own objects as they were read: so an import streams, and
a reader sees in one place what becomes of a column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from importing.report import BadRow


@dataclass(frozen=True, kw_only=True)
class ValueMap:
    """What the words of one column mean in the contract.

    In SQL it is a macro of this name. A word it does not know goes on as it is: the
    report names it by file, row and column. Where the map protects, its row is left out
    and waits (`importing.left_out`). Else, in a row that the SQL writes, the check of
    the portfolio rejects it and protects the customer (or keeps `other` where the list
    is open); a row that the SQL leaves out has to be counted in a note.
    """

    name: str
    view: str  # of the source's objects, with the columns file, row and this one
    column: str
    meanings: Mapping[str, str | None]  # None: known, and says nothing
    protects: bool = False  # a word it does not know may be money or a hold: no stop


@dataclass(frozen=True, kw_only=True)
class StagedSource:
    """What reading the files came to.

    Attributes:
        exported_at: the moment whose state the files show, UTC.
        looked_at: kinds of object that were asked for, also where there were none.
        bad_rows: what could not be read; the good rows went on.
        currencies: of amounts that the contract holds in the portfolio's own (usage,
            unit prices), the most frequent first; each needs a rate.
        observed: up to when a table was looked at, where that is not `exported_at`.
    """

    exported_at: datetime
    looked_at: frozenset[str]
    bad_rows: tuple[BadRow, ...] = ()
    currencies: tuple[str, ...] = ()
    observed: Mapping[str, datetime] = field(default_factory=dict)


class Stage(Protocol):
    """Reads files into tables or views of the connection; ends with `staging.staged`.

    Raises:
        UnreadableFileError: a file that is not of the source's form.
        NothingToImportError: not one object that the source knows.
    """

    def __call__(
        self, connection: Any, files: Sequence[Path], exported_at: datetime | None
    ) -> StagedSource: ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """One system whose files can be imported.

    Attributes:
        name: what `forbear import` calls it.
        title: its name for people.
        stage: reads the files.
        sql: folder with `views.sql` (run first), `TABLE.sql` for each table of the
            contract that it fills, `notes.sql` (adds to `note`: kind, n, text of what
            was assumed or left out; a statement for each, for the parts of one query
            hold their memory at the same time), `sums.sql` (what, currency, amount,
            left_out: the source's money) and `left_out.sql` (table_name, customer_id,
            kind, id, file, row: of table `strange`, see `importing.left_out`, whose
            each row is).
            All may read `there_payments`, `there_invoices` and `there_holds` (the
            latest rows of the portfolio), `setting` (timezone: where its days begin
            and end; `stage` may as well), `settled(began, seen_at)` (when a direct
            debit no longer fails, where nothing says so), `rate` (currency, rate,
            is_main: the portfolio's own) and the tables of `staging.staged`. A
            write-off has an `invoice_id` of its own.
        maps: the meanings of words.
        looks: for each table the kinds of object that must have been asked for before
            it may be said that the table was looked at.
        joins: tables of another source without which this one means nothing; of each
            the SQL may read `there_TABLE`.
        reads: tables of the portfolio that the SQL reads as `there_TABLE`, empty where
            there are none yet.
        shares: tables of `looks` of which it sees a part: where another source fills
            them too, only that one says how far they were looked at.
        lists: queries whose rows are written as CSV beside the tables, for people.
        told_once: kinds without an id that no later file tells again: one that was left
            out waits for its own file, of that name and of that day.
    """

    name: str
    title: str
    stage: Stage
    sql: Path
    maps: tuple[ValueMap, ...]
    looks: Mapping[str, frozenset[str]]
    joins: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    shares: frozenset[str] = frozenset()
    lists: tuple[str, ...] = ()
    told_once: frozenset[str] = frozenset()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the contract that this source may fill."""
        return tuple(self.looks)

    def query(self, name: str) -> str:
        """The SQL of that name."""
        return (self.sql / f"{name}.sql").read_text(encoding="utf-8")
