"""Simulate a portfolio: months in order, rows as they happen, the truth beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simulation.behaviour import Span, macro_path
from simulation.days import Days
from simulation.month import step
from simulation.people import draw_people
from simulation.rows.accounts import account_rows
from simulation.rows.billing import billing_rows
from simulation.rows.dunning import dunning_rows
from simulation.rows.fraud import fraud_rows
from simulation.rows.signals import signal_rows
from simulation.scene import Ledger, Scene
from simulation.state import first_state
from simulation.streams import Draws
from simulation.tables import PortfolioWriter
from simulation.timeline import Policy, timeline
from simulation.worlds import World, WorldError, world_named

Progress = Callable[[int, int], None]
"""Called with months done and months in all."""

SETTINGS = """\
# Simulated: world {world}, {customers} customers, {months} months, seed {seed}.
name: {name}
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
    progress: Progress | None = None,
) -> SimulationSummary:
    """Write a portfolio into `out` and its truth into `<out>.oracle` beside it."""
    world = world_named(world) if isinstance(world, str) else world
    _check(n_customers, months, seed)
    days = Days(world.start_on, months, world.timezone)
    people = draw_people(world, n_customers, months, days, seed)
    state = first_state(people)
    macro = macro_path(world, months, seed)
    ledger = Ledger.empty(n_customers)
    oracle = out.with_name(out.name + ".oracle")
    out.mkdir(parents=True, exist_ok=True)
    horizon_us = int(days.observed_until.timestamp()) * 1_000_000
    with PortfolioWriter(out, n_customers, horizon_us) as writer:
        for m in range(months):
            starts = days.month_starts
            span = Span(m, int(starts[m]), int(starts[m + 1]))
            draws = Draws(seed, n_customers, m)
            month = step(
                world, people, state, draws, span, starts, float(macro[m]), policy
            )
            scene = Scene(
                world, people, state, days, draws, writer, ledger, usage_every
            )
            for write in (
                account_rows,
                billing_rows,
                dunning_rows,
                fraud_rows,
                signal_rows,
            ):
                write(scene, month)
            writer.flush()
            if progress is not None:
                progress(m + 1, months)
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
    (out / "portfolio.yaml").write_text(settings)
    return SimulationSummary(out, oracle, writer.rows)


def _check(n_customers: int, months: int, seed: int) -> None:
    if not 1 <= n_customers < 5_000_000:
        raise WorldError(f"customers must be 1 to 4,999,999, got {n_customers}")
    if not 1 <= months <= 99:
        raise WorldError(f"months must be 1 to 99, got {months}")
    if seed < 0:
        raise WorldError(f"seed must not be negative, got {seed}")
