"""A source's rows and what the rules say about them; the rejected ones as found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features.arrays import IntArray
from features.errors import UnreadableTableError
from features.reading.cross_row_rules import Expelled
from features.reading.mending import reject_ids
from features.reading.sources import Part, Source
from features.reading.validation import CheckedRows, check
from features.settings import PortfolioSettings


def checked_parts(
    source: Source, table: str, settings: PortfolioSettings
) -> Iterator[tuple[Part, CheckedRows]]:
    """The parts of a table with what the rules say about them.

    Raises:
        UnreadableTableError: if two columns have one name.
    """
    for part in source.parts(table):
        names = Counter(part.rows.column_names)
        for name, n in names.items():
            if n > 1:
                raise UnreadableTableError(f"{part.where} has {n} columns {name!r}")
        yield part, check(part.rows, table, settings, part.spellings)


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """Some rejected rows as found; `places` among the good or the broken ones."""

    rows: pa.Table
    rules: list[str]
    columns: list[str]
    places: list[int]
    ids: list[str]
    is_expelled: bool


def rejected_rows(
    source: Source, table: str, settings: PortfolioSettings, expelled: Expelled
) -> Iterator[RejectedRows]:
    """The rejected rows of a table, read once more from the source."""
    n_good, n_broken = 0, 0
    for part, checked in checked_parts(source, table, settings):
        if part.malformed:
            lines = pa.table({"line": pa.array(part.malformed, pa.string())})
            n = len(lines)
            ids = list(reject_ids(lines, table))
            yield RejectedRows(
                lines, ["malformed_row"] * n, [""] * n, [-1] * n, ids, is_expelled=False
            )
        is_broken = checked.broken > 0
        if checked.rules:
            broken_rules = [checked.rules[c - 1] for c in checked.broken[is_broken]]
            places = list(range(n_broken, n_broken + len(broken_rules)))
            yield _rejected(
                part.rows, np.flatnonzero(is_broken), broken_rules, places, table
            )
            n_broken += len(broken_rules)
        good = np.flatnonzero(~is_broken)
        out = (
            [i for i in range(len(good)) if n_good + i in expelled] if expelled else []
        )
        if out:
            places = [n_good + i for i in out]
            rules = [expelled[place] for place in places]
            yield _rejected(
                part.rows, good[out], rules, places, table, is_expelled=True
            )
        n_good += len(good)


def _rejected(
    rows: pa.Table,
    which: IntArray,
    rules: list[tuple[str, str]],
    places: list[int],
    table: str,
    *,
    is_expelled: bool = False,
) -> RejectedRows:
    rejected = rows.take(pa.array(which))
    names, columns = (list(part) for part in zip(*rules, strict=True))
    ids = list(reject_ids(rejected, table))
    return RejectedRows(rejected, names, columns, places, ids, is_expelled)
