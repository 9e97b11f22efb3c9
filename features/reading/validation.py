"""The row rules for tables: rows as found → normal form, and what is broken.

The same rules as `features.reading.rows` has for dictionaries, in the same order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import BoolArray, IntArray
from features.contract import MOMENT_KINDS, TABLES, ColumnSpec
from features.events import MISSING
from features.moments import is_known_too_early, local_days
from features.money import LARGEST, convert
from features.reading.bounds import bounded_column
from features.reading.columns import arrow_type, read_column
from features.reading.spelling import Spelling
from features.settings import PortfolioSettings

Cells: TypeAlias = dict[str, pa.Array]

# The rules look at these also where they are not there, and at what has a default
_LOOKED_AT = ("event_at", "known_at", "created_at", "due_at", "amount", "retracted")
TOO_LARGE = LARGEST + 1  # stands for an amount whose conversion is too large


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows after the rules.

    `rows` are the good ones in normal form; a column that is not there and that no
    rule looks at is left out. `broken[row]` of the rows as found is 0, or 1 + the
    place in `rules` of the first (rule, column) the row breaks: cells in the
    contract's order, then the rules between cells. `lost` are the broken rows as far
    as they can be read, with `has_key`: whether their key can.
    """

    rows: pa.Table
    broken: npt.NDArray[np.int16]
    rules: Sequence[tuple[str, str]]
    lost: pa.Table | None = None


class _Broken:
    """Keeps the first broken rule of each row."""

    def __init__(self, n: int) -> None:
        self.codes = np.zeros(n, np.int16)
        self.rules: list[tuple[str, str]] = []
        self.cells: dict[str, BoolArray] = {}  # by column, those that cannot be read

    def add(self, mask: BoolArray, rule: str, column: str) -> None:
        """Note a broken rule for rows that broke none before."""
        if mask.any():
            self.cells[column] = mask | self.cells.get(column, False)
        fresh = mask & (self.codes == 0)
        if fresh.any():
            self.rules.append((rule, column))
            self.codes[fresh] = len(self.rules)


def normal_schema(table: str, settings: PortfolioSettings) -> pa.Schema:
    """Columns of `table` in normal form, without `superseded_at`."""
    fields = [(c.name, arrow_type(c)) for c in settings.columns[table]]
    if table == "invoices":
        fields.append(("due_on", pa.int64()))
    return pa.schema(fields)


def check(
    raw: pa.Table,
    table: str,
    settings: PortfolioSettings,
    spellings: Mapping[str, Spelling] = MappingProxyType({}),
) -> CheckedRows:
    """Apply the row rules of `table` to rows as found.

    Args:
        raw: columns of any plain type; those the contract does not know are left.
        table: a table of the contract.
        settings: currency, rates, time zone, attributes.
        spellings: of columns whose cells are spelt in a way of their own.
    """
    broken = _Broken(len(raw))
    columns = settings.columns[table]
    for column in columns:
        if column.is_required and column.name not in raw.column_names:
            everything = np.ones(len(raw), np.bool_)
            broken.add(everything, f"missing_column:{column.name}", column.name)
    cells = {
        column.name: _read(
            raw, column, settings.zone, spellings.get(column.name), broken
        )
        for column in columns
        if column.name in raw.column_names
        or column.is_required
        or column.default is not None
        or column.name in _LOOKED_AT
    }
    if table == "invoices":
        _complete_invoices(cells, settings, broken)
    _complete_moments(table, cells, settings.zone, broken)
    if "currency" in cells:
        _convert(cells, settings, broken)
    there = [field for field in normal_schema(table, settings) if field.name in cells]
    rows = pa.table([cells[f.name] for f in there], schema=pa.schema(there))
    if not broken.rules:
        return CheckedRows(rows, broken.codes, broken.rules)
    lost = _lost(rows, table, broken)
    is_good = pa.array(broken.codes == 0)
    return CheckedRows(rows.filter(is_good), broken.codes, broken.rules, lost)


def _lost(rows: pa.Table, table: str, broken: _Broken) -> pa.Table:
    """What is left of broken rows: whose they are, their key, when they were known."""
    places = np.flatnonzero(broken.codes)
    in_contract = {column.name for column in TABLES[table].columns}
    names = [name for name in rows.column_names if name in in_contract]
    rows = rows.select(names).take(pa.array(places))
    nothing = np.zeros(len(rows), np.bool_)

    def is_unread(name: str, default: BoolArray) -> BoolArray:
        """(n,) whether a cell of a broken row could not be read."""
        mask = broken.cells.get(name)
        return default if mask is None else mask[places]

    dates = ("event_at", "created_at") if table == "customers" else ("event_at",)
    no_event = np.any([is_unread(name, nothing) for name in dates], axis=0)
    no_moment = no_event | is_unread("known_at", nothing)
    key = TABLES[table].key
    has_key = ~np.any([is_unread(name, nothing) for name in key], axis=0)
    if "event_at" in key:
        has_key &= ~no_event
    for name, mask in (
        ("known_at", no_moment),
        ("customer_id", is_unread("customer_id", nothing)),
    ):
        place = rows.column_names.index(name)
        read = pc.if_else(pa.array(mask), None, rows.column(place))
        rows = rows.set_column(place, name, read)
    return rows.append_column("has_key", pa.array(has_key))


def _read(
    raw: pa.Table,
    column: ColumnSpec,
    zone: ZoneInfo,
    spelling: Spelling | None,
    broken: _Broken,
) -> pa.Array:
    """One column in normal form; absent it is all null. Marks the rows it breaks."""
    if column.name not in raw.column_names:
        values = pa.nulls(len(raw), arrow_type(column))
    else:
        read = read_column(raw.column(column.name), column, zone, spelling)
        for number, rule in enumerate(read.rules, start=1):
            broken.add(read.broken == number, rule, column.name)
        values = read.values
    if column.kind in MOMENT_KINDS:
        values, out_of_range = bounded_column(values, column)
        broken.add(out_of_range, "time_out_of_range", column.name)
    if column.name == "customer_id":
        is_empty = pc.utf8_is_space(values).fill_null(True)
        broken.add(_mask(is_empty), "empty_customer_id", column.name)
    elif column.is_required:
        is_text = pa.types.is_string(values.type)  # blanks alone name nothing
        is_missing = pc.utf8_is_space(values) if is_text else values.is_null()
        broken.add(_mask(is_missing.fill_null(True)), "missing_required", column.name)
    default = False if column.name == "retracted" else column.default
    return values if default is None else values.fill_null(default)


def _complete_moments(
    table: str, cells: Cells, zone: ZoneInfo, broken: _Broken
) -> None:
    """`known_at` absent is `event_at`; `customers` may leave out both."""
    event_at, known_at = _ints(cells["event_at"]), _ints(cells["known_at"])
    if table == "customers":
        created_at = _ints(cells["created_at"])
        for fallback in (known_at, created_at, np.zeros_like(event_at)):
            event_at = np.where(event_at == MISSING, fallback, event_at)
    known_at = np.where(known_at == MISSING, event_at, known_at)
    too_early = known_at < event_at
    for row in np.flatnonzero(too_early):  # few: skew, and events of plain dates
        known, event = int(known_at[row]), int(event_at[row])
        too_early[row] = is_known_too_early(known, event, zone)
    broken.add(too_early, "known_before_event", "known_at")
    cells["event_at"] = _nullable(event_at)
    cells["known_at"] = _nullable(np.maximum(known_at, event_at))


def _complete_invoices(
    cells: Cells, settings: PortfolioSettings, broken: _Broken
) -> None:
    is_invoice = _mask(pc.equal(cells["kind"], "invoice").fill_null(False))
    has_no_due_at = _mask(cells["due_at"].is_null())
    broken.add(is_invoice & has_no_due_at, "due_at_missing", "due_at")
    cells["due_on"] = _nullable(local_days(_ints(cells["due_at"]), settings.zone))


def _convert(cells: Cells, settings: PortfolioSettings, broken: _Broken) -> None:
    """Amounts of other currencies → the portfolio's, by its rates."""
    currency = cells["currency"].dictionary_encode()
    names = [str(name) for name in currency.dictionary.to_pylist()]
    places = currency.indices.fill_null(-1).to_numpy()
    amounts = _ints(cells["amount"]).copy()
    too_large = np.zeros(len(amounts), np.bool_)
    for place, name in enumerate(names):
        rows = places == place
        if name == settings.currency:
            continue
        if (rate := settings.rates.get(name)) is None:
            broken.add(rows, "unknown_currency", "currency")
            continue
        distinct, which = np.unique(
            amounts[rows & (amounts != MISSING)], return_inverse=True
        )
        converted = np.array([_converted(int(a), rate) for a in distinct], np.int64)
        amounts[rows & (amounts != MISSING)] = converted[which]
        too_large |= rows & (amounts == TOO_LARGE)
    broken.add(too_large, "amount_too_large", "amount")
    cells["amount"] = _nullable(amounts)


def _converted(amount: int, rate: Decimal) -> int:
    try:
        return convert(amount, rate)
    except ValueError:
        return TOO_LARGE


def _ints(array: pa.Array) -> IntArray:
    return np.asarray(array.fill_null(MISSING).to_numpy(), np.int64)


def _nullable(values: IntArray) -> pa.Array:
    return pa.array(values, mask=values == MISSING)


def _mask(array: pa.Array) -> BoolArray:
    return np.asarray(array.to_numpy(zero_copy_only=False), np.bool_)
