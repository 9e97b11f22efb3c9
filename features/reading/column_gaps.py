"""Columns that some files of a table have and others lack."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from features.contract import TABLES
from features.reading.sources import Part


@dataclass(slots=True)
class SeenColumns:
    """The columns of a table's parts.

    Where an export writes a file a month, a column may be left out of one of them: its
    rows then say nothing, such as in which currency an amount is, and count as if that
    were meant. So it is told.
    """

    _parts: dict[frozenset[str], tuple[str, int]] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Note what one part has."""
        names = frozenset(part.rows.column_names)
        where, n = self._parts.get(names, (part.where, 0))
        self._parts[names] = where, n + len(part.rows)

    @property
    def names(self) -> frozenset[str]:
        """Of any part."""
        return frozenset().union(*self._parts)

    def gaps(self, table: str, known: Collection[str]) -> Iterator[str]:
        """A warning for each known column that rows of some files lack.

        What is required is none: without it a row is rejected, and told so.
        """
        n_rows = sum(n for _, n in self._parts.values())
        required = {c.name for c in TABLES[table].columns if c.is_required}
        for name in sorted((self.names & frozenset(known)) - required):
            lacking = [of for names, of in self._parts.items() if name not in names]
            n = sum(rows for _, rows in lacking)
            if n:
                yield (
                    f"{table}: {n:,} of {n_rows:,} rows are in files without the column"
                    f" {name!r} that others have, the first is {lacking[0][0]}; they"
                    " count as if it were empty there: export it again where it is not"
                )
