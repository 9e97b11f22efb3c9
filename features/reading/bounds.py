"""What a moment of another century says: no end, never, not set, or an error.

Ledgers write 9999-12-31 for "no end" and 0001-01-01 for "not set". The rule stated
once, for single cells (rows of the API) and for whole columns.
"""

from typing import TYPE_CHECKING

import numpy as np

from features.arrays import BoolArray
from features.contract import ColumnSpec
from features.moments import NO_END
from features.reading.cells import CellError

if TYPE_CHECKING:
    import pyarrow as pa

FIRST = 0  # 1970-01-01


def bounded(moment: int, column: ColumnSpec) -> int | None:
    """The moment, or what it stands for in this column; None: a missing one.

    Raises:
        CellError: `time_out_of_range`.

    >>> until = ColumnSpec("until", "day", after_2200="no_end")
    >>> bounded(10**18, until) == NO_END, bounded(-1, until)
    (True, None)
    """
    if FIRST <= moment < NO_END:
        return moment
    if column.after_2200 == "error":
        raise CellError("time_out_of_range")
    return NO_END if moment >= NO_END and column.after_2200 == "no_end" else None


def bounded_column(
    moments: "pa.Array", column: ColumnSpec
) -> tuple["pa.Array", BoolArray]:
    """`bounded` of a whole column, and which of its cells are an error."""
    import pyarrow as pa
    import pyarrow.compute as pc

    errors = np.zeros(len(moments), np.bool_)
    extremes = pc.min_max(moments).as_py()
    lowest, highest = extremes["min"], extremes["max"]
    if lowest is None or FIRST <= lowest <= highest < NO_END:
        return moments, errors
    counted = moments.fill_null(FIRST).to_numpy()
    is_early, is_late = counted < FIRST, counted >= NO_END
    if column.after_2200 == "error":
        return moments, is_early | is_late
    if column.after_2200 == "no_end":
        late = pa.scalar(NO_END, pa.int64())
        moments = pc.if_else(pa.array(is_late), late, moments)
    else:
        is_early |= is_late
    return pc.if_else(pa.array(is_early), None, moments), errors
