"""What an import mapped, assumed and left out: nothing is guessed in silence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

LOOK_AT = "look at"  # the kind of a note that asks somebody to look


@dataclass(frozen=True)
class BadRow:
    """A row that could not be read. `row` counts from 1; None: the whole file."""

    file: str
    row: int | None
    column: str
    problem: str


@dataclass(frozen=True)
class UnknownValue:
    """A word that the source's map does not know, with the first place it stands at."""

    file: str
    row: int
    column: str
    value: str
    n: int


@dataclass(frozen=True)
class Note:
    """`kind` is `assumed`, `left out`, `matched` or `look at`; `n` counts the rows."""

    kind: str
    n: int
    text: str


@dataclass(frozen=True)
class Sum:
    """Money in major units: source less left out must be what the portfolio holds."""

    what: str
    currency: str
    source: Decimal
    left_out: Decimal
    portfolio: Decimal

    @property
    def agrees(self) -> bool:
        """Whether the portfolio holds all that the source has and was not left out."""
        return self.source - self.left_out == self.portfolio


@dataclass(frozen=True)
class TableCount:
    """Rows of one table: made from the files, of them new, of them corrections."""

    table: str
    n_made: int
    n_new: int
    n_corrections: int


@dataclass(frozen=True)
class WrittenList:
    """A list for people, as CSV, and its rows; not new if it stands there already."""

    file: Path
    n: int
    is_new: bool = True


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """All that there is to say about one import."""

    source: str
    portfolio: Path
    exported_at: datetime
    tables: tuple[TableCount, ...]
    notes: tuple[Note, ...]
    sums: tuple[Sum, ...]
    unknown_values: tuple[UnknownValue, ...]
    bad_rows: tuple[BadRow, ...]
    observed: Mapping[str, datetime]
    lists: tuple[WrittenList, ...] = ()
    told_by_others: tuple[str, ...] = ()  # who fills them says how far they look
    latest: datetime | None = None  # when the last of the rows became known
    left_behind: Mapping[str, datetime] = field(default_factory=dict)  # too long before

    @property
    def is_clean(self) -> bool:
        """Whether all was read, has a meaning here, and asks nobody to look at it."""
        asks = any(note.kind == LOOK_AT for note in self.notes)
        return not (self.unknown_values or self.bad_rows or asks)
