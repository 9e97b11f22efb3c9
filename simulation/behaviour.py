"""What customers do of their own accord within a month."""

from dataclasses import dataclass

import numpy as np

from simulation.people import COUNTRY_LOG_ODDS, People
from simulation.state import State
from simulation.streams import Draws, Flags, Floats, Ints
from simulation.worlds import TAKEOVER_PRONE, World

BURSTS = ("migration", "training", "new_office")
NEW_OFFICE = 2
HIJACK_ENDS = 0.5  # per month
WEEKDAY_USAGE = np.array([1.08, 1.1, 1.1, 1.08, 1.04, 0.8, 0.8])


@dataclass(frozen=True)
class Span:
    """A calendar month as local days, the last excluded."""

    month: int
    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Lived:
    """What began and ended this month."""

    arrived: Flags
    trial_ended: Flags
    seats_changed: Flags
    seats_day: Ints
    hijack_ended: Flags
    hijack_end_day: Ints


def macro_path(world: World, months: int, seed: int) -> Floats:
    """Log-odds added to everybody's willingness to pay, one value per month."""
    noise = Draws(seed, months).normal("macro")
    path = np.zeros(months)
    for month in range(months):
        before = path[month - 1] if month else 0.0
        shock = (
            world.macro_shock_log_odds * 0.15 if _shocked(world, month) else 0.0
        ) + (
            world.macro_shock_log_odds * 0.85
            if month == world.macro_shock_month
            else 0.0
        )
        path[month] = 0.85 * before + world.macro_sd * noise[month] + shock
    season = {1: -0.2, 2: -0.2, 10: 0.1, 11: 0.1, 12: 0.1}
    first = world.start_on.month
    return path + [season.get((first + m - 1) % 12 + 1, 0.0) for m in range(months)]


def _shocked(world: World, month: int) -> bool:
    return world.macro_shock_month is not None and month >= world.macro_shock_month


def live(world: World, people: People, state: State, draws: Draws, span: Span) -> Lived:
    """Move everybody's circumstances on by one month, in place."""
    arrived = people.joined_month == span.month
    state.is_live |= arrived
    trial_ended = (
        state.is_live & people.is_trial & (people.joined_month == span.month - 1)
    )
    state.liquidity = 0.8 * state.liquidity + 0.6 * draws.normal("liquidity")
    chance = _distress_chance(world, people, state, span)
    depth = world.distress_log_odds * (0.2 + 1.4 * draws.uniform("distress_depth"))
    state.distress *= world.distress_kept_per_month
    state.distress += depth * draws.happens("distress", chance)
    changed, changed_day = _change_seats(people, state, draws, span)
    _burst(world, state, draws)
    ended = _hijack(world, people, state, draws)
    _begin_abuse(world, people, state, draws, span)
    state.usage_log = 0.97 * state.usage_log + 0.1 * draws.normal("usage_drift") + 0.004
    return Lived(
        arrived=arrived,
        trial_ended=trial_ended,
        seats_changed=changed,
        seats_day=changed_day,
        hijack_ended=ended,
        hijack_end_day=draws.whole("hijack_day", span.start, span.end - 1),
    )


def _distress_chance(world: World, people: People, state: State, span: Span) -> Floats:
    """Trouble comes to the small, the young and the strained first."""
    young = 0.6 * (span.month - people.joined_month < 6) * (people.joined_month >= 0)
    risk = young - 0.5 * state.liquidity - 0.4 * people.inertia / world.inertia_sd
    risk = risk + np.array([0.25, -0.1, -0.6])[people.segment]
    risk = risk - COUNTRY_LOG_ODDS[people.country]
    return np.asarray(np.array(world.distress_per_month)[people.kind] * np.exp(risk))


def _change_seats(
    people: People, state: State, draws: Draws, span: Span
) -> tuple[Flags, Ints]:
    wanted = np.maximum(
        1, np.rint(state.seats * np.exp(0.3 * draws.normal("seats_by")))
    ).astype(np.int64)
    may = state.is_live & people.has_license & (people.joined_month < span.month)
    changed = may & draws.happens("seats", 0.03) & (wanted != state.seats)
    state.seats = np.where(changed, wanted, state.seats)
    return changed, draws.whole("seats_day", span.start, span.end - 1)


def _burst(world: World, state: State, draws: Draws) -> None:
    state.burst_months = np.maximum(0, state.burst_months - 1)
    started = (
        state.is_live
        & (state.burst_months == 0)
        & draws.happens("burst", world.burst_per_month)
    )
    size = np.log(2.5 + 6.0 * draws.uniform("burst_size"))
    state.burst_months += started * draws.whole("burst_months", 1, 2)
    state.burst_kind = np.where(
        started, draws.whole("burst_kind", 0, len(BURSTS) - 1), state.burst_kind
    )
    state.burst_log = np.where(
        started, size, np.where(state.burst_months > 0, state.burst_log, 0.0)
    )


def _hijack(world: World, people: People, state: State, draws: Draws) -> Flags:
    """Accounts are taken over, and given back: whose are given back."""
    ended = state.is_hijacked & draws.happens("hijack_ends", HIJACK_ENDS)
    chance = np.where(
        people.kind == TAKEOVER_PRONE, world.hijack_prone, world.hijack_other
    )
    may = state.is_live & ~state.is_hijacked & ~people.is_fraudster
    started = may & draws.happens("hijack", chance)
    state.is_hijacked = (state.is_hijacked & ~ended) | started
    return np.asarray(ended)


def _begin_abuse(
    world: World, people: People, state: State, draws: Draws, span: Span
) -> None:
    is_new = people.joined_month >= 0
    chance = np.where(is_new, world.abuse_starts_new, world.abuse_starts_old)
    may = state.is_live & people.is_fraudster & (people.joined_month < span.month)
    state.is_abusing |= may & draws.happens("abuse", chance)


def usage_rate(people: People, state: State) -> Floats:
    """Provider's cost per full day, in ten-thousandths."""
    strong = np.where(people.is_careful, 1.0, 1.6)
    log_factor = (
        state.usage_log
        + state.burst_log * (state.burst_kind != NEW_OFFICE)
        + 0.3 * (state.burst_log > 0) * (state.burst_kind == NEW_OFFICE)
        + 1.4 * state.is_hijacked
        + strong * state.is_abusing
    )
    return np.asarray(people.usage_daily_cost * people.has_usage * np.exp(log_factor))
