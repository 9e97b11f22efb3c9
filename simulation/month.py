"""One month of everybody's life: circumstances, invoices, policy, payments, fraud."""

from dataclasses import dataclass

import numpy as np

from simulation.abuse import Suspected, suspect
from simulation.behaviour import Lived, Span, live, usage_rate
from simulation.billing import (
    Billed,
    Disputed,
    Paid,
    bill,
    charge,
    dispute,
    pay,
    pay_log_odds,
    write_off,
)
from simulation.people import UNITS, People
from simulation.state import MATERIALITY, NEVER, State
from simulation.streams import Draws, Flags, Ints
from simulation.timeline import STAGE_DAYS, TERMINATE_DAYS, Policy, Seen
from simulation.worlds import BLOCK, NONE, SERVICE_REQUEST, SUSPEND, World

NONPAYMENT_DAYS = 60


@dataclass(frozen=True)
class Acted:
    planned: Ints  # what the policy wants
    action: Ints  # what is done: one step softer for the holdout
    executed: Flags
    day: Ints
    reactivated: Flags
    ended: Flags  # of this month's suspensions: paid again


@dataclass(frozen=True)
class Moved:
    """Who goes, and what was used until when."""

    cancelled: Flags
    cancel_day: Ints
    terminated: Flags
    terminate_day: Ints
    usage_cost: Ints
    usage_from: Ints
    usage_until: Ints


@dataclass(frozen=True)
class Month:
    span: Span
    lived: Lived
    billed: Billed
    disputed: Disputed
    acted: Acted
    paid: Paid
    suspected: Suspected
    moved: Moved
    sixty_day: Ints  # when days overdue reach 60, or NEVER
    written_off: Flags
    write_off_day: Ints
    write_off_amounts: Ints  # (customers, SLOTS)


def step(
    world: World,
    people: People,
    state: State,
    draws: Draws,
    span: Span,
    starts: Ints,
    macro: float,
    policy: Policy,
) -> Month:
    """Advance `state` in place by one month and return all that happened in it."""
    lived = live(world, people, state, draws, span)
    gone, gone_day, gone_amounts = write_off(state, span)
    billed = bill(people, state, span, starts)
    disputed = dispute(world, people, state, draws, span)
    seen = observe(state, draws, span)
    planned = policy(seen)
    action = soften(people, planned)
    suspected = suspect(world, people, state, planned, draws, span)
    effects = np.array(world.action_effects)[action, people.kind]
    odds = pay_log_odds(world, people, state, seen.days_overdue, macro) + effects
    was_sixty = sixty_day(state, span, np.full(len(people), span.start))
    paid = pay(people, state, disputed, odds, world.partial_share, draws, span)
    charge(world, people, state, paid, draws, span)
    acted = act(state, planned, action, paid, span)
    moved = move(world, people, state, acted, suspected, paid, draws, span)
    return Month(
        span=span,
        lived=lived,
        billed=billed,
        disputed=disputed,
        acted=acted,
        paid=paid,
        suspected=suspected,
        moved=moved,
        sixty_day=_reached(was_sixty, sixty_day(state, span, paid.day), paid),
        written_off=gone,
        write_off_day=gone_day,
        write_off_amounts=gone_amounts,
    )


def observe(state: State, draws: Draws, span: Span) -> Seen:
    """Collect what a policy may look at."""
    now, _ = state.oldest_due(span.start)
    by_end, _ = state.oldest_due(span.end)
    return Seen(
        month=span.month,
        is_live=state.is_live.copy(),
        is_suspended=state.is_suspended | state.is_stopped,
        days_overdue=np.where(now < NEVER, span.start - now, 0),
        days_overdue_at_end=np.where(by_end < NEVER, span.end - 1 - by_end, 0),
        usage_cost=state.usage_cost / UNITS,
        u=draws.uniform("policy"),
    )


def soften(people: People, planned: Ints) -> Ints:
    """Take the holdout one step softer than a suspension; its share is known."""
    is_spared = people.is_holdout & (planned >= SUSPEND)
    return np.where(is_spared, SERVICE_REQUEST, planned)


def sixty_day(state: State, span: Span, since: Ints) -> Ints:
    """Return when the oldest open invoice reaches 60 days overdue within the month."""
    oldest, _ = state.oldest_due(span.end)
    day = oldest + NONPAYMENT_DAYS
    is_due = state.due_day < day[:, None]  # what falls due later this month is not yet
    owed = np.where(is_due, state.remainder, 0).sum(axis=1)
    counts = (day >= np.maximum(span.start, since)) & (day < span.end)
    return np.where(counts & (owed > MATERIALITY), day, NEVER)


def _reached(before: Ints, after: Ints, paid: Paid) -> Ints:
    """Keep a day that passed before the payment came, or that it did not prevent."""
    return np.where(paid.paid & (before >= paid.day), after, before)


def act(state: State, planned: Ints, action: Ints, paid: Paid, span: Span) -> Acted:
    """Execute each action once per arrears episode, unless the money came first."""
    due = np.where(paid.oldest_due < NEVER, paid.oldest_due, span.start)
    day = np.clip(due + STAGE_DAYS[planned], span.start, span.end - 1)
    in_time = paid.cleared & (paid.day <= day)
    executed = (planned > state.last_planned) & ~in_time & (planned > NONE)
    was_suspended = state.is_suspended
    state.last_planned = np.where(executed, planned, state.last_planned)
    suspends = executed & (action >= SUSPEND) & ~state.is_stopped & state.is_live
    executed &= (action < SUSPEND) | suspends
    released = paid.cleared | ((paid.oldest_due == NEVER) & (planned < SUSPEND))
    reactivated = (was_suspended | suspends) & released & ~state.has_left
    state.is_suspended = (was_suspended | suspends) & ~released
    state.last_planned = np.where(released, NONE, state.last_planned)
    return Acted(planned, action, executed, day, reactivated, suspends & released)


def move(
    world: World,
    people: People,
    state: State,
    acted: Acted,
    suspected: Suspected,
    paid: Paid,
    draws: Draws,
    span: Span,
) -> Moved:
    """End subscriptions, and count what was used before access went off."""
    honest = ~people.is_fraudster
    chance = (
        world.churn_per_month + world.churn_when_suspended * state.is_suspended * honest
    )
    cancelled = state.is_live & (people.joined_month < span.month)
    cancelled &= ~state.is_stopped & draws.happens("cancels", chance)
    oldest, _ = state.oldest_due(span.end)
    terminate_day = oldest + TERMINATE_DAYS
    terminated = state.is_live & ~cancelled & (terminate_day < span.end)
    terminate_day = np.clip(terminate_day, span.start, span.end - 1)
    blocked = (acted.action == BLOCK) & acted.executed
    usage_from, usage_until = _used_days(people, state, acted, suspected, paid, span)
    usage_until = np.where(
        terminated, np.minimum(usage_until, terminate_day), usage_until
    )
    used_days = np.maximum(0, usage_until - usage_from)
    rate = usage_rate(people, state) * (0.9 + 0.2 * draws.uniform("usage"))
    state.usage_cost = (rate * used_days).astype(np.int64)
    ended = cancelled | terminated | blocked
    state.is_live &= ~ended
    state.has_left |= ended
    return Moved(
        cancelled=cancelled,
        cancel_day=draws.whole("cancel_day", span.start, span.end - 1),
        terminated=terminated | blocked,
        terminate_day=terminate_day,
        usage_cost=state.usage_cost,
        usage_from=usage_from,
        usage_until=usage_until,
    )


def _used_days(
    people: People,
    state: State,
    acted: Acted,
    suspected: Suspected,
    paid: Paid,
    span: Span,
) -> tuple[Ints, Ints]:
    """First day and day after the last on which metered services ran."""
    arrived = people.joined_month == span.month
    first = np.where(arrived, people.joined_day, span.start)
    stays_off = state.is_suspended & ~acted.executed
    was_off = stays_off | (acted.reactivated & ~acted.ended)
    first = np.where(was_off, np.where(acted.reactivated, paid.day, span.end), first)
    stopped_before = state.is_stopped & (suspected.stop_day == NEVER)
    first = np.where(stopped_before | ~state.is_live, span.end, first)
    off_now = state.is_suspended & acted.executed & (acted.action >= SUSPEND)
    until = np.where(off_now, acted.day, span.end)
    until = np.minimum(until, suspected.stop_day)
    return first, np.maximum(first, until)
