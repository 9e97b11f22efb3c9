"""The first clock, by table: whether rows come in as usual, and stay."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.arrays import FloatArray, IntArray
from features.counted import counted
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.reading.report import TableReport
from monitoring.seasons import busiest_season, quiet_season
from store.monitoring import Cause

WEEK, N_WEEKS = 7, 8  # days; weeks before the last one
LEAST_ROWS = 20  # in any seven days of these weeks; fewer swing by chance
FEW, MANY = 0.5, 2.0  # times the least and the most of any seven days
LEAST_QUIET_DAYS = 3.0
QUIET_TIMES = 2.0  # the longest gap before
# times the mean one: rows that come by chance are quiet so long once in 160,000 times
QUIET_MEANS = 12.0
REJECTED_SHARE = 0.02
KEPT = 0.5  # of the rows seen before; a history grows, and old years may go
REJECTED, GONE = "rejected_rows", "rows_gone"  # what a table may have lost rows by
QUESTIONS = {"snapshots"}  # whom to score and when: nothing that happened


@dataclass(frozen=True, slots=True)
class TableFlow:
    """How rows of one table arrive.

    Args:
        n_last_week: rows that became known in the last seven days.
        usual: the least and the most of any seven days of the eight weeks before; None
            where there are too few to say.
        quiet_days: since its last row; None of a table without rows.
        longest_gap_days: between two rows, in the eight weeks that end with its last
            one, and before the first of these; where that alone would ring, also near
            the same day of at least two of a quarter, half a year and a year ago. None
            where all of them came at once.
        mean_gap_days: in these weeks on average.
        season: where the last week would ring as one of many, the most of any seven
            days near the last ones of a quarter, half a year and a year ago: many may
            be billed on the first day of a quarter. Else 0.
        n_before: accepted rows in the run before; where these had become few already,
            and nobody has released that, as many as there had been. 0 without a run.
        is_missed: whether they had become few in the run before already.
    """

    table: str
    n_accepted: int
    n_rejected: int
    n_last_week: int = 0
    usual: tuple[int, int] | None = None
    quiet_days: float | None = None
    longest_gap_days: float | None = None
    mean_gap_days: float | None = None
    season: int = 0
    n_before: int = 0
    is_missed: bool = False

    @property
    def n_read(self) -> int:
        """Rows that are there, of whatever worth."""
        return self.n_accepted + self.n_rejected

    @property
    def rejected_share(self) -> float:
        """Of all rows read."""
        return self.n_rejected / max(self.n_read, 1)

    @property
    def are_rows_gone(self) -> bool:
        """Whether a table was emptied, or far fewer rows are left than were there."""
        return _are_few(self.n_read, self.n_before)

    @property
    def are_rows_rejected(self) -> bool:
        """Whether many are, or so many that hardly any of those before are left."""
        is_share_high = self.rejected_share > REJECTED_SHARE
        is_left_short = _are_few(self.n_accepted, self.n_before)
        if is_left_short and not self.are_rows_gone:
            return True
        return self.n_rejected >= LEAST_ROWS and is_share_high

    def causes(self) -> Iterator[Cause]:
        """What rings about this table."""
        if self.are_rows_rejected:
            why = f"{self.table}: {self.rejected_share:.1%} of the rows were rejected"
            yield Cause("inputs", REJECTED, self.table, why)
        if self.are_rows_gone:
            why = (
                f"{self.table}: {counted(self.n_read, 'row')}, and {self.n_before:,}"
                " before; rows are never taken out: export the table whole"
            )
            yield Cause("inputs", GONE, self.table, why, is_new=not self.is_missed)
        if self.is_stopped:
            why = (
                f"{self.table}: nothing new for {self.quiet_days:.1f} days; the longest"
                f" gap before was {self.longest_gap_days:.1f} days"
            )
            yield Cause("inputs", "feed_stopped", self.table, why)
        elif self.usual is not None and (self._is_week_low or self.is_week_high):
            low, high = self.usual
            why = (
                f"{self.table}: {self.n_last_week:,} rows in the last week; any seven"
                f" days of the {N_WEEKS} weeks before had {low:,} to {high:,}"
            )
            yield Cause("inputs", "unusual_volume", self.table, why)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing has come for much longer than ever before."""
        longest, mean = self.longest_gap_days, self.mean_gap_days
        if self.quiet_days is None or longest is None or mean is None:
            return False
        limits = LEAST_QUIET_DAYS, QUIET_TIMES * longest, QUIET_MEANS * mean
        return self.quiet_days > max(limits)

    @property
    def is_week_high(self) -> bool:
        """Whether the last week had many more rows than any seven days before."""
        if self.usual is None:
            return False
        return self.n_last_week > MANY * max(self.usual[1], self.season)

    @property
    def _is_week_low(self) -> bool:
        return self.usual is not None and self.n_last_week < FEW * self.usual[0]


def table_flows(
    portfolio: Portfolio,
    now: int,
    before: Mapping[str, Any] | None = None,
    released: Collection[str] = (),
) -> tuple[TableFlow, ...]:
    """Every table that is there or was in the run before, in alphabetical order.

    Args:
        portfolio: as read.
        now: moment from which quiet is counted, µs since 1970 UTC.
        before: numbers of the run before: an empty table says that there are none,
            which without them looks as if there had never been any.
        released: tables that a person has released since that run: what it saw of
            them is what they are to have.
    """
    seen = {} if before is None else _rows_before(before, released)
    reports = {one.table: one for one in portfolio.report.tables}
    flows = []
    for name in sorted((reports.keys() | seen.keys()) - QUESTIONS):
        report = reports.get(name, TableReport(name, 0, 0))
        n_before, is_missed = seen.get(name, (0, False))
        flow = TableFlow(
            name,
            report.n_accepted,
            report.n_rejected,
            n_before=n_before,
            is_missed=is_missed,
        )
        is_looked_at = name in portfolio.settings.tables & reports.keys()
        flows.append(_arriving(flow, portfolio, now) if is_looked_at else flow)
    return tuple(flows)


def _rows_before(
    before: Mapping[str, Any], released: Collection[str]
) -> dict[str, tuple[int, bool]]:
    """By table accepted rows that a run saw, or that it missed already, and whether so.

    Who looks twice at a table that was emptied finds it empty in the run before: it
    rings on until the rows are back, or a person has released it.
    """
    found = {}
    for flow in before["tables"]:
        name, n, n_before = flow["table"], flow["n_accepted"], flow.get("n_before", 0)
        is_missed = _are_few(n, n_before) and name not in released
        if n or is_missed:
            found[name] = (n_before if is_missed else n), is_missed
    return found


def _are_few(n: int, n_before: int) -> bool:
    """Whether rows are none or fewer than half of those before."""
    if n == 0:
        return n_before > 0
    return n_before >= LEAST_ROWS and n < KEPT * n_before


def _arriving(flow: TableFlow, portfolio: Portfolio, now: int) -> TableFlow:
    """Beside the weeks before; where that rings, beside a quarter and a year ago."""
    table = portfolio.tables[flow.table]
    flow = _beside_weeks(flow, *_days_back(portfolio, flow.table, now))
    if flow.is_stopped:
        quiet = max(flow.longest_gap_days or 0.0, quiet_season(table, now))
        flow = replace(flow, longest_gap_days=quiet)
    if flow.is_week_high:
        flow = replace(flow, season=busiest_season(table, now))
    return flow


def _days_back(
    portfolio: Portfolio, name: str, now: int
) -> tuple[float | None, FloatArray]:
    """Days between `now` and when the last row was known, and each of late.

    Of late is in nine weeks before `now`, or in the eight that end with the last row,
    however long ago it came; and the last one before these. None without rows.
    """
    table = portfolio.tables[name]
    until = table.filter(table.known_at <= now)
    newest = portfolio.connection.to_pyarrow(until.known_at.max()).as_py()
    if newest is None:
        return None, np.empty(0)
    since = min(now - WEEK * DAY_US, newest) - N_WEEKS * WEEK * DAY_US
    recent = until.filter(until.known_at > since).select("known_at").to_pyarrow()
    rows: IntArray = recent["known_at"].to_numpy()
    older = until.filter(until.known_at <= since).known_at.max()
    last_before = portfolio.connection.to_pyarrow(older).as_py()
    if last_before is not None:
        rows = np.append(rows, last_before)
    return (now - newest) / DAY_US, np.asarray((now - rows) / DAY_US, dtype=np.float64)


def _beside_weeks(
    flow: TableFlow, quiet_days: float | None, days_back: FloatArray
) -> TableFlow:
    """With how the last week differs from the weeks before."""
    n_days = (N_WEEKS + 1) * WEEK
    by_day = np.bincount(days_back.astype(int), minlength=n_days)[:n_days]
    # seven days from any day on: batches of a month or a week give empty ones
    before = np.convolve(by_day[WEEK:], np.ones(WEEK, dtype=int), "valid")
    is_steady = before.min() >= LEAST_ROWS
    ordered = np.sort(days_back)
    n = int(np.searchsorted(ordered, (quiet_days or 0.0) + N_WEEKS * WEEK))
    # with the one before: the eight weeks may hold one quarter's bills, and no gap
    gaps = np.diff(ordered[: n + 1])
    has_gaps = bool(gaps.any())
    return replace(
        flow,
        n_last_week=int(by_day[:WEEK].sum()),
        usual=(int(before.min()), int(before.max())) if is_steady else None,
        quiet_days=quiet_days,
        longest_gap_days=float(gaps.max()) if has_gaps else None,
        mean_gap_days=N_WEEKS * WEEK / n if has_gaps else None,
    )
