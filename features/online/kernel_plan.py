"""What `leaves_kernel.c` is told to find: leaves and filters as rows of numbers."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from features.events import FLOAT_KINDS, INT64_KINDS
from features.feature import CountryMismatch, LatestAttribute
from features.feature_leaves import Leaf, RowsLeaf
from features.feature_rows import Above, And, Equals, In, Not, Present, Rows
from features.online.windows import ages_of, held_by
from features.settings import PortfolioSettings

# as in the C file
INTEGER, NUMBER, TEXT = range(3)
_IS_TEXT, _IS_ONE_OF, _IS_NUMBER, _IS_ABOVE, _IS_PRESENT, _IS_NOT, _ARE_BOTH = range(7)
_COUNT, _SUM, _GATHER, _MAX, _MIN, _SPREAD, _DISTINCT, _FIRST, _LAST = range(9)
_VALUE, _EQUALS, _CATEGORY = range(3)

_HOW = {"max": _MAX, "min": _MIN, "spread": _SPREAD, "distinct": _DISTINCT}
_TIMES = ("event_at", "known_at", "superseded_at")  # the first columns of each table
_NONE = -1
_EVERY_ROW = 0
_MOST_LINES = 63  # of one table: a bit each, and one for every row
_FITS = range(-(2**53), 2**53)

Numbers: TypeAlias = tuple[int, ...]
# of a category its values, in the order of their codes in the model
Vocabularies: TypeAlias = Mapping[LatestAttribute, Sequence[str]]


class NotPlainError(Exception):
    """The kernel has no word for something in a plan: Python answers instead."""


class Texts:
    """The texts that a plan names, each with a code; `listed` are lists of codes."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.listed: list[int] = []

    def list_of(self, texts: Sequence[str]) -> tuple[int, int]:
        """Where the codes of some texts begin among those listed, and their number."""
        first = len(self.listed)
        self.listed += [self.codes.setdefault(x, len(self.codes)) for x in texts]
        return first, len(texts)


class TablePlan:
    """What is looked at in one table, as C's structs have it."""

    def __init__(self, name: str, kinds: Mapping[str, str], texts: Texts) -> None:
        self.name, self._kinds, self._texts = name, kinds, texts
        self.columns = list(_TIMES)
        self.steps: list[Numbers] = []
        self.leaves: list[Numbers] = []
        self.latest: dict[LatestAttribute, Numbers] = {}
        self.ages_us: list[int] = []
        self._lines: dict[Rows | None, int] = {None: _EVERY_ROW}

    @property
    def types(self) -> list[int]:
        """Of the cells of each column."""
        return [self._type(name) for name in self.columns]

    def add(self, to: int, leaf: RowsLeaf) -> None:
        """A leaf, and what it needs."""
        how, column = self._how(leaf), _NONE
        if leaf.column is not None:
            column = self._column(leaf.column)
        line = self._line(held_by(leaf))
        start, end = (self._age(age) for age in ages_of(leaf))
        self.leaves.append((to, how, column, line, start, end))

    def look_at_latest(self, leaf: LatestAttribute) -> None:
        """The latest value of a column, kept under its leaf."""
        looks_on = int(leaf.where is not None)
        self.latest[leaf] = (self._column(leaf.column), leaf.back, looks_on)

    def is_text(self, column: str) -> bool:
        """Whether its cells are texts."""
        return self._type(column) == TEXT

    def _how(self, leaf: RowsLeaf) -> int:
        if leaf.column is None:
            return _COUNT
        if leaf.column == "event_at":
            if leaf.how not in ("max", "min"):
                raise NotPlainError(leaf)
            return _LAST if leaf.how == "max" else _FIRST
        is_number = self._type(leaf.column) == NUMBER
        is_text = self.is_text(leaf.column)
        if is_text != (leaf.how == "distinct") or (is_number and leaf.how == "spread"):
            raise NotPlainError(leaf)
        if leaf.how == "sum":
            return _GATHER if is_number else _SUM
        return _HOW[leaf.how]

    def _line(self, rows: Rows | None) -> int:
        """The line of a filter; the parts it is made of stand before it."""
        if rows not in self._lines:
            self.steps.append(self._step(rows))
            self._lines[rows] = len(self.steps)
            if len(self.steps) > _MOST_LINES:
                raise NotPlainError(rows)
        return self._lines[rows]

    def _step(self, rows: Rows | None) -> Numbers:
        """As `struct step`: operation, column, two numbers, a list of codes."""
        match rows:
            case Equals(name, str(text)) if self.is_text(name):
                codes = self._texts.list_of([text])
                return (_IS_TEXT, self._column(name), 0, 0, *codes)
            case In(name, texts) if self.is_text(name):
                codes = self._texts.list_of(texts)
                return (_IS_ONE_OF, self._column(name), 0, 0, *codes)
            case Equals(name, bool(value)) if self._type(name) == NUMBER:
                return (_IS_NUMBER, self._column(name), int(value), 0, 0, 0)
            case Above(name, limit) if not self.is_text(name) and limit in _FITS:
                return (_IS_ABOVE, self._column(name), limit, 0, 0, 0)
            case Present(name):
                return (_IS_PRESENT, self._column(name), 0, 0, 0, 0)
            case Not(row):
                return (_IS_NOT, _NONE, self._line(row), 0, 0, 0)
            case And(first, second):
                lines = self._line(first), self._line(second)
                return (_ARE_BOTH, _NONE, *lines, 0, 0)
            case _:
                raise NotPlainError(rows)

    def _column(self, name: str) -> int:
        self._type(name)
        if name not in self.columns:
            self.columns.append(name)
        return self.columns.index(name)

    def _age(self, age_us: int) -> int:
        if age_us not in self.ages_us:
            self.ages_us.append(age_us)
        return self.ages_us.index(age_us)

    def _type(self, column: str) -> int:
        kind = self._kinds.get(column)
        if kind is None:
            raise NotPlainError(column)
        return (
            INTEGER if kind in INT64_KINDS else NUMBER if kind in FLOAT_KINDS else TEXT
        )


class LeavesPlan:
    """Some leaves, table by table, for a portfolio's settings.

    Args:
        leaves: in the order of the numbers that are found.
        settings: of the portfolio, which declare columns.
        vocabularies: of the latest values that are categories.

    Raises:
        NotPlainError: the kernel cannot find all of them.
    """

    def __init__(
        self,
        leaves: Sequence[Leaf],
        settings: PortfolioSettings,
        vocabularies: Vocabularies,
    ) -> None:
        self.texts = Texts()
        self._settings = settings
        self._tables: dict[str, TablePlan] = {}
        latest: list[tuple[int, LatestAttribute]] = []
        mismatches: list[tuple[int, CountryMismatch]] = []
        for to, leaf in enumerate(leaves):
            if isinstance(leaf, RowsLeaf):
                self._table(leaf.table).add(to, leaf)
            elif isinstance(leaf, LatestAttribute):
                latest.append((to, leaf))
                self._look_at(leaf)
            elif isinstance(leaf, CountryMismatch):
                mismatches.append((to, leaf))
                for side in (leaf.first, leaf.second):
                    self._look_at(side)
                    if not self._table(side.table).is_text(side.column):
                        raise NotPlainError(side)
        self.tables = tuple(self._tables[name] for name in sorted(self._tables))
        looked_at = chain.from_iterable(table.latest for table in self.tables)
        at = {leaf: i for i, leaf in enumerate(looked_at)}
        self.values = [
            (to, at[x], *self._value(x, vocabularies.get(x, ()))) for to, x in latest
        ]
        self.mismatches = [(to, at[x.first], at[x.second]) for to, x in mismatches]

    def _look_at(self, leaf: LatestAttribute) -> None:
        self._table(leaf.table).look_at_latest(leaf)

    def _value(self, leaf: LatestAttribute, vocabulary: Sequence[str]) -> Numbers:
        """As the end of `struct value`: how it is read, a list of codes."""
        is_text = self._table(leaf.table).is_text(leaf.column)
        if is_text != (leaf.is_text or leaf.equals is not None):
            raise NotPlainError(leaf)
        if leaf.equals is not None:
            return (_EQUALS, *self.texts.list_of([leaf.equals]))
        if is_text:
            return (_CATEGORY, *self.texts.list_of(vocabulary))
        return (_VALUE, 0, 0)

    def _table(self, name: str) -> TablePlan:
        if name not in self._tables:
            kinds = {c.name: c.kind for c in self._settings.columns[name]}
            kinds["superseded_at"] = "moment"
            if name == "invoices":
                kinds["due_on"] = "day"
            self._tables[name] = TablePlan(name, kinds, self.texts)
        return self._tables[name]

    @property
    def gathered(self) -> list[tuple[int, str]]:
        """The sums of plain numbers, in the order in which they are gathered."""
        return [
            (leaf[0], table.name)
            for table in self.tables
            for leaf in table.leaves
            if leaf[1] == _GATHER
        ]
