"""The vocabulary of features: each is a value that two compilers read.

`features.batch` turns a definition into an Ibis expression over many snapshots,
`features.online` into NumPy over one customer's events; both finish it with
`features.feature_numbers`, so they cannot disagree about what a ratio is.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal

from features.contract import TABLES
from features.feature_rows import Present, Rows, Window

How = Literal["count", "sum", "mean", "max", "min", "std", "distinct"]
ValueKind = Literal["number", "money", "boolean", "text", "moment"]


@dataclass(frozen=True, slots=True)
class LatestAttribute:
    """A column of the latest row, or of the row `back` before it.

    With `where=Present(column)` it is the latest row that has the value. Moments
    become days before as_of, booleans 1 and 0. With `equals` the number says whether
    the text is that one.
    """

    table: str
    column: str
    where: Present | None = None
    back: int = 0
    equals: str | None = None
    kind: ValueKind | None = None  # of a declared attribute; else the contract's

    def __post_init__(self) -> None:
        if self.where is not None and (self.where.column != self.column or self.back):
            raise ValueError("the latest row is asked for its own value, or for any")

    @property
    def value_kind(self) -> ValueKind:
        """What kind of value the column holds, as features see it."""
        if self.kind is not None:
            return self.kind
        stored = TABLES[self.table].column(self.column).kind
        kinds: dict[str, ValueKind] = {
            "choice": "text",
            "integer": "number",
            "day": "moment",
        }
        return kinds.get(stored, stored)  # type: ignore[arg-type]

    @property
    def is_text(self) -> bool:
        """Finished as text; with `equals` it is a number."""
        return self.value_kind == "text" and self.equals is None

    @property
    def tables(self) -> frozenset[str]:
        """The one table it reads."""
        return frozenset({self.table})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One number over the rows of `table` that pass `where`, within `window`.

    No window means everything known. `distinct`, `max` and `min` take windows that
    end at as_of; `std` (of the population) is for money, whose sums are exact.
    """

    table: str
    how: How
    column: str | None = None
    where: Rows | None = None
    window: Window | None = None

    def __post_init__(self) -> None:
        if (self.how == "count") != (self.column is None):
            raise ValueError(f"{self.how} and column {self.column!r} do not fit")
        ends_earlier = self.window is not None and self.window.before > 0
        if self.how in ("distinct", "max", "min") and ends_earlier:
            raise ValueError(f"{self.how} needs a window that ends at as_of")
        if self.how == "std" and self.value_kind != "money":
            raise ValueError("std is exact for money only")
        adds_up = self.value_kind in ("number", "money")
        if self.how in ("sum", "mean", "max", "min") and not adds_up:
            raise ValueError(f"no {self.how} of {self.value_kind} {self.column}")

    @property
    def value_kind(self) -> ValueKind:
        """Kind of the column; a count is a number."""
        if self.column is None or self.how == "distinct":
            return "number"
        return LatestAttribute(self.table, self.column).value_kind

    @property
    def floor(self) -> float:
        """The least it can be: a negative row of usage only corrects other rows."""
        is_usage = (self.table, self.column, self.how) == ("usage", "cost", "sum")
        return 0.0 if is_usage else -inf

    @property
    def tables(self) -> frozenset[str]:
        """The one table it reads."""
        return frozenset({self.table})


@dataclass(frozen=True, slots=True)
class TimeSince:
    """Days from the last (or first) row that passes `where` to as_of.

    `window` limits how far back is looked; the first is looked for everywhere.
    """

    table: str
    which: Literal["last", "first"] = "last"
    where: Rows | None = None
    window: Window | None = None

    def __post_init__(self) -> None:
        if self.window and (self.which == "first" or self.window.before):
            raise ValueError("only the last row is looked for in a window up to as_of")

    @property
    def tables(self) -> frozenset[str]:
        """The one table it reads."""
        return frozenset({self.table})


@dataclass(frozen=True, slots=True)
class AccountFact:
    """A number of `features.account`; `needs` are the tables it is made from."""

    fact: str
    needs: frozenset[str]

    @property
    def tables(self) -> frozenset[str]:
        """The tables its fact is made of."""
        return self.needs


@dataclass(frozen=True, slots=True)
class CountryMismatch:
    """1 when two known countries differ, 0 when they agree.

    The only way a country may enter: which country it is stays outside.
    """

    first: LatestAttribute
    second: LatestAttribute

    @property
    def tables(self) -> frozenset[str]:
        """The tables of both countries."""
        return self.first.tables | self.second.tables


Simple = LatestAttribute | Aggregate | TimeSince | AccountFact


@dataclass(frozen=True, slots=True)
class Ratio:
    """`over` / `under` × `scale`; unknown unless `under` is above 0."""

    over: Simple
    under: Simple
    scale: float = 1.0

    @property
    def tables(self) -> frozenset[str]:
        """The tables of both parts."""
        return self.over.tables | self.under.tables


@dataclass(frozen=True, slots=True)
class Difference:
    """`left` − `right`."""

    left: Simple
    right: Simple

    @property
    def tables(self) -> frozenset[str]:
        """The tables of both parts."""
        return self.left.tables | self.right.tables


@dataclass(frozen=True, slots=True)
class Trend:
    """(`recent` − `before`) / (|`recent`| + |`before`|): −1 to 1; 0 when both are 0."""

    recent: Simple
    before: Simple

    @property
    def tables(self) -> frozenset[str]:
        """The tables of both windows."""
        return self.recent.tables | self.before.tables


Composite = Ratio | Difference | Trend
Definition = Simple | CountryMismatch | Composite


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One named number or category about a customer as of a moment.

    `staff_text` may hold `{value}`; `customer_text` is neutral and names no
    internals; `why` says why the signal matters. `monotone` is set only where the
    direction is legitimate by rule (more days past due is never evidence of paying).
    """

    name: str
    definition: Definition
    unit: str
    family: str
    staff_text: str
    customer_text: str
    why: str
    monotone: Literal["increasing", "decreasing"] | None = None

    @property
    def is_category(self) -> bool:
        """Whether its values are words, not numbers."""
        latest = self.definition
        return isinstance(latest, LatestAttribute) and latest.is_text

    @property
    def tables(self) -> frozenset[str]:
        """The tables its definition reads."""
        return self.definition.tables

    @property
    def is_long_ago_when_missing(self) -> bool:
        """Whether a missing value is like a large one.

        What did not happen in the time looked at is longer ago than all that did.
        """
        definition = self.definition
        return isinstance(definition, TimeSince) and definition.which == "last"

    @property
    def missing(self) -> str:
        """What a missing value means."""
        match self.definition:
            case Aggregate(how="count" | "sum" | "distinct"):
                return "0 when there is none"
            case Aggregate() | Trend() | Ratio() | Difference():
                return "nothing to compute it from"
            case TimeSince():
                return "it has not happened in the time looked at"
            case AccountFact(
                fact="episode_days" | "oldest_open_age_days" | "overdue_share"
            ):
                return "not known; 0 when nothing is"
            case CountryMismatch():
                return "one of the two is not known"
            case _:
                return "not known"
