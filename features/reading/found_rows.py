"""Where the good rows of a table were found, so that one can be named afterwards."""

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from features.arrays import IntArray
from features.reading.sources import Part
from features.reading.validation import CheckedRows

_NO_ROWS = pa.table({})


@dataclass
class FoundRows:
    """Parts of a table as they were read, without their rows."""

    _parts: list[tuple[int, Part, IntArray]] = field(default_factory=list)
    _n_good: int = 0

    def add(self, part: Part, checked: CheckedRows) -> None:
        """Keeps where a part begins and which of its rows are no good ones."""
        broken = np.flatnonzero(checked.broken > 0)
        self._parts.append((self._n_good, replace(part, rows=_NO_ROWS), broken))
        self._n_good += len(checked.rows)

    def where(self, place: int) -> str:
        """The file and the number under which people find a good row.

        Args:
            place: among the good rows of the table, from 0.
        """
        first, part, broken = next(p for p in reversed(self._parts) if p[0] <= place)
        # of each broken row, how many good ones are before it in the part
        n_before = broken - np.arange(len(broken))
        among_good = place - first
        row = among_good + int(np.searchsorted(n_before, among_good, side="right"))
        return f"{part.where} row {part.number_of(row)}"
