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

    _names: set[str] = field(default_factory=set)
    _with_rows: dict[frozenset[str], tuple[str, int]] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Note what one part has; one without rows leaves nothing unsaid."""
        names = frozenset(part.rows.column_names)
        self._names |= names
        if len(part.rows):
            where, n = self._with_rows.get(names, (part.where, 0))
            self._with_rows[names] = where, n + len(part.rows)

    @property
    def names(self) -> frozenset[str]:
        """Of any part."""
        return frozenset(self._names)

    def gaps(self, table: str, known: Collection[str]) -> Iterator[str]:
        """A warning for the known columns that the same files with rows lack.

        What is required is none: without it a row is rejected, and told so.
        """
        n_rows = sum(n for _, n in self._with_rows.values())
        required = {c.name for c in TABLES[table].columns if c.is_required}
        somewhere = frozenset().union(*self._with_rows) & frozenset(known)
        lacked: dict[tuple[tuple[str, int], ...], list[str]] = {}
        for name in sorted(somewhere - required):
            files = [of for names, of in self._with_rows.items() if name not in names]
            lacked.setdefault(tuple(files), []).append(name)
        lacked.pop((), None)  # in all of them
        for of_files, columns in lacked.items():
            n, first = sum(rows for _, rows in of_files), of_files[0][0]
            yield (
                f"{table}: {n:,} of {n_rows:,} rows are in files without"
                f" {', '.join(columns)}, which others have; the first is {first}."
                " They are read as if it were empty there: if it is not, export them"
                " again with it"
            )
