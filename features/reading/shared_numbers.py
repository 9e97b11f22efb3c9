"""Rules between rows of several customers, for the few rows whose numbers are shared.

The twin of `features.reading.cross_row_rules`, which says the same in SQL about a whole
portfolio: whose number, whose invoice, and whom a row that breaks these rules leaves
incomplete.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from features.contract import TABLES
from features.reading.cells import CellError, read_text
from features.reading.row_reader import CUSTOMER_ID, JsonRow
from features.reading.row_versions import KNOWN_AT, Cells, row_identity
from features.reading.rows import good_cells
from features.settings import PortfolioSettings

# the column of each table that names an invoice
NAMES_INVOICE = {
    "invoices": "applies_to",
    "payments": "invoice_id",
    "disputes": "invoice_id",
    "contacts": "invoice_id",
}


class NumberedRow(NamedTuple):
    """A row that bears or names a number; `row_id` tells it from others."""

    customer_id: str
    table: str
    row_id: bytes
    row: JsonRow


class SharedNumber(NamedTuple):
    """A row that does not count, for its number is shared: the rule and the column."""

    rule: str
    column: str


@dataclass
class SharedNumbers:
    """What comes of shared numbers.

    Args:
        broken: by customer, table and row_id: the rows that do not count.
        incomplete: customers with the tables in which a row protects them, until a good
            row of the same key is known as late or a person dismisses it.
    """

    broken: dict[tuple[str, str, bytes], SharedNumber] = field(default_factory=dict)
    incomplete: set[tuple[str, str]] = field(default_factory=set)


def numbers_of(table: str, row: JsonRow) -> Iterator[tuple[str, str]]:
    """The numbers a row bears and names, each with the table in which it is one.

    Two rows that a rule between customers could be about share one of them.

    >>> sorted(numbers_of("payments", {"payment_id": 7, "invoice_id": "4711"}))
    [('invoices', '4711'), ('payments', '7')]
    """
    key = TABLES[table].key
    columns = [] if "customer_id" in key else [(table, key[0])]
    if table in NAMES_INVOICE:
        columns.append(("invoices", NAMES_INVOICE[table]))
    for kind, column in columns:
        try:
            number = read_text(row.get(column))
        except CellError:
            continue  # the row is rejected on its own
        if number is not None:
            yield kind, number


def shared_numbers(
    rows: Iterable[NumberedRow], settings: PortfolioSettings
) -> SharedNumbers:
    """Which of these rows break a rule between customers.

    Args:
        rows: all those, of any customers, that bear or name the numbers in question;
            what a row breaks on its own makes it take no part.
        settings: of the portfolio; numbers are unique in all of it.
    """
    by_table: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        cells = good_cells(row.table, row.customer_id, row.row, settings)
        if cells is not None:
            by_table[row.table].append(_Row(row, cells))
    found, owners = SharedNumbers(), dict[str, set[str]]()
    for table in TABLES:
        if not by_table[table]:
            continue
        good, places = by_table[table], _places(table, settings)
        if table == "invoices":
            owners = _owners(good, places)
        broken = dict(_of_others(table, good, places, owners))
        if "customer_id" not in TABLES[table].key:
            rest = [row for row in good if row.id not in broken]
            broken |= dict(_of_two(table, rest, places))
        rest = [row for row in good if row.id not in broken]
        if table == "invoices":
            owners = _owners(rest, places)
        _protect(found, table, broken, good, places)
    return found


@dataclass(frozen=True, slots=True)
class _Row:
    numbered: NumberedRow
    cells: Cells

    @property
    def id(self) -> tuple[str, str, bytes]:
        """What the row itself is known by."""
        return self.numbered[:3]


class _Broken(NamedTuple):
    """What a row breaks, and the customers it leaves incomplete."""

    why: SharedNumber
    affected: frozenset[str]


_Breaking = Iterator[tuple[tuple[str, str, bytes], _Broken]]


def _places(table: str, settings: PortfolioSettings) -> Mapping[str, int]:
    return {column.name: i for i, column in enumerate(settings.columns[table])}


def _owners(invoices: Sequence[_Row], places: Mapping[str, int]) -> dict[str, set[str]]:
    """The customers who have an invoice of a number."""
    owners: dict[str, set[str]] = defaultdict(set)
    for row in invoices:
        cells = row.cells
        if cells[places["kind"]] == "invoice" and not cells[places["retracted"]]:
            owners[cells[places["invoice_id"]]].add(cells[CUSTOMER_ID])
    return owners


def _of_others(
    table: str,
    rows: Sequence[_Row],
    places: Mapping[str, int],
    owners: Mapping[str, set[str]],
) -> _Breaking:
    """Rows that name an invoice of another customer and none of their own."""
    column = NAMES_INVOICE.get(table)
    if column is None:
        return
    for row in rows:
        customer_id = row.cells[CUSTOMER_ID]
        theirs = owners.get(row.cells[places[column]], set())
        if theirs and customer_id not in theirs and not row.cells[places["retracted"]]:
            why = SharedNumber("other_customers_invoice", column)
            yield row.id, _Broken(why, frozenset({customer_id, *theirs}))


def _of_two(table: str, rows: Sequence[_Row], places: Mapping[str, int]) -> _Breaking:
    """Rows whose key stands under two customers; a key taken back does not stand."""
    key, retracted = _key_of_any(table, places), places["retracted"]
    latest: dict[Hashable, dict[str, list[int]]] = defaultdict(dict)
    for row in rows:
        known = latest[key(row.cells)].setdefault(row.cells[CUSTOMER_ID], [-1, -1])
        is_back = bool(row.cells[retracted])
        known[is_back] = max(known[is_back], row.cells[KNOWN_AT])
    why = SharedNumber("key_of_two_customers", TABLES[table].key[0])
    for row in rows:
        standing = [said > back for said, back in latest[key(row.cells)].values()]
        if sum(standing) > 1 and not row.cells[retracted]:
            yield row.id, _Broken(why, frozenset({row.cells[CUSTOMER_ID]}))


def _key_of_any(
    table: str, places: Mapping[str, int]
) -> Callable[[Sequence[object]], Hashable]:
    """What rows of one thing share, whoever's they are."""
    key = row_identity(TABLES[table], places)

    def of_any(cells: Sequence[object]) -> Hashable:
        """The key of the thing, whoever's row it is."""
        one: Hashable = key([None, *cells[1:]])
        return one

    return of_any


def _protect(
    found: SharedNumbers,
    table: str,
    broken: Mapping[tuple[str, str, bytes], _Broken],
    rows: Sequence[_Row],
    places: Mapping[str, int],
) -> None:
    """Note what is broken, and who is incomplete for it."""
    key, latest = _key_of_any(table, places), dict[Hashable, int]()
    for row in rows:
        if row.id not in broken:
            one = key(row.cells)
            latest[one] = max(latest.get(one, -1), row.cells[KNOWN_AT])
    for row in rows:
        if row.id in broken:
            why, affected = broken[row.id]
            found.broken[row.id] = why
            if latest.get(key(row.cells), -1) < row.cells[KNOWN_AT]:
                found.incomplete |= {(who, table) for who in affected}
