"""One customer's rows of a table, as known at a moment."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from features.events import MISSING, Columns
from features.feature import LatestAttribute
from features.feature_rows import And, Mask, Not, Rows

NAN = float("nan")
Array = npt.NDArray[Any]


class KnownRows(Mapping[str, Array]):
    """The columns of a table, narrowed to the rows known at a moment."""

    def __init__(self, columns: Columns, as_of: int) -> None:
        self._columns = columns
        known = columns["known_at"] <= as_of
        known &= columns["superseded_at"] > as_of
        self.n = int(np.count_nonzero(known))
        self._take = None if self.n == known.size else np.flatnonzero(known)
        self._narrow: dict[str, Array] = {}
        self._masks: dict[Rows, Mask] = {}

    def __getitem__(self, name: str) -> Array:
        if self._take is None:
            return self._columns[name]
        column = self._narrow.get(name)
        if column is None:
            column = self._narrow[name] = self._columns[name][self._take]
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def mask(self, rows: Rows) -> Mask:
        """Rows that pass a filter; parts of filters are worked out once."""
        mask = self._masks.get(rows)
        if mask is None:
            if isinstance(rows, And):
                mask = self.mask(rows.first) & self.mask(rows.second)
            elif isinstance(rows, Not):
                mask = ~self.mask(rows.row)
            else:
                mask = rows.mask(self)
            self._masks[rows] = mask
        return mask


def latest(leaf: LatestAttribute, rows: KnownRows) -> float | str | None:
    """The stored value of the latest row that passes, None when missing."""
    at = rows.n - 1 - leaf.back
    if leaf.where is not None:
        passing = np.flatnonzero(rows.mask(leaf.where))
        at = int(passing[-1 - leaf.back]) if passing.size > leaf.back else -1
    if at < 0:
        return None
    value: float | str | None = rows[leaf.column][at]
    is_missing = value is None or value == MISSING or value != value
    return None if is_missing else value
