"""Reads the JSON rows of one table of a request, with the contract's rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import lt
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from features.arrays import AnyArray
from features.contract import MOMENT_KINDS, TABLES, ColumnSpec
from features.events import (
    FLOAT_KINDS,
    INT64_KINDS,
    MISSING,
    Columns,
)
from features.moments import NO_END, is_known_too_early, local_day
from features.money import convert
from features.reading.bounds import bounded
from features.reading.cells import CellError, Parser, cell_parser
from features.reading.row_versions import EVENT_AT, KNOWN_AT, Cells, RowVersions
from features.settings import PortfolioSettings

JsonRow: TypeAlias = Mapping[str, object]

CUSTOMER_ID = 0  # every table begins with it
_BETWEEN_CELLS = frozenset({"known_before_event", "other_customer"})


class RowError(ValueError):
    """A row that cannot stand: the rule and the column that break it."""

    def __init__(self, rule: str, column: str) -> None:
        super().__init__(f"{column}: {rule}")
        self.rule, self.column = rule, column


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that was rejected: its place in the table from 0, and why."""

    table: str
    number: int
    rule: str
    column: str
    row: JsonRow

    @property
    def value(self) -> object:
        """The cell that breaks the rule."""
        return self.row.get(self.column)


class ReadTable(NamedTuple):
    """A table as read: its good rows, the bad ones, and whether those count.

    `lost`: of the keys with rows of one moment and different content one each.
    """

    columns: Columns
    broken: Sequence[BrokenRow] = ()
    is_rejected: bool = False
    lost: Sequence[Cells] = ()


class TableReader:
    """Reads the rows of one table; made once per portfolio settings."""

    def __init__(self, table: str, settings: PortfolioSettings) -> None:
        self.table = table
        self.settings = settings
        self.columns = settings.columns[table]
        self.places = {column.name: i for i, column in enumerate(self.columns)}
        self.slots: dict[str, tuple[int, Parser]] = {
            column.name: (i, _parser(column, settings))
            for i, column in enumerate(self.columns)
        }
        self.blank: Cells = [column.default for column in self.columns]
        self.blank[self.places["retracted"]] = False
        self.required = [
            i for i, column in enumerate(self.columns) if column.is_required
        ]
        self.versions = RowVersions(TABLES[table], self.places)
        self.text_key = [
            self.places[name]
            for name in TABLES[table].key
            if name not in ("customer_id", "event_at")
        ]
        self.created_at = self.places.get("created_at")
        self._kind = self.places["kind"] if table == "invoices" else None
        self._currency = self.places.get("currency")
        self.nothing = self._columnise([])

    def read(self, customer_id: str, rows: Sequence[JsonRow]) -> ReadTable:
        """Good rows as columns in normal form, and what became of the others.

        A bad row counts no more where a good one of its key is known as late.
        """
        good: list[Cells] = []
        bad: list[BrokenRow] = []
        for number, row in enumerate(rows):
            try:
                good.append(self._row(customer_id, row))
            except (CellError, RowError):
                error = self._first_error(customer_id, row)
                bad.append(BrokenRow(self.table, number, error.rule, error.column, row))
        is_rejected = bool(bad) and not self._are_mended(customer_id, bad, good)
        if not good:
            return ReadTable(self.nothing, bad, is_rejected)
        stands, lost = self.versions.standing(good)
        if self.table == "customers":
            self._fill_created_at(good, stands)
        self._sort(stands)
        return ReadTable(self._columnise(stands), bad, is_rejected, lost)

    def _sort(self, rows: list[Cells]) -> None:
        moments = [cells[EVENT_AT] for cells in rows]
        if all(map(lt, moments, moments[1:])):  # mostly, as they were sent
            return
        text_key = self.text_key
        rows.sort(
            key=lambda c: (c[EVENT_AT], c[KNOWN_AT], [c[i] or "" for i in text_key])
        )

    def broken_rule(self, customer_id: str, row: JsonRow) -> RowError | None:
        """The rule and the column that one row breaks, None where it stands."""
        try:
            self._row(customer_id, row)
        except (CellError, RowError):
            return self._first_error(customer_id, row)
        return None

    def cells(self, customer_id: str, row: JsonRow) -> Cells | None:
        """The cells of one row, None where it breaks a rule."""
        try:
            return self._row(customer_id, row)
        except (CellError, RowError):
            return None

    def _row(self, customer_id: str, row: JsonRow) -> Cells:
        cells = self.blank.copy()
        cells[CUSTOMER_ID] = customer_id
        slots = self.slots
        for name, value in row.items():
            slot = slots.get(name)
            if slot is not None:
                place, parse = slot
                read = parse(value)
                if read is not None or place == CUSTOMER_ID:
                    cells[place] = read
        for i in self.required:
            if _is_missing(cells[i]):
                raise RowError("missing_required", self.columns[i].name)
        self._check(customer_id, cells)
        return cells

    def _first_error(self, customer_id: str, row: JsonRow) -> RowError:
        """The error tables would name: cells in the contract's order come first."""
        for i, column in enumerate(self.columns):
            cell = row.get(column.name, customer_id if i == CUSTOMER_ID else None)
            try:
                read = self.slots[column.name][1](cell)
            except CellError as error:
                return RowError(error.rule, column.name)
            if i == CUSTOMER_ID and (read is None or not str(read).strip()):
                return RowError("empty_customer_id", column.name)
            if i in self.required and _is_missing(read):
                return RowError("missing_required", column.name)
        try:
            self._row(customer_id, row)
        except RowError as error:
            return error
        raise AssertionError("a rejected row must break a rule")

    def _are_mended(
        self, customer_id: str, bad: Sequence[BrokenRow], good: Sequence[Cells]
    ) -> bool:
        latest: dict[Any, int] = {}
        for cells in good:
            key = self.versions.key(cells)
            latest[key] = max(latest.get(key, 0), cells[KNOWN_AT])
        for broken in bad:
            lost = self._lost(customer_id, broken)
            if lost is None:
                return False
            mended_at = latest.get(self.versions.key(lost), -1)
            if mended_at < (lost[KNOWN_AT] or 0):
                return False
        return True

    def _lost(self, customer_id: str, broken: BrokenRow) -> Cells | None:
        """A broken row as far as it can be read; None if its key cannot."""
        cells: list[Any] = self.blank.copy()
        cells[CUSTOMER_ID] = customer_id
        unread = {broken.column} if broken.rule in _BETWEEN_CELLS else set()
        for i, column in enumerate(self.columns):
            if i != CUSTOMER_ID:
                try:
                    read = self.slots[column.name][1](broken.row.get(column.name))
                except CellError:
                    unread.add(column.name)
                    continue
                if column.is_required and _is_missing(read):
                    unread.add(column.name)
                elif read is not None:
                    cells[i] = read
        key = TABLES[self.table].key
        no_event = unread & {"event_at", "created_at"}
        if unread & {"customer_id", *key} or (no_event and "event_at" in key):
            return None
        is_too_early = self._complete_moments(cells)
        if is_too_early or no_event or "known_at" in unread:
            cells[KNOWN_AT] = None
        return cells

    def _check(self, customer_id: str, cells: Cells) -> None:
        """The rules between the cells of a row; completes its two moments."""
        if cells[CUSTOMER_ID] != customer_id or not customer_id.strip():
            raise RowError("other_customer", "customer_id")
        if (
            self._kind is not None
            and cells[self._kind] == "invoice"
            and cells[self.places["due_at"]] is None
        ):
            raise RowError("due_at_missing", "due_at")
        if self._complete_moments(cells):
            raise RowError("known_before_event", "known_at")
        if self._currency is not None and cells[self._currency] is not None:
            self._convert(cells, cells[self._currency])

    def _complete_moments(self, cells: Cells) -> bool:
        """Fills what is absent; whether the row was known too early to be true."""
        event_at, known_at = cells[EVENT_AT], cells[KNOWN_AT]
        if event_at is None:  # only `customers`
            created_at = cells[self.created_at] if self.created_at else None
            event_at = known_at if known_at is not None else (created_at or 0)
            cells[EVENT_AT] = event_at
        if known_at is None:
            cells[KNOWN_AT] = event_at
        elif known_at < event_at:
            cells[KNOWN_AT] = event_at
            return is_known_too_early(known_at, event_at, self.settings.zone)
        return False

    def _convert(self, cells: Cells, currency: str) -> None:
        if currency == self.settings.currency:
            return
        place = self.places["amount"]
        rate = self.settings.rates.get(currency)
        if rate is None:
            raise RowError("unknown_currency", "currency")
        if cells[place] is not None:
            try:
                cells[place] = convert(cells[place], rate)
            except ValueError as error:
                raise RowError("amount_too_large", "amount") from error

    def same_key(self, lost: Sequence[Cells]) -> str:
        """The warning about keys whose rows of one moment differ in content."""
        named = [(self.columns[i].name, lost[0][i]) for i in self.text_key]
        first = ", ".join(f"{name} {cell}" for name, cell in named if cell is not None)
        such_as = f", such as {first}" if first else ""
        return (
            f"same_key:{self.table}: {len(lost)}{such_as}; of each only the row that"
            " sorts last counts"
        )

    def _fill_created_at(self, rows: list[Cells], stands: list[Cells]) -> None:
        created_at, retracted = self.places["created_at"], self.places["retracted"]
        first = min((c[KNOWN_AT] for c in rows if not c[retracted]), default=None)
        for cells in stands:
            if cells[created_at] is None:
                cells[created_at] = first

    def _columnise(self, rows: list[Cells]) -> Columns:
        names = (*self.columns, ColumnSpec("superseded_at", "moment"))
        values: Iterable[Any] = zip(*rows, strict=True) if rows else ((),) * len(names)
        columns = {
            column.name: _array(column, cells)
            for column, cells in zip(names, values, strict=True)
        }
        if self.table == "invoices":
            zone = self.settings.zone
            columns["due_on"] = np.array(
                [
                    MISSING if due == MISSING else local_day(due, zone)
                    for due in columns["due_at"].tolist()
                ],
                np.int64,
            )
        return columns


def _is_missing(cell: object) -> bool:
    """Whether a cell that must be filled is not; blanks alone name nothing."""
    return cell is None or (type(cell) is str and cell.isspace())


def _parser(column: ColumnSpec, settings: PortfolioSettings) -> Parser:
    """Reads one cell; a moment of another century says what its column makes of it."""
    parse: Callable[[object], Any] = cell_parser(column, settings.zone)
    if column.kind not in MOMENT_KINDS:
        return parse

    def read_moment(value: object) -> int | None:
        """Microseconds since 1970 UTC; None is missing."""
        moment: int | None = parse(value)
        if moment is None or 0 <= moment < NO_END:
            return moment
        return bounded(moment, column)

    return read_moment


def _array(column: ColumnSpec, cells: Sequence[Any]) -> AnyArray:
    n_missing = cells.count(None)
    if column.kind in INT64_KINDS:
        if not n_missing:
            return np.array(cells, np.int64)
        if n_missing == len(cells):  # mostly, of what rows may leave out
            return np.full(n_missing, MISSING)
        return np.array([MISSING if c is None else c for c in cells], np.int64)
    if column.kind in FLOAT_KINDS:
        if n_missing == len(cells):
            return np.full(n_missing, np.nan)
        return np.array([np.nan if c is None else c for c in cells], np.float64)
    array = np.empty(len(cells), object)
    if n_missing < len(cells):  # else it is empty already
        array[:] = cells
    return array
