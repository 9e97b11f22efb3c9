"""Reads the JSON rows of a request: checks them and makes one customer's `Events`.

The same rules as `features.reading.validation` has for tables, for a few hundred
rows in well under a millisecond or two, without Arrow or a database.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from features.contract import TABLES
from features.events import Columns, Events
from features.reading.rejects import Reject, RejectCounter
from features.reading.row_reader import BrokenRow, JsonRow, RowError, TableReader
from features.reading.row_versions import Cells
from features.settings import PortfolioSettings

_READERS: dict[int, tuple[PortfolioSettings, Mapping[str, TableReader]]] = {}


def _readers(settings: PortfolioSettings) -> Mapping[str, TableReader]:
    """Readers are made once per settings object (kept, so its id stays its own)."""
    kept = _READERS.get(id(settings))
    if kept is None:
        if len(_READERS) >= 64:
            _READERS.clear()
        kept = settings, {name: TableReader(name, settings) for name in TABLES}
        _READERS[id(settings)] = kept
    return kept[1]


def empty_tables(settings: PortfolioSettings) -> Mapping[str, Columns]:
    """Every table in normal form without a row."""
    return {name: reader.nothing for name, reader in _readers(settings).items()}


def broken_rule(
    table: str, customer_id: str, row: JsonRow, settings: PortfolioSettings
) -> RowError | None:
    """The rule and the column that a row of a customer breaks, None where it stands."""
    return _readers(settings)[table].broken_rule(customer_id, row)


def good_cells(
    table: str, customer_id: str, row: JsonRow, settings: PortfolioSettings
) -> Cells | None:
    """The cells of a row in the contract's order, None where it breaks a rule."""
    return _readers(settings)[table].cells(customer_id, row)


def same_key_warning(
    table: str, rows: Iterable[list[Cells]], settings: PortfolioSettings
) -> str | None:
    """The warning of `read_rows` about keys whose rows of one moment differ, if any.

    Args:
        table: of the rows.
        rows: of `good_cells`, a list for each customer; not to be used afterwards.
        settings: of the portfolio.
    """
    reader = _readers(settings)[table]
    lost = [cells for theirs in rows for cells in reader.versions.standing(theirs)[1]]
    return reader.same_key(lost) if lost else None


class ReadRows(NamedTuple):
    """A customer's rows in normal form, the rejected ones, and warnings."""

    events: Events
    broken: list[BrokenRow]
    warnings: list[str]


def read_rows(
    customer_id: str,
    tables: Mapping[str, Sequence[JsonRow]],
    settings: PortfolioSettings,
) -> ReadRows:
    """One customer's rows → normal form, and what became of the others.

    Tables the contract does not know are left. The warnings are of rows that share a
    key and a moment, of which only one can count.
    """
    broken: list[BrokenRow] = []
    warnings: list[str] = []
    rejected: list[str] = []
    columns: dict[str, Columns] = {}
    for name, reader in _readers(settings).items():
        rows = tables.get(name)
        if not rows:
            columns[name] = reader.nothing
            continue
        read = reader.read(customer_id, rows)
        columns[name] = read.columns
        broken += read.broken
        if read.lost:
            warnings.append(reader.same_key(read.lost))
        if read.is_rejected:
            rejected.append(name)
    return ReadRows(Events(customer_id, columns, frozenset(rejected)), broken, warnings)


def read_events(
    customer_id: str,
    tables: Mapping[str, Sequence[JsonRow]],
    settings: PortfolioSettings,
) -> tuple[Events, tuple[Reject, ...]]:
    """Rows as the API gets them → normal form, and what was rejected and why.

    Args:
        customer_id: whose rows these are; rows may leave it out.
        tables: rows by table name; cells as JSON has them (dates and aware datetimes
            are read as well). Unknown columns are ignored.
        settings: currency, rates, time zone, attributes of the portfolio.
    """
    rejects = RejectCounter()
    for table, rows in tables.items():
        if table not in TABLES and rows:
            rejects.add(table, "unknown_table", "", "", None, n=len(rows))
    events, broken, _ = read_rows(customer_id, tables, settings)
    for row in broken:
        where = f"row {row.number + 1}"
        rejects.add(row.table, row.rule, row.column, where, row.value)
    return events, rejects.rejects()
