"""Runs of monitoring and their alarms: an alarm stands until a person releases it.

A cause that a person has released does not ring again while every run still sees it,
for 30 days; it rings anew when it went away and came back. Portfolios that share a
store ring each for itself. Moments are microseconds since 1970 UTC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from secrets import token_hex

from store.database import Database
from store.errors import NoReleaserError, NothingToReleaseError

RELEASED_FOR_US = 30 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Cause:
    """What rang in a run.

    Args:
        clock: `inputs`, `scores`, `early_outcomes` or `mature_outcomes`.
        code: stable, snake_case.
        subject: the column, table or target it is about.
        why: a sentence with the numbers, for staff; of no single customer.
        is_new: whether it came about since the run before, so that it is not what a
            person released.
    """

    clock: str
    code: str
    subject: str
    why: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """A cause that stops automation, or stopped it until `released_at`."""

    alarm_id: str
    portfolio: str
    clock: str
    code: str
    subject: str
    why: str
    raised_at: int
    last_run_id: str
    released_at: int | None = None
    released_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class MonitoringRun:
    """One run: when, how far the portfolio reached, and its numbers as JSON."""

    run_id: str
    at: int
    as_of: int
    portfolio: str
    content: str


_ALARM = tuple(field.name for field in fields(Alarm))
_RUN = tuple(field.name for field in fields(MonitoringRun))
_ALARMS = f"SELECT {', '.join(_ALARM)} FROM monitoring_alarms "  # noqa: S608 - literals
_RUNS = f"SELECT {', '.join(_RUN)} FROM monitoring_runs "  # noqa: S608 - literals
_LATEST = _RUNS + "ORDER BY run_id DESC LIMIT ?"
_LAST_RUN = """
SELECT run_id FROM monitoring_runs WHERE portfolio = ? ORDER BY run_id DESC LIMIT 1
"""
# a state of the data that was looked at several times says no more than once
_OF_STATES = (
    "WHERE run_id IN (SELECT MAX(run_id) FROM monitoring_runs"
    " WHERE portfolio = ? GROUP BY as_of) ORDER BY run_id DESC LIMIT ?"
)
STANDING_CLOCKS = """
SELECT DISTINCT clock FROM monitoring_alarms WHERE released_at IS NULL
"""
_LAST_OF_CAUSE = (
    _ALARMS + "WHERE portfolio = ? AND clock = ? AND code = ? AND subject = ?"
    " ORDER BY alarm_id DESC LIMIT 1"
)
_SEEN_AGAIN = "UPDATE monitoring_alarms SET last_run_id = ? WHERE alarm_id = ?"
_RELEASE = """
UPDATE monitoring_alarms SET released_at = ?, released_by = ?, reason = ?
WHERE alarm_id = ? AND released_at IS NULL
"""
# of a cause that rings on, from what shows first to what shows last
_ORDER = ("inputs", "scores", "early_outcomes", "mature_outcomes")


def first_clock(clocks: Sequence[str]) -> str | None:
    """Of clocks that ring, the one that shows first; None where none does."""
    return min(clocks, key=_ORDER.index, default=None)


class Monitoring:
    """Runs and alarms of one store, over all processes that share it.

    Every method raises StoreUnavailableError where the store cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def record(
        self, at: int, as_of: int, portfolio: str, content: str, causes: Sequence[Cause]
    ) -> list[Alarm]:
        """Keep a run, and raise an alarm for each cause that is new.

        Args:
            at: when it ran.
            as_of: how far the portfolio reached.
            portfolio: its name.
            content: JSON, of no single customer.
            causes: what rang.

        Returns:
            The alarms that were raised now.
        """
        run_id = f"{at:016x}{token_hex(4)}"
        with self._db.transaction():
            before = [row[0] for row in self._db.rows(_LAST_RUN, portfolio)]
            raised = [
                self._raised(portfolio, cause, run_id, at)
                for cause in causes
                if not self._is_known(portfolio, cause, before, run_id, at)
            ]
            self._db.insert(
                "monitoring_runs", _RUN, [(run_id, at, as_of, portfolio, content)]
            )
        return raised

    def _is_known(
        self, portfolio: str, cause: Cause, before: Sequence[str], run_id: str, at: int
    ) -> bool:
        """Whether it stands already, or was released and has not been away since."""
        names = portfolio, cause.clock, cause.code, cause.subject
        rows = self._db.rows(_LAST_OF_CAUSE, *names)
        if not rows:
            return False
        last = Alarm(*rows[0])
        if last.released_at is not None:
            is_old = at - last.released_at > RELEASED_FOR_US
            if is_old or cause.is_new or last.last_run_id not in before:
                return False
        self._db.run(_SEEN_AGAIN, run_id, last.alarm_id)
        return True

    def _raised(self, portfolio: str, cause: Cause, run_id: str, at: int) -> Alarm:
        what = portfolio, cause.clock, cause.code, cause.subject, cause.why
        alarm = Alarm(f"{at:016x}{token_hex(4)}", *what, at, run_id)
        row = [getattr(alarm, name) for name in _ALARM]
        self._db.insert("monitoring_alarms", _ALARM, [row])
        return alarm

    def standing(self) -> list[Alarm]:
        """Alarms that nobody has released, the earliest first."""
        query = _ALARMS + "WHERE released_at IS NULL ORDER BY alarm_id"
        return [Alarm(*row) for row in self._db.rows(query)]

    def alarms(self, most: int) -> list[Alarm]:
        """All alarms, the latest first."""
        rows = self._db.rows(_ALARMS + "ORDER BY alarm_id DESC LIMIT ?", most)
        return [Alarm(*row) for row in rows]

    def release(
        self, by: str, reason: str, now: int, alarm_id: str | None = None
    ) -> list[Alarm]:
        """Give automation back, by a person; one alarm, or all that stand.

        Raises:
            NoReleaserError: nobody is named, or no reason.
            NothingToReleaseError: no such alarm stands.
        """
        if not by.strip() or not reason.strip():
            raise NoReleaserError
        with self._db.transaction():
            chosen = [a for a in self.standing() if alarm_id in (None, a.alarm_id)]
            for alarm in chosen:
                self._db.run(_RELEASE, now, by, reason, alarm.alarm_id)
        if not chosen:
            raise NothingToReleaseError(alarm_id)
        return chosen

    def released_since(self, portfolio: str, moment: int) -> list[Alarm]:
        """Alarms of a portfolio that a person released then or later; µs UTC."""
        query = _ALARMS + "WHERE portfolio = ? AND released_at >= ? ORDER BY alarm_id"
        return [Alarm(*row) for row in self._db.rows(query, portfolio, moment)]

    def latest_runs(self, most: int) -> list[MonitoringRun]:
        """The last runs of all portfolios, the latest first."""
        return [MonitoringRun(*row) for row in self._db.rows(_LATEST, most)]

    def runs_of(self, portfolio: str, most: int) -> list[MonitoringRun]:
        """The last runs of a portfolio, the latest first; one per state of its data."""
        return [
            MonitoringRun(*row)
            for row in self._db.rows(_RUNS + _OF_STATES, portfolio, most)
        ]

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        self._db.close()


def standing_clock(database: Database) -> str | None:
    """The clock that stops automation now: of several the one that shows first."""
    return first_clock([row[0] for row in database.rows(STANDING_CLOCKS)])


def clocks_standing(alarms: Sequence[Alarm]) -> Mapping[str, int]:
    """How many alarms stand, by clock; all four are named."""
    counts = dict.fromkeys(_ORDER, 0)
    for alarm in alarms:
        counts[alarm.clock] += 1
    return counts
