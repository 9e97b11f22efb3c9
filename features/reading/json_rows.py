"""The rows of a request straight from its JSON to columns, where a kernel was built.

Only what is plainly right is read here, to the same bits as by `features.reading.rows`,
which reads everything else and defines what a row means. `json_kernel.c` leaves alone:
different rows of one key and moment, retractions, errors of any kind.
"""

import ctypes
import secrets
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from features.arrays import IntArray
from features.compiled import compiled
from features.contract import CLOCK_SKEW_US, TABLES, ColumnSpec
from features.events import FLOAT_KINDS, INT64_KINDS, MISSING, Columns, Events
from features.made_often import dataclass
from features.moments import DAY_ZERO, NO_END, days_of
from features.packed import BlockPlan, PackedRows, PackedTables
from features.reading.rows import empty_tables
from features.settings import PortfolioSettings

BUILT = Path(__file__).with_name("json_kernel.so")
VERSION = 4  # of the kernel in C: an older one is not called
MOST_COLUMNS = 64  # of one table
# plain dates of these years are read here
FIRST_DAY = date(1990, 1, 1).toordinal() - DAY_ZERO
LAST_DAY = date(2045, 1, 1).toordinal() - DAY_ZERO
_READ, _NO_MEMORY = 0, -1

_TEXT, _CHOICE, _MOMENT, _MONEY, _NUMBER, _BOOLEAN, _COMPUTED = range(7)
_KINDS = {
    "text": _TEXT,
    "choice": _CHOICE,
    "moment": _MOMENT,
    "day": _MOMENT,
    "money": _MONEY,
    "number": _NUMBER,
    "integer": _NUMBER,
    "boolean": _BOOLEAN,
}
_REQUIRED, _SIGNED, _CUSTOMER, _CURRENCY, _RETRACTED = 1, 2, 4, 8, 16
_FLAGS = {"customer_id": _CUSTOMER, "currency": _CURRENCY, "retracted": _RETRACTED}


def _structure(name: str, /, **fields: Any) -> Any:  # noqa: ANN401 - a class
    return type(name, (ctypes.Structure,), {"_fields_": list(fields.items())})


_I32, _I64, _U64 = ctypes.c_int32, ctypes.c_int64, ctypes.c_uint64
_Word = _structure("_Word", text=ctypes.c_char_p, size=_I32, unused=_I32)
_Column = _structure(
    "_Column",
    name=ctypes.c_char_p,
    name_size=_I32,
    kind=_I32,
    flags=_I32,
    first_word=_I32,
    n_words=_I32,
    default_word=_I32,
    unless=_U64,
)
_PLACES = (
    "event_at",
    "known_at",
    "created_at",
    "superseded_at",
    "due_at",
    "due_on",
    "kind",
)
_Table = _structure(
    "_Table",
    name=ctypes.c_char_p,
    name_size=_I32,
    first_column=_I32,
    n_columns=_I32,
    **dict.fromkeys(_PLACES, _I32),
    has_versions=_I32,
    n_keys=_I32,
    n_orders=_I32,
    keys=_I32 * 8,
    orders=_I32 * 8,
)
_Spec = _structure(
    "_Spec",
    tables=ctypes.c_void_p,
    columns=ctypes.c_void_p,
    words=ctypes.c_void_p,
    day_starts=ctypes.c_void_p,
    currency=ctypes.c_char_p,
    first_day=_I64,
    n_days=_I64,
    no_end=_I64,
    clock_skew_us=_I64,
    seed=_U64,
    n_tables=_I32,
    n_words=_I32,
    currency_size=_I32,
    invoice=_I32,
)
_Found = _structure(
    "_Found",
    events_begin=_I64,
    events_end=_I64,
    n_cells=_I64,
    customer=_I64,
    texts_size=_I64,
    n_unknown=_I64,
    unknown=ctypes.POINTER(_I64),
    n_rows=ctypes.POINTER(_I64),
    firsts=ctypes.POINTER(_I64),
    cells=ctypes.c_void_p,
    texts=ctypes.c_void_p,
)


@dataclass(frozen=True, slots=True)
class _TablePlan:
    """The columns of a table as the kernel leaves them: moments, numbers, texts."""

    name: str
    columns: tuple[str, ...]
    n_ints: int
    n_floats: int

    @property
    def kinds(self) -> str:
        """Of each column: whole numbers, floats, texts."""
        n_texts = len(self.columns) - self.n_ints - self.n_floats
        return "i" * self.n_ints + "f" * self.n_floats + "O" * n_texts


@dataclass(frozen=True, slots=True)
class BodyRows:
    """What was read of a body.

    Args:
        rest: the body with an empty object in the place of its rows.
        tables: that were sent, the empty ones included.
        named: the customer its rows name; None where they leave that out.
        unknown: columns the contract does not have, with their tables.
    """

    rest: bytes
    tables: tuple[str, ...]
    named: str | None
    unknown: tuple[tuple[str, str], ...]
    _plans: Sequence[tuple[_TablePlan, int, int]]
    _cells: IntArray
    _texts: Sequence[str]
    _nothing: Mapping[str, Columns]
    _block: BlockPlan

    def events(self, customer_id: str) -> Events:
        """The rows in normal form."""
        words = [*self._texts, None]
        words[0] = customer_id
        texts = np.array(words, object)
        tables = dict(self._nothing)
        for plan, n, first in self._plans:
            size = n * len(plan.columns)
            cells = self._cells[first : first + size].reshape(-1, n)
            tables[plan.name] = _columns(plan, cells, texts)
        begins = {plan.name: (first, n) for plan, n, first in self._plans}
        theirs = self._texts[len(self._block.words) :]
        packed = PackedRows(self._cells, begins, theirs, self._block)
        return Events(customer_id, PackedTables(tables, packed))


def _columns(plan: _TablePlan, cells: IntArray, texts: Any) -> Columns:  # noqa: ANN401 - objects
    floats = plan.n_ints + plan.n_floats
    columns: dict[str, Any] = dict(
        zip(
            plan.columns,
            (
                *cells[: plan.n_ints],
                *cells[plan.n_ints : floats].view(np.float64),
                *texts[cells[floats:]],
            ),
            strict=True,
        )
    )
    if plan.name == "customers":
        # who appears without a date was created when first known
        created_at, first = columns["created_at"], columns["known_at"].min()
        created_at[created_at == MISSING] = first
    return columns


def read_body(body: bytes, settings: PortfolioSettings) -> BodyRows | None:
    """The rows of a request's body; None where `features.reading.rows` has to look."""
    reader = _reader(settings)
    return None if reader is None else reader.read(body)


def is_built() -> bool:
    """Whether the kernel was compiled and is called."""
    return _library() is not None


@cache
def _library() -> ctypes.CDLL | None:
    library = compiled(BUILT, VERSION)
    if library is not None:
        library.reader_new.restype = ctypes.c_void_p
    return library


class _BodyReader:
    """The kernel with the contract under one portfolio's settings."""

    def __init__(self, library: ctypes.CDLL, settings: PortfolioSettings) -> None:
        self._library, self._nothing = library, empty_tables(settings)
        self._words: list[str] = [""]  # in the place of the customer's id
        self._plans: list[_TablePlan] = []
        tables, columns = [], list[Any]()
        for name, specs in settings.columns.items():
            if name != "snapshots":
                tables.append(self._table(name, specs, len(columns)))
                columns += self._columns_of(name, specs)
        words = [(w := word.encode(), len(w), 0) for word in self._words]
        self._block = BlockPlan(
            {plan.name: plan.columns for plan in self._plans},
            {plan.name: plan.kinds for plan in self._plans},
            self._words,
        )
        starts = _day_starts(settings.zone)
        kept = (
            (_Table * len(tables))(*tables),
            (_Column * len(columns))(*columns),
            (_Word * len(words))(*words),
            starts,
        )
        currency = settings.currency.encode()
        self._kept = kept  # their memory is read in C
        self._spec = _Spec(
            *(ctypes.addressof(array) for array in kept[:3]),
            starts.ctypes.data,
            currency,
            FIRST_DAY,
            LAST_DAY - FIRST_DAY,
            NO_END,
            CLOCK_SKEW_US,
            secrets.randbits(64),
            len(tables),
            len(words),
            len(currency),
            self._words.index("invoice"),
        )
        self._of_this_thread = threading.local()

    def _order(self, table: str, specs: Sequence[ColumnSpec]) -> list[ColumnSpec]:
        """Integers, floats, texts; what is computed comes first."""
        names = ["superseded_at"] + ["due_on"] * (table == "invoices")
        computed = [ColumnSpec(name, "moment") for name in names]
        ints = [c for c in specs if c.kind in INT64_KINDS]
        floats = [c for c in specs if c.kind in FLOAT_KINDS]
        texts = [c for c in specs if c.kind in ("text", "choice")]
        return [*computed, *ints, *floats, *texts]

    def _table(self, name: str, specs: Sequence[ColumnSpec], first: int) -> Any:  # noqa: ANN401 - a structure
        ordered, spec = self._order(name, specs), TABLES[name]
        at = {column.name: i for i, column in enumerate(ordered)}
        kinds = [column.kind for column in ordered]
        n_ints = sum(kind in INT64_KINDS for kind in kinds)
        n_floats = sum(kind in FLOAT_KINDS for kind in kinds)
        self._plans.append(_TablePlan(name, tuple(at), n_ints, n_floats))
        keys = [at[key] for key in spec.key if key != "customer_id"]
        orders = [at[k] for k in spec.key if k not in ("customer_id", "event_at")]
        encoded = name.encode()
        return _Table(
            encoded,
            len(encoded),
            first,
            len(ordered),
            *(at.get(place, -1) for place in _PLACES),
            name != "payments",
            len(keys),
            len(orders),
            (_I32 * 8)(*keys),
            (_I32 * 8)(*orders),
        )

    def _columns_of(self, table: str, specs: Sequence[ColumnSpec]) -> Iterator[Any]:
        ordered, spec = self._order(table, specs), TABLES[table]
        at = {column.name: i for i, column in enumerate(ordered)}
        n_computed = len(ordered) - len(specs)
        for i, column in enumerate(ordered):
            unless = sum(1 << at[k] for k in spec.key_unless.get(column.name, ()))
            is_computed = i < n_computed
            first = len(self._words)
            self._words += column.choices
            default = -1
            if column.name == "customer_id":
                default = 0
            elif column.default is not None:
                default = first + column.choices.index(column.default)
            flags = _FLAGS.get(column.name, 0)
            flags |= _REQUIRED * column.is_required | _SIGNED * column.may_be_negative
            name = b"" if is_computed else column.name.encode()
            kind = _COMPUTED if is_computed else _KINDS[column.kind]
            n_words = len(column.choices)
            yield _Column(name, len(name), kind, flags, first, n_words, default, unless)

    def read(self, body: bytes) -> BodyRows | None:
        """Rows of a body; None: the slower path reads it, and says what is wrong."""
        pointer = ctypes.POINTER(_Found)()
        status = self._library.reader_read(
            self._handle(), body, _I64(len(body)), ctypes.byref(pointer)
        )
        if status == _NO_MEMORY:
            raise MemoryError
        if status != _READ:
            return None
        seen = pointer.contents
        try:
            texts = ctypes.string_at(seen.texts, seen.texts_size).decode()
        except UnicodeDecodeError:
            return None
        if seen.n_unknown and not _is_utf8(body):  # values that nobody looks at, too
            return None
        words = [*self._words, *texts.split("\n")[:-1]]
        cells = np.empty(seen.n_cells, np.int64)
        ctypes.memmove(cells.ctypes.data, seen.cells, cells.nbytes)
        n_tables = len(self._plans)
        n_rows, firsts = seen.n_rows[:n_tables], seen.firsts[:n_tables]
        sent = [x for x in zip(self._plans, n_rows, firsts, strict=True) if x[1] >= 0]
        return BodyRows(
            b"%s{}%s" % (body[: seen.events_begin], body[seen.events_end :]),
            tuple(plan.name for plan, *_ in sent),
            None if seen.customer < 0 else words[seen.customer],
            self._unknown(seen.unknown[: 2 * seen.n_unknown], words),
            [(plan, n, first) for plan, n, first in sent if n],
            cells,
            words,
            self._nothing,
            self._block,
        )

    def _unknown(
        self, found: Sequence[int], words: Sequence[str]
    ) -> tuple[tuple[str, str], ...]:
        pairs = zip(found[::2], found[1::2], strict=True)
        return tuple((self._plans[table].name, words[name]) for table, name in pairs)

    def _handle(self) -> ctypes.c_void_p:
        mine = self._of_this_thread
        if not hasattr(mine, "handle"):
            address = self._library.reader_new(ctypes.byref(self._spec))
            if not address:
                raise MemoryError
            mine.handle = ctypes.c_void_p(address)
            mine.owner = _Owner()
            weakref.finalize(mine.owner, self._library.reader_free, mine.handle)
        handle: ctypes.c_void_p = mine.handle
        return handle


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Owner:
    """Lives as long as its thread; with it the kernel's buffers go."""


@cache
def _day_starts(zone: ZoneInfo) -> IntArray:
    start = days_of(zone).start
    return np.array([start(day) for day in range(FIRST_DAY, LAST_DAY + 1)], np.int64)


_READERS: dict[int, tuple[PortfolioSettings, _BodyReader | None]] = {}


def _reader(settings: PortfolioSettings) -> _BodyReader | None:
    """Made once per settings object (kept, so its id stays its own)."""
    kept = _READERS.get(id(settings))
    if kept is None:
        library = _library()
        widest = max(len(columns) for columns in settings.columns.values())
        is_fit = library is not None and widest < MOST_COLUMNS - 2
        if len(_READERS) >= 64:
            _READERS.clear()
        made = _BodyReader(library, settings) if library and is_fit else None
        kept = _READERS[id(settings)] = settings, made
    return kept[1]
