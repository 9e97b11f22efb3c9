"""The truth beside a portfolio: latent types, what really happened, what could have.

Written to `<portfolio>.oracle`, which no loader reads. Three tables: `people` (latent
and constant), `months` (state and true events per customer and month), `truth`
(probabilities and coupled outcomes under each action, for a sample, from branching).
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulation.behaviour import Span
from simulation.days import Days
from simulation.month import Month, step
from simulation.people import People
from simulation.state import MATERIALITY, NEVER, State
from simulation.streams import Draws, Flags, Floats, Ints
from simulation.tables import MOMENT, customer_ids
from simulation.timeline import Policy, always
from simulation.worlds import ACTIONS, KINDS, World

HORIZON_DAYS = 90
HORIZON_MONTHS = 3
FIRST_BRANCH = 1  # branch 0 is what really happens
UNDER_POLICY = "policy"


@dataclass(frozen=True)
class Course:
    """The world a run takes place in, and all that is the same for every branch."""

    world: World
    days: Days
    macro: Floats
    policy: Policy
    seed: int

    def span(self, month: int) -> Span:
        starts = self.days.month_starts
        return Span(month, int(starts[month]), int(starts[month + 1]))

    def step(
        self, people: People, state: State, draws: Draws, policy: Policy | None = None
    ) -> Month:
        month = draws.month
        return step(
            self.world,
            people,
            state,
            draws,
            self.span(month),
            self.days.month_starts,
            float(self.macro[month]),
            policy or self.policy,
        )


@dataclass(frozen=True)
class Ends:
    """What three months brought."""

    nonpayment: Flags
    fraud: Flags


def in_population(state: State, people: People, span: Span) -> Flags:
    """Whom the contract scores: here, not yet 60 days overdue, not a known fraud."""
    oldest, owed = state.oldest_due(span.start)
    here = (people.joined_month < span.month) & (state.is_live | (owed > MATERIALITY))
    return np.asarray(here & (span.start - oldest < 60) & ~state.is_fraud_known)


def ends(
    course: Course,
    people: People,
    state: State,
    first: int,
    draws: Draws,
    policy: Policy | None,
) -> Ends:
    """Run `state` on for the horizon, in place."""
    start = course.span(first).start
    last = start + HORIZON_DAYS
    nonpayment = np.zeros(len(people), dtype=bool)
    fraud = np.zeros(len(people), dtype=bool)
    months = min(HORIZON_MONTHS, len(course.macro) - first)
    for month in range(first, first + months):
        happened = course.step(people, state, draws.of_month(month), policy)
        nonpayment |= nonpayment_day(happened) <= last
        fraud |= fraud_day(happened) <= last
    _, owed = state.oldest_due(last + 1)
    nonpayment |= state.has_left & (owed > MATERIALITY)
    return Ends(nonpayment, fraud)


def nonpayment_day(month: Month) -> Ints:
    gone = np.where(month.written_off, month.write_off_day, NEVER)
    return np.minimum(month.sixty_day, gone)


def fraud_day(month: Month) -> Ints:
    """First chargeback or confirmed finding; a wrong suspicion is taken back."""
    suspected = month.suspected
    day = np.where(suspected.found, suspected.found_day, NEVER)
    recorded = np.where(suspected.known_by_chargeback, suspected.stop_day, NEVER)
    return np.minimum(np.minimum(day, recorded), suspected.charged_back_day)


def branch(
    course: Course,
    people: People,
    state: State,
    first: int,
    rows: Ints,
    branches: int,
    under: tuple[str, ...] = (UNDER_POLICY, *ACTIONS),
) -> pa.Table:
    """Probabilities and coupled outcomes of `rows` from the start of a month on.

    `p_*` are shares over fresh random numbers, the macro path kept. `did_*` is what the
    main run's own random numbers bring under that action.
    """
    n = len(people)
    many = np.repeat(rows, branches)
    tables = []
    for name in under:
        policy = None if name == UNDER_POLICY else always(ACTIONS.index(name))
        fresh = Draws(course.seed, len(many), branch=FIRST_BRANCH)
        future = ends(course, people.take(many), state.take(many), first, fresh, policy)
        same = Draws(course.seed, n, rows=rows)
        actual = ends(course, people.take(rows), state.take(rows), first, same, policy)
        shape = (len(rows), branches)
        tables.append(
            pa.table(
                {
                    "customer_id": customer_ids(rows),
                    "action": pa.array([name] * len(rows)),
                    "p_nonpayment": future.nonpayment.reshape(shape).mean(axis=1),
                    "p_fraud": future.fraud.reshape(shape).mean(axis=1),
                    "did_nonpayment": actual.nonpayment,
                    "did_fraud": actual.fraud,
                }
            )
        )
    table = pa.concat_tables(tables)
    as_of = np.full(len(table), course.days.moment(course.span(first).start))
    return table.append_column("as_of", pa.array(as_of, MOMENT))


class OracleWriter:
    """Writes the truth of each month as it passes."""

    def __init__(self, folder: Path, course: Course, people: People) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.course, self.people = folder, course, people
        self._months: pq.ParquetWriter | None = None
        table = pa.table(
            {
                "customer_id": customer_ids(np.arange(len(people))),
                "kind": pa.array(KINDS).take(pa.array(people.kind)),
                "is_careful": people.is_careful,
                "inertia": people.inertia,
                "joined_month": people.joined_month,
                "is_holdout": people.is_holdout,
            }
        )
        pq.write_table(table, folder / "people.parquet", compression="zstd")

    def month(self, before: State, month: Month) -> None:
        """Keep the state in which a month began, and what came of it."""
        span, paid = month.span, month.paid
        rows = np.flatnonzero(in_population(before, self.people, span))
        day = {
            "sixty_at": month.sixty_day,
            "written_off_at": np.where(month.written_off, month.write_off_day, NEVER),
            "fraud_at": fraud_day(month),
        }
        oldest, _ = before.oldest_due(span.start)
        p_pay = 1.0 / (1.0 + np.exp(-paid.log_odds))
        as_of = self.course.days.moment(span.start)
        table = pa.table(
            {
                "customer_id": customer_ids(rows),
                "as_of": pa.array([as_of] * len(rows), MOMENT),
                "days_overdue": np.where(oldest < NEVER, span.start - oldest, 0)[rows],
                "is_abusing": before.is_abusing[rows],
                "is_hijacked": before.is_hijacked[rows],
                "liquidity": before.liquidity[rows],
                "distress": before.distress[rows],
                "owes": (paid.owed > 0)[rows],
                "p_pay": p_pay[rows],
                "did_pay": paid.paid[rows],
                "action": pa.array(ACTIONS).take(pa.array(month.acted.action[rows])),
            }
            | {name: self._moments(days[rows]) for name, days in day.items()}
        )
        if self._months is None:
            path = self.folder / "months.parquet"
            self._months = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._months.write_table(table)

    def _moments(self, days: Ints) -> pa.Array:
        at = self.course.days.midnight(np.minimum(days, NEVER))
        return pa.array(at, pa.int64(), mask=days >= NEVER).cast(MOMENT)

    def truth(self, table: pa.Table) -> None:
        pq.write_table(table, self.folder / "truth.parquet", compression="zstd")

    def __enter__(self) -> "OracleWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._months is not None:
            self._months.close()
