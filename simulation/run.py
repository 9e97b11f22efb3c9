"""`forbear simulate`: makes a portfolio with known truth, month by month."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from simulation.behaviour import macro_path
from simulation.days import Days
from simulation.oracle import Course, OracleWriter, branch, in_population
from simulation.people import People, draw_people
from simulation.rows.accounts import account_rows
from simulation.rows.billing import billing_rows
from simulation.rows.dunning import dunning_rows
from simulation.rows.fraud import fraud_rows
from simulation.rows.signals import signal_rows
from simulation.scene import Ledger, Scenery
from simulation.state import State, first_state
from simulation.streams import Draws, Ints
from simulation.tables import PortfolioWriter
from simulation.timeline import Policy, timeline
from simulation.worlds import World, WorldError, world_named

Progress = Callable[[int, int], None]
"""Called with months done and months in all."""

SETTINGS = """\
# Simulated: world {world}, {customers} customers, {months} months, seed {seed}.
name: {name}
is_simulated: true
currency: {currency}
timezone: {timezone}
observed_until: {observed_until}
materiality: 25
settlement_days: {{direct_debit: 5, bank_transfer: 3, cheque: 10}}
defaults: {{margin_share: 0.18, lifetime_months: 24}}
labels:
  nonpayment: {{from: events, days_past_due: 60, horizon_days: 90, posting_lag_days: 5}}
  fraud: {{horizon_days: 90, maturity_days: 120}}
snapshots: {{every: month}}
"""


ROW_WRITERS = (account_rows, billing_rows, dunning_rows, fraud_rows, signal_rows)


@dataclass(frozen=True, kw_only=True)
class Branching:
    """From which month true probabilities are branched, for how many customers."""

    month: int
    customers: int = 500
    branches: int = 100


@dataclass(frozen=True)
class SimulationSummary:
    portfolio: Path
    oracle: Path
    rows: dict[str, int]


def simulate(
    world: World | str,
    n_customers: int,
    months: int,
    seed: int,
    out: Path,
    *,
    name: str | None = None,
    usage_every: Literal["day", "week"] = "day",
    policy: Policy = timeline,
    branching: Branching | None = None,
    progress: Progress | None = None,
) -> SimulationSummary:
    """Write a portfolio into `out` and its truth into `<out>.oracle` beside it.

    The same arguments give the same tables. `usage_every="week"` sums metered usage
    over days 1-7, 8-14, 15-21 and the rest of a month.
    """
    world = world_named(world) if isinstance(world, str) else world
    _check(n_customers, months, seed, branching)
    days = Days(world.start_on, months, world.timezone)
    course = Course(world, days, macro_path(world, months, seed), policy, seed)
    people = draw_people(world, n_customers, months, days, seed)
    out.mkdir(parents=True, exist_ok=True)
    oracle = OracleWriter(out.with_name(out.name + ".oracle"), course, people)
    horizon_us = int(days.observed_until.timestamp()) * 1_000_000
    with oracle, PortfolioWriter(out, n_customers, horizon_us) as writer:
        scenes = Scenery(
            world, people, days, writer, usage_every, Ledger.empty(n_customers)
        )
        _run(course, people, scenes, oracle, branching, progress)
    settings = SETTINGS.format(
        world=world.name,
        customers=n_customers,
        months=months,
        seed=seed,
        name=name or f"simulated-{world.name}",
        currency=world.currency,
        timezone=world.timezone,
        observed_until=days.observed_until.isoformat().replace("+00:00", "Z"),
    )
    (out / "portfolio.yaml").write_text(settings, encoding="utf-8")
    return SimulationSummary(out, oracle.folder, writer.rows)


def _run(
    course: Course,
    people: People,
    scenery: Scenery,
    oracle: OracleWriter,
    branching: Branching | None,
    progress: Progress | None,
) -> None:
    state = first_state(people)
    months = len(course.macro)
    for number in range(months):
        if branching is not None and branching.month == number:
            rows = _sample(course, people, state, branching)
            oracle.truth(
                branch(course, people, state, number, rows, branching.branches)
            )
        draws = Draws(course.seed, len(people), number)
        before = state.copy()
        month = course.step(people, state, draws)
        oracle.month(before, month)
        scene = scenery.of(state, draws)
        for write in ROW_WRITERS:
            write(scene, month)
        scenery.writer.flush()
        if progress is not None:
            progress(number + 1, months)


def _sample(course: Course, people: People, state: State, branching: Branching) -> Ints:
    """Draw customers of the population, without replacement."""
    here = np.flatnonzero(in_population(state, people, course.span(branching.month)))
    u = Draws(course.seed, len(people)).uniform("sample")[here]
    return np.sort(here[np.argsort(u)[: branching.customers]])


def _check(
    n_customers: int, months: int, seed: int, branching: Branching | None
) -> None:
    if not 1 <= n_customers < 5_000_000:
        raise WorldError(f"customers must be 1 to 4,999,999, got {n_customers}")
    if not 1 <= months <= 99:
        raise WorldError(f"months must be 1 to 99, got {months}")
    if seed < 0:
        raise WorldError(f"seed must not be negative, got {seed}")
    if branching is not None and not 0 <= branching.month < months:
        raise WorldError(
            f"the branching month must be 0 to {months - 1}, got {branching.month}"
        )
