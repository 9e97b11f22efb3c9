"""One customer's usage as sums over time, for whoever asks at one moment or at many."""

from bisect import bisect_left, bisect_right
from itertools import accumulate

from features.events import FOREVER
from features.moments import Moments

USAGE_COLUMNS = ("event_at", "known_at", "superseded_at", "cost")


class UsageLog:
    """What usage cost from one moment to another, by what was known at a third.

    Sums up to each row are worked out when first asked for. They tell every stretch
    but one with a row that was not known yet, which is added up row by row.

    Args:
        event_at, known_at, superseded_at: of the rows, µs since 1970 UTC, in order of
            `event_at`.
        cost: ten-thousandths; a negative one corrects earlier ones.
    """

    __slots__ = (
        "_columns",
        "_cost",
        "_ended",
        "_ended_at",
        "_event_at",
        "_known_by",
        "_spent",
    )

    def __init__(
        self,
        event_at: Moments,
        known_at: Moments,
        superseded_at: Moments,
        cost: Moments,
    ) -> None:
        self._columns = event_at, known_at, superseded_at, cost
        self._event_at: list[int] | None = None

    def cost(self, after: int, until: int, as_of: int) -> int:
        """Of what happened after a moment and until another, as known at `as_of`."""
        event_at = self._read() if self._event_at is None else self._event_at
        first, end = bisect_right(event_at, after), bisect_right(event_at, until)
        if first >= end:
            return 0
        if self._known_by[end - 1] > as_of:
            return self._added_up(first, end, as_of)
        spent = self._spent[end] - self._spent[first]
        ended = self._ended
        for n in range(bisect_left(ended, first), bisect_left(ended, end)):
            if self._ended_at[n] <= as_of:
                spent -= self._cost[ended[n]]
        return spent

    def first(self, as_of: int) -> int | None:
        """When the first row known at `as_of` happened; None where none is."""
        event_at, known_at, superseded_at, _ = self._columns
        for i in range(len(event_at)):  # mostly the very first
            if known_at.item(i) <= as_of < superseded_at.item(i):
                return int(event_at.item(i))
        return None

    def _added_up(self, first: int, end: int, as_of: int) -> int:
        _, *spans, _ = self._columns
        known_at, superseded_at = (span[first:end].tolist() for span in spans)
        rows = zip(known_at, superseded_at, self._cost[first:end], strict=True)
        return sum(cost for start, over, cost in rows if start <= as_of < over)

    def _read(self) -> list[int]:
        event_at, known_at, superseded_at, cost = (x.tolist() for x in self._columns)
        self._cost: list[int] = cost
        self._spent: list[int] = [
            0,
            *accumulate(cost),
        ]  # before each row, and after the last
        self._known_by = list(accumulate(known_at, max))  # all rows up to each
        self._ended = [i for i, at in enumerate(superseded_at) if at != FOREVER]
        self._ended_at = [superseded_at[i] for i in self._ended]
        self._event_at = event_at
        return self._event_at
