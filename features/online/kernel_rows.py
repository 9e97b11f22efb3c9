"""One customer's rows as `leaves_kernel.c` reads them."""

import ctypes
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from features.arrays import AnyArray, IntArray
from features.events import Events
from features.online.kernel_plan import INTEGER, NUMBER, TEXT, LeavesPlan, Numbers
from features.packed import BlockPlan, PackedRows, PackedTables

_MOST_MAKERS = 8  # of one compiler; more than a service has
_KINDS = {INTEGER: "i", NUMBER: "f", TEXT: "O"}  # of NumPy's columns
_NO_ROWS = (0, 0)
_NO_CELLS: IntArray = np.empty(0, dtype=np.int64)


def whole_numbers(values: Sequence[int] | Sequence[Numbers]) -> IntArray:
    """As C reads them."""
    return np.array(values, dtype=np.int64)


class CRows(ctypes.Structure):
    """`struct rows` of the kernel in C."""

    _fields_: ClassVar = [
        ("cells", ctypes.c_void_p),
        ("firsts", ctypes.c_void_p),
        ("n_rows", ctypes.c_void_p),
        ("codes", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("n_codes", ctypes.c_int64),
    ]


class KernelRows(NamedTuple):
    """The rows of a customer.

    Attributes:
        in_c: what C is given.
        n_gathered: how many plain numbers may have to be added up.
        kept: whose memory is read in C.
    """

    in_c: CRows
    n_gathered: int
    kept: tuple[AnyArray, ...]


class RowReader:
    """Finds the rows of a plan's tables, or packs them."""

    def __init__(self, plan: LeavesPlan) -> None:
        self._tables = plan.tables
        self._names = [table.name for table in plan.tables]
        self._gathered = [self._names.index(table) for _, table in plan.gathered]
        self._texts = plan.texts.codes
        self._own = self._place(_own_block(plan))
        self._placed: dict[BlockPlan, _Placed | None] = {}

    def __call__(self, events: Events) -> KernelRows:
        """A customer's rows; those that lie in a block already are read from there."""
        tables = events.tables
        if isinstance(tables, PackedTables):
            placed = self._placed_in(tables.packed.plan)
            if placed is not None:
                return self._of_block(tables.packed, placed)
        return self._of_columns(events)

    def _placed_in(self, block: BlockPlan) -> "_Placed | None":
        """Worked out once for a maker of blocks; None where it lacks a column."""
        kept = self._placed
        if block in kept:
            return kept[block]
        try:
            placed = self._place(block)
        except (KeyError, ValueError):
            placed = None
        if len(self._placed) >= _MOST_MAKERS:
            self._placed = {}  # another thread may still look into the old one
        self._placed[block] = placed
        return placed

    def _place(self, block: BlockPlan) -> "_Placed":
        columns = []
        for table in self._tables:
            names, kinds = block.columns[table.name], block.kinds[table.name]
            for column, type_ in zip(table.columns, table.types, strict=True):
                place = names.index(column)
                if kinds[place] != _KINDS[type_]:
                    raise ValueError(column)
                columns.append((place, type_))
        return _Placed(columns, self._texts, block.words)

    def _of_block(self, packed: PackedRows, placed: "_Placed") -> KernelRows:
        begins = [packed.begins.get(name, _NO_ROWS) for name in self._names]
        return self._rows(packed.cells, begins, *placed.of(packed.texts), placed)

    def _of_columns(self, events: Events) -> KernelRows:
        """Packs what the plan looks at into a block of its own."""
        codes, cells = _Codes(self._own.codes), list[IntArray]()
        begins, size = [], 0
        for table in self._tables:
            columns = events.tables[table.name]
            n = len(columns["event_at"])
            begins.append((size, n))
            if n:
                size += n * len(table.columns)
                for name, kind in zip(table.columns, table.types, strict=True):
                    cells.append(_cells(columns[name], kind, codes))
        block = np.concatenate(cells) if cells else _NO_CELLS
        return self._rows(block, begins, _NO_CELLS, len(codes), self._own)

    def _rows(
        self,
        cells: IntArray,
        begins: Sequence[tuple[int, int]],
        codes: IntArray,
        n_codes: int,
        placed: "_Placed",
    ) -> KernelRows:
        firsts = whole_numbers([first for first, _ in begins])
        n_rows = whole_numbers([n for _, n in begins])
        kept = (cells, firsts, n_rows, codes, placed.columns)
        # no list of codes: the numbers of texts are their codes
        places = [x.ctypes.data if len(x) else None for x in kept]
        n_gathered = sum(begins[table][1] for table in self._gathered)
        return KernelRows(CRows(*places, n_codes), n_gathered, kept)


class _Placed:
    """What one maker's blocks are to a plan.

    Attributes:
        columns: place and type of each column that the plan looks at.
        codes: of the texts that the plan or the maker of blocks names.
    """

    def __init__(
        self,
        columns: Sequence[tuple[int, int]],
        named: dict[str, int],
        words: Sequence[str],
    ) -> None:
        self.columns, self.codes = whole_numbers(columns), dict(named)
        self._of_words = [self.codes.setdefault(x, len(self.codes)) for x in words]
        self._listed = _NO_CELLS

    def of(self, texts: Sequence[str]) -> tuple[IntArray, int]:
        """Codes of the words and of other texts, by number; how many codes."""
        known, n_words, n = self.codes, len(self._of_words), len(texts)
        listed = self._listed  # another thread may replace it meanwhile
        if len(listed) < n_words + n:
            new = range(len(known), len(known) + 2 * n)
            listed = self._listed = whole_numbers([*self._of_words, *new])
        codes = listed[: n_words + n].copy()
        for i in [i for i, text in enumerate(texts) if text in known]:
            codes[n_words + i] = known[texts[i]]
        return codes, len(known) + n


class _Codes(dict[str | None, int]):
    """The codes of texts; a new text has the next one, a missing one is below 0."""

    def __init__(self, known: dict[str, int]) -> None:
        super().__init__()
        self.update(known)
        self._n = len(known)

    def __missing__(self, text: str | None) -> int:
        if text is None:
            return -1
        code = self[text] = self._n
        self._n += 1
        return code


def _own_block(plan: LeavesPlan) -> BlockPlan:
    """Blocks of no more than what the plan looks at."""
    columns = {table.name: tuple(table.columns) for table in plan.tables}
    kinds = {x.name: "".join(_KINDS[y] for y in x.types) for x in plan.tables}
    return BlockPlan(columns, kinds, ())


def _cells(column: AnyArray, kind: int, codes: _Codes) -> IntArray:
    if column.dtype.kind != _KINDS[kind]:  # C would take it for something else
        raise TypeError(f"a column of {column.dtype} where {_KINDS[kind]} is declared")
    if kind == TEXT:
        return whole_numbers([codes[text] for text in column.tolist()])
    cells: IntArray = column.view(np.int64) if kind == NUMBER else column
    return cells
