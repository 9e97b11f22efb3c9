"""The first clock: whether what comes in is as usual, and as it was in training."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import ibis
import numpy as np

from advice.population import Population
from features.arrays import FloatArray, IntArray
from features.counted import counted
from features.moments import DAY_US
from features.portfolio import Portfolio
from monitoring.batches import MONTHS_DIFFER
from monitoring.drift import Drift, drift
from monitoring.same_age import ageing
from scoring.reference import Reference
from store.monitoring import Cause

WEEK, N_WEEKS = 7, 8  # days; weeks before the last one
SEASONS = (91, 183, 365)  # days; months of 28 to 31 days move them by up to three
LEAST_ROWS = 20  # in any seven days of these weeks; fewer swing by chance
FEW, MANY = 0.5, 2.0  # times the least and the most of any seven days
LEAST_QUIET_DAYS = 3.0
QUIET_TIMES = 2.0  # the longest gap before
# times the mean one: rows that come by chance are quiet so long once in 160,000 times
QUIET_MEANS = 12.0
REJECTED_SHARE = 0.02
KEPT = 0.5  # of the rows seen before; a history grows, and old years may go
UNKNOWN_RISE = 0.2  # of the rows
UNLEARNT_SHARE = 0.05
MATTERS = 0.01  # of what moves the model
# index, weighted by what moves the model; calm worlds stay below 0.02 for nine months
SHIFTED = 0.03
MOST_INDEX = 1.0  # that one feature adds: what lies elsewhere wholly is no more than so


@dataclass(frozen=True, slots=True)
class TableFlow:
    """How rows of one table arrive.

    Args:
        n_last_week: rows that became known in the last seven days.
        usual: the least and the most of any seven days of the eight weeks before; None
            where there are too few to say.
        quiet_days: since its last row; None of a table without rows.
        longest_gap_days: between two rows, in the eight weeks that end with its last
            one, and before the first of these; or near the same day of at least two of
            a quarter, half a year and a year ago. None where all of them came at once.
        mean_gap_days: in these weeks on average.
        season: the most of any seven days near the last ones of a quarter, half a year
            and a year ago: many may be billed on the first day of a quarter.
        n_before: rows that the run before saw; 0 where there was none.
    """

    table: str
    n_accepted: int
    n_rejected: int
    n_last_week: int
    usual: tuple[int, int] | None
    quiet_days: float | None
    longest_gap_days: float | None
    mean_gap_days: float | None
    season: int = 0
    n_before: int = 0

    @property
    def rejected_share(self) -> float:
        """Of all rows read."""
        return self.n_rejected / max(self.n_accepted + self.n_rejected, 1)

    @property
    def are_rows_gone(self) -> bool:
        """Whether a table was emptied, or far fewer rows are left than were there."""
        if self.n_accepted == 0:
            return self.n_before > 0
        is_told = self.n_before >= LEAST_ROWS
        return is_told and self.n_accepted < KEPT * self.n_before

    def causes(self) -> Iterator[Cause]:
        """What rings about this table."""
        if self.n_rejected >= LEAST_ROWS and self.rejected_share > REJECTED_SHARE:
            why = f"{self.table}: {self.rejected_share:.1%} of the rows were rejected"
            yield Cause("inputs", "rejected_rows", self.table, why)
        if self.are_rows_gone:
            why = (
                f"{self.table}: {counted(self.n_accepted, 'row')}; the run before saw"
                f" {self.n_before:,}, and what happened stays in a table"
            )
            yield Cause("inputs", "rows_gone", self.table, why)
        if self.is_stopped:
            why = (
                f"{self.table}: nothing new for {self.quiet_days:.1f} days; the longest"
                f" gap before was {self.longest_gap_days:.1f} days"
            )
            yield Cause("inputs", "feed_stopped", self.table, why)
        elif self.usual is not None and not self._is_usual(*self.usual):
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

    def _is_usual(self, low: int, high: int) -> bool:
        return FEW * low <= self.n_last_week <= MANY * max(high, self.season)


@dataclass(frozen=True, slots=True)
class TargetInputs:
    """What one model reads now, against the population of its training.

    Args:
        drifts: by feature that moves the model, the most important first.
        importance: by feature, its share of what moved the model in training, so that
            one that is lost by now keeps its weight.
        unlearnt: by category, share of rows with a word that training never saw.
        ageing: features that grow with the calendar (days since the first row of
            something): they move in every portfolio, and count for nothing here.
        calendar: by feature, its drift against the same day of a month, quarter
            or year before the training ended: the smaller of the two counts, and either
            may be chance; what was unknown then is not lost.
            Empty where nothing had to be compared with that day, and without features
            that did not exist on it: these excuse nothing.
        same_day_at: that day's moment, µs since 1970 UTC; None where there is none.
    """

    target: str
    drifts: tuple[Drift, ...]
    importance: Mapping[str, float]
    unlearnt: Mapping[str, float]
    ageing: frozenset[str] = frozenset()
    calendar: Mapping[str, Drift] = field(default_factory=dict)
    same_day_at: int | None = None

    def beside(
        self, again: "TargetInputs", then: int, absent: frozenset[str]
    ) -> "TargetInputs":
        """Also with what was found against the same day of a month before.

        Args:
            again: that.
            then: the day's moment.
            absent: features that did not exist then.
        """
        by_name = {one.column: one for one in again.drifts if one.column not in absent}
        return replace(self, calendar=by_name, same_day_at=then)

    @property
    def shift(self) -> float:
        """Mean index beyond chance, weighted by what moves the model."""
        return sum(map(self._weight, self.drifts))

    def causes(self) -> Iterator[Cause]:
        """What rings about this model's features."""
        for one in self.drifts:
            name = one.column
            before = max(one.unknown_before, self._on_the_day(one).unknown_before)
            is_lost = one.unknown_now - before > UNKNOWN_RISE
            if self.importance[name] >= MATTERS and is_lost:
                why = (
                    f"{name}: unknown of {one.unknown_now:.0%} of the customers;"
                    f" {before:.0%} in training"
                )
                yield Cause("inputs", "unknown_values", name, why)
        for name, share in self.unlearnt.items():
            if self.importance.get(name, 0.0) >= MATTERS and share > UNLEARNT_SHARE:
                why = f"{name}: {share:.0%} have a word that training never saw"
                yield Cause("inputs", "unlearnt_words", name, why)
        if self.shift > SHIFTED and any(map(self._is_real, self.drifts)):
            first = sorted(self.drifts, key=self._weight, reverse=True)[:3]
            names = ", ".join(one.column for one in first)
            why = (
                f"{self.target}: what the model reads has moved (weighted index"
                f" {self.shift:.2f}, limit {SHIFTED}); most of it {names}"
            )
            yield Cause("inputs", "feature_drift", self.target, why)

    def _is_real(self, one: Drift) -> bool:
        """Whether neither chance nor the day of the month explains it, nor age."""
        counts = one.column not in self.ageing
        return counts and one.is_real and self._on_the_day(one).is_real

    def _on_the_day(self, one: Drift) -> Drift:
        return self.calendar.get(one.column, one)

    def _weight(self, one: Drift) -> float:
        if one.column in self.ageing:
            return 0.0
        on_the_day = self._on_the_day(one).beyond_chance
        beyond = min(one.beyond_chance, on_the_day, MOST_INDEX)
        return self.importance[one.column] * beyond


def table_flows(
    portfolio: Portfolio, now: int, before: Mapping[str, Any] | None = None
) -> tuple[TableFlow, ...]:
    """Every table that is there, in the order of the portfolio.

    Args:
        portfolio: as read.
        now: moment from which quiet is counted, µs since 1970 UTC.
        before: numbers of the run before: an empty table says that there are none,
            which without them looks as if there had never been any.
    """
    flows = [] if before is None else before["tables"]
    seen = {flow["table"]: flow["n_accepted"] for flow in flows}
    reports = {one.table: one for one in portfolio.report.tables}
    return tuple(
        _seasoned(
            _flow(name, reports[name].n_accepted, reports[name].n_rejected, days, last),
            portfolio,
            now,
            seen.get(name, 0),
        )
        for name in sorted(portfolio.settings.tables & reports.keys())
        for last, days in [_days_back(portfolio, name, now)]
        if name != "snapshots"
        or (np.inf if last is None else last) < (N_WEEKS + 1) * WEEK
    )


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


def _seasoned(
    flow: TableFlow, portfolio: Portfolio, now: int, n_before: int
) -> TableFlow:
    """With what is usual at this time of the quarter or year, and was seen before."""
    longest = flow.longest_gap_days
    if longest is not None:
        longest = max(longest, _quiet_season(portfolio, flow.table, now))
    season = _season(portfolio, flow.table, now)
    return replace(flow, season=season, longest_gap_days=longest, n_before=n_before)


def _quiet_season(portfolio: Portfolio, name: str, now: int) -> float:
    """The longest gap, in days, near this day of two of 3, 6 and 12 months ago.

    Where all are billed by the quarter, payments end weeks before the next bills. What
    was quiet once is no season: a feed may have stopped then.
    """
    known_at = portfolio.tables[name].known_at
    moments = [
        now - (m + d) * DAY_US
        for m in SEASONS
        for d in (-MONTHS_DIFFER, 0, MONTHS_DIFFER)
    ]
    around = [
        end
        for at in moments
        for end in (
            known_at.max(where=known_at <= at),
            known_at.min(where=known_at > at),
        )
    ]
    named = [end.name(f"m{i}") for i, end in enumerate(around)]
    asked = portfolio.tables[name].aggregate(named).to_pyarrow().to_pylist()[0]
    ends = np.array(
        [np.nan if one is None else one for one in asked.values()], dtype=np.float64
    ).reshape(len(SEASONS), -1, 2)
    gaps = np.nan_to_num(ends[..., 1] - ends[..., 0]).max(axis=1) / DAY_US
    return float(np.sort(gaps)[-2])


def _season(portfolio: Portfolio, name: str, now: int) -> int:
    """The most rows of any seven days near the last ones of 3, 6 and 12 months ago."""
    table = portfolio.tables[name]
    back = (ibis.literal(now) - table.known_at) // DAY_US
    days = [m + d for m in SEASONS for d in range(-MONTHS_DIFFER, WEEK + MONTHS_DIFFER)]
    near = table.select(day=back).filter(ibis._.day.isin(days))
    by_day = near.group_by("day").agg(n=near.count()).to_pyarrow().to_pydict()
    n_of = dict(zip(by_day["day"], by_day["n"], strict=True))
    by_day = np.array([n_of.get(day, 0) for day in days]).reshape(len(SEASONS), -1)
    weeks = [np.convolve(one, np.ones(WEEK, dtype=int), "valid") for one in by_day]
    return int(np.max(weeks))


def _flow(
    name: str,
    n_accepted: int,
    n_rejected: int,
    days_back: FloatArray,
    quiet_days: float | None,
) -> TableFlow:
    """How the rows of a table arrive, beside the weeks before."""
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
    return TableFlow(
        table=name,
        n_accepted=n_accepted,
        n_rejected=n_rejected,
        n_last_week=int(by_day[:WEEK].sum()),
        usual=(int(before.min()), int(before.max())) if is_steady else None,
        quiet_days=quiet_days,
        longest_gap_days=float(gaps.max()) if has_gaps else None,
        mean_gap_days=N_WEEKS * WEEK / n if has_gaps else None,
    )


def target_inputs(
    target: str, reference: Reference, population: Population
) -> TargetInputs:
    """What a model reads now, against what it learnt from."""
    # as in training: among rows that have lost a feature it moves nothing any more
    importance = reference.importance or population.importance
    names = [
        name
        for name in sorted(importance, key=lambda name: (-importance[name], name))
        if name in reference.features
    ]
    columns = population.features.names
    drifts = tuple(
        drift(
            name,
            reference.features[name],
            population.x[:, columns.index(name)],
            n_tests=len(names),
        )
        for name in names
    )
    return TargetInputs(
        target,
        drifts,
        importance,
        population.unlearnt,
        ageing(population.features),
    )
