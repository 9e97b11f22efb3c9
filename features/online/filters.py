"""All filters of a table at once: one line of a mask matrix per filter.

Text columns are encoded once; every filter on them is then a look-up. Filters made
of others are worked out from lines already there, each once.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from features.feature_rows import And, Equals, In, Not, Rows

Masks: TypeAlias = npt.NDArray[np.bool_]
Columns: TypeAlias = Mapping[str, npt.NDArray[Any]]


class Filters:
    """The filters of a table, parts included, each with its line in the matrix."""

    def __init__(self, filters: Iterable[Rows]) -> None:
        parts: dict[Rows, None] = {}
        for rows in filters:
            _add_parts(rows, parts)
        texts: dict[str, list[Equals | In]] = {}
        others: list[Rows] = []
        for rows in parts:
            if isinstance(rows, In) or (
                isinstance(rows, Equals) and isinstance(rows.value, str)
            ):
                texts.setdefault(rows.column, []).append(rows)
            else:
                others.append(rows)
        ordered = [*(rows for alike in texts.values() for rows in alike), *others]
        self._line = {rows: i for i, rows in enumerate(ordered)}
        self._encoders = []
        start = 0
        for column, alike in texts.items():
            lines = slice(start, start := start + len(alike))
            self._encoders.append(_Encoder(column, alike, lines))
        self._others = others
        self._first_other = start

    def line(self, rows: Rows) -> int:
        """The line of `masks` that belongs to a filter."""
        return self._line[rows]

    def masks(self, columns: Columns, n: int) -> Masks:
        """Shape (filters, n)."""
        masks = np.empty((len(self._line), n), dtype=np.bool_)
        for encoder in self._encoders:
            encoder.write(columns, masks)
        for i, rows in enumerate(self._others, start=self._first_other):
            if isinstance(rows, And):
                np.logical_and(
                    masks[self._line[rows.first]],
                    masks[self._line[rows.second]],
                    out=masks[i],
                )
            elif isinstance(rows, Not):
                np.logical_not(masks[self._line[rows.row]], out=masks[i])
            else:
                masks[i] = rows.mask(columns)
        return masks


class _Encoder:
    """A text column as small numbers, and which filters accept which number."""

    def __init__(
        self, column: str, filters: Iterable[Equals | In], lines: slice
    ) -> None:
        self._column, self._lines = column, lines
        accepted = [
            set(f.values) if isinstance(f, In) else {str(f.value)} for f in filters
        ]
        values = sorted(set().union(*accepted))
        self._code = {value: i for i, value in enumerate(values, start=1)}.get
        accepts = [[False, *(v in held for v in values)] for held in accepted]
        self._accepts: Masks = np.array(accepts, dtype=np.bool_)

    def write(self, columns: Columns, masks: Masks) -> None:
        """Fill this column's lines of `masks`, in place."""
        code = self._code
        codes = [code(value, 0) for value in columns[self._column].tolist()]
        self._accepts.take(codes, axis=1, out=masks[self._lines], mode="clip")


def _add_parts(rows: Rows, parts: dict[Rows, None]) -> None:
    """Parts before the whole."""
    if isinstance(rows, And):
        _add_parts(rows.first, parts)
        _add_parts(rows.second, parts)
    elif isinstance(rows, Not):
        _add_parts(rows.row, parts)
    parts[rows] = None
