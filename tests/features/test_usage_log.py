"""Usage added up to any moment is what adding its known rows gives."""

from unittest.mock import MagicMock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.account.usage_log import UsageLog
from features.events import FOREVER

MOMENTS = st.integers(0, 12)
ROWS = st.lists(
    st.tuples(
        MOMENTS, MOMENTS, st.one_of(MOMENTS, st.just(FOREVER)), st.integers(-9, 9)
    )
).map(sorted)


@given(rows=ROWS, asked=st.lists(st.tuples(MOMENTS, MOMENTS, MOMENTS), min_size=1))
def test_sums_are_those_of_the_known_rows(
    rows: list[tuple[int, int, int, int]], asked: list[tuple[int, int, int]]
) -> None:
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    log = UsageLog(*columns)
    for after, until, as_of in asked:
        known = [row for row in rows if row[1] <= as_of < row[2]]
        costs = [cost for at, _, _, cost in known if after < at <= until]
        assert log.cost(after, until, as_of) == sum(costs)
        assert log.first(as_of) == min((row[0] for row in known), default=None)


def test_rows_that_were_corrected_long_ago_are_not_looked_at() -> None:
    """Of 5,000 corrected rows a window of five looks at five."""

    event_at = np.arange(5_000, dtype=np.int64)
    log = UsageLog(event_at, event_at, event_at + 1, np.ones(5_000, np.int64))
    assert log.cost(10, 15, 20) == 0
    watched = MagicMock()
    watched.__getitem__.side_effect = log._ended_at.__getitem__
    log._ended_at = watched
    assert log.cost(4_000, 4_005, 9_000) == 0
    assert watched.__getitem__.call_count == 5
